//! Every error type in its class, every saying in words, with what CAs really write.

mod written;

use super::*;
use Class::{Elsewhere, Later, OnChange};
use State::{ConnectionError, Deferred, DnsError, Invalid};
use std::collections::BTreeSet;
use written::{By, CASES};

/// A problem document as it comes.
fn problem(kind: &str, detail: &str) -> Problem {
    let text = serde_json::json!({
        "type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail,
    });
    Problem::parse(text.to_string().as_bytes()).expect("a problem")
}

/// A public CA, by its directory.
fn public() -> Account {
    Account::former("main", "https://acme-v02.api.letsencrypt.org/directory")
}

/// A CA of one's own.
fn own() -> Account {
    Account::former("home", "https://ca.test/acme")
}

fn subject(account: &Account, by: By) -> Subject<'_> {
    Subject {
        account,
        section: "web",
        key: "ec521",
        way: by.way(),
        until: Timestamp::parse_rfc3339("2026-11-28T12:00:00Z"),
    }
}

/// The design's table and the state of each type.
const TYPES: &[(&str, State, Class)] = &[
    ("accountDoesNotExist", Invalid, Later),
    ("alreadyRevoked", Invalid, Later),
    ("badCSR", Invalid, OnChange),
    ("badNonce", Invalid, Later),
    ("badPublicKey", Invalid, OnChange),
    ("badRevocationReason", Invalid, Later),
    ("badSignatureAlgorithm", Invalid, Later),
    ("caa", DnsError, Later),
    ("compound", Invalid, Later),
    ("connection", Invalid, Later),
    ("dns", DnsError, Later),
    ("externalAccountRequired", Invalid, OnChange),
    ("incorrectResponse", Invalid, Later),
    ("invalidContact", Invalid, OnChange),
    ("malformed", Invalid, Later),
    ("orderNotReady", Invalid, Later),
    ("rateLimited", Deferred, Elsewhere),
    ("rejectedIdentifier", Invalid, OnChange),
    ("serverInternal", ConnectionError, Elsewhere),
    ("tls", Invalid, Later),
    ("unauthorized", Invalid, Later),
    ("unsupportedContact", Invalid, OnChange),
    ("unsupportedIdentifier", Invalid, OnChange),
    ("userActionRequired", Invalid, OnChange),
    ("alreadyReplaced", Invalid, Later),
    ("invalidProfile", Invalid, OnChange),
    ("autoRenewalCanceled", Invalid, Later),
    ("autoRenewalExpired", Invalid, Later),
    ("autoRenewalCancellationInvalid", Invalid, Later),
    ("autoRenewalRevocationNotSupported", Invalid, Later),
    ("unknownDelegation", Invalid, Later),
    ("onionCAARequired", DnsError, Later),
    ("notInAnyDocument", Invalid, Later),
];

#[test]
fn every_type_has_its_state_and_class() {
    for (name, state, class) in TYPES {
        let failure = Failure::said(&public(), &problem(name, "so it is"), None);
        assert_eq!(failure.state, *state, "{name}");
        assert_eq!(failure.elsewhere, *class == Elsewhere, "{name}");
        assert_eq!(
            failure.retry == Retry::OnChange,
            *class == OnChange,
            "{name}"
        );
        assert_eq!(failure.problem, format!("Let's Encrypt: so it is ({name})"));
    }
    let listed: BTreeSet<&str> = TYPES.iter().map(|t| t.0).collect();
    for kind in &KINDS {
        assert!(listed.contains(kind.name), "{} is not tested", kind.name);
        assert_eq!(KINDS.iter().filter(|k| k.name == kind.name).count(), 1);
    }
    assert_eq!(listed.len(), KINDS.len() + 1);
}

#[test]
fn every_remedy_is_whole() {
    let of_kinds = TYPES.iter().map(|t| problem(t.0, ""));
    for problem in of_kinds {
        for account in [public(), own()] {
            for by in [By::Port, By::Tls, By::Dns, By::Persist] {
                let text = subject(&account, by).remedy(&problem);
                assert!(text.len() > 30, "{problem}: {text}");
                assert!(!text.contains(['{', '}']), "{problem}: {text}");
                assert!(!text.ends_with('.'), "{problem}: {text}");
            }
        }
    }
    for saying in &SAYINGS {
        let mut rest = saying.remedy.to_owned();
        for name in [
            "{ca}",
            "{account}",
            "{section}",
            "{key}",
            "{until}",
            "{port}",
        ] {
            rest = rest.replace(name, "");
        }
        assert!(!rest.contains(['{', '}']), "{rest}");
        if let Sign::Says(words) = saying.sign {
            let lower = words.iter().all(|w| *w == w.to_lowercase());
            assert!(lower, "{words:?} is compared with lower case");
        }
    }
}

