//! The private key of an order: on the disk before the CA sees the request for it.

use super::failure::Failure;
use super::section::Work;
use crate::keys::PrivateKey;
use crate::status::Recorder;
use crate::types::{Identifier, Stage};

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

/// The key of the version in use, where it is to be used again (`reuse_key`); what is revoked had
/// its reason.
fn in_use(work: &Work<'_, '_>) -> Result<Option<PrivateKey>, Failure> {
    let held = work.area.held();
    let again = held.current().filter(|v| !held.is_revoked(v));
    match again.filter(|_| work.cert.reuse_key) {
        Some(version) => Ok(work.area.key(version.number)?.and_then(|pem| read(&pem))),
        None => Ok(None),
    }
}
