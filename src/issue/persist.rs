//! dns-persist-01: shows the record that the owner is to publish, and looks for it before the CA does.

use super::failure::Failure;
use super::section::Work;
use super::{Engine, view};
use crate::acme::{AcmeError, Challenge};
use crate::challenge::Permission;
use crate::config::{Cert, Name, Validation};
use crate::net::{Resolver, nameservers};
use crate::status::Recorder;
use crate::store::AccountStore;
use crate::types::{DnsServer, Domain, Stage, State};

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

fn look(engine: &Engine<'_>, servers: &[DnsServer], wanted: &Permission) -> Seen {
    let now = engine.clock.now();
    let https = view::transport(engine);
    let looks = servers.iter().map(|server| {
        let resolver = Resolver::over(vec![server.clone()], &https);
        wanted.look_up(&resolver, now)
    });
    let (right, wrong): (Vec<_>, Vec<_>) = looks.partition(Result::is_ok);
    let Some(Err(why)) = wrong.into_iter().next() else {
        return Seen::Right;
    };
    match right.is_empty() {
        true => Seen::Wrong(why),
        false => Seen::Partly(why),
    }
}

/// The nameservers that are asked: those of the configuration, else the system's.
fn servers(engine: &Engine<'_>) -> Result<Vec<DnsServer>, Failure> {
    let mut servers = engine.config.global.dns_servers.clone();
    if servers.is_empty() {
        let system = nameservers(&engine.paths.at("/etc/resolv.conf"));
        servers = system.into_iter().map(DnsServer::At).collect();
    }
    match servers.is_empty() {
        false => Ok(servers),
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
    wanted: &[Permission],
    record: &mut Recorder<'_>,
) -> Result<(), Failure> {
    if wanted.is_empty() {
        return Ok(());
    }
    let servers = servers(work.engine)?;
    let text = "looking for the records at the nameservers";
    record.enter(work.now(), Stage::Propagation, text);
    let (mut problems, mut lines) = (Vec::new(), Vec::new());
    let mut state = State::Deferred;
    for permission in wanted {
        let why = match look(work.engine, &servers, permission) {
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
    let servers = match servers(engine) {
        Ok(servers) => servers,
        Err(failure) => {
            return found(
                TOPIC,
                false,
                format!("{} — {}", failure.problem, failure.remedy),
            );
        }
    };
    for permission in wanted {
        let line = permission.line();
        match look(engine, &servers, &permission) {
            Seen::Right => found(TOPIC, true, format!("all nameservers show {line}")),
            Seen::Partly(why) | Seen::Wrong(why) => {
                found(TOPIC, false, format!("{why} — publish {line}"))
            }
        }
    }
}
