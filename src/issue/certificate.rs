//! The certificate: the request for it, the download, the store.

use super::failure::Failure;
use super::section::Work;
use super::{Step, chain, key};
use crate::acme::{AcmeError, Order, Status, ari};
use crate::keys::PrivateKey;
use crate::plan;
use crate::status::{self, Recorder};
use crate::store::{Parts, make_device_secret};
use crate::types::{CLOCK_MARGIN, Identifier, Issued, Meta, OrderNote, Stage, TransportError};
use crate::x509::{Certificate, covers, key_matches, split_pem_chain, to_pem};

/// Sends the request for the certificate.
pub(super) fn finalize(
    work: &Work<'_, '_>,
    order: &Order,
    record: &mut Recorder<'_>,
) -> Result<Order, Failure> {
    let csr = key::request(work, record)?;
    match work.client.finalize(order, &csr) {
        Err(e) if e.kind() == "badCSR" && work.cert.csr.is_some() => Err(Failure {
            remedy: "make another request and have option csr name it".into(),
            ..work.failed(&e)
        }),
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
pub(super) fn download(
    work: &Work<'_, '_>,
    order: &Order,
    note: &OrderNote,
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
    if let Err(e) = make_device_secret(work.engine.paths) {
        record.say(work.now(), &format!("renewals do not spread well: {e}"));
    }
    let names = plan::names(work.cert);
    let issued = Issued {
        at: work.now().0,
        names: names.clone(),
    };
    let earlier = note.instead_of.iter();
    let meta = Meta {
        names,
        key_type: work.cert.key_type.name().to_owned(),
        account: work.cert.account.name.clone(),
        directory: work.cert.account.directory.clone(),
        profile: work.cert.profile.clone(),
        preferred_chain: work.cert.preferred_chain.clone(),
        chains: taken.instead,
        cert_id: work
            .connected
            .directory
            .has_renewal_info()
            .then(|| cert_id(&leaf))
            .flatten(),
        not_before: leaf.not_before.0,
        not_after: leaf.not_after.0,
        serial: leaf.serial_hex(),
        issuer: leaf.issuer_name().to_owned(),
        fingerprint: leaf.fingerprint(),
        issued_at: work.now().0,
        instead_of: earlier
            .map(|(n, t)| (n.clone(), t.problem.clone()))
            .collect(),
        csr: work.cert.csr.as_ref().map(|c| c.key_id.clone()),
        uploaded: false,
    };
    let key = key.as_ref().map(PrivateKey::to_pem);
    let parts = Parts {
        cert: &to_pem(&leaf.der),
        chain: &above,
        key: key.as_deref(),
    };
    work.area.add_version(parts, &meta)?;
    work.area.note_issued(issued)?;
    work.area.finish_work()?;
    let used = work
        .engine
        .put_into_use(work.cert, work.area, record, false);
    note_renewal(work, &meta);
    used
}

/// Asks when the CA wants the certificate renewed, as it is being spoken to.
fn note_renewal(work: &Work<'_, '_>, meta: &Meta) {
    // What is noted of the real certificate stays, should this be a test.
    let Some(cert_id) = meta.cert_id.as_ref().filter(|_| !work.cert.staging) else {
        return;
    };
    let (engine, ca) = (work.engine, work.connected);
    // A run that is asked to stop leaves that to the next.
    if let Ok(info) = ari::ask(&ca.transport, engine.clock, &ca.directory, cert_id, None) {
        status::ari::write(engine.paths, &work.cert.name, &info);
    }
}

/// The certificate's name at a CA that gives renewal information.
pub(super) fn cert_id(leaf: &Certificate) -> Option<String> {
    let issuer = leaf.authority_key_id.as_deref()?;
    Some(ari::cert_id(issuer, &leaf.serial))
}

/// A certificate, those above it as PEM, and its key unless that is kept elsewhere.
type Checked = (Certificate, String, Option<PrivateKey>);

/// What the CA sent; or what is wrong with it.
fn checked(work: &Work<'_, '_>, pem: &[u8]) -> Result<Checked, String> {
    let ders = split_pem_chain(pem).map_err(|e| format!("the chain cannot be read: {e}"))?;
    let (first, above) = ders.split_first().ok_or("the chain is empty")?;
    let leaf =
        Certificate::parse(first).map_err(|e| format!("the certificate cannot be read: {e}"))?;
    let (key, fits) = match &work.cert.csr {
        Some(csr) => (None, leaf.spki == csr.spki),
        None => {
            let key = key::pending(work).map_err(|f| f.problem)?;
            let key = key.ok_or("the key of the order is lost; a new order makes a new one")?;
            let fits = key_matches(&leaf, &key);
            (Some(key), fits)
        }
    };
    if !fits {
        return Err("the certificate is for another key than that of the request".into());
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
