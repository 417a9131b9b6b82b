//! Two certificates of one section, with keys of two kinds (`list key_type` twice).

use crate::site::Site;
use crate::support::openssl;
use crate::uci::{GLOBAL, account, cert, with};
use std::fs;

const NAMES: [&str; 2] = ["www.demo.example", "demo.example"];

fn configure(site: &Site, kinds: &[&str]) {
    let mut options = site.by_webroot();
    let kinds = kinds
        .iter()
        .map(|kind| ("list key_type", (*kind).to_owned()));
    options.extend(kinds);
    site.configure(&[cert("web", &NAMES, &options)]);
}

/// The kind of key that a certificate has, as OpenSSL says.
fn kind(site: &Site, name: &str) -> String {
    let crt = site.domain(&format!("{name}.crt"));
    let text = openssl::run(&["x509", "-in", crt.to_str().unwrap(), "-noout", "-text"]);
    let line = text
        .lines()
        .find_map(|l| l.trim().strip_prefix("Public Key Algorithm: "));
    line.expect("an algorithm").to_owned()
}

#[track_caller]
fn both_are_good(site: &Site) {
    for (name, algorithm) in [("web", "id-ecPublicKey"), ("web-rsa", "rsaEncryption")] {
        site.is_good(name, &NAMES);
        site.is_tidy(name);
        assert_eq!(kind(site, name), algorithm);
    }
    site.is_good_primary();
    assert_eq!(
        fs::read(site.domain("domain.crt")).unwrap(),
        fs::read(site.domain("web.crt")).unwrap()
    );
}

#[test]
fn one_of_each_kind_is_issued_and_each_changes_by_itself() {
    let Some(site) = Site::web() else { return };
    configure(&site, &["ec256", "rsa2048"]);
    site.renew();
    both_are_good(&site);
    assert_eq!(site.status("web")["other_key"], "web-rsa");
    assert_eq!(site.status("web-rsa")["other_key"], "web");
    assert_eq!(site.status("web-rsa")["certificate"]["key_type"], "rsa2048");
    let table = site.run(&["status"]).stdout;
    assert!(
        table.contains("web* ") && table.contains("web-rsa "),
        "{table}"
    );
    // The order in which they are named says nothing.
    configure(&site, &["2048", "ec-256"]);
    let run = site.ends(&["renew"], 0);
    assert!(run.stdout.contains("nothing is due"), "{}", run.report());
    // Another size of one leaves the other alone.
    configure(&site, &["ec384", "rsa2048"]);
    site.renew();
    assert_eq!(
        (site.version("web"), site.version("web-rsa")),
        (Some(2), Some(1))
    );
    // Both are meant by the section's name, one by its own.
    site.ends(&["renew", "web", "--force"], 0);
    assert_eq!(
        (site.version("web"), site.version("web-rsa")),
        (Some(3), Some(2))
    );
    site.ends(&["renew", "web-rsa", "--force"], 0);
    assert_eq!(
        (site.version("web"), site.version("web-rsa")),
        (Some(3), Some(3))
    );
    both_are_good(&site);
    assert!(site.run(&["show", "web-rsa"]).ok().contains("web-rsa.crt"));
    assert_eq!(site.run(&["check"]).stdout.matches("directory").count(), 1);
}

#[test]
fn a_failure_of_one_leaves_the_other_alone() {
    let Some(site) = Site::web() else { return };
    // Where the second's files are to be there is something else.
    let folder = site
        .temp
        .write("etc/certkeeper/certs/web-rsa", "in the way");
    configure(&site, &["rsa2048", "ec256"]);
    let run = site.ends(&["renew"], 1);
    for words in ["✓ web: a certificate is in use", "✗ web-rsa: "] {
        assert!(run.stdout.contains(words), "{}", run.report());
    }
    site.is_good("web", &NAMES);
    assert_eq!(site.status("web")["last_attempt"]["problem"], "");
    fs::remove_file(folder).expect("removed");
    site.renew_named("web");
    both_are_good(&site);
    assert_eq!(site.version("web"), Some(1));
}

#[test]
fn the_second_comes_and_goes() {
    let Some(site) = Site::web() else { return };
    configure(&site, &["rsa2048"]);
    site.renew();
    assert_eq!(kind(&site, "web"), "rsaEncryption");
    configure(&site, &["rsa2048", "ec256"]);
    site.renew();
    both_are_good(&site);
    configure(&site, &["ec256"]);
    site.renew();
    assert_eq!(site.version("web"), Some(2));
    assert!(!site.run(&["status"]).stdout.contains("web-rsa"));
    // Its files stay, as those of a section that was removed.
    site.is_good("web-rsa", &NAMES);
    site.ends(&["renew", "web-rsa"], 2);
}

#[test]
fn keys_are_used_again_each_in_its_place() {
    let Some(site) = Site::web() else { return };
    let options = with(
        site.by_webroot(),
        &[
            ("list key_type", "ec256"),
            ("list key_type", "rsa2048"),
            ("reuse_key", "1"),
        ],
    );
    site.configure(&[cert("web", &NAMES, &options)]);
    site.renew();
    let keys = || ["web", "web-rsa"].map(|n| site.temp.read(&format!("etc/ssl/domains/{n}.key")));
    let before = keys();
    site.ends(&["renew", "web", "--force"], 0);
    assert_eq!(keys(), before);
    both_are_good(&site);
}

/// What is looked at once ends the wait of both.
#[test]
fn after_a_check_that_passes_both_are_tried_at_once() {
    let Some(site) = Site::web() else { return };
    let mut options = with(site.by_webroot(), &[("webroot", "/other")]);
    options.extend(["ec256", "rsa2048"].map(|kind| ("list key_type", kind.to_owned())));
    let server = format!("\tlist dns_server '{}'\n", site.challsrv().address());
    let account = account("pebble", &site.pebble.directory_url());
    let text = GLOBAL.to_owned() + &server + &account + &cert("web", &NAMES, &options);
    site.temp.uci(&text);
    fs::create_dir_all(site.temp.path("other")).expect("a folder");
    let run = site.ends(&["renew"], 1);
    assert_eq!(run.stdout.matches("✗ web").count(), 2, "{}", run.report());
    fs::remove_dir_all(site.temp.path("other")).expect("removed");
    std::os::unix::fs::symlink("www", site.temp.path("other")).expect("a link");
    site.ends(&["renew"], 4);
    site.ends(&["check", "web"], 0);
    site.renew();
    both_are_good(&site);
}

#[test]
fn the_local_ca_serves_one_of_each_kind_until_then() {
    let Some(site) = Site::web() else { return };
    let mut options = site.by_webroot();
    options.extend(["ec256", "rsa2048"].map(|kind| ("list key_type", kind.to_owned())));
    let text = site.head() + &cert("web", &NAMES, &options);
    let text = text.replace("option local_ca '0'", "option local_ca '1'");
    site.temp
        .uci(&text.replace("option accept_tos '1'", "option accept_tos '0'"));
    site.ends(&["renew"], 1);
    for (name, algorithm) in [("web", "id-ecPublicKey"), ("web-rsa", "rsaEncryption")] {
        assert_eq!(kind(&site, name), algorithm);
        assert_eq!(site.status(name)["source"], "local");
    }
    site.temp.uci(&text);
    site.ends(&["renew", "web"], 0);
    both_are_good(&site);
}
