//! Orders and authorizations that make no sense: unknown words, other names, nothing to do.

use crate::lanes::WAITING;
use crate::reply::{Reply, Step};
use crate::rig::{Case, NAMES, Rig, Want, play};
use serde_json::{Value, json};
use std::sync::Arc;

/// The first challenge of an authorization.
fn challenge(reply: &mut Reply, change: impl FnOnce(&mut Value)) {
    reply.edit(|v| change(&mut v["challenges"][0]));
}

#[test]
fn orders_that_make_no_sense() {
    let cases = [
        Case::new(
            "an unknown status",
            Step::Order,
            |r| r.set("status", json!("thinking")),
            &["thinking"],
        ),
        Case::new(
            "a new order that failed",
            Step::Order,
            |r| r.set("status", json!("invalid")),
            &["the order failed"],
        ),
        Case::new(
            "an empty status",
            Step::Poll,
            |r| r.set("status", json!("")),
            &["RFC 8555 does not know"],
        ),
        Case::new(
            "ready for ever",
            Step::Finalize,
            |r| r.set("status", json!("ready")),
            &["order"],
        )
        .also(Step::Poll)
        .lasting(),
        Case::new(
            "valid from the start",
            Step::Order,
            |r| r.set("status", json!("valid")),
            &["names no certificate"],
        )
        .lasting(),
        Case::new(
            "valid without a certificate",
            Step::Finalize,
            |r| r.unset("certificate"),
            &["names no certificate"],
        )
        .lasting(),
        Case::new(
            "a hundred authorizations for two names",
            Step::Order,
            many,
            &["more authorizations than names"],
        )
        .lasting(),
        Case::new(
            "the same authorization twice",
            Step::Order,
            |r| r.edit(|v| v["authorizations"][1] = v["authorizations"][0].clone()),
            &["authorization"],
        )
        .lasting(),
        Case::new(
            "no authorization at all",
            Step::Order,
            |r| r.set("authorizations", json!([])),
            &["authorization"],
        )
        .lasting(),
        Case::new(
            "nothing that says where the order is",
            Step::Order,
            |r| r.without("Location"),
            &["Location"],
        ),
        Case::new(
            "nothing that says where the account is",
            Step::Account,
            |r| r.without("Location"),
            &["Location"],
        ),
    ];
    play(&cases, WAITING);
}

/// The first authorization, a hundred times.
fn many(reply: &mut Reply) {
    repeat(reply, 100);
}

fn repeat(reply: &mut Reply, times: usize) {
    reply.edit(|v| v["authorizations"] = json!(vec![v["authorizations"][0].clone(); times]));
}

/// An order that fails at once names thousands of authorizations: who reads them all never ends.
#[test]
fn a_failed_order_with_thousands_of_authorizations() {
    let rig = Rig::due();
    let twist = |r: &mut Reply| {
        repeat(r, 4000);
        r.set("status", json!("invalid"));
    };
    rig.ca.twist(&[Step::Order], Arc::new(twist));
    rig.suffers(&Want::failure(&["the order failed"]));
    let looks = rig.ca.asked().iter().filter(|s| **s == Step::Authz).count();
    let most = 2 * NAMES.len();
    assert!(looks <= most, "{looks} looks at authorizations");
    rig.ca.heal();
    rig.recovers();
}

#[test]
fn authorizations_that_make_no_sense() {
    let cases = [
        Case::new(
            "a name that was not ordered",
            Step::Authz,
            |r| {
                r.set(
                    "identifier",
                    json!({"type": "dns", "value": "bank.example"}),
                )
            },
            &["a name that was not ordered"],
        )
        .lasting(),
        Case::new(
            "an address instead of a name",
            Step::Authz,
            |r| r.set("identifier", json!({"type": "ip", "value": "192.0.2.1"})),
            &["a name that was not ordered"],
        )
        .lasting(),
        Case::new(
            "a wildcard instead of a name",
            Step::Authz,
            |r| r.set("wildcard", json!(true)),
            &["a name that was not ordered"],
        )
        .lasting(),
        Case::new(
            "no challenges",
            Step::Authz,
            |r| r.set("challenges", json!([])),
            &["does not offer http-01"],
        )
        .lasting(),
        Case::new(
            "a list of no challenges with a remedy that can be done",
            Step::Authz,
            |r| r.set("challenges", json!([])),
            &["offers no"],
        ),
        Case::new(
            "no list of challenges",
            Step::Authz,
            |r| r.unset("challenges"),
            &["does not offer http-01"],
        )
        .lasting(),
        Case::new(
            "an unknown challenge",
            Step::Authz,
            |r| challenge(r, |c| c["type"] = json!("carrier-pigeon-01")),
            &["does not offer http-01", "carrier-pigeon-01"],
        )
        .lasting(),
        Case::new(
            "a thousand unknown challenges",
            Step::Authz,
            |r| {
                let one = |n| json!({"type": format!("unknown-challenge-of-the-number-{n}"), "url": "https://localhost/"});
                r.set("challenges", (0..1000).map(one).collect());
            },
            &["does not offer http-01", "unknown-challenge"],
        ),
        Case::new(
            "failed before anybody answered",
            Step::Authz,
            |r| {
                r.edit(|v| {
                    v["status"] = json!("invalid");
                    v["challenges"][0]["status"] = json!("invalid");
                    v["challenges"][0]["error"] =
                        json!({"type": "urn:ietf:params:acme:error:caa", "detail": "CAA says no"});
                })
            },
            &["CAA says no"],
        )
        .lasting(),
    ];
    play(&cases, WAITING);
}
