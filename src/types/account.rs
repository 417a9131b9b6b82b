//! How an account at a CA fares.

use super::json_names;
use std::fmt;

/// The state of an account (RFC 8555 section 7.1.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountState {
    /// Not registered yet, or the CA has not put it into force.
    Pending,
    /// It can be used.
    #[default]
    Valid,
    /// Its owner ended it.
    Deactivated,
    /// The CA ended it.
    Revoked,
}

json_names!(AccountState);

impl AccountState {
    /// Every state.
    pub const ALL: [AccountState; 4] = [
        AccountState::Pending,
        AccountState::Valid,
        AccountState::Deactivated,
        AccountState::Revoked,
    ];

    /// What a CA calls it. A word that RFC 8555 does not know says nothing against the account.
    pub fn of(word: &str) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|state| state.name() == word).unwrap_or_default()
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Valid => "valid",
            Self::Deactivated => "deactivated",
            Self::Revoked => "revoked",
        }
    }
}

impl fmt::Display for AccountState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
