//! `show` beside what OpenSSL says; `log`.

use super::holdings::{END, hold, hold_in, link, real};
use super::support::temp_root::TempRoot;
use super::support::{openssl, tools};
use super::{DAY, NOW, cert, certkeeper, ended, has, run, site};
use serde_json::{Value, json};
use std::path::Path;

const NAMES: &str = "DNS:web.example.org,DNS:*.example.org,IP:192.0.2.1,IP:2001:db8::1";
const EC384: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"];
const RSA2048: &[&str] = &["rsa:2048"];

/// A root whose section `web` has a real certificate.
fn shown_site(key: &[&str]) -> TempRoot {
    let temp = site(&[cert("web", "option renew_before '10'")]);
    hold(&temp, "web", END);
    link(&temp, "web");
    real(&temp, "web", NAMES, key);
    temp
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// One field as `openssl x509` prints it, without its label.
fn openssl_says(cert: &Path, option: &str) -> String {
    let args = [
        "x509",
        "-in",
        text(cert),
        "-noout",
        "-nameopt",
        "RFC2253",
        option,
    ];
    let all = openssl::run(&args);
    let line = all.lines().next().expect("a line");
    line.split_once('=').expect("a label").1.trim().to_owned()
}

#[test]
fn show_says_what_openssl_says() {
    if !tools::have(&[openssl::NEEDS]) {
        return;
    }
    for (key, words) in [(EC384, "EC P-384"), (RSA2048, "RSA 2048")] {
        let temp = shown_site(key);
        let folder = temp.path("/etc/certkeeper/certs/web/versions/1");
        let leaf = folder.join("cert.pem");
        let json: Value =
            serde_json::from_str(&run(&temp, "show web --json", 0).stdout).expect("JSON");
        let field = |name: &str| {
            json[name]
                .as_str()
                .unwrap_or_else(|| panic!("{name} in {json}"))
                .to_owned()
        };
        assert_eq!(field("serial"), openssl_says(&leaf, "-serial"));
        assert_eq!(
            field("fingerprint"),
            openssl::run(&[
                "x509",
                "-in",
                text(&leaf),
                "-noout",
                "-fingerprint",
                "-sha256"
            ])
            .trim()
            .split_once('=')
            .expect("a label")
            .1
        );
        assert_eq!(field("subject"), openssl_says(&leaf, "-subject"));
        assert_eq!(field("issuer"), openssl_says(&leaf, "-issuer"));
        assert_eq!(
            json["chain"],
            json!([openssl_says(&folder.join("chain.pem"), "-subject")])
        );
        assert_eq!(field("key_type"), words);
        assert_eq!(json["ca"], json!(false));
        let mut names: Vec<String> = openssl::names(&leaf);
        for name in &mut names {
            let plain = name
                .replace("IP Address:", "")
                .replace("DNS:", "")
                .to_lowercase();
            *name = plain
                .parse::<std::net::IpAddr>()
                .map_or(plain, |ip| ip.to_string());
        }
        let mut ours: Vec<String> = serde_json::from_value(json["names"].clone()).expect("names");
        ours.sort();
        names.sort();
        assert_eq!(ours, names);
        let (begin, end) = openssl::dates(&leaf);
        let (begin, end) = (begin.replace(' ', "T"), end.replace(' ', "T"));

        let table = run(&temp, "show web", 0).stdout;
        let row = |name: &str| -> Vec<&str> {
            let rows = table.lines().filter_map(|l| l.strip_prefix(name));
            rows.filter(|r| r.starts_with("  "))
                .map(str::trim)
                .collect()
        };
        assert_eq!(row("valid from"), [begin.as_str()]);
        has(row("valid until")[0], &[&end, " (in "]);
        for (name, field) in [
            ("serial", "serial"),
            ("issuer", "issuer"),
            ("subject", "subject"),
            ("SHA-256", "fingerprint"),
            ("key", "key_type"),
        ] {
            assert_eq!(row(name), [json[field].as_str().expect("text")]);
        }
        assert_eq!(row("names").join(" ").split(' ').count(), 4);
        assert_eq!(row("account"), ["own at https://127.0.0.1:1/dir"]);
        assert_eq!(
            (row("version"), json["version"].clone()),
            (vec!["1"], json!(1))
        );
        // The combined file is not there, so its link leads nowhere.
        let files: Vec<String> = serde_json::from_value(json["files"].clone()).expect("files");
        let at = |name: &str| {
            temp.path(&format!("/etc/ssl/domains/{name}"))
                .display()
                .to_string()
        };
        assert_eq!(files, ["web.crt", "web.key", "web.chain.crt"].map(at));
        assert_eq!(row("file"), files);
    }
}

#[test]
fn show_pem_is_the_chain_and_nothing_secret() {
    if !tools::have(&[openssl::NEEDS]) {
        return;
    }
    let temp = shown_site(EC384);
    let chain = temp.read("/etc/certkeeper/certs/web/versions/1/fullchain.pem");
    for line in ["show web --pem", "show --pem web"] {
        let finished = run(&temp, line, 0);
        assert_eq!(
            (finished.stdout.as_str(), finished.stderr.as_str()),
            (chain.as_str(), "")
        );
    }
    for line in ["show web", "show web --pem", "show web --json"] {
        assert!(!run(&temp, line, 0).stdout.contains("PRIVATE"));
    }
}

/// `--json` promises one JSON document, with `--pem` too.
#[test]
fn show_pem_as_json_is_json() {
    if !tools::have(&[openssl::NEEDS]) {
        return;
    }
    let temp = shown_site(EC384);
    let finished = certkeeper(&temp, &["show", "web", "--pem", "--json"]).run();
    let parsed = serde_json::from_str::<Value>(&finished.stdout);
    assert!(
        parsed.is_ok() || finished.code() == 2,
        "{}",
        finished.report()
    );
}

#[test]
fn an_expired_certificate_is_shown_as_expired() {
    if !tools::have(&[openssl::NEEDS]) {
        return;
    }
    let temp = shown_site(EC384);
    let later = (NOW + 3650 * DAY).to_string();
    let finished = super::Certkeeper::new(&temp, &["show", "web"])
        .env("CERTKEEPER_NOW", &later)
        .run();
    let table = ended(finished, 0).stdout;
    let until = table
        .lines()
        .find(|l| l.starts_with("valid until"))
        .expect("a row");
    assert!(until.contains("ago") && !until.contains("(now)"), "{until}");
}

#[test]
fn show_says_why_there_is_nothing_to_show() {
    let temp = site(&[cert("web", ""), cert("bad", "option enabled 'x'")]);
    let finished = run(&temp, "show web", 1);
    assert_eq!(finished.stdout, "");
    has(
        &finished.stderr,
        &["certkeeper: 'web' has no certificate yet; `certkeeper renew web` gets one\n"],
    );
    has(
        &run(&temp, "show bad", 1).stderr,
        &[
            "error: ",
            "the configuration of 'bad' is wrong; correct the errors above first",
        ],
    );
    // Held, but unreadable or damaged.
    hold(&temp, "web", END);
    let file = temp.path("/etc/certkeeper/certs/web/versions/1/fullchain.pem");
    has(
        &run(&temp, "show web", 1).stderr,
        &[&format!("{}: ", file.display())],
    );
    for text in [
        "",
        "nonsense",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        std::fs::write(&file, text).expect("a file");
        has(
            &run(&temp, "show web", 1).stderr,
            &[&format!("certkeeper: {}: ", file.display())],
        );
    }
}

#[test]
fn a_staging_certificate_is_shown_and_not_served() {
    if !tools::have(&[openssl::NEEDS]) {
        return;
    }
    let temp = shown_site(EC384);
    temp.uci(&format!(
        "{}{}",
        super::OWN,
        cert("web", "option staging '1'; option account 'letsencrypt'")
    ));
    has(&run(&temp, "show web", 1).stderr, &["no certificate yet"]);
    hold_in(&temp, "/etc/certkeeper/certs/web/staging", "web", END);
    let chain = temp.read("/etc/certkeeper/certs/web/versions/1/fullchain.pem");
    temp.write(
        "/etc/certkeeper/certs/web/staging/versions/1/fullchain.pem",
        chain,
    );
    let json: Value = serde_json::from_str(&run(&temp, "show web --json", 0).stdout).expect("JSON");
    assert_eq!(json["files"], json!([]));
}

#[test]
fn log_shows_the_last_run() {
    let temp = site(&[cert("web", "")]);
    let none = run(&temp, "log web", 1);
    assert_eq!(none.stdout, "");
    has(
        &none.stderr,
        &["no run has worked on 'web' since the device started; `certkeeper renew web` does"],
    );
    run(&temp, "renew", 1);
    let first = run(&temp, "log web", 0).stdout;
    for line in first.lines() {
        assert!(
            line.starts_with("2027-01-15T08:00:00Z account     "),
            "{line}"
        );
    }
    has(
        &first,
        &[
            "getting a certificate: there is no certificate yet",
            "cannot connect to 127.0.0.1:1",
        ],
    );
    // A later run begins anew.
    let later = (NOW + DAY).to_string();
    ended(
        super::Certkeeper::new(&temp, &["renew"])
            .env("CERTKEEPER_NOW", &later)
            .run(),
        1,
    );
    let second = run(&temp, "log web", 0).stdout;
    assert!(!second.contains("2027-01-15T"), "{second}");
    has(&second, &["2027-01-16T08:00:00Z"]);
    let json: Value = serde_json::from_str(&run(&temp, "log web --json", 0).stdout).expect("JSON");
    let lines: Vec<&str> = second.lines().collect();
    assert_eq!(json, json!({"section": "web", "lines": lines}));
}
