//! Several accounts of one certificate.

use super::accounts::with;
use super::*;

/// The accounts of `web` by name.
#[track_caller]
fn listed(config: &Config) -> Vec<&str> {
    let cert = config.cert("web");
    let cert = cert.unwrap_or_else(|| panic!("{:#?}", errors(config)));
    cert.accounts().map(|a| a.name.as_str()).collect()
}

const HOME: &str = "option acme_server https://ca.test";

#[test]
fn they_stand_in_order_and_once() {
    let config = with(
        HOME,
        "list account letsencrypt; list account own; list account letsencrypt",
    );
    assert!(config.mistakes.is_empty(), "{:#?}", config.mistakes);
    assert_eq!(listed(&config), ["letsencrypt", "own"]);
    let config = with(HOME, "option account 'own letsencrypt'");
    assert_eq!(listed(&config), ["own", "letsencrypt"]);
    assert_eq!(listed(&with("", "option staging 0")), ["letsencrypt"]);
}

/// What one of them does not certify is told of that one.
#[test]
fn each_must_do_what_is_asked() {
    let config = with(
        HOME,
        "list account own; list account letsencrypt; option key_type ec521",
    );
    says(
        &config,
        false,
        &["option key_type 'ec521'", "Let's Encrypt signs"],
    );
    assert_eq!(broken(&config), ["web"]);
    let config = with(
        HOME,
        "list account own; list account letsencrypt; list domains a.lan",
    );
    says(&config, false, &["'a.lan'", "no public CA"]);
}

#[test]
fn one_that_is_wrong_is_told() {
    let config = with("", "list account letsencrypt; list account frobnicate");
    says(&config, false, &["option account 'frobnicate': neither a"]);
    assert_eq!(broken(&config), ["web"]);
    let config = with(
        "option ca nosuch",
        "list account letsencrypt; list account own",
    );
    says(&config, false, &["account 'own', option ca 'nosuch'"]);
    assert_eq!(broken(&config), ["web"]);
}

/// One click leads to production and back, whatever CAs come after the first.
#[test]
fn a_test_goes_without_those_that_have_no_staging_server() {
    let both = "list account letsencrypt; list account own";
    let config = with(HOME, &format!("{both}; option staging 1"));
    assert_eq!(listed(&config), ["letsencrypt"]);
    says(
        &config,
        true,
        &["option account 'own'", "the test goes without it"],
    );
    assert_eq!(listed(&with(HOME, both)), ["letsencrypt", "own"]);
    // One that is wrong anyway is an error, not a test without it.
    let config = with(
        "",
        "list account letsencrypt; list account frobnicate; option staging 1",
    );
    assert_eq!(broken(&config), ["web"]);
}

/// A change at any of them lifts waiting times.
#[test]
fn the_fingerprint_covers_them_all() {
    let print = |own: &str| {
        let config = with(own, "list account letsencrypt; list account own");
        config.cert("web").expect("a section").fingerprint.clone()
    };
    assert_ne!(
        print(HOME),
        print(&format!("{HOME}; option email a@example.org"))
    );
}
