//! The private key of an order: on the disk before the CA sees the request for it.

use super::failure::Failure;
use super::section::Work;
use crate::keys::PrivateKey;
use crate::status::Recorder;
use crate::types::{Identifier, Reason, Stage, State};

/// The key that is stored for the order, if it is readable.
pub(super) fn pending(work: &Work<'_, '_>) -> Result<Option<PrivateKey>, Failure> {
    let pem = work.area.pending_key()?;
    Ok(pem.and_then(|pem| read(&pem)))
}

fn read(pem: &[u8]) -> Option<PrivateKey> {
    PrivateKey::from_pem(std::str::from_utf8(pem).ok()?).ok()
}

/// The request (RFC 2986): the owner's, or one with the order's key. That is the key of the version
/// in use if it is to be used again, else the one that an earlier attempt made, else a new one.
pub(super) fn request(work: &Work<'_, '_>, record: &mut Recorder<'_>) -> Result<Vec<u8>, Failure> {
    let cert = work.cert;
    let ids: Vec<Identifier> = cert.names.iter().map(|n| n.id.clone()).collect();
    let kind = cert.key_type;
    // A key whose file is damaged may be read and still not sign.
    let signed = |key: Option<PrivateKey>| {
        let key = key.filter(|key| key.kind() == kind)?;
        Some((key.csr(&ids).ok()?, key))
    };
    if let Some(csr) = &cert.csr {
        let text = format!("sending your request (option csr) with a key of type {kind}");
        record.enter(work.now(), Stage::Finalize, &text);
        return Ok(csr.der.clone());
    }
    let text = format!("sending the request with a key of type {kind}");
    if let Some((csr, key)) = signed(in_use(work)?) {
        record.enter(
            work.now(),
            Stage::Finalize,
            &format!("{text}, the one in use"),
        );
        work.area.put_pending_key(&key.to_pem())?;
        return Ok(csr);
    }
    record.enter(work.now(), Stage::Finalize, &text);
    if let Some((csr, _)) = signed(pending(work)?) {
        return Ok(csr);
    }
    let key = PrivateKey::generate(kind)?;
    work.area.put_pending_key(&key.to_pem())?;
    Ok(key.csr(&ids)?)
}

/// The key of the version in use, where it is to be used again (`reuse_key`). What is revoked had its
/// reason: its key is not, whichever version has it.
fn in_use(work: &Work<'_, '_>) -> Result<Option<PrivateKey>, Failure> {
    let held = work.area.held();
    let Some(version) = held.current().filter(|_| work.cert.reuse_key) else {
        return Ok(None);
    };
    let pem = work.area.key(version.number)?;
    for revoked in held.versions.iter().filter(|v| held.is_revoked(v)) {
        if work.area.key(revoked.number)? == pem {
            return Ok(None);
        }
    }
    Ok(pem.and_then(|pem| read(&pem)))
}

/// Refuses a request of the owner's own (option csr) whose key somebody else may have: the CA would
/// do so when all names are validated.
pub(super) fn check_request(work: &Work<'_, '_>) -> Result<(), Failure> {
    let Some(csr) = &work.cert.csr else {
        return Ok(());
    };
    let held = work.area.held();
    let mut same = held
        .versions
        .iter()
        .filter(|v| v.meta.csr.as_ref() == Some(&csr.key_id));
    if !same.any(|v| held.revoked(v) == Some(Reason::KeyCompromise)) {
        return Ok(());
    }
    let text = "the key of the request in option csr is that of the certificate that was revoked (keyCompromise)";
    let remedy = "make another key and a request with it, and have option csr name that";
    Err(Failure::new(State::Invalid, text, remedy).until_change())
}
