//! State folders made by hand: what a section holds, how its last attempt ended.

use super::support::openssl;
use super::support::temp_root::TempRoot;
use super::{DAY, NOW};
use certkeeper::config;
use certkeeper::types::Paths;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// The end of the certificates that are valid.
pub const END: i64 = NOW + 60 * DAY;

/// A version of `section` that is in use: 90 days, until `end`.
pub fn hold(temp: &TempRoot, section: &str, end: i64) {
    hold_in(
        temp,
        &format!("/etc/certkeeper/certs/{section}"),
        section,
        end,
    );
}

/// The same in another folder: a staging one.
pub fn hold_in(temp: &TempRoot, folder: &str, section: &str, end: i64) {
    let host = section.replace('_', "-");
    let meta = json!({
        "names": [format!("{host}.example.org")], "key_type": "ec256", "account": "own",
        "directory": "https://127.0.0.1:1/dir", "not_before": end - 90 * DAY, "not_after": end,
        "serial": "0102AB", "issuer": "Test CA", "fingerprint": "AA:BB", "issued_at": end - 90 * DAY,
    });
    temp.write(&format!("{folder}/versions/1/meta.json"), meta.to_string());
    let link = temp.path(&format!("{folder}/current"));
    symlink("versions/1", link).expect("a link");
}

/// The links that `renew` would make.
pub fn link(temp: &TempRoot, section: &str) {
    let domains = temp.path("/etc/ssl/domains");
    fs::create_dir_all(&domains).expect("a folder");
    for (ending, file) in [
        ("crt", "fullchain.pem"),
        ("key", "key.pem"),
        ("chain.crt", "chain.pem"),
        ("pem", "combined.pem"),
    ] {
        let target = format!("../../certkeeper/certs/{section}/current/{file}");
        symlink(target, domains.join(format!("{section}.{ending}"))).expect("a link");
    }
}

/// Makes the section's folder the primary one.
pub fn promote(temp: &TempRoot, section: &str) {
    let target = format!("certs/{section}/current");
    symlink(target, temp.path("/etc/certkeeper/primary")).expect("a link");
    for (name, file) in [
        ("domain.crt", "fullchain.pem"),
        ("domain.cer", "fullchain.pem"),
        ("domain.key", "key.pem"),
    ] {
        let link = temp.path(&format!("/etc/ssl/domains/{name}"));
        symlink(format!("../../certkeeper/primary/{file}"), link).expect("a link");
    }
}

/// A last attempt of the section as it is configured; `fields` go over those made here.
pub fn attempt(temp: &TempRoot, section: &str, fields: &Value) {
    let config = config::load(&Paths::new(temp.root())).expect("a configuration");
    let cert = config.cert(section).expect("a section that can run");
    let mut attempt = json!({
        "at": NOW - 600, "next": NOW + 7_200, "failures": 1, "state": "deferred", "stage": "order",
        "problem": "too many of them", "remedy": "wait for better times", "names": {},
        "fingerprint": cert.fingerprint,
    });
    for (name, value) in fields.as_object().expect("fields") {
        attempt[name] = value.clone();
    }
    let file = format!("/etc/certkeeper/certs/{section}/attempt.json");
    temp.write(&file, attempt.to_string());
}

/// Real PEMs in the version of a section that [`hold`] has made: a CA of `CN=Root`, a leaf for the
/// names (`DNS:…,IP:…`). Returns the folder.
pub fn real(temp: &TempRoot, section: &str, names: &str, key: &[&str]) -> PathBuf {
    let folder = temp.path(&format!("/etc/certkeeper/certs/{section}/versions/1"));
    let at = |name: &str| folder.join(name).to_str().expect("text").to_owned();
    let settings = at("openssl.cnf");
    let text = format!(
        "[req]\ndistinguished_name=name\n[name]\n[ca]\nbasicConstraints=critical,CA:TRUE\n\
         [leaf]\nsubjectAltName={names}\n"
    );
    fs::write(&settings, text).expect("settings");
    let (ca, ca_key) = (at("chain.pem"), at("ca.key"));
    let (leaf, leaf_key) = (at("cert.pem"), at("key.pem"));
    let common = [
        "req", "-config", &settings, "-x509", "-nodes", "-days", "90", "-newkey",
    ];
    let ec: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let of_ca = [
        "-subj",
        "/O=Tests, Ltd./CN=Root",
        "-extensions",
        "ca",
        "-keyout",
        &ca_key,
        "-out",
        &ca,
    ];
    openssl::run(&[&common[..], ec, &of_ca].concat());
    let of_leaf = [
        "-subj",
        "/CN=web.example.org",
        "-extensions",
        "leaf",
        "-CA",
        &ca,
        "-CAkey",
        &ca_key,
    ];
    let files = ["-keyout", &leaf_key, "-out", &leaf];
    openssl::run(&[&common[..], key, &of_leaf, &files].concat());
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect(name);
    fs::write(
        folder.join("fullchain.pem"),
        read("cert.pem") + &read("chain.pem"),
    )
    .expect("a chain");
    fs::remove_file(ca_key).expect("gone");
    let said = openssl::run(&["x509", "-in", &leaf, "-noout", "-fingerprint", "-sha256"]);
    let fingerprint = said.trim().split_once('=').expect("a label").1;
    let meta = read("meta.json").replace("AA:BB", fingerprint);
    fs::write(folder.join("meta.json"), meta).expect("notes");
    folder
}
