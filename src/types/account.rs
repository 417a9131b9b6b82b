//! How an account at a CA fares.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The state of an account (RFC 8555 section 7.1.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

impl AccountState {
    /// What a CA calls it. A word that RFC 8555 does not know says nothing against the account.
    pub fn of(word: &str) -> Self {
        match word {
            "pending" => Self::Pending,
            "deactivated" => Self::Deactivated,
            "revoked" => Self::Revoked,
            _ => Self::Valid,
        }
    }
}

impl fmt::Display for AccountState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Valid => "valid",
            Self::Deactivated => "deactivated",
            Self::Revoked => "revoked",
        })
    }
}
