//! Keys and certificates, as PEM and as DER.
//!
//! Text is read as it is. Other bytes are taken for DER and tried as a certificate and, wrapped as
//! PEM, as each form of key: so the fuzzer reaches what lies below base64.
#![no_main]

use certkeeper::keys::{AccountKey, KeyError, PrivateKey, base64url, base64url_decode};
use certkeeper::types::{Identifier, KeyType};
use certkeeper::x509::{Certificate, covers, key_matches, split_pem_chain, to_pem};
use certkeeper_fuzz::assert_shown;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// The forms in which keys are read.
const FORMS: [&str; 3] = ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"];

static NAMES: LazyLock<[Identifier; 2]> = LazyLock::new(|| {
    ["*.example.org", "192.0.2.1"].map(|name| Identifier::parse(name).expect("a name"))
});

fuzz_target!(|input: &[u8]| {
    chain(input);
    if let Ok(text) = std::str::from_utf8(input) {
        private_key(text);
        account_key(text);
        if let Some(bytes) = base64url_decode(text) {
            assert_eq!(base64url(&bytes), text.trim_end_matches('='));
        }
    }
    // PEM is DER no longer: its first byte says so.
    if input.first() == Some(&0x30) {
        certificate(input);
        let pem = to_pem(input);
        for form in FORMS {
            let pem = pem.replace("CERTIFICATE", form);
            private_key(&pem);
            account_key(&pem);
        }
    }
});

fn chain(input: &[u8]) {
    match split_pem_chain(input) {
        Ok(ders) => {
            let text: String = ders.iter().map(|der| to_pem(der)).collect();
            let again = split_pem_chain(text.as_bytes());
            // Its own lines may be longer than those it read.
            assert!(again.is_ok_and(|again| again == ders) || text.len() > input.len());
            for der in &ders {
                certificate(der);
            }
        }
        Err(why) => assert_shown(&why.to_string()),
    }
}

fn certificate(der: &[u8]) {
    let read = match Certificate::parse(der) {
        Ok(read) => read,
        Err(why) => return assert_shown(&why.to_string()),
    };
    assert_eq!(read.der, der);
    for text in [
        &read.issuer,
        &read.subject,
        read.issuer_name(),
        &read.key_description(),
        &read.serial_hex(),
        &read.fingerprint(),
        &read.not_before.to_string(),
        &read.not_after.to_string(),
    ] {
        assert_shown(text);
    }
    assert_eq!(read.fingerprint().len(), 32 * 3 - 1);
    assert!(!read.serial_hex().is_empty());
    assert!(covers(&read, &read.names));
    for name in &read.names {
        assert_eq!(Identifier::parse(&name.to_string()).as_ref(), Ok(name));
    }
    if let Some(kind) = read.key_type() {
        assert!(!matches!(kind, KeyType::Ec256) || read.key_description() == "EC P-256");
    }
}

fn private_key(text: &str) {
    let key = match PrivateKey::from_pem(text) {
        Ok(key) => key,
        Err(why) => return assert_shown(&why.to_string()),
    };
    assert!(!format!("{key:?}").contains("PRIVATE"));
    let pem = key.to_pem();
    let again = PrivateKey::from_pem(&pem).expect("our own form");
    assert_eq!(again.to_pem(), pem);
    assert_eq!(again.kind(), key.kind());
    let public = key.public_key_spki_der();
    assert_eq!(again.public_key_spki_der(), public);
    check_request(&key, &public);
}

/// Long RSA keys take their time to sign, and those of ring are not seen through before they do.
fn check_request(key: &PrivateKey, public: &[u8]) {
    let rsa = matches!(key.kind(), KeyType::Rsa2048 | KeyType::Rsa3072);
    if !rsa && !key.kind().name().starts_with("ec") {
        return;
    }
    match key.csr(&*NAMES) {
        Ok(request) => {
            assert!(request.windows(public.len()).any(|part| part == public));
            assert!(Certificate::parse(&request).map_or(true, |c| !key_matches(&c, key)));
        }
        Err(why) => assert!(rsa && why == KeyError::Sign, "{why}"),
    }
}

fn account_key(text: &str) {
    let key = match AccountKey::from_pem(text) {
        Ok(key) => key,
        Err(why) => return assert_shown(&why.to_string()),
    };
    let private = PrivateKey::from_pem(text).expect("it is a private key too");
    assert_eq!(key.to_pem(), private.to_pem());
    if private.kind() == KeyType::Ec256 {
        assert_eq!(key.sign(b"what is signed").len(), 64);
    }
    assert_eq!(
        base64url_decode(&key.thumbprint()).map(|t| t.len()),
        Some(32)
    );
}
