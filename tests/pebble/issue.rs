//! First certificates: by each way, of each key type.

use crate::relay::Relay;
use crate::site::{Site, ZONE};
use crate::support::openssl;
use crate::uci::{GLOBAL, account, cert, with};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

#[test]
fn one_name_by_webroot() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    let run = site.ends(&["renew"], 0);
    assert!(
        run.stdout.contains("web: a certificate is in use until "),
        "{}",
        run.report()
    );
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
    let status = site.status("web");
    assert_eq!(status["state"], "valid");
    assert_eq!(status["source"], "acme");
    assert_eq!(status["names"][0]["state"], "valid");
    let serial = openssl::serial(&site.domain("web.crt"));
    let told = status["certificate"]["serial"].as_str().unwrap();
    assert_eq!(told.trim_start_matches('0').to_lowercase(), serial);
    let known = site.pebble.cert_status(&serial);
    assert_eq!(known.as_deref(), Some("Valid"));
    // What proved the name was a file that others may read, in folders that others may enter.
    assert!(
        site.log("web")
            .contains("presenting http-01 for www.demo.example")
    );
    for folder in ["www/.well-known", "www/.well-known/acme-challenge"] {
        assert_eq!(crate::snapshot::mode(&site.temp.path(folder)), 0o755);
    }
}

#[test]
fn ten_names_over_one_connection() {
    let Some(site) = Site::web() else { return };
    let relay = Relay::to(&site.pebble);
    let names: Vec<String> = (0..10).map(|n| format!("n{n}.demo.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = GLOBAL.to_owned()
        + &account("pebble", &relay.directory_url())
        + &cert("web", &names, &site.by_webroot());
    site.temp.uci(&text);
    let begin = site.pebble.requests().len();
    site.renew();
    site.is_good("web", &names);
    site.is_tidy("web");
    let requests = site.pebble.requests().split_off(begin);
    // The budget of QUALITY: 34 requests over one connection.
    assert!(
        requests.len() <= 34,
        "{} requests: {requests:#?}",
        requests.len()
    );
    assert_eq!(relay.connections(), 1);
}

#[test]
fn one_and_ten_names_by_an_own_listener() {
    let Some(site) = Site::bare() else { return };
    let names: Vec<String> = (0..10).map(|n| format!("n{n}.demo.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    site.configure(&[
        cert("one", &["www.demo.example"], &site.by_standalone()),
        cert("ten", &names, &site.by_standalone()),
    ]);
    site.renew();
    site.is_good("one", &["www.demo.example"]);
    site.is_good("ten", &names);
    site.is_tidy("ten");
    let open = TcpStream::connect(("127.0.0.1", site.http_port));
    assert!(open.is_err(), "the listener outlived the run");
}

#[test]
fn an_address_beside_a_name() {
    let Some(site) = Site::web() else { return };
    site.configure(&[
        cert("ip", &["127.0.0.1"], &site.by_webroot()),
        cert(
            "both",
            &["127.0.0.1", "www.demo.example"],
            &site.by_webroot(),
        ),
    ]);
    site.renew();
    site.is_good("ip", &["127.0.0.1"]);
    site.is_good("both", &["127.0.0.1", "www.demo.example"]);
}

#[test]
fn an_ipv6_address_in_whatever_form() {
    let Some(site) = Site::bare() else { return };
    let mut six = site.by_standalone();
    six[1].1 = "::1".into();
    for (form, version) in [("[0:0:0::1]", 1), ("::1", 1), ("0:0:0:0:0:0:0:1", 1)] {
        site.configure(&[cert("six", &[form], &six)]);
        site.renew();
        site.is_good("six", &["::1"]);
        assert_eq!(site.version("six"), Some(version), "{form}");
    }
    let mapped = cert("four", &["::ffff:127.0.0.1"], &site.by_standalone());
    site.configure(&[mapped]);
    site.renew();
    site.is_good("four", &["127.0.0.1"]);
}

#[test]
fn wildcard_and_apex_at_once() {
    let Some(site) = Site::zone() else { return };
    let wild = format!("*.{ZONE}");
    site.configure(&[cert("wild", &[ZONE, &wild], &site.by_powerdns())]);
    site.renew();
    site.is_good("wild", &[ZONE, &wild]);
    site.is_tidy("wild");
    // Both values stood at one name, and both before the CA was told of the first.
    let log = site.log("wild");
    let presented = log.rfind("presenting dns-01").expect("a challenge");
    assert_eq!(log.matches("presenting dns-01").count(), 2, "{log}");
    assert!(
        presented < log.find("is looking").expect("a validation"),
        "{log}"
    );
}

/// What OpenSSL says of a key: its first line, and the curve.
fn describe(key: &Path) -> String {
    let text = openssl::run(&["pkey", "-in", key.to_str().unwrap(), "-noout", "-text"]);
    let curve = text.lines().find(|l| l.starts_with("ASN1 OID"));
    format!(
        "{} {}",
        text.lines().next().unwrap(),
        curve.unwrap_or_default()
    )
}

#[test]
fn keys_of_every_type() {
    let Some(site) = Site::web() else { return };
    let kinds = [
        ("ec256", "Private-Key: (256 bit) ASN1 OID: prime256v1"),
        ("ec384", "Private-Key: (384 bit) ASN1 OID: secp384r1"),
        ("rsa2048", "Private-Key: (2048 bit, 2 primes) "),
        ("rsa3072", "Private-Key: (3072 bit, 2 primes) "),
        ("rsa4096", "Private-Key: (4096 bit, 2 primes) "),
    ];
    let name = |kind: &str| format!("{kind}.demo.example");
    let section = |(kind, _): &(&'static str, _)| {
        cert(
            kind,
            &[&name(kind)],
            &with(site.by_webroot(), &[("key_type", kind)]),
        )
    };
    site.configure(&kinds.iter().map(section).collect::<Vec<_>>());
    // RSA keys take their time in a debug build.
    let run = site
        .certkeeper(&["renew"])
        .limit(Duration::from_secs(180))
        .run();
    assert_eq!(run.code(), 0, "{}", run.report());
    for (kind, words) in kinds {
        site.is_good(kind, &[&name(kind)]);
        assert_eq!(describe(&site.domain(&format!("{kind}.key"))), words);
        assert_eq!(site.status(kind)["certificate"]["key_type"], kind);
    }
}

#[test]
fn the_request_names_no_subject() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert(
        "web",
        &["b.demo.example", "a.demo.example"],
        &site.by_webroot(),
    )]);
    site.renew();
    let crt = site.domain("web.crt");
    let subject = openssl::run(&["x509", "-in", crt.to_str().unwrap(), "-noout", "-subject"]);
    // Pebble 2.4 takes the first name for the subject, the newest one takes ours: none.
    let wanted = if site.is_newest() {
        "subject="
    } else {
        "subject=CN=b.demo.example"
    };
    // Before 3.2 OpenSSL wrote blanks around the equals sign.
    assert_eq!(subject.trim().replace(' ', ""), wanted);
}
