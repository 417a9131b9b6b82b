//! How a section fares: the states and stages that users see.

use super::json_names;
use std::fmt;

/// What the user sees of a section; the first that applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Switched off.
    Disabled,
    /// A run is preparing.
    Initializing,
    /// The CA is verifying.
    Initialized,
    /// Expired and not renewed; attempts go on.
    Banned,
    /// A valid certificate is in use.
    Valid,
    /// Waiting for a time that the CA or DNS sets.
    Deferred,
    /// A name or record does not resolve as needed, or the DNS provider refuses.
    DnsError,
    /// The CA or the DNS provider was not reached.
    ConnectionError,
    /// The CA said no.
    Invalid,
    /// Ours, the disk's or the configuration's.
    InternalError,
    /// Never tried.
    #[default]
    NotChecked,
}

json_names!(State);

impl State {
    /// Every state, in the order of INTERFACES.
    pub const ALL: [State; 11] = [
        State::Disabled,
        State::Initializing,
        State::Initialized,
        State::Banned,
        State::Valid,
        State::Deferred,
        State::DnsError,
        State::ConnectionError,
        State::Invalid,
        State::InternalError,
        State::NotChecked,
    ];

    /// The name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Initializing => "initializing",
            Self::Initialized => "initialized",
            Self::Banned => "banned",
            Self::Valid => "valid",
            Self::Deferred => "deferred",
            Self::DnsError => "dns_error",
            Self::ConnectionError => "connection_error",
            Self::Invalid => "invalid",
            Self::InternalError => "internal_error",
            Self::NotChecked => "not_checked",
        }
    }

    /// The words for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Disabled => "Disabled",
            Self::Initializing => "Initializing",
            Self::Initialized => "Initialized",
            Self::Banned => "Banned",
            Self::Valid => "Valid",
            Self::Deferred => "Deferred",
            Self::DnsError => "DNS error",
            Self::ConnectionError => "Connection error",
            Self::Invalid => "Invalid",
            Self::InternalError => "Internal error",
            Self::NotChecked => "Not yet verified",
        }
    }
}

/// Where a run is with a section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Finding or making the account.
    #[default]
    Account,
    /// Asking for the certificate.
    Order,
    /// Presenting what the CA wants to find.
    Challenge,
    /// Waiting until DNS shows it.
    Propagation,
    /// The CA looks.
    Validation,
    /// Sending the CSR.
    Finalize,
    /// Fetching the chain.
    Download,
    /// Writing the version.
    Store,
    /// Putting it into use.
    Deploy,
    /// Looking whether services serve it.
    Verify,
    /// Done.
    Done,
}

impl Stage {
    /// Every stage, in the order of a run.
    pub const ALL: [Stage; 11] = [
        Stage::Account,
        Stage::Order,
        Stage::Challenge,
        Stage::Propagation,
        Stage::Validation,
        Stage::Finalize,
        Stage::Download,
        Stage::Store,
        Stage::Deploy,
        Stage::Verify,
        Stage::Done,
    ];

    /// The name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Order => "order",
            Self::Challenge => "challenge",
            Self::Propagation => "propagation",
            Self::Validation => "validation",
            Self::Finalize => "finalize",
            Self::Download => "download",
            Self::Store => "store",
            Self::Deploy => "deploy",
            Self::Verify => "verify",
            Self::Done => "done",
        }
    }
}

json_names!(Stage);

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FromJson, ToJson};
    use super::*;

    #[test]
    fn documents_have_the_states_by_name() {
        for state in State::ALL {
            assert_eq!(serde_json::json!(state), state.name());
            assert_eq!(State::parse(&state.text()), Some(state));
        }
        for stage in Stage::ALL {
            assert_eq!(Stage::parse(&stage.text()), Some(stage));
        }
    }
}
