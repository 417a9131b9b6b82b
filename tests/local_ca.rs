//! The router's own CA, judged by OpenSSL.

mod support;

use certkeeper::keys::PrivateKey;
use certkeeper::local_ca::{LEAF_DAYS, Root, Texts};
use certkeeper::types::{Identifier, KeyType, Timestamp};
use certkeeper::x509::to_pem;
use std::path::{Path, PathBuf};
use support::openssl;
use support::temp_root::TempRoot;

const BEGIN: Timestamp = Timestamp(1_790_000_000);
const CONFIGURED: [&str; 3] = ["www.example.org", "*.wild.example", "203.0.113.7"];

fn ids(names: &[&str]) -> Vec<Identifier> {
    let parse = |n: &&str| Identifier::parse(n).expect("a name");
    names.iter().map(parse).collect()
}

fn root() -> Root {
    let end = BEGIN.plus(Timestamp::days(3650));
    Root::make("certkeeper router", &ids(&CONFIGURED), BEGIN, end).expect("a root")
}

fn leaf(temp: &TempRoot, root: &Root, kind: KeyType, names: &[&str]) -> PathBuf {
    let key = PrivateKey::generate(kind).expect("a key");
    let end = BEGIN.plus(Timestamp::days(LEAF_DAYS));
    let pem = root.issue(&key, &ids(names), BEGIN, end).expect("a leaf");
    temp.write("leaf.key", key.to_pem());
    temp.write("leaf.pem", pem)
}

/// What OpenSSL says of a chain of the leaf and the root, on a day within.
fn verify(temp: &TempRoot, root: &Root, leaf: &Path) -> std::process::Output {
    let root = temp.write("root.pem", to_pem(&root.certificate().der));
    std::process::Command::new(support::tools::path_of("openssl"))
        .args(["verify", "-x509_strict", "-attime", "1795000000", "-CAfile"])
        .arg(root)
        .arg(leaf)
        .output()
        .expect("openssl runs")
}

#[test]
fn the_root_says_what_it_may() {
    let temp = TempRoot::new();
    let file = temp.write("root.pem", to_pem(&root().certificate().der));
    let text = openssl::run(&[
        "x509",
        "-noout",
        "-text",
        "-in",
        file.to_str().expect("UTF-8"),
    ]);
    for words in [
        "Issuer: CN = certkeeper router",
        "Subject: CN = certkeeper router",
        "CA:TRUE, pathlen:0",
        "X509v3 Name Constraints: critical",
        "DNS:www.example.org",
        "DNS:wild.example",
        "IP:203.0.113.7/255.255.255.255",
        "DNS:home.arpa",
        "IP:192.168.0.0/255.255.0.0",
        "Certificate Sign, CRL Sign",
    ] {
        let same = text.replace("CN=", "CN = ");
        assert!(same.contains(words), "no {words} in {text}");
    }
}

#[test]
fn leaves_verify_with_every_key_type_that_is_quick() {
    let temp = TempRoot::new();
    let root = root();
    let names = [
        "www.example.org",
        "a.www.example.org",
        "*.wild.example",
        "203.0.113.7",
        "router.lan",
        "192.168.1.1",
        "fd00::1",
    ];
    assert!(root.covers(&ids(&names)));
    for kind in [KeyType::Ec256, KeyType::Ec384, KeyType::Ec521] {
        let leaf = leaf(&temp, &root, kind, &names);
        let said = verify(&temp, &root, &leaf);
        assert!(said.status.success(), "{kind}: {said:?}");
        assert!(openssl::key_matches(&leaf, &temp.path("leaf.key")));
    }
}

#[test]
fn a_stolen_root_is_of_no_use_for_others() {
    let temp = TempRoot::new();
    let root = root();
    for name in [
        "www.example.com",
        "example.org",
        "198.51.100.1",
        "2001:db8::1",
        "notlan",
    ] {
        let Ok(id) = Identifier::parse(name) else {
            continue;
        };
        assert!(!root.covers(&[id]), "{name}");
        let leaf = leaf(&temp, &root, KeyType::Ec256, &[name]);
        let said = verify(&temp, &root, &leaf);
        let text = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(
            text.contains("permitted subtree violation"),
            "{name}: {text}"
        );
    }
}

#[test]
fn stored_and_read_again() {
    let root = root();
    let (cert, key, names) = (
        to_pem(&root.certificate().der),
        root.key_pem(),
        root.names(),
    );
    let read = |cert: &str, key: &str| {
        let (names, texts) = (names.as_str(), (cert, key));
        Root::read(Texts {
            cert: texts.0,
            key: texts.1,
            names,
        })
    };
    let again = read(&cert, &key).expect("the same root");
    assert_eq!(again.certificate(), root.certificate());
    assert!(again.covers(&ids(&CONFIGURED)) && !again.covers(&ids(&["www.example.com"])));
    let other = PrivateKey::generate(KeyType::Ec256)
        .expect("a key")
        .to_pem();
    assert!(read(&cert, &other).is_none() && read("", &key).is_none());
}
