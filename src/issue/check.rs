//! Looks at everything that an issuance needs, without issuing.

use super::account::Registry;
use super::clients::Clients;
use super::deploy::server_name;
use super::netifd;
use super::wan::Wan;
use super::{Engine, Failure, clients, persist, provider, resolves, trial, view, ways};
use crate::challenge::{ChallengeError, DNS, Footprint, HTTP, Port, Proof, Solver, TLS, View};
use crate::config::{Cert, Name, Validation};
use crate::deploy;
use crate::dns::TxtRecord;
use crate::types::SectionName;
use ring::rand::{SecureRandom, SystemRandom};
use std::path::Path;

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

/// Has fw4 accept what is redirected.
const INCLUDE: &str = "usr/share/nftables.d/chain-pre/input/30-certkeeper.nft";

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
            resolves::name(engine, &view, name, &interfaces, &mut found);
            resolves::alias(&view, name, &mut found);
            resolves::delegated(&view, name, &mut found);
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
                way(engine, &view, cert, name, &mut found);
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
    resolves::caa(engine, view, cert, issuers, found);
}

type Found<'a> = &'a mut dyn FnMut(&'static str, bool, String);

fn both(failure: &Failure) -> String {
    format!("{} — {}", failure.problem, failure.remedy)
}

/// Tries the way itself: writes and removes a file or record, opens and closes the port.
fn way(engine: &Engine<'_>, view: &View<'_>, cert: &Cert, name: &Name, found: Found<'_>) {
    let validation = &name.validation;
    let topic = validation.method();
    let random = match random() {
        Some(random) => random,
        None => return found(topic, false, "the system gives no random numbers".into()),
    };
    if let Validation::Dns(method) = validation
        && let Some(section) = engine.would_lose(method)
    {
        let text = format!(
            "not tried: {} keeps few values, and '{section}' waits with its own",
            method.module.title
        );
        return found(topic, true, text);
    }
    let spot = match view::spot_of(view, name) {
        Ok(spot) => spot,
        // What is not delegated was told.
        Err(_) if matches!(validation, Validation::Delegated { .. }) => return,
        Err(e) => return found(topic, false, view::explained(&e)),
    };
    let proof = Proof {
        spot,
        id: name.id.clone(),
        token: format!("certkeeper-check-{random}"),
        key_authorization: "certkeeper check".into(),
        // As long as a digest (RFC 8555 section 8.4): acme-dns takes nothing else.
        txt_value: format!("{:-<43}", format!("certkeeper-check-{random}")),
    };
    let http = provider::transport(engine);
    let area = engine.area(cert);
    let tried = ways::open(engine, validation, &http).map(|solver| {
        let Some(mut solver) = solver else {
            return Ok(format!(
                "no challenge is answered: {} must have validated the names beforehand",
                cert.account.ca
            ));
        };
        // Written down before, so that a run takes it back should this be killed.
        let footprint = solver.footprint(&proof);
        let mut noted = area.presented()?;
        let before = noted.clone();
        noted.extend(footprint.map(|f| ways::entry(&f, name)));
        if noted != before {
            area.put_presented(&noted)?;
        }
        let result = try_out(engine, view, validation, solver.as_mut(), &proof);
        let gone = solver.take_back(&proof);
        if noted != before && gone.is_ok() {
            area.put_presented(&before)?;
        }
        // What kept it from being made says more than what kept it from being taken back.
        let result = result.and_then(|text| gone.map(|()| text));
        result.map_err(|e| Failure::of_challenge(validation, &e))
    });
    let tried = tried.unwrap_or_else(|e| Err(Failure::of_challenge(validation, &e)));
    match tried {
        Ok(text) => found(topic, true, text),
        Err(failure) => found(topic, false, both(&failure)),
    }
}

fn try_out(
    engine: &Engine<'_>,
    view: &View<'_>,
    validation: &Validation,
    solver: &mut dyn Solver,
    proof: &Proof,
) -> Result<String, ChallengeError> {
    solver.present(proof)?;
    Ok(match (validation, solver.footprint(proof)) {
        (Validation::Dns(method), Some(Footprint::Txt(txt))) => {
            let seen = resolves::shown(engine, view, &txt);
            let seen = seen.map_err(|(text, remedy)| ChallengeError::Name(text, remedy))?;
            format!(
                "{} takes a test record {}{seen}",
                method.module.title, txt.name
            )
        }
        (Validation::Standalone { port, .. }, _) => listener(engine, HTTP, *port)?,
        (Validation::Manual { .. }, _) => {
            "`certkeeper renew` shows the records, and goes on when you have published them"
                .to_owned()
        }
        (Validation::Delegated { port, .. }, _) => delegated(engine, view, *port, &proof.txt())?,
        (Validation::Alpn { port, .. }, _) => listener(engine, TLS, *port)?,
        (Validation::Webroot { dir }, _) => webroot(engine, dir)?,
        _ => String::new(),
    })
}

/// How a CA gets to the listener.
fn listener(engine: &Engine<'_>, asked: Port, port: u16) -> Result<String, ChallengeError> {
    let wan = Wan::find(engine, asked).unwrap_or_default();
    let Some(firewall) = engine.firewall.as_ref().filter(|_| !wan.devices.is_empty()) else {
        return Ok(format!(
            "port {port} can be opened here (seen from here; not proven from outside)"
        ));
    };
    if firewall.accepts(asked.redirected) == Some(false) {
        return Err(ChallengeError::Firewall(format!(
            "the firewall does not accept what is redirected: is /{INCLUDE} there? `service firewall restart` loads it"
        )));
    }
    Ok(format!(
        "port {} of {} can be redirected to {} (seen from here; not proven from outside)",
        asked.asked,
        wan.devices.join(", "),
        asked.redirected
    ))
}

/// Whether who asks for a record gets it from here.
fn delegated(
    engine: &Engine<'_>,
    view: &View<'_>,
    port: u16,
    txt: &TxtRecord,
) -> Result<String, ChallengeError> {
    let here = listener(engine, DNS, port)?;
    let name = &txt.name;
    match view.operators_see(txt) {
        (_, 0) => Ok(here),
        (0, _) => Err(ChallengeError::Name(
            format!("{here}; but who asks for {name} on the Internet gets no answer from here"),
            "see that UDP and TCP port 53 lead to this router, and that the NS record names an address of it"
                .to_owned(),
        )),
        (seen, of) => Ok(format!("{seen} of {of} who were asked for {name} got the answer from here")),
    }
}

/// Whether a CA gets to the web server at all.
fn webroot(engine: &Engine<'_>, dir: &Path) -> Result<String, ChallengeError> {
    let wan = Wan::find(engine, HTTP).map_err(ChallengeError::Firewall)?;
    let port = HTTP.asked;
    if wan.closed {
        let zones = wan.zones.join(", ");
        return Err(ChallengeError::Firewall(format!(
            "the firewall's zone {zones} rejects port {port}, so that no CA gets to the web server. With validation_method standalone the port is open to \
             the CA's question alone, and only while it asks; opening it would show the Internet whatever the web \
             server serves, LuCI too"
        )));
    }
    let to = wan.owners.ipv4.and_then(|owner| owner.host);
    let shown = dir.display();
    Ok(match to {
        Some(host) => format!(
            "{shown} can be written; the firewall forwards port {port} to {host}, who must serve it"
        ),
        None => format!(
            "{shown} can be written (that a web server serves it on port {port} is not proven from here)"
        ),
    })
}

fn random() -> Option<String> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|b| format!("{b:02x}")).collect())
}
