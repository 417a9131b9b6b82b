use super::super::test_ca::{Ca, Leaf, PemFile, pem};
use super::*;
use proptest::prelude::*;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::ring;

fn roots(file: &PemFile) -> Roots {
    Roots::Bundle(file.0.clone())
}

fn judge(verifier: &dyn ServerCertVerifier, leaf: &Leaf) -> Result<(), Error> {
    let mut chain = leaf
        .chain
        .iter()
        .map(|der| CertificateDer::from(der.as_slice()));
    let end_entity = chain.next().unwrap();
    let rest: Vec<_> = chain.collect();
    let name = ServerName::try_from("host.example").unwrap();
    verifier
        .verify_server_cert(&end_entity, &rest, &name, &[], UnixTime::now())
        .map(|_| ())
}

/// Our verdict, which must be that of webpki with everything in the file.
fn verdict(file: &PemFile, leaf: &Leaf) -> Result<(), Error> {
    let provider = Arc::new(ring::default_provider());
    let all = Arc::new(roots(file).select(None).unwrap());
    let plain = WebPkiServerVerifier::builder_with_provider(all, provider.clone())
        .build()
        .unwrap();
    let ours = judge(&Verifier::new(roots(file), provider), leaf);
    let plains = judge(plain.as_ref(), leaf);
    assert_eq!(format!("{ours:?}"), format!("{plains:?}"));
    ours
}

#[test]
fn verdicts_are_those_of_the_whole_bundle() {
    let cas: Vec<Ca> = (0..5).map(|n| Ca::root(&format!("Root {n}"))).collect();
    let twin = Ca::root("Root 3"); // the same name, another key
    let unknown = Ca::root("Unknown");
    let middle = cas[2].sub("Middle");
    let file = PemFile::new(
        &[&twin, &cas[0], &cas[1], &cas[2], &cas[3], &cas[4]]
            .map(Ca::pem)
            .concat(),
    );
    let names = ["host.example"];
    for good in [
        cas[0].leaf(&names, -1..9),
        cas[3].leaf(&names, -1..9),
        cas[4].leaf(&names, -1..9).with(&cas[4]),
        middle.leaf(&names, -1..9).with(&middle),
        middle
            .leaf(&names, -1..9)
            .with(&unknown)
            .with(&middle)
            .with(&cas[2]),
    ] {
        assert_eq!(verdict(&file, &good), Ok(()));
    }
    for bad in [
        unknown.leaf(&names, -1..9),
        unknown.leaf(&names, -1..9).with(&unknown),
        middle.leaf(&names, -1..9),
        cas[0].leaf(&["other.example"], -1..9),
        cas[0].leaf(&names, -9..-1),
        cas[0].leaf(&names, 1..9),
        unknown.leaf(&names, -9..-1),
        Ca::root("Root 1").leaf(&names, -1..9),
        Leaf {
            chain: vec![b"no certificate".to_vec()],
            pkcs8: vec![],
        },
    ] {
        assert!(verdict(&file, &bad).is_err());
    }
    let mut with_rubbish = cas[0].leaf(&names, -1..9);
    with_rubbish.chain.push(vec![0x30, 0x82]);
    assert_eq!(verdict(&file, &with_rubbish), Ok(()));
}

/// Mozilla's roots, if this machine has them: each is found by its own name.
#[test]
fn each_root_of_the_systems_bundle_is_found_by_its_name() {
    let bundle = Roots::Bundle("/etc/ssl/certs/ca-certificates.crt".into());
    let Ok(all) = bundle.select(None) else {
        eprintln!("skipped: this machine has no bundle");
        return;
    };
    for root in &all.roots {
        let found = bundle.select(Some(&[&root.subject])).unwrap();
        assert!(found.roots.contains(root));
        assert!(found.len() < 5, "more than wanted: {}", found.len());
    }
    assert!(bundle.select(Some(&[b"no such name"])).unwrap().len() < 5);
}

#[test]
fn odd_pem_files_are_read() {
    let [a, b, c] = ["A", "B", "C"].map(|name| Ca::root(name).pem());
    let crlf = [&a[..], &b, &c].concat().replace('\n', "\r\n");
    let glued = [a.trim_end(), b.trim_end(), c.trim_end()].concat();
    let commented = format!("# A\n\u{fc}\n{a}\n\nsubject=B\n{b}# C - the last\n{c}");
    let broken = format!(
        "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n{}{a}{b}{c}",
        pem(b"x")
    );
    let cut = format!("{a}{b}{c}-----BEGIN CERTIFICATE-----\nMIIB");
    for text in [crlf, glued, commented, broken, cut] {
        let found = roots(&PemFile::new(&text)).select(None).unwrap();
        assert_eq!(found.len(), 3, "{text}");
    }
}

#[test]
fn unusable_files_are_named_with_the_remedy() {
    let missing = Roots::Bundle("/nonexistent/bundle.crt".into());
    let error = missing.select(None).unwrap_err().to_string();
    assert!(error.contains("/nonexistent/bundle.crt") && error.contains("opkg install ca-bundle"));
    let private = Roots::File("/nonexistent/ca.pem".into());
    assert!(private.select(None).unwrap_err().0.contains("ca_file"));
    for text in [
        "",
        "hello\n",
        "-----BEGIN CERTIFICATE-----\n",
        &pem(b"no certificate"),
    ] {
        let error = roots(&PemFile::new(text)).select(None).unwrap_err();
        assert!(error.0.contains("no certificate is in the file"), "{error}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = names(&bytes);
        let _ = Decoder::default().decode(&bytes, HEAD);
        each_certificate(&bytes[..], |_| {}).unwrap();
    }

    #[test]
    fn no_changed_certificate_makes_the_reader_panic(at in 0usize..200, byte: u8) {
        let mut der = Ca::root("Root").der;
        der[at] = byte;
        let _ = names(&der);
    }
}
