//! `option csr`: the owner's request, whose key is kept elsewhere.

use crate::site::Site;
use crate::snapshot::snapshot;
use crate::support::openssl;
use crate::uci::{cert, with};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Makes a key and a request for these names (`DNS:…`); the key's file and the request's text.
fn make(site: &Site, names: &str, key: &[&str], form: &str) -> (PathBuf, Vec<u8>) {
    let folder = site.temp.server_folder("elsewhere");
    let [key_file, csr] = ["key", "csr"].map(|name| folder.join(name));
    let text = |path: &PathBuf| path.to_str().expect("text").to_owned();
    let (key_text, csr_text) = (text(&key_file), text(&csr));
    let names = format!("subjectAltName={names}");
    let mut args = vec![
        "req",
        "-new",
        "-nodes",
        "-subj",
        "/C=DE/O=Elsewhere",
        "-addext",
        &names,
    ];
    args.extend(["-newkey"]);
    args.extend(key);
    args.extend(["-outform", form, "-keyout", &key_text, "-out", &csr_text]);
    openssl::run(&args);
    (key_file, fs::read(csr).expect("a request"))
}

const EC: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"];
const NAMES: &str = "DNS:www.demo.example,DNS:mail.demo.example";

/// A section without `list domains`, by a request below /etc.
fn section(site: &Site, more: &[(&'static str, &str)]) -> String {
    section_by(site.by_webroot(), more)
}

fn section_by(way: Vec<(&'static str, String)>, more: &[(&'static str, &str)]) -> String {
    cert(
        "web",
        &[],
        &with(with(way, &[("csr", "/etc/web.csr")]), more),
    )
}

/// The certificate is that of the key that is kept elsewhere, and nobody here has a key.
#[track_caller]
fn is_good(site: &Site, key: &Path, names: &[&str]) {
    let crt = site.domain("web.crt");
    assert!(openssl::verifies(&crt, &site.root(0)));
    assert!(openssl::key_matches(&crt, key));
    let mut wanted: Vec<String> = names.iter().map(|n| format!("DNS:{n}")).collect();
    wanted.sort();
    assert_eq!(openssl::names(&crt), wanted);
    let mut links: Vec<String> = fs::read_dir(site.temp.path("etc/ssl/domains"))
        .expect("links")
        .map(|e| e.expect("a link").file_name().into_string().expect("text"))
        .collect();
    links.sort();
    assert_eq!(links, ["web.chain.crt", "web.crt"]);
    let version = site.version("web").expect("a version");
    let folder = site
        .temp
        .path(&format!("etc/certkeeper/certs/web/versions/{version}"));
    for name in ["key.pem", "combined.pem"] {
        assert!(!folder.join(name).exists(), "{name}");
    }
    assert!(!site.temp.path("etc/certkeeper/certs/web/pending").exists());
    assert_eq!(site.status("web")["state"], "valid");
}

#[test]
fn names_and_key_come_from_it() {
    let Some(site) = Site::web() else { return };
    for (form, kind) in [("PEM", EC), ("DER", &["rsa:2048"][..])] {
        let (key, csr) = make(&site, NAMES, kind, form);
        site.temp.write("etc/web.csr", csr);
        site.configure(&[section(&site, &[])]);
        let run = site.ends(&["renew"], 0);
        assert!(
            run.stderr.contains("sending your request (option csr)"),
            "{}",
            run.report()
        );
        is_good(&site, &key, &["www.demo.example", "mail.demo.example"]);
        let shown = site.ends(&["show", "web"], 0).stdout;
        assert!(shown.contains("(kept elsewhere: option csr)"), "{shown}");
        let before = snapshot(&site.temp);
        site.renew();
        assert_eq!(snapshot(&site.temp), before, "{form}");
    }
    // Each request had its own certificate; renewed, the key stays.
    assert_eq!(site.version("web"), Some(2));
    site.ends(&["renew", "web", "--force"], 0);
    assert_eq!(site.version("web"), Some(3));
    // A certificate of somebody else's key is not for this section.
    let run = site.ends(&["upload", "web", "/nowhere"], 1);
    assert!(run.stderr.contains("/nowhere: "), "{}", run.report());
    let run = site.ends(&["csr", "web"], 1);
    assert!(
        run.stderr.contains("whose key is kept elsewhere"),
        "{}",
        run.report()
    );
}

#[test]
fn the_link_to_the_key_goes_when_the_certificate_comes() {
    let Some(site) = Site::web() else { return };
    let own = cert("web", &["www.demo.example"], &site.by_webroot());
    site.configure(std::slice::from_ref(&own));
    site.renew();
    site.is_good("web", &["www.demo.example"]);
    let (key, csr) = make(&site, "DNS:www.demo.example", EC, "PEM");
    site.temp.write("etc/web.csr", csr);
    // Until the CA has issued, all stays as it is: nginx has that port.
    site.configure(&[section_by(site.by_standalone(), &[])]);
    let run = site.ends(&["renew"], 1);
    assert!(
        run.stderr
            .contains("the key of the request in option csr is another one"),
        "{}",
        run.report()
    );
    site.is_good("web", &["www.demo.example"]);
    site.configure(&[section(&site, &[("list domains", "www.demo.example")])]);
    site.renew();
    fs::remove_file(site.domain("domain.crt")).expect("it was the primary one");
    fs::remove_file(site.domain("domain.cer")).expect("it was the primary one");
    fs::remove_file(site.domain("domain.key")).expect("it was the primary one");
    is_good(&site, &key, &["www.demo.example"]);
    // Back again.
    site.configure(&[own]);
    let run = site.ends(&["renew"], 0);
    assert!(
        run.stderr.contains("option csr is gone, so it needs a key"),
        "{}",
        run.report()
    );
    site.is_good("web", &["www.demo.example"]);
}

#[test]
fn copies_and_hooks_go_without_the_key() {
    let Some(site) = Site::web() else { return };
    let tell = "#!/bin/sh\nfor a; do echo \"<$a>\"; done >\"$(dirname \"$0\")/../../../told\"\n";
    let hook = site.temp.write("etc/certkeeper/hooks/tell", tell);
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o700)).expect("a mode");
    for folder in ["etc/certkeeper", "etc/certkeeper/hooks"] {
        fs::set_permissions(site.temp.path(folder), fs::Permissions::from_mode(0o700))
            .expect("a mode");
    }
    let users = [
        ("list hook", "tell"),
        ("list export", "/srv/tls"),
        ("list service", "uhttpd"),
    ];
    site.configure(&[cert(
        "web",
        &["www.demo.example"],
        &with(site.by_webroot(), &users[..2]),
    )]);
    site.renew();
    assert!(site.temp.path("srv/tls/web.key").exists());
    let (key, csr) = make(&site, "DNS:www.demo.example", EC, "PEM");
    site.temp.write("etc/web.csr", csr);
    site.configure(&[section(&site, &users)]);
    let run = site.ends(&["renew"], 0);
    assert!(
        run.stderr
            .contains("and uhttpd needs it here; it is not told"),
        "{}",
        run.report()
    );
    assert!(openssl::key_matches(
        &site.temp.path("srv/tls/web.crt"),
        &key
    ));
    assert!(fs::symlink_metadata(site.temp.path("srv/tls/web.key")).is_err());
    let told = site.temp.read("told");
    let crt = site.domain("web.crt").display().to_string();
    assert_eq!(
        told,
        format!("<deployed>\n<web>\n<{crt}>\n<>\n<www.demo.example>\n")
    );
}

