//! The view from outside: real authorizations at the CA's staging server. Nothing is finalized, and
//! everything is taken back.

use super::account::Registry;
use super::clients::{Clients, check_profile};
use super::failure::Failure;
use super::section::Work;
use super::solve::{Goal, Solved, authorize};
use super::{Engine, order};
use crate::acme::{Authorization, Order, Status};
use crate::config::{Account, Cert, Name, Validation};
use crate::status::{self, Recorder};
use crate::store::Area;
use crate::types::{OrderNote, Stage, State};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Hears what the CA says of one name, or of all: whether it is well, and the words.
type Found<'f> = &'f mut dyn FnMut(bool, String);

/// Has the staging server of the section's CA validate each name.
pub(super) fn trial<'e>(
    engine: &Engine<'e>,
    cert: &Cert,
    clients: &mut Clients<'e>,
    found: Found<'_>,
) {
    let both = |failure: &Failure| format!("{} — {}", failure.problem, failure.remedy);
    let account = match staging(engine, cert) {
        Ok(account) => account,
        Err(why) => {
            return found(
                false,
                format!("nothing is tried at {}: {why}", cert.account.ca),
            );
        }
    };
    for name in names(cert, |v| matches!(v, Validation::Beforehand)) {
        let text = "not tried: nothing is answered for it here, and the CA that issues must have validated it";
        found(true, format!("{} (none): {text}", name.id));
    }
    let narrow = cert.names.iter().filter_map(|n| match &n.validation {
        Validation::Dns(method) if method.is_narrow() => engine.would_lose(method),
        _ => None,
    });
    if let Some(section) = narrow.into_iter().next() {
        let text = format!(
            "nothing is tried at {}: '{section}' waits with its values at a provider that keeps few",
            account.ca
        );
        return found(true, text);
    }
    let area = Area::trial(engine.paths, &cert.name);
    let before = engine.document(cert);
    let mut record = Recorder::start(engine.paths, &cert.name, before, engine.listener, true);
    // Where a record is missing that the owner is to publish, the others are looked at all the same.
    let groups = [
        names(cert, |v| {
            !matches!(v, Validation::Beforehand | Validation::Persist)
        }),
        names(cert, |v| matches!(v, Validation::Persist)),
    ];
    for names in groups.into_iter().filter(|names| !names.is_empty()) {
        let tried = Cert {
            staging: true,
            names,
            ..cert.at(&account)
        };
        if let Err(failure) = run(engine, tried, &area, clients, &mut record, found) {
            found(false, both(&failure));
        }
    }
    let say = &mut |text: &str| record.say(engine.clock.now(), text);
    match engine.clean_trial(&cert.name, say) {
        Ok((_, 0)) => {}
        Ok((_, kept)) => {
            let text = format!("{kept} answers could not be taken back; the next run tries again");
            found(false, text);
        }
        Err(failure) => found(false, both(&failure)),
    }
    status::write(engine.paths, &cert.name, &engine.document(cert));
}

/// The names that are validated so.
fn names(cert: &Cert, so: impl Fn(&Validation) -> bool) -> Vec<Name> {
    let names = cert.names.iter();
    names.filter(|n| so(&n.validation)).cloned().collect()
}

/// The account at the staging server.
fn staging(engine: &Engine<'_>, cert: &Cert) -> Result<Arc<Account>, String> {
    if cert.staging {
        return Ok(cert.account.clone());
    }
    let made = engine.config.account(&cert.account.name, true);
    made.unwrap_or_else(|| Err("it has no staging server".to_owned()))
}

