//! Versions that are not to be used although their time has not passed: revoked ones, and those that
//! their owner rolled back.

use super::{json_members, json_names, nearest};
use std::fmt;

/// Why a certificate is revoked (RFC 5280 section 5.3.1), as far as its owner may say so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reason {
    /// None is given.
    #[default]
    Unspecified,
    /// Somebody else may have the key.
    KeyCompromise,
    /// The names are another owner's now.
    AffiliationChanged,
    /// Another certificate took its place.
    Superseded,
    /// The names are not in use any more.
    CessationOfOperation,
}

json_names!(Reason);

/// Reasons that are for CAs and their lists to give.
const OF_CAS: [&str; 5] = [
    "cACompromise",
    "certificateHold",
    "removeFromCRL",
    "privilegeWithdrawn",
    "aACompromise",
];

impl Reason {
    /// Every reason that is taken.
    pub const ALL: [Reason; 5] = [
        Reason::Unspecified,
        Reason::KeyCompromise,
        Reason::AffiliationChanged,
        Reason::Superseded,
        Reason::CessationOfOperation,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
        }
    }

    /// Its number.
    pub fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
        }
    }

    /// Reads a name, in any case. The error says what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let named = |name: &str| name.eq_ignore_ascii_case(text);
        if let Some(reason) = Self::ALL.into_iter().find(|r| named(r.name())) {
            return Ok(reason);
        }
        let all = Self::ALL.map(Self::name);
        let why = match OF_CAS.into_iter().find(|name| named(name)) {
            Some(name) => format!("{name} is for a CA to say, not for a certificate's owner"),
            None => {
                let meant = nearest(text, all).map(|m| format!("; did you mean {m}?"));
                format!(
                    "'{text}' is no reason of RFC 5280{}",
                    meant.unwrap_or_default()
                )
            }
        };
        Err(format!("{why}; reasons are: {}", all.join(" ")))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An entry of `withdrawn.json`: one version that is not to be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Withdrawn {
    /// The certificate's SHA-256, as in its [`super::Meta`].
    pub fingerprint: String,
    /// Since when, seconds since the epoch.
    pub at: i64,
    /// It is revoked, for this reason; without: rolled back.
    pub revoked: Option<Reason>,
    /// The section gets no other certificate while its configuration has this fingerprint.
    pub ban: Option<String>,
}

json_members!(Withdrawn { fingerprint, at } some { revoked, ban });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_the_names_of_rfc_5280() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.name()), Ok(reason));
            assert_eq!(serde_json::json!(reason), reason.name());
        }
        assert_eq!(Reason::parse("keycompromise"), Ok(Reason::KeyCompromise));
        for (text, words) in [
            ("cACompromise", "for a CA to say"),
            ("supersede", "did you mean superseded?"),
            ("1", "no reason of RFC 5280; reasons are: unspecified key"),
        ] {
            let error = Reason::parse(text).expect_err(text);
            assert!(error.contains(words), "{error}");
        }
    }
}
