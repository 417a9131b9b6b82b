//! Why a provider did not do what was asked.

use crate::types::{Interrupted, Timestamp};
use std::fmt;

/// Why a record was not written or removed. Texts hold no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsError {
    /// The provider does not take the credentials.
    Credentials(String),
    /// The provider takes the credentials, but they do not allow this.
    Forbidden(String),
    /// The provider has no zone for the name.
    NoZone(String),
    /// A setting cannot be used.
    Setting {
        /// The field's name.
        field: &'static str,
        /// What is allowed.
        message: String,
    },
    /// The provider was not reached.
    Unreachable(String),
    /// The provider wants to be left alone until then.
    Later(String, Timestamp),
    /// The provider answered something else than done.
    Refused(String),
    /// The run was asked to stop.
    Interrupted,
}

impl DnsError {
    /// A setting that cannot be used.
    pub(super) fn setting(field: &'static str, message: impl Into<String>) -> Self {
        Self::Setting {
            field,
            message: message.into(),
        }
    }

    /// The provider is not to be asked before then.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Later(_, until) => Some(*until),
            _ => None,
        }
    }
}

impl fmt::Display for DnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting { field, message } => write!(f, "{field}: {message}"),
            Self::Credentials(t)
            | Self::Forbidden(t)
            | Self::NoZone(t)
            | Self::Unreachable(t)
            | Self::Later(t, _)
            | Self::Refused(t) => f.write_str(t),
            Self::Interrupted => f.write_str("the run was asked to stop"),
        }
    }
}

impl From<Interrupted> for DnsError {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}
