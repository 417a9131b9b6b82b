//! dns-persist-01: shows the record that the owner is to publish, and looks for it before the CA does.

use super::Engine;
use super::failure::Failure;
use super::section::Work;
use crate::acme::{AcmeError, Challenge};
use crate::challenge::{Permission, Said, View};
use crate::config::{Cert, Name, Validation};
use crate::net::RecordType;
use crate::status::Recorder;
use crate::store::AccountStore;
use crate::types::{Domain, Stage, State, Timestamp};

/// As `check` calls it.
const TOPIC: &str = "dns-persist";
/// So many records are shown in a message; `check` shows all.
const SHOWN: usize = 5;

/// The record that a challenge wants.
pub(super) fn wanted(
    work: &Work<'_, '_>,
    name: &Name,
    challenge: &Challenge,
) -> Result<Permission, Failure> {
    let own = work.client.account().unwrap_or_default();
    let account = challenge.account_uri().unwrap_or(own);
    let domain = name.id.domain();
    let made = domain.and_then(|d| permission(work.cert, d, challenge.issuers(), account));
    made.ok_or_else(|| {
        let text = format!(
            "{}: the challenge dns-persist-01 names no CA or no account",
            name.id
        );
        work.failed(&AcmeError::Protocol(text))
    })
}

/// One record serves a name and the wildcard below it.
fn permission(cert: &Cert, name: &Domain, issuers: &[String], account: &str) -> Option<Permission> {
    let mut names = persistent(cert);
    let wildcard = names.any(|d| d.is_wildcard() && d.base() == name.base());
    Permission::new(name, issuers, account, wildcard)
}

/// The names of a section that are validated so.
fn persistent(cert: &Cert) -> impl Iterator<Item = &Domain> {
    let names = cert.names.iter();
    let names = names.filter(|n| matches!(n.validation, Validation::Persist));
    names.filter_map(|n| n.id.domain())
}

/// How the nameservers see a record.
enum Seen {
    Right,
    /// Not all of them show it yet.
    Partly(String),
    Wrong(String),
}

/// Looks where the CA does: at the authorities of the zone, behind all CNAMEs.
fn look(view: &View<'_>, wanted: &Permission, now: Timestamp) -> Seen {
    let own = wanted.name();
    let name = match view.follow(own) {
        Ok(name) => name,
        Err(chased) => return Seen::Wrong(format!("{own}: {chased}")),
    };
    let mut answers = Vec::new();
    for Said { answer, must, .. } in view.each(&name) {
        match answer {
            Err(_) if !must => {}
            answer => answers.push(answer),
        }
    }
    if answers.is_empty() {
        // Nobody else is left.
        answers.push(view.ask(&name, RecordType::Txt));
    }
    let looks = answers
        .into_iter()
        .map(|answer| wanted.is_in(&answer?, now));
    let (right, wrong): (Vec<_>, Vec<_>) = looks.partition(Result::is_ok);
    let Some(Err(why)) = wrong.into_iter().next() else {
        return Seen::Right;
    };
    let why = format!("{own}: {why}");
    match right.is_empty() {
        true => Seen::Wrong(why),
        false => Seen::Partly(why),
    }
}

/// Somebody must be asked.
fn sighted(view: &View<'_>) -> Result<(), Failure> {
    match view.is_blind() {
        false => Ok(()),
        true => Err(Failure::new(
            State::DnsError,
            "no nameserver is known that could be asked for the record",
            "name one: `uci add_list certkeeper.global.dns_server=9.9.9.9`",
        )),
    }
}

/// Looks for the records before the CA does: it counts failures.
pub(super) fn verify(
    work: &Work<'_, '_>,
    view: &View<'_>,
    wanted: &[Permission],
    record: &mut Recorder<'_>,
) -> Result<(), Failure> {
    if wanted.is_empty() {
        return Ok(());
    }
    sighted(view)?;
    let text = "looking for the records at the nameservers";
    record.enter(work.now(), Stage::Propagation, text);
    let (mut problems, mut lines) = (Vec::new(), Vec::new());
    let mut state = State::Deferred;
    for permission in wanted {
        let why = match look(view, permission, work.now()) {
            Seen::Right => continue,
            Seen::Partly(why) => format!("{why} at one of the nameservers"),
            Seen::Wrong(why) => {
                state = State::DnsError;
                why
            }
        };
        problems.push(why);
        lines.push(permission.line());
    }
    if problems.is_empty() {
        record.say(work.now(), "all nameservers show the records");
        return Ok(());
    }
    let section = &work.cert.name;
    let more = match lines.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more (`certkeeper check {section}` shows them)"),
    };
    problems.truncate(SHOWN);
    lines.truncate(SHOWN);
    let lines = lines.join(" and ");
    let remedy = match work.cert.staging {
        // Its account is another one.
        true => format!(
            "the staging server wants a record of its own: publish, beside that of the CA itself and once for all \
             tests, {lines}{more}"
        ),
        false => format!(
            "publish, once for all renewals: {lines}{more}; then `certkeeper renew {section}`"
        ),
    };
    Err(Failure::new(state, problems.join("; "), remedy))
}

/// What `check` says of a section's records; `issuers` are the CA's names for itself.
pub(super) fn check(
    engine: &Engine<'_>,
    view: &View<'_>,
    cert: &Cert,
    issuers: &[String],
    found: &mut dyn FnMut(&'static str, bool, String),
) {
    if persistent(cert).next().is_none() {
        return;
    }
    let account = AccountStore::new(engine.paths, &cert.account.name, &cert.account.directory);
    let url = account.note().ok().flatten().map(|note| note.url);
    let mut wanted: Vec<Permission> = Vec::new();
    for name in persistent(cert) {
        let made = url
            .as_deref()
            .and_then(|url| permission(cert, name, issuers, url));
        wanted.extend(made.filter(|p| !wanted.contains(p)));
    }
    if wanted.is_empty() {
        let text = format!(
            "which record {} wants is told by the first `certkeeper renew {}`: it holds the account's URL",
            cert.account.ca, cert.name
        );
        return found(TOPIC, false, text);
    }
    if let Err(failure) = sighted(view) {
        let text = format!("{} — {}", failure.problem, failure.remedy);
        return found(TOPIC, false, text);
    }
    for permission in wanted {
        let line = permission.line();
        match look(view, &permission, engine.clock.now()) {
            Seen::Right => found(TOPIC, true, format!("all nameservers show {line}")),
            Seen::Partly(why) | Seen::Wrong(why) => {
                found(TOPIC, false, format!("{why} — publish {line}"))
            }
        }
    }
}
