//! The order: one that is under way, or a new one.

use super::account::Registry;
use super::failure::Failure;
use super::section::Work;
use super::{clients, key};
use crate::acme::{AcmeError, Order, Status};
use crate::plan;
use crate::status::Recorder;
use crate::types::{Identifier, OrderNote, Stage, Timestamp};

/// The order under way, if it is for what is wanted and the CA still has it.
pub(super) fn resumed(
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
pub(super) fn is_gone(error: &AcmeError) -> bool {
    let absent = matches!(
        error,
        AcmeError::Problem {
            status: 404 | 410,
            ..
        }
    );
    absent || error.is_definite()
}

/// Asks for a certificate and notes the order.
pub(super) fn new(
    work: &mut Work<'_, '_>,
    record: &mut Recorder<'_>,
) -> Result<(Order, OrderNote), Failure> {
    let cert = work.cert;
    clients::check_profile(work.connected, cert)?;
    key::check_request(work)?;
    let text = format!("ordering a certificate for {}", plan::names(cert).join(" "));
    record.enter(work.now(), Stage::Order, &text);
    let registry = Registry::new(work.engine, work.connected, &cert.account);
    let replaces = replaced(work);
    let mut order = ask_for_order(work, replaces.as_deref(), record);
    if matches!(&order, Err(e) if e.kind() == "accountDoesNotExist") {
        // The CA lost the account (staging servers do); the key makes it again.
        registry.register(&mut work.client, &mut |text| {
            record.enter(work.engine.clock.now(), Stage::Account, text);
        })?;
        order = ask_for_order(work, replaces.as_deref(), record);
    }
    if let Err(e) = &order {
        registry.look_for_end(e)?;
    }
    let order = order.map_err(|e| match e.kind() {
        // It knows better than its directory.
        "invalidProfile" => Failure {
            remedy: clients::profiles(work.connected),
            ..work.failed(&e)
        },
        _ => work.failed(&e),
    })?;
    let expires = order.expires.as_deref().and_then(Timestamp::parse_rfc3339);
    let note = OrderNote {
        url: order.url.clone(),
        status: order.status.name().to_owned(),
        account: cert.account.name.clone(),
        account_url: work.client.account().unwrap_or_default().to_owned(),
        directory: cert.account.directory.clone(),
        names: plan::names(cert),
        key_type: cert.key_type.name().to_owned(),
        profile: cert.profile.clone(),
        created: work.now().0,
        expires: expires.map_or(0, |t| t.0),
        ready_at: 0,
        presented_at: 0,
        ready: false,
        look_at: 0,
        instead_of: work.instead_of.clone(),
    };
    work.area.put_order(&note)?;
    Ok((order, note))
}

/// The certificate that the order replaces, by its name at a CA that gives renewal information (RFC
/// 9773 section 5): the newest that this CA issued, where the names did not change altogether.
fn replaced(work: &Work<'_, '_>) -> Option<String> {
    let held = work.area.held();
    let meta = &held.newest_valid(work.now())?.meta;
    let shares = plan::names(work.cert)
        .iter()
        .any(|n| meta.names.contains(n));
    let same = meta.directory == work.cert.account.directory;
    let named = meta.cert_id.clone();
    named.filter(|_| shares && same && work.connected.directory.has_renewal_info())
}

/// Asks for an order. What it replaces helps it past rate limits, but is worth no refusal.
fn ask_for_order(
    work: &Work<'_, '_>,
    replaces: Option<&str>,
    record: &mut Recorder<'_>,
) -> Result<Order, AcmeError> {
    let ids: Vec<Identifier> = work.cert.names.iter().map(|n| n.id.clone()).collect();
    let profile = work.cert.profile.as_deref();
    match work.client.new_order(&ids, profile, replaces) {
        Err(AcmeError::Problem {
            problem, status, ..
        }) if replaces.is_some()
            && status != 429
            && !["accountDoesNotExist", "rateLimited"].contains(&problem.kind()) =>
        {
            let text = format!("the CA refuses: {problem}; asking without `replaces`");
            record.say(work.now(), &text);
            work.client.new_order(&ids, profile, None)
        }
        done => done,
    }
}
