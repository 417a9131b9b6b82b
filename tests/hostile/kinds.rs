//! Every error type: how the section fares, how long it waits, and that a reboot changes nothing.

use crate::lanes::{BUSY, each};
use crate::reply::{Reply, Step};
use crate::rig::{Case, NAMES, Rig, Want, play};
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;

const LATER: i64 = 600;
const WEEKLY: i64 = 7 * 86_400;

/// The types of RFC 8555 section 6.7 and of later documents, the state that they lead to, and the
/// wait. Those that the client itself answers (badNonce, accountDoesNotExist) come again and again
/// here.
const KINDS: [(&str, &str, i64); 33] = [
    ("accountDoesNotExist", "invalid", LATER),
    ("alreadyRevoked", "invalid", LATER),
    ("badCSR", "invalid", WEEKLY),
    ("badNonce", "invalid", LATER),
    ("badPublicKey", "invalid", WEEKLY),
    ("badRevocationReason", "invalid", LATER),
    ("badSignatureAlgorithm", "invalid", LATER),
    ("caa", "dns_error", LATER),
    ("compound", "invalid", LATER),
    ("connection", "invalid", LATER),
    ("dns", "dns_error", LATER),
    ("externalAccountRequired", "invalid", WEEKLY),
    ("incorrectResponse", "invalid", LATER),
    ("invalidContact", "invalid", WEEKLY),
    ("malformed", "invalid", LATER),
    ("orderNotReady", "invalid", LATER),
    ("rateLimited", "deferred", LATER),
    ("rejectedIdentifier", "invalid", WEEKLY),
    ("serverInternal", "connection_error", LATER),
    ("tls", "invalid", LATER),
    ("unauthorized", "invalid", LATER),
    ("unsupportedContact", "invalid", WEEKLY),
    ("unsupportedIdentifier", "invalid", WEEKLY),
    ("userActionRequired", "invalid", WEEKLY),
    ("alreadyReplaced", "invalid", LATER),
    ("invalidProfile", "invalid", WEEKLY),
    ("autoRenewalCanceled", "invalid", LATER),
    ("autoRenewalExpired", "invalid", LATER),
    ("autoRenewalCancellationInvalid", "invalid", LATER),
    ("autoRenewalRevocationNotSupported", "invalid", LATER),
    ("unknownDelegation", "invalid", LATER),
    ("onionCAARequired", "dns_error", LATER),
    ("frobnicated", "invalid", LATER),
];

#[test]
fn every_type_has_its_state_and_wait() {
    each(
        &KINDS,
        BUSY,
        |k| k.0.to_owned(),
        |(kind, state, wait)| {
            let rig = Rig::fresh();
            let kind = *kind;
            rig.ca.twist(
                &[Step::Order],
                Arc::new(move |r| r.problem(400, kind, "said so")),
            );
            rig.suffers(&Want {
                exit: if *state == "deferred" { 4 } else { 1 },
                waits: Some(*wait),
                ..Want::failure(&["said so", kind])
            });
            assert_eq!(rig.status()["state"], *state);
            // A reboot.
            fs::remove_dir_all(rig.temp.path("var/run/certkeeper")).unwrap();
            let asked = rig.ca.asked().len();
            let run = rig.run(&["renew"]);
            assert_eq!(run.code(), 4, "{}", run.report());
            assert_eq!(rig.ca.asked().len(), asked, "asked after the reboot");
            assert_eq!(rig.status()["state"], *state);
            rig.ca.heal();
            rig.recovers();
        },
    );
}

/// Each failure waits longer than the one before, over reboots.
#[test]
fn waits_grow_over_reboots() {
    let rig = Rig::fresh();
    rig.ca.twist(
        &[Step::Order],
        Arc::new(|r| r.problem(403, "unauthorized", "no")),
    );
    let mut now = crate::ca::now();
    for wait in [600, 3600, 21_600, 86_400, 86_400] {
        let run = rig
            .certkeeper(&["renew"])
            .env("CERTKEEPER_NOW", &now.0.to_string())
            .run();
        assert_eq!(run.code(), 1, "{}", run.report());
        let attempt = &rig.status()["last_attempt"];
        let time = |member: &str| attempt[member].as_i64().unwrap();
        assert_eq!(time("next") - time("at"), wait);
        fs::remove_dir_all(rig.temp.path("var/run/certkeeper")).unwrap();
        now = certkeeper::types::Timestamp(time("next"));
    }
}

