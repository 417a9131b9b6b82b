//! Looks at everything that an issuance needs, without issuing.

mod caa;
mod name;
mod records;
mod way;

use super::account::Registry;
use super::clients::Clients;
use super::deploy::server_name;
use super::netifd;
use super::{Engine, Failure, clients, persist, trial, view, ways};
use crate::challenge::View;
use crate::config::{Cert, Name, Validation};
use crate::deploy;
use crate::types::SectionName;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// For which section.
    pub section: SectionName,
    /// What: clock, directory, account, profile, name, the way of validation, who is to have the
    /// certificate, or the last attempt.
    pub topic: &'static str,
    /// It is as it should be.
    pub ok: bool,
    /// What was found, and what to do if it is not right.
    pub text: String,
}

/// Checks sections one after the other; `tell` hears each finding at once.
/// `alone`: the caller holds the lock, so ways of validation may be tried without disturbing a run.
/// `outside`: the staging server of the CA is to validate the names.
pub fn check(
    engine: &Engine<'_>,
    certs: &[&Cert],
    alone: bool,
    outside: bool,
    tell: &mut dyn FnMut(Finding),
) {
    let mut connected = Clients::default();
    let interfaces = netifd::interfaces(engine.paths).unwrap_or_default();
    let https = view::transport(engine);
    let view = view::open(engine, &https);
    // Of a pair the second differs in nothing that is looked at.
    let seconds = |cert: &&&Cert| {
        let first = || certs.iter().any(|c| c.name.as_str() == cert.name.base());
        !cert.name.is_second() || !first()
    };
    for cert in certs.iter().filter(seconds) {
        let mut sound = true;
        let mut found = |topic, ok, text: String| {
            sound &= ok;
            tell(Finding {
                section: cert.name.clone(),
                topic,
                ok,
                text,
            });
        };
        for account in cert.accounts() {
            ca(engine, &cert.at(account), &mut connected, &view, &mut found);
        }
        for name in &cert.names {
            name::name(engine, &view, name, &interfaces, &mut found);
            records::alias(&view, name, &mut found);
            records::delegated(&view, name, &mut found);
        }
        let mut done: Vec<&Validation> = Vec::new();
        // Each CA wants a lasting record of its own: these are looked at with it.
        let lasting = |name: &&Name| matches!(name.validation, Validation::Persist);
        for name in cert.names.iter().filter(|n| !lasting(n)) {
            if done.iter().any(|v| ways::same(v, &name.validation)) {
                continue;
            }
            done.push(&name.validation);
            if alone {
                way::way(engine, &view, cert, name, &mut found);
            } else {
                let text = "not tried: a run is at work".to_owned();
                found(name.validation.method(), true, text);
            }
        }
        if outside && alone {
            let ca = &mut |ok, text| found("ca", ok, text);
            trial::trial(engine, cert, &mut connected, ca);
        } else if outside {
            found("ca", false, "not tried: a run is at work".to_owned());
        }
        let mut told = |topic, result: Result<String, String>| match result {
            Ok(text) => found(topic, true, text),
            Err(text) => found(topic, false, text),
        };
        let name = server_name(cert);
        deploy::check(engine.paths, &cert.name, &cert.deployment, &name, &mut told);
        if alone && sound && bring_forward(engine, cert, certs) {
            tell(Finding {
                section: cert.name.clone(),
                topic: "attempt",
                ok: true,
                text: "what failed before is tried again by the next run".to_owned(),
            });
        }
    }
}

/// Lets the next run try again what failed, of a pair what failed of either. True if something had to
/// wait before.
fn bring_forward(engine: &Engine<'_>, cert: &Cert, certs: &[&Cert]) -> bool {
    let other = cert.other();
    let other = certs
        .iter()
        .filter(|c| other.as_deref() == Some(c.name.as_str()));
    let all = other.copied().chain([cert]);
    all.filter(|cert| bring_one_forward(engine, cert)).count() > 0
}

/// Unless a CA forbids it.
fn bring_one_forward(engine: &Engine<'_>, cert: &Cert) -> bool {
    let (area, now) = (engine.area(cert), engine.clock.now());
    let noted = area.held().attempt;
    let noted = noted.filter(|a| a.fingerprint == cert.fingerprint && a.rests(now));
    let Some(mut attempt) = noted else {
        return false;
    };
    attempt.bring_forward(now);
    !attempt.rests(now) && area.put_attempt(&attempt).is_ok()
}

/// The CA answers, has an account for us or will make one, and offers the profile.
fn ca<'e>(
    engine: &Engine<'e>,
    cert: &Cert,
    clients: &mut Clients<'e>,
    view: &View<'_>,
    found: Found<'_>,
) {
    let account = &cert.account;
    let connected = match clients.connect(engine, account) {
        Ok(connected) => connected,
        Err(failure) => return found("directory", false, both(&failure)),
    };
    let source = match engine.clock_is_set {
        true => "as NTP has set it",
        false => "which agrees with the CA's",
    };
    let text = format!("{}, {source}", engine.clock.now());
    found("clock", true, text);
    let text = format!("{} answers at {}", account.ca, account.directory);
    found("directory", true, text);
    if let Err(failure) = Registry::new(engine, &connected, account).check() {
        found("account", false, both(&failure));
    }
    if let Err(failure) = clients::check_profile(&connected, cert) {
        found("profile", false, both(&failure));
    }
    let issuers = &connected.directory.meta.caa_identities;
    persist::check(engine, view, cert, issuers, found);
    caa::caa(engine, view, cert, issuers, found);
}

type Found<'a> = &'a mut dyn FnMut(&'static str, bool, String);

fn both(failure: &Failure) -> String {
    format!("{} — {}", failure.problem, failure.remedy)
}
