//! The certificates that the scripted CA hands out, and that of its own server.

use crate::signer::{Ca, Leaf, pem};
use der::{Decode, Encode};
use rcgen::{CertificateParams, DnType, Issuer, PublicKeyData, SerialNumber};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use time::{Duration, OffsetDateTime};
use x509_cert::request::CertReq;

/// How the scripted CA makes a certificate.
#[derive(Clone, Debug)]
pub struct Form {
    /// Valid between these days from now.
    pub days: Range<i64>,
    /// The issuer's name.
    pub issuer: String,
    /// Other names than those ordered.
    pub names: Option<Vec<String>>,
    /// Another key than that of the request.
    pub foreign_key: bool,
}

impl Form {
    /// As a good CA does it.
    pub fn good() -> Self {
        Self {
            days: -1..89,
            issuer: "Scripted CA".into(),
            names: None,
            foreign_key: false,
        }
    }

    /// Good, but due for renewal.
    pub fn due() -> Self {
        Self {
            days: -80..10,
            ..Self::good()
        }
    }
}

/// The point of a P-256 key as it stands in a request.
struct Point(Vec<u8>);

impl PublicKeyData for Point {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

/// The chain for a request, in PEM: leaf and issuer.
pub fn issue(csr: &[u8], ordered: &[String], form: &Form) -> String {
    static SERIAL: AtomicU64 = AtomicU64::new(1000);
    let csr = CertReq::from_der(csr).expect("a request");
    let point = Point(csr.info.public_key.subject_public_key.raw_bytes().to_vec());
    let ca = Ca::root(&form.issuer);
    let names = form.names.as_deref().unwrap_or(ordered);
    if form.foreign_key {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        return pem(&ca.leaf(&names, form.days.clone()).chain[0]) + &ca.pem();
    }
    let mut issuer = CertificateParams::default();
    issuer
        .distinguished_name
        .push(DnType::CommonName, form.issuer.as_str());
    let issuer = Issuer::from_params(&issuer, &ca.key);
    let mut params = CertificateParams::new(names.to_vec()).expect("names");
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    params.serial_number = Some(SerialNumber::from(serial));
    params.not_before = OffsetDateTime::now_utc() + Duration::days(form.days.start);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(form.days.end);
    params.use_authority_key_identifier_extension = true;
    let leaf = params.signed_by(&point, &issuer).expect("a certificate");
    pem(leaf.der()) + &ca.pem()
}

/// The certificate of the CA's own server, and its root in PEM.
pub fn server(names: &[&str], days: Range<i64>) -> (Leaf, String) {
    server_of("Root of the scripted CA's server", names, days)
}

/// The same by a root of that name.
pub fn server_of(root: &str, names: &[&str], days: Range<i64>) -> (Leaf, String) {
    let root = Ca::root(root);
    (root.leaf(names, days), root.pem())
}

/// True for one whole request, as a real CA wants it.
pub fn is_request(bytes: &[u8]) -> bool {
    CertReq::from_der(bytes).is_ok_and(|csr| csr.to_der().is_ok_and(|der| der == bytes))
}
