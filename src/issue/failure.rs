//! What a failure means: the state it shows, what its owner can do, and when to try again.

mod kinds;
mod problem;
mod sayings;
mod schedule;

use crate::acme::AcmeError;
use crate::challenge::ChallengeError;
use crate::config::{Account, Cert, Validation};
use crate::dns::DnsError;
use crate::keys::KeyError;
use crate::store::StoreError;
use crate::types::{State, Timestamp, TransportError, Tried};
use std::collections::BTreeMap;

/// When the next attempt may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// By the schedule, but not before the time that the CA named.
    Later(Option<Timestamp>),
    /// Not before the configuration changes; once a week all the same.
    OnChange,
    /// The run was asked to stop: nothing is noted.
    Stopped,
}

/// Why a section did not get further.
#[derive(Clone, Debug)]
pub struct Failure {
    /// How the section fares by it.
    pub state: State,
    /// What happened.
    pub problem: String,
    /// What to do.
    pub remedy: String,
    /// What the CA has against single names.
    pub names: BTreeMap<String, String>,
    /// When to try again.
    pub retry: Retry,
    /// Another account may do it at once: the CA is down or limits the rate.
    pub elsewhere: bool,
    /// The accounts that were asked in vain, if several were.
    pub accounts: BTreeMap<String, Tried>,
}

impl Failure {
    /// A failure that the next runs may overcome.
    pub fn new(state: State, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            state,
            problem: problem.into(),
            remedy: remedy.into(),
            names: BTreeMap::new(),
            retry: Retry::Later(None),
            elsewhere: false,
            accounts: BTreeMap::new(),
        }
    }

    /// A failure that lasts until the configuration changes.
    pub fn until_change(self) -> Self {
        Self {
            retry: Retry::OnChange,
            ..self
        }
    }

    /// An error of the ACME client.
    pub fn of_acme(cert: &Cert, error: &AcmeError) -> Self {
        match error {
            AcmeError::Problem {
                problem,
                retry_after,
                status,
            } => Self::of_problem(cert, problem, *retry_after).with_status(*status),
            other => Self::of_account(&cert.account, other),
        }
    }

    /// An error whatever was asked for; the remedy of a problem document is left open.
    pub(super) fn of_account(account: &Account, error: &AcmeError) -> Self {
        match error {
            AcmeError::Transport(e) => Self::of_transport(account, e),
            AcmeError::Problem {
                problem,
                retry_after,
                status,
            } => Self::said(account, problem, *retry_after).with_status(*status),
            AcmeError::Protocol(text) => Self {
                elsewhere: true,
                ..Self::new(
                    State::ConnectionError,
                    format!("{}: {text}", account.ca),
                    "if it stays so, the server is no ACME CA or something changes its replies on the way",
                )
            },
            AcmeError::Interrupted => Self {
                retry: Retry::Stopped,
                ..Self::new(
                    State::Deferred,
                    "the run was asked to stop",
                    "the next run goes on",
                )
            },
        }
    }

    fn of_transport(of: &Account, error: &TransportError) -> Self {
        let account = &of.name;
        let remedy = match error {
            TransportError::Resolve(_) => "look at the router's Internet connection and DNS (`nslookup`)".to_owned(),
            TransportError::Tls(_) if of.ca_file.is_none() && !of.public => format!(
                "for a private CA give its root: `uci set certkeeper.{account}.ca_file='/etc/ssl/my-ca.pem'`; also check the clock (`date`)"
            ),
            TransportError::Tls(_) if of.ca_file.is_some() => format!(
                "see that the file in `uci get certkeeper.{account}.ca_file` holds the root of the server's CA; also check the clock (`date`)"
            ),
            TransportError::Tls(_) => "check the clock (`date`) and that ca-bundle is installed".to_owned(),
            TransportError::Roots(_) => "install the package ca-bundle, or correct ca_bundle or ca_file".to_owned(),
            TransportError::BadUrl(_) => "correct acme_server".to_owned(),
            _ => "look at the router's Internet connection and firewall; if the CA is down, the next runs try again".to_owned(),
        };
        Self {
            elsewhere: true,
            ..Self::new(State::ConnectionError, error.to_string(), remedy)
        }
    }

    /// An error while presenting.
    pub fn of_challenge(validation: &Validation, error: &ChallengeError) -> Self {
        match error {
            ChallengeError::Dns(e) => Self::of_dns(validation, e),
            ChallengeError::Port(text) => Self::new(
                State::InternalError,
                text.as_str(),
                "stop who has it; where a web server runs, validation_method webroot or dns works beside it",
            ),
            ChallengeError::Name(text, remedy) => {
                Self::new(State::DnsError, text.as_str(), remedy.as_str())
            }
            ChallengeError::Firewall(text) => Self::new(
                State::InternalError,
                text.as_str(),
                "look at option wan_zone and `fw4 check`; validation_method dns needs no port",
            ),
            ChallengeError::File(text, remedy) => {
                Self::new(State::InternalError, text.as_str(), *remedy)
            }
        }
    }

    fn of_dns(validation: &Validation, error: &DnsError) -> Self {
        let (module, source) = match validation {
            Validation::Dns(method) => (method.module.title, method.source.as_str()),
            _ => ("", ""),
        };
        let (kind, name) = source.split_once(' ').unwrap_or_default();
        let (state, remedy) = match error {
            DnsError::Credentials(_) => (
                State::DnsError,
                format!("correct the credentials of '{name}': `certkeeper secret {name} NAME` asks for one"),
            ),
            DnsError::Forbidden(_) => (
                State::DnsError,
                format!("give the credentials of '{name}' the right to read the zone and to change its records"),
            ),
            DnsError::Later(..) => (
                State::Deferred,
                "nothing is to be done: a later run goes on".into(),
            ),
            DnsError::Interrupted => (State::Deferred, "the next run goes on".into()),
            DnsError::NoZone(_) => (
                State::DnsError,
                "check the names in list domains, and that the credentials are of the account that has the zone".into(),
            ),
            DnsError::Setting { field, .. } => (
                State::DnsError,
                format!("correct {field} in list credentials of {kind} '{name}'"),
            ),
            DnsError::Unreachable(_) => (
                State::ConnectionError,
                "look at the connection to the DNS provider; the next runs try again".into(),
            ),
            DnsError::Refused(_) => (
                State::DnsError,
                format!("`certkeeper log` has the whole run; the settings are those of {kind} '{name}'"),
            ),
        };
        let retry = match error {
            DnsError::Later(_, until) => Retry::Later(Some(*until)),
            DnsError::Interrupted => Retry::Stopped,
            _ => Retry::Later(None),
        };
        Self {
            retry,
            ..Self::new(state, format!("{module}: {error}"), remedy)
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(State::InternalError, error.to_string(), error.remedy())
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let remedy = "if it stays so, report it with the output of `certkeeper --version`";
        Self::new(State::InternalError, error.to_string(), remedy)
    }
}
