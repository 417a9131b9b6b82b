//! One certificate: from the account to the order's end.

use super::account::Registry;
use super::clients::{Clients, Connected};
use super::failure::Failure;
use super::{Engine, Step, certificate, order, solve};
use crate::acme::{AcmeError, Client, Order, Status};
use crate::config::Cert;
use crate::status::Recorder;
use crate::store::Area;
use crate::types::{OrderNote, Stage, State, Timestamp, Tried, shown};
use std::collections::BTreeMap;

/// How long one run watches the CA work before it leaves the rest to the next.
pub(super) const WATCH: i64 = 60;
/// An order changes its state three times or four; a CA that has more in mind is not followed.
const CHANGES_MAX: usize = 10;
/// When a CA that is still at work then is looked at again: one that needs longer than a minute may
/// need an hour, and the other sections wait.
const LATER: i64 = 600;
/// No CA makes an order wait longer, whatever its Retry-After says.
const LATEST: i64 = Timestamp::days(1);

/// How a section is gone on with.
pub(super) struct Way<'a> {
    /// The section, at the account that is asked now.
    pub cert: &'a Cert,
    /// An order under way is not used.
    pub anew: bool,
    /// The accounts that come before this one.
    pub instead_of: BTreeMap<String, Tried>,
}

/// What every part of the way needs.
pub(super) struct Work<'a, 'e> {
    pub engine: &'a Engine<'e>,
    pub cert: &'a Cert,
    pub instead_of: &'a BTreeMap<String, Tried>,
    pub area: &'a Area,
    pub connected: &'a Connected<'e>,
    pub client: Client<'a>,
}

impl Work<'_, '_> {
    pub fn now(&self) -> Timestamp {
        self.engine.clock.now()
    }

    /// An error of the CA in words. An order whose documents make no sense is not gone on with.
    pub fn failed(&self, error: &AcmeError) -> Failure {
        if matches!(error, AcmeError::Protocol(_)) {
            let _ = self.area.drop_order();
        }
        Failure::of_acme(self.cert, error)
    }
}

/// Takes a section as far as it goes now.
pub(super) fn advance<'e>(
    engine: &Engine<'e>,
    way: &Way<'_>,
    area: &Area,
    clients: &mut Clients<'e>,
    record: &mut Recorder<'_>,
) -> Result<Step, Failure> {
    let cert = way.cert;
    let text = format!("asking {}", cert.account.ca);
    record.enter(engine.clock.now(), Stage::Account, &text);
    let connected = clients.connect(engine, &cert.account)?;
    let client = Registry::new(engine, &connected, &cert.account)
        .client(&mut |text| record.enter(engine.clock.now(), Stage::Account, text))?;
    let mut work = Work {
        engine,
        cert,
        instead_of: &way.instead_of,
        area,
        connected: &connected,
        client,
    };
    if way.anew {
        area.drop_order()?;
    }
    let (mut order, note) = match order::resumed(&work, record)? {
        Some(found) => found,
        None => order::new(&mut work, record)?,
    };
    if order.status != Status::Pending && area.held().presented {
        // The CA decided while nobody watched; what cannot be taken back now is left to later runs.
        let _ = engine.clean_up(cert, record);
    }
    // Names may be validated in turns.
    for _ in 0..CHANGES_MAX + cert.names.len() {
        order = match order.status {
            Status::Pending => {
                match solve::authorize(&work, &order, note.clone(), solve::Goal::Order, record)? {
                    solve::Solved::Order(order) => *order,
                    solve::Solved::Wait(until, why) => return Ok(Step::Wait(until, why)),
                }
            }
            Status::Ready => certificate::finalize(&work, &order, record)?,
            Status::Processing => {
                record.say(work.now(), "the CA is making the certificate");
                match watch(&work, &note, &[Status::Processing])? {
                    Watched::Moved(order) => *order,
                    Watched::Later(until) => {
                        return Ok(Step::Wait(until, "the CA is still making it".into()));
                    }
                }
            }
            Status::Valid => return certificate::download(&work, &order, &note, record),
            Status::Invalid => {
                area.drop_order()?;
                return Err(rejected(&work, &order));
            }
            Status::Other(status) => {
                area.drop_order()?;
                let text = format!(
                    "the order has a status that RFC 8555 does not know: {}",
                    shown(&status, 40)
                );
                return Err(work.failed(&AcmeError::Protocol(text)));
            }
        };
    }
    let text = "the order goes in circles between its states".to_owned();
    Err(work.failed(&AcmeError::Protocol(text)))
}

/// How far the CA got while it was watched.
pub(super) enum Watched {
    /// The order is in another state now.
    Moved(Box<Order>),
    /// It is worth looking again then.
    Later(Timestamp),
}

/// Looks at an order until it is no longer busy, for a minute at most.
pub(super) fn watch(
    work: &Work<'_, '_>,
    note: &OrderNote,
    busy: &[Status],
) -> Result<Watched, Failure> {
    let seen = work.client.wait(&note.url, busy, work.now().plus(WATCH));
    let order = match seen.map_err(|e| work.failed(&e))? {
        Ok(order) => return Ok(Watched::Moved(Box::new(order))),
        Err(order) => order,
    };
    let now = work.now();
    let later = now.plus(LATER);
    let asked = order.retry_after.unwrap_or(later);
    let until = later.max(asked).min(now.plus(LATEST));
    work.area.put_order(&OrderNote {
        look_at: until.0,
        status: order.status.name().to_owned(),
        ..note.clone()
    })?;
    Ok(Watched::Later(until))
}

/// Why the CA gave an order up: its own error, and what it has against each name.
pub(super) fn rejected(work: &Work<'_, '_>, order: &Order) -> Failure {
    let mut failure = match &order.error {
        Some(problem) => Failure::of_problem(work.cert, problem, order.retry_after),
        None => Failure::new(
            State::Invalid,
            format!("{}: the order failed", work.cert.account.ca),
            format!(
                "`certkeeper log {}` has the whole run; the next runs try again",
                work.cert.name
            ),
        ),
    };
    let mut first = order.error.is_none();
    for url in order.authorizations.iter().take(work.cert.names.len()) {
        // A CA that does not answer is not asked about the others.
        let Ok(authorization) = work.client.authorization(url) else {
            break;
        };
        let name = work.cert.names.iter().find(|n| authorization.is_for(&n.id));
        let Some(name) = name else { continue };
        for problem in authorization
            .challenges
            .iter()
            .filter_map(|c| c.error.as_ref())
        {
            if first {
                let names = std::mem::take(&mut failure.names);
                failure = Failure::of_problem(work.cert, problem, order.retry_after);
                failure.problem = format!("{}: {}", name.id, failure.problem);
                failure.names.extend(names);
                first = false;
            }
            failure.blame(&name.id.to_string(), problem);
        }
    }
    failure
}
