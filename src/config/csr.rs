//! `option csr`: a request of the owner's own, whose key is kept elsewhere.

use super::reader::Reader;
use crate::types::{Identifier, KeyType, Paths};
use crate::x509::Request;

/// The request that is sent in place of one of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csr {
    /// The request, DER.
    pub der: Vec<u8>,
    /// Its public key: SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// What its key is known by.
    pub key_id: String,
    /// What it asks for.
    pub(super) names: Vec<Identifier>,
    pub(super) key_type: KeyType,
}

/// No request is longer.
const SIZE_MAX: u64 = 64 * 1024;

/// Reads the file, if one is named.
pub(super) fn read(reader: &mut Reader<'_>, paths: &Paths) -> Option<Csr> {
    let text = reader.text("csr")?;
    let path = reader.path("csr", paths)?;
    let mut wrong = |why: String| {
        reader.wrong("csr", &text, why);
        None
    };
    let bytes = match std::fs::metadata(&path) {
        Ok(meta) if meta.len() > SIZE_MAX => {
            return wrong("this is no request (CSR): it is far too large".into());
        }
        _ => std::fs::read(&path),
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(e) => {
            return wrong(format!(
                "the file with your request (CSR) cannot be read: {e}"
            ));
        }
    };
    let request = match Request::read(&bytes) {
        Ok(request) => request,
        Err(e) => {
            return wrong(format!(
                "a request (CSR, PKCS#10) is wanted there, in PEM or DER: {e}"
            ));
        }
    };
    let Some(key_type) = request.key_type() else {
        let all: Vec<&str> = KeyType::ALL.iter().map(|k| k.name()).collect();
        let found = request.key_description();
        return wrong(format!(
            "its key is {found}; one of {} is wanted",
            all.join(" ")
        ));
    };
    Some(Csr {
        key_id: request.key_id(),
        der: request.der,
        spki: request.spki,
        names: request.names,
        key_type,
    })
}

/// Says where the request and `list domains` do not agree: a CA would refuse it.
pub(super) fn check_names(reader: &mut Reader<'_>, csr: &Csr, ids: &[Identifier]) {
    let without = |these: &[Identifier], those: &[Identifier]| -> Vec<String> {
        let missing = these.iter().filter(|id| !those.contains(id));
        missing.map(ToString::to_string).collect()
    };
    let (lacks, beyond) = (without(ids, &csr.names), without(&csr.names, ids));
    let mut wrong = |names: &[String], why: &str| {
        if !names.is_empty() {
            reader.wrong("domains", &names.join(" "), why);
        }
    };
    wrong(
        &lacks,
        "the request in option csr does not name it; leave list domains out to take its names, or make another request",
    );
    wrong(
        &beyond,
        "the request in option csr names it, list domains does not; leave list domains out to take its names",
    );
}
