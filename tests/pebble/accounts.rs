//! Accounts: several, lost, changed.

use crate::relay::Relay;
use crate::site::Site;
use crate::support::pebble::{self, Pebble};
use crate::uci::{GLOBAL, account, cert, with};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// The folders of an account, one a directory.
pub fn folders(site: &Site, account: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(
        site.temp
            .path(&format!("etc/certkeeper/accounts/{account}")),
    );
    let mut all: Vec<PathBuf> = all.expect("a folder").map(|e| e.unwrap().path()).collect();
    all.sort();
    all
}

/// Key and note of the only account of that name.
pub fn the_account(site: &Site, account: &str) -> (String, Value) {
    let all = folders(site, account);
    let [folder] = all.as_slice() else {
        panic!("{all:?}")
    };
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a file");
    (
        read("key.pem"),
        serde_json::from_str(&read("account.json")).expect("JSON"),
    )
}

/// A second CA of the same web server and DNS, which our `ca_file` knows too.
pub fn another_ca(site: &Site) -> Pebble {
    let options = pebble::Options {
        dns_server: site.challsrv().address(),
        http_port: site.http_port,
        ..pebble::Options::default()
    };
    let other = Pebble::start(&site.temp, &options);
    let roots = [site.pebble.ca_file(), other.ca_file()].map(|f| fs::read_to_string(f).unwrap());
    site.temp.write("etc/ssl/ca.pem", roots.concat());
    other
}

#[test]
fn two_accounts_at_two_cas_in_one_run() {
    let Some(site) = Site::web() else { return };
    let other = another_ca(&site);
    let text = site.head()
        + &account("second", &other.directory_url())
        + &cert("one", &["one.demo.example"], &site.by_webroot())
        + &cert(
            "two",
            &["two.demo.example"],
            &with(site.by_webroot(), &[("account", "second")]),
        );
    site.temp.uci(&text);
    site.renew();
    site.is_good("one", &["one.demo.example"]);
    let roots = site.temp.server_folder("roots").join("root.pem");
    fs::write(&roots, other.root(0)).unwrap();
    assert!(crate::support::openssl::verifies(
        &site.domain("two.crt"),
        &roots
    ));
    assert_ne!(
        the_account(&site, "pebble").0,
        the_account(&site, "second").0,
        "one key for both"
    );
    let orders = |p: &Pebble| {
        p.requests()
            .iter()
            .filter(|r| *r == "POST /order-plz")
            .count()
    };
    assert_eq!((orders(&site.pebble), orders(&other)), (1, 1));
}

/// The root of a private CA is for the account that names it: the other's bundle stays the bundle.
#[test]
fn a_root_is_for_its_account_alone() {
    let Some(site) = Site::web() else { return };
    let other = another_ca(&site);
    fs::copy(site.pebble.ca_file(), site.temp.path("etc/ssl/ca.pem")).expect("one root");
    fs::create_dir_all(site.temp.path("etc/ssl/certs")).expect("a folder");
    fs::copy(
        other.ca_file(),
        site.temp.path("etc/ssl/certs/ca-certificates.crt"),
    )
    .expect("the other in the bundle");
    let section = |name: &str, account| {
        let options = with(site.by_webroot(), &[("account", account)]);
        cert(name, &[&format!("{name}.demo.example")], &options)
    };
    let public = format!(
        "config account 'public'\n\toption acme_server '{}'\n",
        other.directory_url()
    );
    let wrong = account("wrong", &other.directory_url());
    site.temp.uci(
        &(site.head()
            + &public
            + &wrong
            + &section("one", "pebble")
            + &section("two", "public")
            + &section("three", "wrong")),
    );
    let run = site.ends(&["renew"], 1);
    site.is_good("one", &["one.demo.example"]);
    assert!(site.domain("two.crt").exists(), "{}", run.report());
    assert!(!site.domain("three.crt").exists(), "{}", run.report());
    for words in [
        "✗ three: ",
        "is not from a CA whose root is in",
        "certkeeper.wrong.ca_file",
    ] {
        assert!(
            run.stdout.contains(words),
            "no {words:?} in {}",
            run.report()
        );
    }
}

