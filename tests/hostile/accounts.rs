//! What a CA has against an account.

use crate::lanes::BUSY;
use crate::reply::{Reply, Step, Way};
use crate::rig::{Case, NAMES, Rig, Want, plain, play};
use crate::uci::{GLOBAL, account, cert};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where the only account is kept, if any is.
pub fn folder(rig: &Rig) -> Option<PathBuf> {
    let all = fs::read_dir(rig.temp.path("etc/certkeeper/accounts/pebble")).ok()?;
    let mut all = all.map(|entry| entry.unwrap().path());
    let first = all.next();
    assert_eq!(all.next(), None);
    first
}

/// Section `web` with an account that has these options.
pub fn configure(rig: &Rig, options: &str) {
    let directory = format!("https://localhost:{}/dir", rig.ca.port());
    let section = cert("web", &NAMES, &[("validation_method", "webroot".into())]);
    let text = GLOBAL.to_owned() + &account("pebble", &directory) + options + &section;
    rig.temp.uci(&text);
}

fn state(rig: &Rig) -> Value {
    let text = rig.run(&["account", "list", "--json"]).ok();
    let list: Value = serde_json::from_str(&text).unwrap();
    list["accounts"][0]["state"].clone()
}

const TERMS: &str = "https://ca.example/terms/v2";

fn changed_terms(reply: &mut Reply) {
    reply.problem(403, "userActionRequired", "the terms have changed");
    let link =
        format!("<https://ca.example/dir>;rel=\"index\", <{TERMS}>; rel=\"terms-of-service\"");
    reply.header("Link", &link);
}

fn changed_terms_with_instance(reply: &mut Reply) {
    changed_terms(reply);
    reply.set("instance", json!("https://ca.example/agree/here"));
}

#[test]
fn terms_that_changed_are_told_with_their_link() {
    let words = &["the terms have changed", TERMS, "agree as it says there"];
    let cases = [
        Case::new("at an order", Step::Order, changed_terms, words),
        Case::new("at an account", Step::Account, changed_terms, words),
        Case::new(
            "with a page of their own",
            Step::Order,
            changed_terms_with_instance,
            &["read them at https://ca.example/agree/here and"],
        ),
        Case::new(
            "without a link",
            Step::Order,
            |r| r.problem(403, "userActionRequired", "the terms have changed"),
            &["agree to them on its website"],
        ),
        // It is shown, so it must not steer a terminal.
        Case::new(
            "with a link that is none",
            Step::Order,
            |r| {
                r.problem(403, "userActionRequired", "the terms have changed");
                r.set("instance", json!("javascript:alert(1)"));
            },
            &["agree to them on its website"],
        ),
    ];
    play(&cases.map(|case| case.waits(7 * 86_400)), BUSY);
}

/// What is kept of a CA is shown later: it steers no terminal either.
#[test]
fn what_is_listed_steers_no_terminal() {
    let rig = Rig::due();
    let evil = "https://ca.example/\u{1b}[2J\u{202e}terms\r\nown  valid";
    rig.ca.twist(
        &[Step::Directory],
        Arc::new(move |r| r.set("meta", json!({"termsOfService": evil}))),
    );
    assert_eq!(rig.run(&["account", "register", "pebble"]).code(), 0);
    for args in [&["account", "list"][..], &["account", "list", "--json"]] {
        let run = rig.run(args);
        plain(&run.stdout);
        assert!(run.stdout.contains("terms"), "{}", run.report());
        assert!(!run.stdout.contains("\nown"), "{}", run.report());
    }
}

#[test]
fn contacts_that_the_ca_does_not_take() {
    for kind in ["invalidContact", "unsupportedContact"] {
        let rig = Rig::due();
        rig.ca.twist(
            &[Step::Account],
            Arc::new(move |r| r.problem(400, kind, "no such domain")),
        );
        rig.suffers(&Want::failure(&[
            "no such domain",
            "option email of account 'pebble'",
        ]));
        assert_eq!(folder(&rig), None, "a half-made account");
        rig.ca.heal();
        rig.recovers();
        // One that is changed later is told to the account that there is.
        configure(&rig, "\toption email 'me@demo.example'\n");
        rig.ca.twist(
            &[Step::OneAccount],
            Arc::new(move |r| r.problem(400, kind, "no such domain")),
        );
        let run = rig.run(&["account", "update", "pebble"]);
        assert_eq!(run.code(), 1, "{}", run.report());
        assert!(
            run.stderr.contains("option email of account 'pebble'"),
            "{}",
            run.report()
        );
        rig.ca.heal();
        let run = rig.run(&["account", "update", "pebble"]);
        assert_eq!(run.code(), 0, "{}", run.report());
        let sent = rig.ca.sent(Step::OneAccount);
        assert_eq!(sent.last().unwrap()["contact"][0], "mailto:me@demo.example");
    }
}

