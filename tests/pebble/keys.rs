//! Keys that are used again (`reuse_key`).

use crate::site::Site;
use crate::uci::{cert, with};

const NAMES: [&str; 1] = ["www.demo.example"];

fn configure(site: &Site, options: &[(&'static str, &str)]) {
    let options = with(site.by_webroot(), options);
    site.configure(&[cert("web", &NAMES, &options)]);
}

/// Has a new certificate issued; its key.
#[track_caller]
fn next(site: &Site) -> String {
    site.ends(&["renew", "web", "--force"], 0);
    site.is_good("web", &NAMES);
    site.is_tidy("web");
    site.temp.read("etc/ssl/domains/web.key")
}

#[test]
fn the_key_in_use_is_used_again_where_that_is_wanted() {
    let Some(site) = Site::web() else { return };
    configure(&site, &[]);
    let first = next(&site);
    let second = next(&site);
    assert_ne!(first, second, "each certificate has a key of its own");
    configure(&site, &[("reuse_key", "1")]);
    assert_eq!(next(&site), second);
    assert!(
        site.log("web")
            .contains("a key of type ec256, the one in use")
    );
    assert_eq!(next(&site), second);
    configure(&site, &[("reuse_key", "0")]);
    assert_ne!(next(&site), second);
}

#[test]
fn a_revoked_key_is_not_used_again() {
    let Some(site) = Site::web() else { return };
    configure(&site, &[("reuse_key", "1")]);
    let first = next(&site);
    site.ends(&["revoke", "web", "--reason", "keyCompromise", "--yes"], 0);
    assert_ne!(next(&site), first);
}

#[test]
fn nor_is_one_that_a_former_certificate_had() {
    let Some(site) = Site::web() else { return };
    configure(&site, &[("reuse_key", "1")]);
    let first = next(&site);
    assert_eq!(next(&site), first);
    let former = site
        .temp
        .path("etc/certkeeper/certs/web/versions/1/cert.pem");
    let former = former.to_str().expect("text");
    let args = ["revoke", "--cert", former, "--reason", "keyCompromise"];
    // It is no longer what is served, so nothing becomes of that; nobody is told otherwise.
    let run = site.ends(&args, 2);
    assert!(!run.stderr.contains("serves"), "{}", run.report());
    site.ends(&[&args[..], &["--yes"]].concat(), 0);
    assert_ne!(next(&site), first);
}

#[test]
fn another_type_is_another_key() {
    let Some(site) = Site::web() else { return };
    configure(&site, &[("reuse_key", "1")]);
    let first = next(&site);
    configure(&site, &[("reuse_key", "1"), ("key_type", "ec384")]);
    let second = next(&site);
    assert_ne!(first, second);
    assert_eq!(site.status("web")["certificate"]["key_type"], "ec384");
    assert_eq!(next(&site), second);
}

#[test]
fn a_key_that_an_attempt_left_is_no_reason_for_another() {
    let Some(site) = Site::web() else { return };
    configure(&site, &[]);
    let first = next(&site);
    let other = crate::support::openssl::run(&[
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ]);
    let pending = "etc/certkeeper/certs/web/pending/key.pem";
    site.temp.write(pending, &other);
    configure(&site, &[("reuse_key", "1")]);
    assert_eq!(next(&site), first);
    // One that is damaged is replaced: a certificate counts for more.
    let folder = "etc/certkeeper/certs/web/current/key.pem";
    site.temp.write(folder, "damaged");
    assert_ne!(next(&site), first);
}
