//! Tries a way of validation.

use super::super::wan::Wan;
use super::super::{Engine, Failure, provider, view, ways};
use super::{Found, both, records};
use crate::challenge::{ChallengeError, DNS, Footprint, HTTP, Port, Proof, Solver, TLS, View};
use crate::config::{Cert, Name, Validation};
use crate::dns::TxtRecord;
use ring::rand::{SecureRandom, SystemRandom};
use std::path::Path;

/// Has fw4 accept what is redirected.
const INCLUDE: &str = "usr/share/nftables.d/chain-pre/input/30-certkeeper.nft";

/// Tries the way itself: writes and removes a file or record, opens and closes the port.
pub(super) fn way(
    engine: &Engine<'_>,
    view: &View<'_>,
    cert: &Cert,
    name: &Name,
    found: Found<'_>,
) {
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
            let seen = records::shown(engine, view, &txt);
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
