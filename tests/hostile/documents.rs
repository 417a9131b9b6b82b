//! JSON that is wrong: huge, deep, of other types, with members missing.

use crate::lanes::BUSY;
use crate::reply::{Reply, Step};
use crate::rig::{Case, play};
use serde_json::{Value, json};

fn text(reply: &mut Reply, text: &str) {
    reply.body = text.into();
}

#[test]
fn documents_of_another_kind() {
    let cases = [
        Case::new(
            "an empty directory",
            Step::Directory,
            |r| text(r, ""),
            &["no ACME directory", "check the URL"],
        ),
        Case::new(
            "a directory that is a list",
            Step::Directory,
            |r| text(r, "[]"),
            &["no ACME directory"],
        ),
        Case::new(
            "a page for a directory",
            Step::Directory,
            |r| r.page(200),
            &["no ACME directory"],
        ),
        Case::new(
            "no newNonce",
            Step::Directory,
            |r| r.unset("newNonce"),
            &["no ACME directory"],
        ),
        Case::new(
            "no newAccount",
            Step::Directory,
            |r| r.unset("newAccount"),
            &["no ACME directory"],
        ),
        Case::new(
            "no newOrder",
            Step::Directory,
            |r| r.unset("newOrder"),
            &["no ACME directory"],
        ),
        Case::new(
            "a number for a URL",
            Step::Directory,
            |r| r.set("newOrder", json!(7)),
            &["no ACME directory"],
        ),
        Case::new(
            "half an order",
            Step::Order,
            |r| r.body.truncate(40),
            &["not an order"],
        ),
        Case::new(
            "a page for an order",
            Step::Order,
            |r| r.page(200),
            &["not an order"],
        ),
        Case::new(
            "an order that is null",
            Step::Order,
            |r| text(r, "null"),
            &["not an order"],
        ),
        Case::new(
            "no UTF-8",
            Step::Order,
            |r| r.body = vec![0xff; 500],
            &["not an order"],
        ),
        Case::new(
            "a status that is a number",
            Step::Order,
            |r| r.set("status", json!(1)),
            &["not an order"],
        ),
        Case::new(
            "no finalize",
            Step::Order,
            |r| r.unset("finalize"),
            &["not an order"],
        ),
        Case::new(
            "authorizations that are objects",
            Step::Order,
            |r| r.set("authorizations", json!([{}])),
            &["not an order"],
        ),
        Case::new(
            "deep JSON",
            Step::Order,
            |r| text(r, &"[".repeat(100_000)),
            &["not an order"],
        ),
        Case::new(
            "deep objects",
            Step::Authz,
            |r| text(r, &"{\"a\":".repeat(40_000)),
            &["not an authorization"],
        ),
        Case::new(
            "deep profiles",
            Step::Directory,
            |r| {
                r.set("meta", json!({"profiles": "deep"}));
                let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
                let body = String::from_utf8_lossy(&r.body).replace("\"deep\"", &deep);
                text(r, &body);
            },
            &["no ACME directory"],
        ),
        Case::new(
            "a page for an authorization",
            Step::Authz,
            |r| r.page(200),
            &["not an authorization"],
        ),
        Case::new(
            "an identifier without value",
            Step::Authz,
            |r| r.set("identifier", json!({"type": "dns"})),
            &["not an authorization"],
        ),
        Case::new(
            "challenges of text",
            Step::Authz,
            |r| r.set("challenges", json!("http-01")),
            &["not an authorization"],
        ),
        Case::new(
            "a page for a finalized order",
            Step::Finalize,
            |r| r.page(200),
            &["not an order"],
        ),
    ];
    play(&cases, BUSY);
}

#[test]
fn documents_that_are_huge() {
    fn spaces(reply: &mut Reply) {
        reply.body.extend(vec![b' '; 50_000_000]);
    }
    let cases = [
        Case::new(
            "directory",
            Step::Directory,
            spaces,
            &["larger than 262144 bytes"],
        ),
        Case::new(
            "account",
            Step::Account,
            spaces,
            &["larger than 262144 bytes"],
        ),
        Case::new("order", Step::Order, spaces, &["larger than 262144 bytes"]),
        Case::new(
            "authorization",
            Step::Authz,
            spaces,
            &["larger than 262144 bytes"],
        ),
        Case::new(
            "challenge",
            Step::Challenge,
            spaces,
            &["larger than 262144 bytes"],
        ),
        Case::new(
            "finalize",
            Step::Finalize,
            spaces,
            &["larger than 262144 bytes"],
        ),
        Case::new(
            "a problem",
            Step::Order,
            |r| r.problem(400, "malformed", &"no ".repeat(1_000_000)),
            &["larger than 262144 bytes"],
        ),
    ];
    play(&cases, BUSY);
}

#[test]
fn problems_with_thousands_of_parts() {
    fn parts(count: usize) -> Value {
        let one = |n| {
            let kind = "urn:ietf:params:acme:error:caa";
            let name = json!({"type": "dns", "value": format!("n{n}.example")});
            json!({"type": kind, "detail": "no", "identifier": name})
        };
        (0..count).map(one).collect()
    }
    let cases = [
        Case::new(
            "names that nobody ordered",
            Step::Order,
            |r| {
                r.problem(403, "caa", "not for you");
                r.set("subproblems", parts(1500));
            },
            &["not for you", "CAA"],
        ),
        Case::new(
            "within the order",
            Step::Poll,
            |r| {
                let error = json!({"type": "urn:ietf:params:acme:error:caa", "detail": "not for you",
                    "subproblems": parts(1500)});
                r.set("status", json!("invalid"));
                r.set("error", error);
            },
            &["not for you", "CAA"],
        ),
    ];
    play(&cases, BUSY);
}