/// Both forms of Retry-After in a 429.
#[test]
fn a_limit_until_a_date() {
    fn tomorrow(reply: &mut Reply) {
        reply.problem(429, "rateLimited", "too many orders");
        reply.header("Retry-After", &http_date(crate::ca::now().0 + 7205));
    }
    let rig = Rig::due();
    rig.ca.twist(&[Step::Order], Arc::new(tomorrow));
    rig.suffers(&Want {
        exit: 4,
        ..Want::failure(&["too many orders", "wait until "])
    });
    let attempt = &rig.status()["last_attempt"];
    let wait = attempt["next"].as_i64().unwrap() - attempt["at"].as_i64().unwrap();
    assert!((7190..=7205).contains(&wait), "{wait} s");
    rig.ca.heal();
    rig.recovers();
}

/// The preferred form of a date in HTTP (RFC 9110 section 5.6.7).
fn http_date(seconds: i64) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    let (day, month) = (at.weekday().to_string(), at.month().to_string());
    format!(
        "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
        &day[..3],
        at.day(),
        &month[..3],
        at.year(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// An order that failed tells what the CA has against each name.
#[test]
fn subproblems_are_told_by_name() {
    fn failed(reply: &mut Reply) {
        let sub = |kind: &str, detail: &str, name: &str| {
            json!({
                "type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail,
                "identifier": {"type": "dns", "value": name},
            })
        };
        reply.set("status", json!("invalid"));
        reply.set(
            "error",
            json!({
                "type": "urn:ietf:params:acme:error:compound", "detail": "several names failed",
                "subproblems": [
                    sub("caa", "CAA record for www prevents issuance", NAMES[0]),
                    sub("rejectedIdentifier", "policy forbids mail", NAMES[1]),
                    sub("dns", "about nobody", "bank.example"),
                ],
            }),
        );
    }
    let rig = Rig::due();
    rig.ca.twist(&[Step::Poll], Arc::new(failed));
    rig.suffers(&Want {
        waits: Some(WEEKLY),
        ..Want::failure(&[
            "several names failed",
            "CAA record for www prevents issuance (caa)",
            "policy forbids mail (rejectedIdentifier)",
            "what to do: the CA's policy forbids the name",
        ])
    });
    let status = rig.status();
    let problems: Vec<&Value> = status["names"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| &n["problem"])
        .collect();
    for (problem, word) in problems.iter().zip(["prevents issuance", "policy forbids"]) {
        assert!(problem.as_str().unwrap().contains(word), "{status:#}");
    }
    assert!(!status.to_string().contains("bank.example"), "{status:#}");
    rig.ca.heal();
    rig.recovers();
}

/// Members that nobody knows, in every document.
#[test]
fn unknown_members_do_no_harm() {
    let steps = [
        Step::Directory,
        Step::Account,
        Step::Order,
        Step::Authz,
        Step::Challenge,
        Step::Poll,
        Step::Finalize,
    ];
    let rig = Rig::due();
    let strange = |r: &mut Reply| {
        for (name, value) in [
            ("zero-day", json!(null)),
            ("extensions", json!([{"deep": {"deeper": [1, 2.5, "x"]}}])),
            ("auto-renewal", json!({"end-date": "2027-01-01T00:00:00Z"})),
            ("\u{1b}[2J", json!(true)),
        ] {
            r.set(name, value);
        }
    };
    rig.ca.twist(&steps, Arc::new(strange));
    rig.recovers();
}

/// A CA that is out of order says so by its status alone.
#[test]
fn failing_nonces() {
    let cases = [
        Case::new("503", Step::Nonce, |r| r.page(503), &["503"]).waits(LATER),
        Case::new(
            "429 for two hours",
            Step::Nonce,
            |r| {
                r.page(429);
                r.header("Retry-After", "7200");
            },
            &["429"],
        )
        .waits(7200)
        .deferred(),
    ];
    play(&cases, BUSY);
}