#[test]
fn one_of_a_compromised_key_is_not_sent_again() {
    let Some(site) = Site::web() else { return };
    let (key, csr) = make(&site, NAMES, EC, "PEM");
    site.temp.write("etc/web.csr", csr);
    site.configure(&[section(&site, &[])]);
    site.renew();
    let names = ["mail.demo.example", "www.demo.example"];
    is_good(&site, &key, &names);
    // For another reason the key is as good as before.
    site.ends(&["revoke", "web", "--reason", "superseded", "--yes"], 0);
    site.ends(&["renew", "web", "--force"], 0);
    site.ends(&["revoke", "web", "--reason", "keyCompromise", "--yes"], 0);
    let orders = site.asked("POST /order-plz");
    let run = site.ends(&["renew", "web", "--force"], 1);
    let words = "the key of the request in option csr is that of the certificate that was revoked";
    assert!(run.stdout.contains(words), "{}", run.report());
    assert_eq!(site.asked("POST /order-plz"), orders);
    let (key, csr) = make(&site, NAMES, EC, "PEM");
    site.temp.write("etc/web.csr", csr);
    site.renew();
    is_good(&site, &key, &names);
}

#[test]
fn what_does_not_fit_is_told_before_a_ca_is_asked() {
    let Some(site) = Site::web() else { return };
    let (_, csr) = make(&site, NAMES, EC, "PEM");
    let odd = make(&site, NAMES, &["rsa:2064"], "PEM").1;
    for (request, more, words) in [
        (
            &csr[..],
            &[("list domains", "www.demo.example")][..],
            "option domains 'mail.demo.example': the request in option csr names it, list domains does not",
        ),
        (
            &csr,
            &[(
                "list domains",
                "www.demo.example mail.demo.example new.demo.example",
            )],
            "option domains 'new.demo.example': the request in option csr does not name it",
        ),
        (
            &csr,
            &[("key_type", "ec256")],
            "option key_type 'ec256': the key of the request in option csr is ec384; leave key_type out",
        ),
        (
            &csr,
            &[("key_type", "ec256"), ("reuse_key", "1")],
            "it says nothing beside option csr, whose key is always the same; leave it out",
        ),
        (&odd, &[], "its key is RSA 2064; one of ec256 "),
        (b"rubbish", &[], "there is no request, but a 'other text'"),
        (
            b"\x30\x03\x02\x01\x00",
            &[],
            "the request's outer form is not readable",
        ),
    ] {
        site.temp.write("etc/web.csr", request);
        site.configure(&[section(&site, more)]);
        let run = site.ends(&["renew"], 1);
        assert!(run.stderr.contains(words), "{words}: {}", run.report());
    }
    assert_eq!(site.asked("POST /sign-me-up"), 0);
}
