//! What a failure means: the state it shows, what its owner can do, and when to try again.

use crate::acme::{AcmeError, Problem};
use crate::challenge::ChallengeError;
use crate::config::{Account, Cert, Validation};
use crate::dns::DnsError;
use crate::keys::KeyError;
use crate::store::StoreError;
use crate::types::{Attempt, Held, Stage, State, Timestamp, TransportError, shown};
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
}

/// The schedule's first wait; each further failure multiplies it.
const FIRST_WAIT: i64 = 600;
const FACTOR: i64 = 6;
/// No wait by the schedule is longer.
const LAST_WAIT: i64 = Timestamp::days(1);
/// The wait where only a change of the configuration helps.
const WEEK: i64 = Timestamp::days(7);
/// A name in a CA's reply is shown up to this length.
const NAME_MAX: usize = 255;

impl Failure {
    /// A failure that the next runs may overcome.
    pub fn new(state: State, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            state,
            problem: problem.into(),
            remedy: remedy.into(),
            names: BTreeMap::new(),
            retry: Retry::Later(None),
        }
    }

    /// A failure that lasts until the configuration changes.
    pub fn until_change(self) -> Self {
        Self {
            retry: Retry::OnChange,
            ..self
        }
    }

    /// What is noted of it.
    pub fn attempt(&self, cert: &Cert, held: &Held, stage: Stage, now: Timestamp) -> Attempt {
        let before = held.attempt.as_ref();
        let before = before.filter(|a| a.fingerprint == cert.fingerprint);
        let failures = before.map_or(0, |a| a.failures).saturating_add(1);
        Attempt {
            at: now.0,
            next: self.next(failures, held, now).0,
            failures,
            state: self.state,
            stage,
            problem: self.problem.clone(),
            remedy: self.remedy.clone(),
            names: self.names.clone(),
            fingerprint: cert.fingerprint.clone(),
        }
    }

    /// max(Retry-After, min(10 min · 6ⁿ, 24 h, remaining life / 8)), at least 10 min, at most a week.
    fn next(&self, failures: u32, held: &Held, now: Timestamp) -> Timestamp {
        let asked = match self.retry {
            Retry::OnChange => return now.plus(WEEK),
            Retry::Later(asked) => asked,
            Retry::Stopped => None,
        };
        let grown = FIRST_WAIT.saturating_mul(FACTOR.saturating_pow(failures.saturating_sub(1)));
        let left = held
            .current()
            .map(|v| Timestamp(v.meta.not_after).since(now));
        let eighth = left
            .filter(|left| *left > 0)
            .map_or(LAST_WAIT, |left| left / 8);
        let wait = grown.min(LAST_WAIT).min(eighth).max(FIRST_WAIT);
        // Nobody is kept waiting longer than a week, whatever a CA says.
        now.plus(wait).max(asked.unwrap_or(now)).min(now.plus(WEEK))
    }

    /// What a problem document means, whatever was asked for.
    pub(super) fn said(
        account: &Account,
        problem: &Problem,
        retry_after: Option<Timestamp>,
    ) -> Self {
        let (state, retry) = meaning(problem.kind());
        let retry = match retry {
            Retry::Later(_) => Retry::Later(retry_after.or_else(|| time_in(&problem.detail()))),
            other => other,
        };
        Self {
            retry,
            ..Self::new(state, format!("{}: {problem}", account.ca), "")
        }
    }

    /// A problem document in words, about one section.
    pub fn of_problem(cert: &Cert, problem: &Problem, retry_after: Option<Timestamp>) -> Self {
        let mut failure = Self {
            remedy: remedy(cert, problem),
            ..Self::said(&cert.account, problem, retry_after)
        };
        for sub in problem.subproblems() {
            let about = sub.identifier().unwrap_or_default();
            let mut names = cert.names.iter().map(|n| n.id.to_string());
            let name = names.find(|n| n.eq_ignore_ascii_case(about));
            failure.blame(&name.unwrap_or_default(), sub);
        }
        failure
    }

    /// Notes what the CA has against one name.
    pub fn blame(&mut self, name: &str, problem: &Problem) {
        if !name.is_empty() {
            self.names
                .insert(shown(name, NAME_MAX), problem.to_string());
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

    /// What the status of a reply says beyond its problem document.
    pub(super) fn with_status(self, status: u16) -> Self {
        let state = match status {
            500.. => State::ConnectionError,
            429 => State::Deferred,
            _ => self.state,
        };
        Self { state, ..self }
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
            AcmeError::Protocol(text) => Self::new(
                State::ConnectionError,
                format!("{}: {text}", account.ca),
                "if it stays so, the server is no ACME CA or something changes its replies on the way",
            ),
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
        Self::new(State::ConnectionError, error.to_string(), remedy)
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
        Self::new(state, format!("{module}: {error}"), remedy)
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

/// The state and class of a problem type (RFC 8555 section 6.7).
fn meaning(kind: &str) -> (State, Retry) {
    match kind {
        "dns" | "caa" => (State::DnsError, Retry::Later(None)),
        "rateLimited" => (State::Deferred, Retry::Later(None)),
        "badCSR"
        | "badPublicKey"
        | "invalidProfile"
        | "unsupportedIdentifier"
        | "rejectedIdentifier"
        | "invalidContact"
        | "unsupportedContact"
        | "externalAccountRequired"
        | "userActionRequired" => (State::Invalid, Retry::OnChange),
        "serverInternal" => (State::ConnectionError, Retry::Later(None)),
        _ => (State::Invalid, Retry::Later(None)),
    }
}

/// What the owner can do about a problem.
fn remedy(cert: &Cert, problem: &Problem) -> String {
    let section = &cert.name;
    let all_by = |challenge| {
        let mut names = cert.names.iter();
        names.all(|n| n.validation.challenge() == challenge)
    };
    let by_dns = all_by("dns-01");
    match problem.kind() {
        "dns" => "the CA found no address or record for the name: check that it exists in public DNS".into(),
        "caa" => format!(
            "a CAA record forbids this CA: let it allow {}, or use another account",
            cert.account.ca
        ),
        "connection" | "tls" => "the CA reached nobody: the name must lead to this router, and with webroot port 80 be \
                                 open from outside; `certkeeper check` looks at both"
            .into(),
        "unauthorized" | "incorrectResponse" if by_dns => {
            "the CA saw another TXT record than ours: a longer dns_wait may help, or the zone is served elsewhere".into()
        }
        "unauthorized" | "incorrectResponse" if all_by("dns-persist-01") => {
            "the CA does not see the record that `certkeeper check` shows: its nameservers may not have it yet".into()
        }
        "unauthorized" | "incorrectResponse" if all_by("tls-alpn-01") => {
            "somebody else answered for the name on port 443, or nobody: it must lead to this router (IPv6 too)".into()
        }
        "unauthorized" | "incorrectResponse" => "somebody else answered for the name on port 80: it must lead to this \
                                                 router (IPv6 too), and webroot be what the web server serves"
            .into(),
        "rateLimited" => "wait; meanwhile the CA's staging server takes tests (option staging 1)".into(),
        "externalAccountRequired" => super::account::external_wanted(&cert.account),
        "userActionRequired" => super::account::terms_changed(problem),
        "invalidContact" | "unsupportedContact" => "correct account_email, or the account's option email".into(),
        "rejectedIdentifier" | "unsupportedIdentifier" => "this CA does not certify the name: see list domains".into(),
        "invalidProfile" => "leave cert_profile out, or use one that the CA offers".into(),
        "badCSR" | "badPublicKey" => format!(
            "the CA does not take {} keys: choose another key_type",
            cert.key_type
        ),
        "malformed" => "the CA does not understand the request: check acme_server".into(),
        _ => format!("`certkeeper log {section}` has the whole run; the next runs try again"),
    }
}

/// The time that some CAs put into a rate limit's text: `retry after 2026-11-21 12:00:00 UTC`.
fn time_in(text: &str) -> Option<Timestamp> {
    let rest = text.split("retry after ").nth(1)?;
    let stamp = rest.get(..19)?;
    Timestamp::parse_rfc3339(&format!("{stamp}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_obey_the_ca() {
        let now = Timestamp(1_800_000_000);
        let held = Held::default();
        let failure = Failure::new(State::Invalid, "", "");
        let wait = |n| failure.next(n, &held, now).since(now);
        assert_eq!(
            [wait(1), wait(2), wait(3), wait(4), wait(400)],
            [600, 3600, 21_600, 86_400, 86_400]
        );
        let told = Failure {
            retry: Retry::Later(Some(now.plus(200_000))),
            ..failure.clone()
        };
        assert_eq!(told.next(1, &held, now).since(now), 200_000);
        let absurd = Failure {
            retry: Retry::Later(Some(Timestamp(i64::MAX))),
            ..failure.clone()
        };
        assert_eq!(absurd.next(1, &held, now).since(now), WEEK);
        assert_eq!(failure.until_change().next(1, &held, now).since(now), WEEK);
    }

    #[test]
    fn reads_the_time_of_a_rate_limit() {
        let text = "too many certificates (5) already issued: retry after 2026-11-21 12:00:00 UTC: see https://…";
        assert_eq!(
            time_in(text),
            Timestamp::parse_rfc3339("2026-11-21T12:00:00Z")
        );
        assert_eq!(time_in("retry after lunch"), None);
    }
}
