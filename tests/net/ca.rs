//! A CA for the tests of the room `net`: any chain, any dates, in microseconds.
#![allow(dead_code, reason = "each test program uses its own part")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, PublicKeyData, SigningKey};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use time::{Duration, OffsetDateTime};

/// A P-256 key.
pub struct Key {
    pair: EcdsaKeyPair,
    pub pkcs8: Vec<u8>,
}

impl Key {
    fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self {
            pair: EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap(),
            pkcs8: pkcs8.as_ref().to_vec(),
        }
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.pair.sign(&SystemRandom::new(), message).unwrap();
        Ok(signature.as_ref().to_vec())
    }
}

/// A CA that can sign.
pub struct Ca {
    params: CertificateParams,
    pub key: Key,
    pub der: Vec<u8>,
}

impl Ca {
    /// A root of that name.
    pub fn root(name: &str) -> Self {
        let (params, key) = (ca_params(name), Key::new());
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { params, key, der }
    }

    /// A CA below this one.
    pub fn sub(&self, name: &str) -> Self {
        let (params, key) = (ca_params(name), Key::new());
        let der = self.sign(&params, &key);
        Self { params, key, der }
    }

    /// A certificate for these names, valid between these days from now.
    pub fn leaf(&self, names: &[&str], days: std::ops::Range<i64>) -> Leaf {
        let names: Vec<String> = names.iter().map(|&name| name.into()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        let key = Key::new();
        params.serial_number = Some(2.into());
        params.not_before = OffsetDateTime::now_utc() + Duration::days(days.start);
        params.not_after = OffsetDateTime::now_utc() + Duration::days(days.end);
        let der = self.sign(&params, &key);
        Leaf {
            chain: vec![der],
            pkcs8: key.pkcs8,
        }
    }

    /// Its certificate in PEM.
    pub fn pem(&self) -> String {
        pem(&self.der)
    }

    fn sign(&self, params: &CertificateParams, key: &Key) -> Vec<u8> {
        let issuer = Issuer::from_params(&self.params, &self.key);
        params.signed_by(key, &issuer).unwrap().der().to_vec()
    }
}

/// What a server needs.
#[derive(Clone)]
pub struct Leaf {
    pub chain: Vec<Vec<u8>>,
    pub pkcs8: Vec<u8>,
}

impl Leaf {
    /// Sends that CA's certificate, too.
    pub fn with(mut self, ca: &Ca) -> Self {
        self.chain.push(ca.der.clone());
        self
    }
}

/// A PEM file that is gone after the test.
pub struct PemFile(pub PathBuf);

impl PemFile {
    pub fn new(text: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("certkeeper-net-{}-{number}.pem", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for PemFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// DER in PEM, in lines of 64 characters.
pub fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(std::str::from_utf8(line).unwrap());
        pem.push('\n');
    }
    pem + "-----END CERTIFICATE-----\n"
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.serial_number = Some(1.into());
    params
}
