//! `csr`: requests for certificates that are got elsewhere, as OpenSSL sees them.

use crate::elsewhere::{Elsewhere, text};
use crate::site::{Site, has};
use crate::support::openssl;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const KEY: &str = "etc/certkeeper/certs/web/csr/key.pem";

/// The request in a file.
fn request(site: &Site, elsewhere: &Elsewhere, more: &[&str]) -> PathBuf {
    let run = site.ends(&[&["csr", "web"][..], more].concat(), 0);
    assert!(!run.stdout.contains("PRIVATE"), "{}", run.stdout);
    elsewhere.write("request.pem", run.stdout)
}

/// What `openssl req` says of it, signature checked.
fn said(request: &Path, more: &[&str]) -> String {
    openssl::run(
        &[
            &["req", "-in", text(request), "-noout", "-verify"][..],
            more,
        ]
        .concat(),
    )
}

#[test]
fn openssl_reads_it() {
    let Some(site) = Site::new(&[], "") else {
        return;
    };
    let elsewhere = Elsewhere::new(&site.temp);
    for (key_type, words) in [
        ("ec256", "NIST CURVE: P-256"),
        ("ec384", "NIST CURVE: P-384"),
        ("ec521", "NIST CURVE: P-521"),
        ("rsa2048", "Public-Key: (2048 bit)"),
    ] {
        site.configure(&format!(
            "option key_type '{key_type}'; list domains '192.0.2.1'"
        ));
        let file = request(&site, &elsewhere, &["--new-key"]);
        let all = said(&file, &["-text"]);
        has(
            &all,
            &[
                words,
                "DNS:www.example.org, IP Address:192.0.2.1",
                "Subject: CN = www.example.org",
            ],
        );
    }
    let subject = "/C=de/ST=Hessen/L=Bad Homburg/O=Müller \\/ Söhne/OU=IT/CN=www.example.org/emailAddress=a@example.org";
    let file = request(&site, &elsewhere, &["--subject", subject]);
    let shown = said(
        &file,
        &["-subject", "-nameopt", "utf8,sep_comma_plus,sname"],
    );
    has(
        &shown,
        &[
            "subject=C=DE,ST=Hessen,L=Bad Homburg,O=Müller / Söhne,OU=IT,CN=www.example.org,emailAddress=a@example.org",
        ],
    );
    // The strings have the types of RFC 5280.
    let parsed = openssl::run(&["asn1parse", "-in", text(&file)]);
    has(
        &parsed,
        &[
            "PRINTABLESTRING   :DE",
            "UTF8STRING        :Hessen",
            "IA5STRING         :a@example.org",
        ],
    );
    let run = site.ends(&["csr", "web", "--subject", "/CN=other.example.org"], 0);
    has(
        &run.stderr,
        &["CN 'other.example.org' is not among the section's names"],
    );
    let run = site.ends(&["csr", "web", "--subject", "/X=1"], 2);
    has(
        &run.stderr,
        &["--subject '/X=1': 'X' is no field of it; there are: C ST L O OU CN emailAddress"],
    );
}

#[test]
fn its_key_waits_for_the_certificate() {
    let Some(site) = Site::new(&[], "") else {
        return;
    };
    let elsewhere = Elsewhere::new(&site.temp);
    let public = |file: &Path| openssl::run(&["req", "-in", text(file), "-noout", "-pubkey"]);
    let first = request(&site, &elsewhere, &[]);
    let first_public = public(&first);
    assert_eq!(
        fs::metadata(site.temp.path(KEY)).unwrap().mode() & 0o777,
        0o600
    );
    // Runs leave it alone, and it is used again.
    site.renew(1);
    let run = site.ends(&["csr", "web", "--subject", "/O=Example"], 0);
    has(
        &run.stderr,
        &["the ec256 key of the earlier request is used again"],
    );
    assert_eq!(
        public(&elsewhere.write("second.pem", run.stdout)),
        first_public
    );
    elsewhere.sign(&first, "sold.pem");
    let full = elsewhere.write(
        "full.pem",
        elsewhere.read("sold.pem") + &elsewhere.read("middle.pem"),
    );
    // A certificate of another key does not take it away.
    let other = elsewhere.sell("other", "DNS:www.example.org", &["rsa:2048"], &[]);
    let run = site.ends(&["upload", "web", text(&other.cert)], 1);
    has(&run.stderr, &["the private key is of another certificate"]);
    site.ends(&["upload", "web", text(&full)], 0);
    let at = |end: &str| site.temp.path(&format!("etc/ssl/domains/web.{end}"));
    assert!(openssl::key_matches(&at("crt"), &at("key")));
    assert!(openssl::verifies(&at("crt"), &elsewhere.at("root.pem")));
    assert!(!site.temp.path("etc/certkeeper/certs/web/csr").exists());
    // The next request has a key of its own.
    let run = site.ends(&["csr", "web"], 0);
    has(&run.stderr, &["a new ec256 key was made for it"]);
    assert_ne!(
        public(&elsewhere.write("third.pem", run.stdout)),
        first_public
    );
    fs::write(site.temp.path(KEY), "damaged").unwrap();
    has(
        &site.ends(&["csr", "web"], 1).stderr,
        &["--new-key makes another"],
    );
    site.ends(&["csr", "web", "--new-key"], 0);
}
