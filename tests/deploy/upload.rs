//! `upload`: certificates that were got elsewhere, in all the forms that their sellers know.

use crate::elsewhere::{EC, Elsewhere, Pair, RSA, text};
use crate::refused::lazy;
use crate::servers::nginx;
use crate::site::{NAME, Site, has};
use crate::support::openssl;
use crate::support::process::Finished;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

pub const NAMES: &str = "DNS:www.example.org";

pub fn site(lines: &str) -> Option<(Site, Elsewhere)> {
    let site = Site::new(&[], lines)?;
    let elsewhere = Elsewhere::new(&site.temp);
    Some((site, elsewhere))
}

#[track_caller]
pub fn upload(site: &Site, files: &[&Path], code: i32) -> Finished {
    let files = files.iter().map(|f| text(f));
    let args: Vec<&str> = ["upload", "web"].into_iter().chain(files).collect();
    site.ends(&args, code)
}

/// OpenSSL finds this very certificate with its key behind the links, and the chain in order.
#[track_caller]
fn serves(site: &Site, elsewhere: &Elsewhere, pair: &Pair) {
    let at = |end: &str| site.temp.path(&format!("etc/ssl/domains/web.{end}"));
    let (crt, key) = (at("crt"), at("key"));
    assert_eq!(openssl::serial(&crt), openssl::serial(&pair.cert));
    assert!(openssl::key_matches(&crt, &key));
    assert_eq!(fs::metadata(&key).unwrap().mode() & 0o777, 0o600);
    let chain = fs::read_to_string(at("chain.crt")).unwrap();
    if !chain.is_empty() {
        assert!(openssl::verifies(&crt, &elsewhere.at("root.pem")));
        assert_eq!(chain, elsewhere.read("middle.pem"));
    }
    assert_eq!(site.status()["source"], "upload");
}

pub fn days_on(days: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    (now.as_secs().cast_signed() + days * 86_400).to_string()
}

#[test]
fn all_forms_of_certificates_and_keys() {
    let Some((site, elsewhere)) = site("") else {
        return;
    };
    for (kind, key) in [("ec", EC), ("rsa", RSA)] {
        let pair = elsewhere.sell(kind, NAMES, key, &[]);
        let middle = elsewhere.read("middle.pem");
        let cert = elsewhere.read(&format!("{kind}.pem"));
        let key = elsewhere.read(&format!("{kind}.key"));
        let full = elsewhere.write("full.pem", format!("{cert}{middle}"));
        let old = elsewhere.convert("pkey", &pair.key, &["-traditional"], "old.key");
        let old_text = elsewhere.read("old.key");
        let label = if kind == "ec" { "EC" } else { "RSA" };
        has(&old_text, &[&format!("BEGIN {label} PRIVATE KEY")]);
        let one = |name: &str, text: String| elsewhere.write(name, text);
        let key_first = one("first.pem", format!("{key}{cert}{middle}"));
        let key_last = one("last.pem", format!("{cert}{middle}{old_text}"));
        let crlf = one(
            "crlf.pem",
            format!("\u{feff}{cert}{middle}{key}").replace('\n', "\r\n"),
        );
        let talk = one(
            "talk.pem",
            format!(
                "Bag Attributes\n  friendlyName: ü\n{key}\nsubject=CN = sold\n\n{cert}\n{middle}"
            ),
        );
        let der = |from: &Path, command: &str, more: &[&str], name: &str| {
            elsewhere.convert(
                command,
                from,
                &[&["-outform", "DER"][..], more].concat(),
                name,
            )
        };
        let cert_der = der(&pair.cert, "x509", &[], "cert.der");
        let key_der = der(&pair.key, "pkey", &[], "key.der");
        let old_der = der(&pair.key, "pkey", &["-traditional"], "old.der");
        let cases: [&[&Path]; 8] = [
            &[&full, &pair.key],
            &[&full, &old],
            // The wrong way round.
            &[&pair.key, &full],
            &[&key_first],
            &[&key_last],
            &[&crlf],
            &[&talk],
            &[&full, &old_der],
        ];
        for files in cases {
            let run = upload(&site, files, 0);
            serves(&site, &elsewhere, &pair);
            for secret in key.lines().filter(|l| l.len() > 40) {
                let all = run.stdout.clone() + &run.stderr + &site.log();
                assert!(!all.contains(secret), "{files:?}");
            }
        }
        let run = upload(&site, &[&cert_der, &key_der], 0);
        has(
            &run.stderr,
            &["the certificate of the issuer 'Middle elsewhere' is not among what was uploaded"],
        );
        serves(&site, &elsewhere, &pair);
    }
    // The last three versions stay.
    let versions = fs::read_dir(site.temp.path("etc/certkeeper/certs/web/versions")).unwrap();
    assert_eq!(versions.count(), 3);
}

