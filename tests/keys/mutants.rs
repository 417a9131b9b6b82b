//! Damaged certificates, keys and chains.

use crate::certificates::make_certificate;
use crate::openssl::{Folder, P256, P521, RSA_8192};
use certkeeper::keys::PrivateKey;
use certkeeper::x509::{Certificate, split_pem_chain, to_pem};
use proptest::prelude::*;
use std::sync::OnceLock;

/// A certificate with all that is read, and a key, to be mutated.
fn samples() -> &'static (Vec<u8>, String) {
    static SAMPLES: OnceLock<(Vec<u8>, String)> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let folder = Folder::new();
        let key = folder.make_key(P256);
        let read = make_certificate(
            &folder,
            "-days 20000 -subj /C=DE/O=ö+OU=x/CN=x/odd=y -multivalue-rdn -utf8 -addext",
            &["subjectAltName=DNS:example.org,IP:192.0.2.1,IP:2001:db8::1,email:a@b.c"],
        );
        (read.der, key)
    })
}

/// Keys that ring does not open: PKCS#8, DER.
fn keys_of_others() -> &'static [Vec<u8>; 2] {
    static KEYS: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    KEYS.get_or_init(|| {
        let folder = Folder::new();
        [P521, RSA_8192].map(|key| {
            folder.make_or_take_key(key);
            folder.pkcs8()
        })
    })
}

/// Changes, removes and inserts bytes; a change of one bit or of a length is the usual one.
fn mutate(bytes: &mut Vec<u8>, changes: &[(u8, usize, u8)]) {
    for (how, place, value) in changes {
        let place = place % (bytes.len() + 1);
        match how % 5 {
            0 => bytes.insert(place, *value),
            1 => bytes.truncate(place),
            2 if place < bytes.len() => drop(bytes.remove(place)),
            3 if place < bytes.len() => bytes[place] ^= 1 << (value % 8),
            _ if place < bytes.len() => bytes[place] = *value,
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_certificate_panic(
        changes in prop::collection::vec((2u8..5, any::<usize>(), any::<u8>()), 0..4),
        cuts in prop::collection::vec((0u8..5, any::<usize>(), any::<u8>()), 0..2),
    ) {
        let mut der = samples().0.clone();
        mutate(&mut der, &changes);
        mutate(&mut der, &cuts);
        if let Ok(read) = Certificate::parse(&der) {
            prop_assert_eq!(&read.der, &der);
            prop_assert!(!read.subject.chars().chain(read.issuer_name().chars()).any(char::is_control));
            prop_assert!(!read.serial_hex().is_empty() && !read.key_description().is_empty());
        }
    }

    #[test]
    fn no_text_makes_a_key_or_chain_panic(
        changes in prop::collection::vec((any::<u8>(), any::<usize>(), any::<u8>()), 0..4),
        inner in prop::collection::vec((any::<u8>(), any::<usize>(), any::<u8>()), 0..3),
        noise in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let (certificate, key) = samples();
        let _ = Certificate::parse(&noise);
        let _ = split_pem_chain(&noise);
        let mut chain = to_pem(certificate).into_bytes();
        mutate(&mut chain, &changes);
        let _ = split_pem_chain(&chain);
        for label in ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"] {
            let blocks = to_pem(&noise).replace("CERTIFICATE", label);
            prop_assert!(PrivateKey::from_pem(&blocks).is_err());
        }
        let mut pem = key.clone().into_bytes();
        mutate(&mut pem, &inner);
        let _ = PrivateKey::from_pem(&String::from_utf8_lossy(&pem));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_key_panic(
        which in 0usize..2,
        changes in prop::collection::vec((2u8..5, any::<usize>(), any::<u8>()), 1..4),
    ) {
        let mut der = keys_of_others()[which].clone();
        mutate(&mut der, &changes);
        if let Ok(key) = PrivateKey::from_pem(&to_pem(&der).replace("CERTIFICATE", "PRIVATE KEY")) {
            prop_assert!(key.sign(&der).is_ok());
        }
    }
}