#[test]
fn one_name_at_two_directories_is_two_accounts() {
    let Some(site) = Site::web() else { return };
    let other = another_ca(&site);
    let section = cert("web", &["www.demo.example"], &site.by_webroot());
    site.configure(std::slice::from_ref(&section));
    site.renew();
    let first = the_account(&site, "pebble");
    site.temp
        .uci(&(GLOBAL.to_owned() + &account("pebble", &other.directory_url()) + &section));
    let run = site.ends(&["renew"], 0);
    assert!(
        run.stderr.contains("the CA changed to localhost"),
        "{}",
        run.report()
    );
    assert_eq!(site.version("web"), Some(2));
    assert_eq!(folders(&site, "pebble").len(), 2);
    // Back again, the old account serves.
    site.configure(&[section]);
    site.renew();
    assert_eq!(site.version("web"), Some(3));
    assert_eq!(site.asked("POST /sign-me-up"), 1);
    let kept = folders(&site, "pebble").into_iter();
    let kept: Vec<_> = kept
        .map(|f| fs::read_to_string(f.join("key.pem")).unwrap())
        .collect();
    assert!(kept.contains(&first.0));
}

/// A section at a CA behind a relay: the CA can be replaced by one that knows nothing.
fn behind_relay(site: &Site, email: &str) -> Relay {
    let relay = Relay::to(&site.pebble);
    configure_relay(site, &relay, email);
    relay
}

fn configure_relay(site: &Site, relay: &Relay, email: &str) {
    let email = match email {
        "" => String::new(),
        email => format!("\toption email '{email}'\n"),
    };
    let account = account("pebble", &relay.directory_url()) + &email;
    let section = cert("web", &["www.demo.example"], &site.by_webroot());
    site.temp.uci(&(GLOBAL.to_owned() + &account + &section));
}

#[test]
fn a_ca_that_lost_its_accounts_gets_the_same_key_again() {
    let Some(site) = Site::web() else { return };
    let relay = behind_relay(&site, "");
    site.renew();
    let (key, note) = the_account(&site, "pebble");
    let other = another_ca(&site);
    relay.lead_to(&other);
    let run = site.ends(&["renew", "--force"], 0);
    assert!(
        run.stderr.contains("registering with localhost"),
        "{}",
        run.report()
    );
    assert_eq!(site.version("web"), Some(2));
    site.is_tidy("web");
    let (key_now, note_now) = the_account(&site, "pebble");
    assert_eq!(key_now, key);
    assert_ne!(note_now["url"], note["url"]);
    // The new URL is known from now on.
    site.ends(&["renew", "--force"], 0);
    let made = other
        .requests()
        .iter()
        .filter(|r| *r == "POST /sign-me-up")
        .count();
    assert_eq!(made, 1);
}

#[test]
fn a_lost_account_whose_contact_changes_too_is_made_again() {
    let Some(site) = Site::web() else { return };
    let relay = behind_relay(&site, "old@demo.example");
    site.renew();
    let other = another_ca(&site);
    relay.lead_to(&other);
    configure_relay(&site, &relay, "new@demo.example");
    site.ends(&["renew", "--force"], 0);
    assert_eq!(site.version("web"), Some(2));
    assert_eq!(the_account(&site, "pebble").1["email"], "new@demo.example");
}

#[test]
fn another_contact_is_told_to_the_ca_once() {
    let Some(site) = Site::web() else { return };
    let relay = behind_relay(&site, "old@demo.example");
    site.renew();
    let (key, _) = the_account(&site, "pebble");
    configure_relay(&site, &relay, "new@demo.example");
    // Not a reason for a new certificate, nor to ask the CA anything.
    site.renew();
    assert_eq!(site.version("web"), Some(1));
    site.ends(&["renew", "--force"], 0);
    site.ends(&["renew", "--force"], 0);
    let (key_now, note) = the_account(&site, "pebble");
    assert_eq!((key_now, &note["email"]), (key, &"new@demo.example".into()));
    assert_eq!(site.asked("POST /sign-me-up"), 1);
    assert_eq!(site.asked("POST /my-account/"), 1);
}

#[test]
fn a_lost_note_is_found_again_by_the_key() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    let (key, note) = the_account(&site, "pebble");
    let folder = folders(&site, "pebble").remove(0);
    for damage in [None, Some("{\"url\":")] {
        match damage {
            None => fs::remove_file(folder.join("account.json")).expect("a file"),
            Some(text) => fs::write(folder.join("account.json"), text).expect("written"),
        }
        site.ends(&["renew", "--force"], 0);
        let (key_now, note_now) = the_account(&site, "pebble");
        assert_eq!((&key_now, &note_now["url"]), (&key, &note["url"]));
    }
    assert!(!site.pebble.log().contains("There are now 2 accounts"));
}