#[test]
fn what_is_doubtful_is_told() {
    let Some((site, elsewhere)) = site("") else {
        return;
    };
    let middle = elsewhere.read("middle.pem");
    let weak = elsewhere.sell("weak", NAMES, &["rsa:1024"], &["-sha1"]);
    let full = elsewhere.write("full.pem", elsewhere.read("weak.pem") + &middle);
    let run = upload(&site, &[&full, &weak.key], 0);
    has(
        &run.stderr,
        &["warning: the certificate is signed by ECDSA with SHA-1"],
    );
    serves(&site, &elsewhere, &weak);
    let short = elsewhere.sell("short", NAMES, &["rsa:1024"], &[]);
    let full = elsewhere.write("full.pem", elsewhere.read("short.pem") + &middle);
    let run = upload(&site, &[&full, &short.key], 0);
    has(
        &run.stderr,
        &["warning: the certificate has a key of 1024 bits (RSA)"],
    );
    // Signed by its own key.
    let own = elsewhere.at("own.pem");
    let key = elsewhere.at("own.key");
    openssl::self_signed(&own, &key, NAMES);
    has(
        &upload(&site, &[&own, &key], 0).stderr,
        &["warning: it is signed by its own key"],
    );
    // Another order, the root included, and a certificate that has nothing to do with it.
    let pair = elsewhere.sell("good", NAMES, EC, &[]);
    elsewhere.sell("other", "DNS:other.example.org", EC, &[]);
    let all = [
        elsewhere.read("root.pem"),
        elsewhere.read("other.pem"),
        middle,
        elsewhere.read("good.pem"),
    ]
    .concat();
    let mixed = elsewhere.write("mixed.pem", all);
    let run = upload(&site, &[&mixed, &pair.key], 0);
    has(
        &run.stderr,
        &[
            "warning: the certificates were in another order",
            "left out, for it is not of this chain: other.example.org",
        ],
    );
    let chain = site.temp.read("etc/ssl/domains/web.chain.crt");
    assert_eq!(
        chain,
        elsewhere.read("middle.pem") + &elsewhere.read("root.pem")
    );
    // A key that others may read.
    fs::set_permissions(&pair.key, fs::Permissions::from_mode(0o644)).unwrap();
    let run = upload(&site, &[&pair.cert, &pair.key], 0);
    has(
        &run.stderr,
        &["others on this device can read the key in ", "good.key"],
    );
    fs::set_permissions(&pair.key, fs::Permissions::from_mode(0o600)).unwrap();
    // The issuer is a root that the router knows: complete.
    let bundle = site.temp.path("etc/ssl/certs/ca-certificates.crt");
    site.temp.write(
        "etc/ssl/certs/ca-certificates.crt",
        elsewhere.read("root.pem"),
    );
    let full = elsewhere.write(
        "full.pem",
        elsewhere.read("good.pem") + &elsewhere.read("middle.pem"),
    );
    let run = upload(&site, &[&full, &pair.key], 0);
    assert!(
        !run.stderr.contains("warning"),
        "{}\n{}",
        bundle.display(),
        run.report()
    );
}

