//! One certificate: order, validation, finalize, download, store.

use super::account::Registry;
use super::clients::{self, Clients, Connected};
use super::failure::Failure;
use super::{Engine, Step, chain, key, solve};
use crate::acme::{AcmeError, Client, Order, Status};
use crate::config::Cert;
use crate::keys::PrivateKey;
use crate::plan;
use crate::status::Recorder;
use crate::store::{Area, Parts};
use crate::types::{
    CLOCK_MARGIN, Identifier, Issued, Meta, OrderNote, Stage, State, Timestamp, TransportError,
    shown,
};
use crate::x509::{Certificate, covers, key_matches, split_pem_chain, to_pem};

/// How long one run watches the CA work before it leaves the rest to the next.
const WATCH: i64 = 60;
/// An order changes its state three times or four; a CA that has more in mind is not followed.
const CHANGES_MAX: u32 = 10;
/// When a CA that is still at work then is looked at again: one that needs longer than a minute may
/// need an hour, and the other sections wait.
const LATER: i64 = 600;
/// No CA makes an order wait longer, whatever its Retry-After says.
const LATEST: i64 = Timestamp::days(1);

/// What every part of the way needs.
pub(super) struct Work<'a, 'e> {
    pub engine: &'a Engine<'e>,
    pub cert: &'a Cert,
    pub area: &'a Area,
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

/// Takes a section as far as it goes now. `anew`: an order under way is not used.
pub(super) fn advance<'e>(
    engine: &Engine<'e>,
    cert: &Cert,
    area: &Area,
    clients: &mut Clients<'e>,
    record: &mut Recorder<'_>,
    anew: bool,
) -> Result<Step, Failure> {
    let text = format!("asking {}", cert.account.ca);
    record.enter(engine.clock.now(), Stage::Account, &text);
    let connected = clients.connect(engine, &cert.account)?;
    let client = Registry::new(engine, &connected, &cert.account)
        .client(&mut |text| record.enter(engine.clock.now(), Stage::Account, text))?;
    let mut work = Work {
        engine,
        cert,
        area,
        client,
    };
    if anew {
        area.drop_order()?;
    }
    let (mut order, note) = match resumed(&work, record)? {
        Some(found) => found,
        None => new_order(&mut work, &connected, record)?,
    };
    if order.status != Status::Pending && area.held().presented {
        // The CA decided while nobody watched; what cannot be taken back now is left to later runs.
        let _ = engine.clean_up(cert, record);
    }
    for _ in 0..CHANGES_MAX {
        order = match order.status {
            Status::Pending => match solve::authorize(&work, &order, note.clone(), record)? {
                solve::Solved::Order(order) => *order,
                solve::Solved::Wait(until, why) => return Ok(Step::Wait(until, why)),
            },
            Status::Ready => finalize(&work, &order, record)?,
            Status::Processing => {
                record.say(work.now(), "the CA is making the certificate");
                match watch(&work, &note, &[Status::Processing])? {
                    Watched::Moved(order) => *order,
                    Watched::Later(until) => {
                        return Ok(Step::Wait(until, "the CA is still making it".into()));
                    }
                }
            }
            Status::Valid => return download(&work, &order, record),
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
        ..note.clone()
    })?;
    Ok(Watched::Later(until))
}

/// The order under way, if it is for what is wanted and the CA still has it.
fn resumed(
    work: &Work<'_, '_>,
    record: &mut Recorder<'_>,
) -> Result<Option<(Order, OrderNote)>, Failure> {
    let Some(note) = work.area.held().order else {
        return Ok(None);
    };
    let same = Some(note.account_url.as_str()) == work.client.account();
    if same && plan::resumable(work.cert, &note, work.now()) {
        record.enter(
            work.now(),
            Stage::Order,
            "going on with the order under way",
        );
        match work.client.order(&note.url) {
            Ok(order) if !matches!(order.status, Status::Invalid | Status::Other(_)) => {
                return Ok(Some((order, note)));
            }
            // The CA has forgotten it, or it failed: a new one is made.
            Ok(_) => {}
            Err(e) if is_gone(&e) => {}
            Err(e) => return Err(work.failed(&e)),
        }
        record.say(
            work.now(),
            "the order under way is no longer of use; making a new one",
        );
    }
    work.area.drop_order()?;
    Ok(None)
}

/// True if the CA says that it does not have what was asked for; a busy CA says something else.
fn is_gone(error: &AcmeError) -> bool {
    let AcmeError::Problem { status, .. } = error else {
        return false;
    };
    let passing = ["", "badNonce", "rateLimited", "serverInternal"];
    matches!(status, 404 | 410) || (*status < 500 && !passing.contains(&error.kind()))
}

