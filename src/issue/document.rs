//! A section's status document, made of what is configured and what is held.

use super::chain;
use crate::config::{Cert, Config, External, Validation};
use crate::plan::due;
use crate::status::{AttemptStatus, CertificateStatus, Document, NameStatus};
use crate::types::{Attempt, Held, SectionName, Stage, State, Timestamp, Version};

/// The document of a section.
pub fn document(
    config: &Config,
    cert: &Cert,
    held: &Held,
    primary: Option<&str>,
    now: Timestamp,
) -> Document {
    let lapsed = || held.local.in_use.then(|| held.versions.first()).flatten();
    let current = held.current().or_else(lapsed);
    // A failure of another configuration says nothing about this one.
    let attempt = held.attempt.as_ref();
    let attempt = attempt.filter(|a| a.fingerprint == cert.fingerprint);
    let order = held.order.as_ref().filter(|o| o.ready_at > now.0);
    let state = match state(cert, current, attempt, now) {
        State::NotChecked if order.is_some() => State::Deferred,
        state => state,
    };
    let planned = current.map(|v| due(cert, &v.meta).0);
    let next = match (attempt, order) {
        (Some(attempt), _) => Some(attempt.next),
        (None, Some(order)) => Some(order.ready_at),
        (None, None) => planned.filter(|_| cert.auto_update),
    };
    let names = cert.names.iter().map(|n| {
        let name = n.id.to_string();
        let problem = attempt.and_then(|a| a.names.get(&name).cloned());
        let included =
            current.is_some_and(|v| v.meta.is_valid(now) && v.meta.names.contains(&name));
        NameStatus {
            method: n.validation.method().to_owned(),
            state: match (&problem, included) {
                (_, true) => State::Valid,
                (Some(_), false) => attempt.map_or(State::Invalid, |a| a.state),
                (None, false) => State::NotChecked,
            },
            problem,
            name,
        }
    });
    Document {
        section: cert.name.to_string(),
        state,
        label: state.label().to_owned(),
        names: names.collect(),
        primary: primary == Some(cert.name.as_str()),
        source: match current {
            Some(_) if cert.staging => "staging".into(),
            _ if held.local.in_use => "local".into(),
            Some(_) => "acme".into(),
            None => String::new(),
        },
        other_key: other_key(cert),
        account: cert.account.name.clone(),
        ca: cert.account.ca.clone(),
        certificate: current.zip(planned).map(|(v, due)| certificate(v, due)),
        next: next.filter(|_| cert.enabled && config.global.enabled),
        stage: None,
        last_attempt: last_attempt(attempt, current),
        warnings: warnings(cert, held, current, attempt, now),
        used_by: used_by(cert),
        deployed: deployed(cert, held),
        secrets: secrets(cert),
    }
}

/// The document of a section whose configuration is wrong.
pub(super) fn broken(section: &SectionName, why: &str) -> Document {
    Document {
        section: section.to_string(),
        state: State::InternalError,
        label: State::InternalError.label().to_owned(),
        names: Vec::new(),
        primary: false,
        source: String::new(),
        other_key: None,
        account: String::new(),
        ca: String::new(),
        certificate: None,
        next: None,
        stage: None,
        last_attempt: None,
        warnings: vec![format!("the configuration is wrong: {why}")],
        used_by: Vec::new(),
        deployed: None,
        secrets: Vec::new(),
    }
}

/// The name of the section's other certificate.
fn other_key(cert: &Cert) -> Option<String> {
    cert.other_key?;
    Some(match cert.name.is_second() {
        true => cert.name.base().to_owned(),
        false => cert.name.second().to_string(),
    })
}

fn state(
    cert: &Cert,
    current: Option<&Version>,
    attempt: Option<&Attempt>,
    now: Timestamp,
) -> State {
    match (current, attempt) {
        _ if !cert.enabled => State::Disabled,
        (Some(v), _) if v.meta.is_valid(now) => State::Valid,
        (Some(_), _) => State::Banned,
        (None, Some(attempt)) => attempt.state,
        (None, None) => State::NotChecked,
    }
}

fn certificate(version: &Version, due: i64) -> CertificateStatus {
    let meta = &version.meta;
    CertificateStatus {
        version: version.number,
        issuer: meta.issuer.clone(),
        serial: meta.serial.clone(),
        key_type: meta.key_type.clone(),
        fingerprint: meta.fingerprint.clone(),
        not_before: meta.not_before,
        not_after: meta.not_after,
        due,
    }
}

fn last_attempt(attempt: Option<&Attempt>, current: Option<&Version>) -> Option<AttemptStatus> {
    if let Some(a) = attempt {
        return Some(AttemptStatus {
            state: a.state,
            stage: a.stage,
            problem: a.problem.clone(),
            remedy: a.remedy.clone(),
            at: a.at,
            next: Some(a.next),
        });
    }
    current.map(|v| AttemptStatus {
        state: State::Valid,
        stage: Stage::Done,
        problem: String::new(),
        remedy: String::new(),
        at: v.meta.issued_at,
        next: None,
    })
}

fn warnings(
    cert: &Cert,
    held: &Held,
    current: Option<&Version>,
    attempt: Option<&Attempt>,
    now: Timestamp,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if let (Some(v), Some(a)) = (current, attempt)
        && v.meta.is_valid(now)
    {
        let what = match a.stage {
            Stage::Deploy | Stage::Verify => "putting the newest into use failed",
            _ => "the last attempt to replace it failed",
        };
        warnings.push(format!("{what}: {}", a.problem));
    }
    if held.local.uncovered {
        warnings.push(
            "the local CA's root may not certify these names, so nothing is served yet: \
             `certkeeper local-ca reissue` makes a new root, which clients must be told of"
                .into(),
        );
    }
    if let (Some(v), Some(wanted)) = (current, &cert.preferred_chain)
        && v.meta.preferred_chain.as_ref() == Some(wanted)
        && !v.meta.chains.is_empty()
    {
        warnings.push(chain::missing(wanted, &v.meta.chains));
    }
    if let (Some(v), Some(days)) = (current, cert.renew_before)
        && Timestamp::days(days.into()) > v.meta.lifetime() / 2
    {
        warnings.push(format!(
            "renew_before {days} is more than half the lifetime; half of it is used"
        ));
    }
    warnings
}

/// Who is to have the certificate; one of staging is for nobody.
fn used_by(cert: &Cert) -> Vec<String> {
    match cert.staging {
        true => Vec::new(),
        false => cert.deployment.receivers(),
    }
}

fn deployed(cert: &Cert, held: &Held) -> Option<i64> {
    let told = !cert.staging && !held.is_untold(&cert.deployment);
    let note = held.deployed.as_ref().filter(|_| told)?;
    (Some(note.version) == held.current).then_some(note.at)
}

/// The names of the credentials that are set, the account's key among them.
fn secrets(cert: &Cert) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let external = &cert.account.external;
    if let External::Given {
        hmac_key: Some(_), ..
    } = external
    {
        names.push("eab_hmac_key".to_owned());
    }
    for name in &cert.names {
        if let Validation::Dns(method) = &name.validation {
            names.extend(method.credentials.keys().cloned());
        }
    }
    names.sort();
    names.dedup();
    names
}