#[test]
fn it_is_preferred_while_it_is_valid_and_covers() {
    let Some((site, elsewhere)) = site("") else {
        return;
    };
    let wild = elsewhere.sell("wild", "DNS:*.example.org,DNS:example.org", RSA, &[]);
    let run = upload(&site, &[&wild.cert, &wild.key], 0);
    has(
        &run.stdout,
        &["in use as version 1, until ", "127.0.0.1:1 takes over in "],
    );
    // Another key type, CA and profile is no reason to ask a CA.
    site.renew(0);
    assert_eq!(site.status()["names"][0]["state"], "valid");
    has(
        &site.ends(&["show", "web"], 0).stdout,
        &["none: uploaded on ", "RSA 2048"],
    );
    site.configure("list domains 'mail.example.org'; list domains 'example.org'");
    site.renew(0);
    // Near its end the CA is asked; it is not there, and the certificate stays.
    let run = site
        .certkeeper(&["renew"])
        .env("CERTKEEPER_NOW", &days_on(61))
        .run();
    assert_eq!(run.code(), 1, "{}", run.report());
    has(&run.stderr, &["it is due since ", "asking 127.0.0.1:1"]);
    assert_eq!(site.version(), Some(1));
    fs::remove_file(site.temp.path("etc/certkeeper/certs/web/attempt.json")).unwrap();
    // So it is for names that it does not cover.
    site.configure("list domains 'a.b.example.org'");
    let run = site.renew(1);
    has(
        &run.stderr,
        &["the uploaded certificate is not for a.b.example.org"],
    );
    assert_eq!(site.version(), Some(1));
}

#[test]
fn hand_copied_files_are_adopted() {
    let Some((site, elsewhere)) = site("") else {
        return;
    };
    site.store();
    let pair = elsewhere.sell("copied", NAMES, EC, &[]);
    let domains = site.temp.path("etc/ssl/domains");
    fs::create_dir_all(&domains).unwrap();
    let [crt, key] = ["web.crt", "web.key"].map(|name| domains.join(name));
    fs::copy(&pair.cert, &crt).unwrap();
    fs::write(&key, elsewhere.read("copied.key")).unwrap();
    // No run touches them.
    site.renew(0);
    assert!(!fs::symlink_metadata(&crt).unwrap().is_symlink());
    has(
        &site.log(),
        &["etc/ssl/domains/web.crt is not a link of certkeeper's"],
    );
    let run = upload(&site, &[&crt, &key], 0);
    has(
        &run.stderr,
        &["web.key was no link of certkeeper's; it is one now"],
    );
    serves(&site, &elsewhere, &pair);
    for file in [&crt, &key] {
        assert!(fs::symlink_metadata(file).unwrap().is_symlink());
    }
    let kept = site.temp.path("etc/certkeeper/certs/web/replaced/web.key");
    assert_eq!(
        fs::read_to_string(&kept).unwrap(),
        elsewhere.read("copied.key")
    );
    assert_eq!(fs::metadata(&kept).unwrap().mode() & 0o777, 0o600);
    site.renew(0);
    serves(&site, &elsewhere, &pair);
}

#[test]
fn nginx_serves_it() {
    let Some((site, _nginx)) = nginx() else {
        return;
    };
    site.renew(0);
    let elsewhere = Elsewhere::new(&site.temp);
    let pair = elsewhere.sell("sold", &format!("DNS:{NAME}"), RSA, &[]);
    upload(&site, &[&pair.cert, &pair.key], 0);
    let show = site.ends(&["show", "web", "--json"], 0).stdout;
    let show: serde_json::Value = serde_json::from_str(&show).expect("JSON");
    site.serves(show["serial"].as_str().expect("a serial number"));
    assert_eq!(site.deployed().expect("a note")["version"], 2);
}

#[test]
fn what_services_do_not_take_is_rolled_back() {
    let Some((site, elsewhere)) = site("") else {
        return;
    };
    let _service = lazy(&site);
    let pair = elsewhere.sell("sold", NAMES, EC, &[]);
    let run = upload(&site, &[&pair.cert, &pair.key], 1);
    has(
        &run.stderr,
        &["it still serves serial ", "rolled back to version 1"],
    );
    assert_eq!(site.version(), Some(1));
    // The next runs leave it alone.
    site.calls();
    site.renew(4);
    assert_eq!((site.version(), site.calls()), (Some(1), vec![]));
}