fn new_order<'e>(
    work: &mut Work<'_, 'e>,
    connected: &Connected<'e>,
    record: &mut Recorder<'_>,
) -> Result<(Order, OrderNote), Failure> {
    let cert = work.cert;
    clients::check_profile(connected, cert)?;
    let ids: Vec<Identifier> = cert.names.iter().map(|n| n.id.clone()).collect();
    let text = format!("ordering a certificate for {}", plan::names(cert).join(" "));
    record.enter(work.now(), Stage::Order, &text);
    let registry = Registry::new(work.engine, connected, &cert.account);
    let mut order = work.client.new_order(&ids, cert.profile.as_deref());
    if matches!(&order, Err(e) if e.kind() == "accountDoesNotExist") {
        // The CA lost the account (staging servers do); the key makes it again.
        registry.register(&mut work.client, &mut |text| {
            record.enter(work.engine.clock.now(), Stage::Account, text);
        })?;
        order = work.client.new_order(&ids, cert.profile.as_deref());
    }
    if let Err(e) = &order {
        registry.look_for_end(e)?;
    }
    let order = order.map_err(|e| match e.kind() {
        // It knows better than its directory.
        "invalidProfile" => Failure {
            remedy: clients::profiles(connected),
            ..work.failed(&e)
        },
        _ => work.failed(&e),
    })?;
    let expires = order.expires.as_deref().and_then(Timestamp::parse_rfc3339);
    let note = OrderNote {
        url: order.url.clone(),
        account_url: work.client.account().unwrap_or_default().to_owned(),
        directory: cert.account.directory.clone(),
        names: plan::names(cert),
        key_type: cert.key_type.name().to_owned(),
        profile: cert.profile.clone(),
        created: work.now().0,
        expires: expires.map_or(0, |t| t.0),
        ready_at: 0,
        look_at: 0,
    };
    work.area.put_order(&note)?;
    Ok((order, note))
}

/// Sends the request for the certificate.
fn finalize(
    work: &Work<'_, '_>,
    order: &Order,
    record: &mut Recorder<'_>,
) -> Result<Order, Failure> {
    let csr = key::request(work, record)?;
    match work.client.finalize(order, &csr) {
        // A reply was lost on the way and the CA is further than we thought.
        Err(e) if e.kind() == "orderNotReady" => {
            let seen = work.client.order(&order.url).map_err(|e| work.failed(&e))?;
            if matches!(seen.status, Status::Processing | Status::Valid) {
                return Ok(seen);
            }
            // Ready for us, not ready for the CA: another order may be better.
            work.area.drop_order()?;
            Err(work.failed(&e))
        }
        done => done.map_err(|e| work.failed(&e)),
    }
}

/// Fetches the chain, checks it against what was asked for, and stores it.
fn download(
    work: &Work<'_, '_>,
    order: &Order,
    record: &mut Recorder<'_>,
) -> Result<Step, Failure> {
    record.enter(work.now(), Stage::Download, "fetching the certificate");
    let taken = chain::fetch(work, order, record).map_err(|e| {
        if matches!(e, AcmeError::Transport(TransportError::TooLarge(_))) {
            let _ = work.area.drop_order();
        }
        work.failed(&e)
    })?;
    let (leaf, above, key) = match checked(work, &taken.pem) {
        Ok(parts) => parts,
        Err(text) => return Err(work.failed(&AcmeError::Protocol(text))),
    };
    record.enter(
        work.now(),
        Stage::Store,
        &format!("storing serial {}", leaf.serial_hex()),
    );
    let names = plan::names(work.cert);
    let issued = Issued {
        at: work.now().0,
        names: names.clone(),
    };
    let meta = Meta {
        names,
        key_type: work.cert.key_type.name().to_owned(),
        account: work.cert.account.name.clone(),
        directory: work.cert.account.directory.clone(),
        profile: work.cert.profile.clone(),
        preferred_chain: work.cert.preferred_chain.clone(),
        chains: taken.instead,
        not_before: leaf.not_before.0,
        not_after: leaf.not_after.0,
        serial: leaf.serial_hex(),
        issuer: leaf.issuer_name().to_owned(),
        fingerprint: leaf.fingerprint(),
        issued_at: work.now().0,
    };
    let parts = Parts {
        cert: &to_pem(&leaf.der),
        chain: &above,
        key: &key.to_pem(),
    };
    work.area.add_version(parts, &meta)?;
    work.area.note_issued(issued)?;
    work.area.finish_work()?;
    work.engine
        .put_into_use(work.cert, work.area, record, false)
}

/// The chain's leaf, the certificates above it as PEM, and the key; or what is wrong with them.
fn checked(work: &Work<'_, '_>, pem: &[u8]) -> Result<(Certificate, String, PrivateKey), String> {
    let ders = split_pem_chain(pem).map_err(|e| format!("the chain cannot be read: {e}"))?;
    let (first, above) = ders.split_first().ok_or("the chain is empty")?;
    let leaf =
        Certificate::parse(first).map_err(|e| format!("the certificate cannot be read: {e}"))?;
    let key = key::pending(work).map_err(|f| f.problem)?;
    let key = key.ok_or("the key of the order is lost; a new order makes a new one")?;
    if !key_matches(&leaf, &key) {
        return Err("the certificate is for another key than ours".into());
    }
    let ids: Vec<Identifier> = work.cert.names.iter().map(|n| n.id.clone()).collect();
    if !covers(&leaf, &ids) {
        return Err("the certificate does not have all the names that were ordered".into());
    }
    if leaf.not_after <= leaf.not_before {
        let (begin, end) = (leaf.not_before, leaf.not_after);
        return Err(format!(
            "the certificate begins on {begin} and ends on {end}"
        ));
    }
    if leaf.not_after <= work.now() {
        return Err(format!("the certificate ended on {}", leaf.not_after));
    }
    if work.now().plus(CLOCK_MARGIN) < leaf.not_before {
        return Err(format!("the certificate begins on {}", leaf.not_before));
    }
    Ok((leaf, above.iter().map(|der| to_pem(der)).collect(), key))
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