fn run<'e>(
    engine: &Engine<'e>,
    mut cert: Cert,
    area: &Area,
    clients: &mut Clients<'e>,
    record: &mut Recorder<'_>,
    found: Found<'_>,
) -> Result<(), Failure> {
    let text = format!("asking {}", cert.account.ca);
    record.enter(engine.clock.now(), Stage::Account, &text);
    let account = cert.account.clone();
    let connected = clients.connect(engine, &account)?;
    if check_profile(&connected, &cert).is_err() {
        // It is about names; the other server may have other profiles.
        cert.profile = None;
    }
    let client = Registry::new(engine, &connected, &account)
        .client(&mut |text| record.enter(engine.clock.now(), Stage::Account, text))?;
    let mut work = Work {
        engine,
        cert: &cert,
        instead_of: &BTreeMap::new(),
        area,
        connected: &connected,
        client,
    };
    let (mut made, mut note) = order::new(&mut work, record)?;
    if give_up(&work, &made, Status::Valid) {
        // What the server had seen earlier proves nothing now.
        (made, note) = order::new(&mut work, record)?;
    }
    let looked = look(&work, &made, note, record);
    let mut told = false;
    for url in made.authorizations.iter().take(cert.names.len()) {
        let Ok(authorization) = work.client.authorization(url) else {
            break;
        };
        let Some(name) = cert.names.iter().find(|n| authorization.is_for(&n.id)) else {
            continue;
        };
        let who = format!("{} ({})", name.id, name.validation.method());
        if let Some((ok, text)) = verdict(&work, &authorization) {
            found(ok, format!("{who}: {text}"));
            told |= !ok;
        }
    }
    give_up(&work, &made, Status::Pending);
    give_up(&work, &made, Status::Valid);
    match looked {
        // The names have said it.
        Err(_) if told => Ok(()),
        done => done,
    }
}

/// Answers the challenges, gives DNS its time, and waits until the CA has decided about each name.
fn look(
    work: &Work<'_, '_>,
    order: &Order,
    mut note: OrderNote,
    record: &mut Recorder<'_>,
) -> Result<(), Failure> {
    let mut turn: Option<Box<Order>> = None;
    loop {
        let now = turn.as_deref().unwrap_or(order);
        match authorize(work, now, note.clone(), Goal::EachName, record)? {
            Solved::Wait(until, why) => {
                let noted = work.area.held().order.filter(|o| o.look_at == 0);
                note =
                    noted.ok_or_else(|| Failure::new(State::Deferred, why, "try again later"))?;
                let pause = until.since(work.now()).max(0).unsigned_abs();
                let slept = work.engine.clock.sleep(Duration::from_secs(pause));
                slept.map_err(|e| work.failed(&e.into()))?;
            }
            // Other names have their turn.
            Solved::Order(next) if next.status == Status::Pending => turn = Some(next),
            Solved::Order(_) => return Ok(()),
        }
    }
}

/// What the CA says of one name, once it has decided.
fn verdict(work: &Work<'_, '_>, authorization: &Authorization) -> Option<(bool, String)> {
    let ca = &work.cert.account.ca;
    let mut problems = authorization
        .challenges
        .iter()
        .filter_map(|c| c.error.as_ref());
    match (&authorization.status, problems.next()) {
        (Status::Valid, _) => Some((true, format!("{ca} has validated it, from outside"))),
        (_, Some(problem)) => {
            let failure = Failure::of_problem(work.cert, problem, None);
            Some((false, format!("{} — {}", failure.problem, failure.remedy)))
        }
        (Status::Invalid, None) => Some((
            false,
            format!("{ca} has not validated it, and does not say why"),
        )),
        _ => None,
    }
}

/// Gives up the authorizations of an order that have this status (RFC 8555 section 7.5.2); true if
/// there were any. One that stays is no harm.
fn give_up(work: &Work<'_, '_>, order: &Order, status: Status) -> bool {
    let mut any = false;
    for url in order.authorizations.iter().take(work.cert.names.len()) {
        let authorization = work.client.authorization(url);
        if authorization.is_ok_and(|a| a.status == status) {
            any = true;
            let _ = work.client.deactivate_authorization(url);
        }
    }
    any
}