/// Whatever is not the CA's own and definite no keeps the key: the CA may have made the account.
#[test]
fn a_key_stays_until_a_definite_no() {
    let stays: [fn(&mut Reply); 7] = [
        |r| r.problem(500, "serverInternal", "oops"),
        |r| r.page(503),
        // A captive portal.
        |r| r.page(403),
        |r| r.problem(429, "rateLimited", "later"),
        |r| r.body = b"<html>".to_vec(),
        |r| r.without("Location"),
        |r| r.way = Way::HalfThenClose,
    ];
    for (number, twist) in stays.into_iter().enumerate() {
        let rig = Rig::due();
        rig.ca.twist(&[Step::Account], Arc::new(twist));
        let run = rig.run(&["renew"]);
        // What is no JSON has a URL all the same.
        assert_eq!(run.code() == 0, number == 4, "{number}: {}", run.report());
        let folder = folder(&rig).unwrap_or_else(|| panic!("{number}: {}", run.report()));
        let key = fs::read(folder.join("key.pem")).unwrap();
        rig.ca.heal();
        if number != 4 {
            rig.recovers();
        }
        assert_eq!(fs::read(folder.join("key.pem")).unwrap(), key);
    }
    let goes: [fn(&mut Reply); 3] = [
        |r| r.problem(400, "malformed", "no"),
        |r| r.problem(403, "unauthorized", "no"),
        |r| r.problem(400, "badPublicKey", "no"),
    ];
    for twist in goes {
        let rig = Rig::due();
        rig.ca.twist(&[Step::Account], Arc::new(twist));
        let run = rig.run(&["renew"]);
        assert_eq!(run.code(), 1, "{}", run.report());
        assert_eq!(folder(&rig), None);
        rig.ca.heal();
        rig.recovers();
    }
}

/// Sectigo's accounts are pending until they are used.
#[test]
fn an_account_that_is_pending_at_first() {
    let rig = Rig::due();
    rig.ca.twist(
        &[Step::Account],
        Arc::new(|r| r.set("status", json!("pending"))),
    );
    let run = rig.run(&["account", "register", "pebble"]);
    assert_eq!(run.code(), 0, "{}", run.report());
    assert_eq!(state(&rig), "pending");
    rig.recovers();
    assert_eq!(state(&rig), "valid");
    assert_eq!(rig.ca.sent(Step::OneAccount).len(), 1);
    // Once it is in force, nobody asks any more.
    assert_eq!(rig.run(&["renew", "--force"]).code(), 0);
    assert_eq!(rig.ca.sent(Step::OneAccount).len(), 1);
}

#[test]
fn an_account_that_the_ca_revoked() {
    let rig = Rig::due();
    rig.ca.twist(
        &[Step::Account],
        Arc::new(|r| r.set("status", json!("pending"))),
    );
    assert_eq!(rig.run(&["account", "register", "pebble"]).code(), 0);
    rig.ca.twist(
        &[Step::OneAccount],
        Arc::new(|r| r.set("status", json!("revoked"))),
    );
    for times in [1, 2] {
        let run = rig.run(&["renew", "web"]);
        assert_eq!(run.code(), 1, "{times}: {}", run.report());
        for words in ["is revoked, for good", "`certkeeper account delete pebble`"] {
            assert!(run.stdout.contains(words), "{times}: {}", run.report());
        }
    }
    assert_eq!(state(&rig), "revoked");
}

/// A CA that has no place for it, and one that says no: the key stays.
#[test]
fn keys_that_cannot_be_changed() {
    let rig = Rig::due();
    rig.recovers();
    let folder = folder(&rig).unwrap();
    let before = fs::read(folder.join("key.pem")).unwrap();
    let stays = |words: &str| {
        let run = rig.run(&["account", "rollover", "pebble"]);
        assert_eq!(run.code(), 1, "{}", run.report());
        assert!(run.stderr.contains(words), "{}", run.report());
        assert!(!folder.join("key.next.pem").exists(), "{}", run.report());
        assert_eq!(fs::read(folder.join("key.pem")).unwrap(), before);
    };
    stays("changes no account's key");
    let (port, asked) = (rig.ca.port(), AtomicUsize::new(0));
    rig.ca.twist(
        &[Step::Directory, Step::OneAccount],
        Arc::new(move |r| {
            // The directory, then the new key, which it does not know; then the old one.
            match asked.fetch_add(1, Ordering::SeqCst) {
                0 => r.set("keyChange", json!(format!("https://localhost:{port}/none"))),
                1 => r.problem(400, "malformed", "another key signed it"),
                _ => {}
            }
        }),
    );
    stays("there is no such thing here");
}