#[test]
fn what_cas_write_is_told_in_words() {
    let account = public();
    for (kind, detail, by, words) in CASES {
        let text = subject(&account, *by).remedy(&problem(kind, detail));
        for word in *words {
            assert!(
                text.contains(word),
                "{kind} {detail:?}: no {word:?} in {text:?}"
            );
        }
    }
}

/// No saying is there that no test knows, or that an earlier one hides.
#[test]
fn every_saying_is_met() {
    let account = public();
    let mut met = BTreeSet::new();
    for (kind, detail, by, _) in CASES {
        let subject = subject(&account, *by);
        let problem = problem(kind, detail);
        met.extend(SAYINGS.iter().position(|s| subject.fits(s, &problem)));
    }
    for (n, saying) in SAYINGS.iter().enumerate() {
        assert!(met.contains(&n), "nobody says {saying:?}");
    }
}

/// A CA in the house looks at addresses of the house.
#[test]
fn a_private_address_is_right_for_a_private_ca() {
    let text = "192.168.1.1: Fetching http://router.lan/: Connection refused";
    let remedy = subject(&own(), By::Port).remedy(&problem("connection", text));
    assert!(remedy.starts_with("nobody takes connections"), "{remedy}");
}

#[test]
fn finds_addresses_in_texts() {
    let found = |text: &str| -> Vec<String> { addresses(text).map(|a| a.to_string()).collect() };
    assert_eq!(
        found("192.0.2.1: no; 198.51.100.7:80, [2001:db8::1]:80."),
        ["192.0.2.1", "198.51.100.7", "2001:db8::1"]
    );
    assert_eq!(
        found("Error creating new order :: too many at 12:00:00, face: dead.beef"),
        [""; 0]
    );
}

#[test]
fn reads_the_time_of_a_rate_limit() {
    let text = "too many certificates (5) already issued: retry after 2026-11-21 12:00:00 UTC: see https://…";
    assert_eq!(
        time_in(text),
        Timestamp::parse_rfc3339("2026-11-21T12:00:00Z")
    );
    assert_eq!(time_in("retry after lunch"), None);
}

/// Of several that are summed up, the one that lasts counts.
#[test]
fn a_sum_means_what_its_parts_mean() {
    let with = |outer: &str, subs: &[&str]| {
        let subs: Vec<_> = subs
            .iter()
            .map(|kind| {
                serde_json::json!({"type": format!("urn:ietf:params:acme:error:{kind}"), "detail": "no"})
            })
            .collect();
        let text = serde_json::json!({
            "type": format!("urn:ietf:params:acme:error:{outer}"), "detail": "several", "subproblems": subs,
        });
        let problem = Problem::parse(text.to_string().as_bytes()).expect("a problem");
        let failure = Failure::said(&public(), &problem, None);
        (failure.state, failure.retry == Retry::OnChange)
    };
    assert_eq!(with("compound", &["caa", "caa"]), (DnsError, false));
    assert_eq!(
        with("compound", &["caa", "rejectedIdentifier"]),
        (Invalid, true)
    );
    assert_eq!(with("malformed", &["rateLimited"]), (Deferred, false));
    assert_eq!(with("compound", &[]), (Invalid, false));
    // One that says something by itself keeps its word.
    assert_eq!(with("rejectedIdentifier", &["caa"]), (Invalid, true));
}

#[test]
fn the_status_of_a_reply_says_that_the_ca_is_down_or_limits() {
    for (status, state, elsewhere) in [
        (400, Invalid, false),
        (403, Invalid, false),
        (429, Deferred, true),
        (500, ConnectionError, true),
        (503, ConnectionError, true),
    ] {
        let failure = Failure::said(&public(), &problem("malformed", "x"), None);
        let failure = failure.with_status(status);
        assert_eq!(
            (failure.state, failure.elsewhere),
            (state, elsewhere),
            "{status}"
        );
    }
}
