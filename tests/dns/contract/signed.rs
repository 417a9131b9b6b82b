//! Signatures, compared with those of the providers' own clients.

use super::rig::{record, settings, value};
use super::world::{Desk, Sent, Wire};
use super::{CASES, module};
use crate::support::process;
use crate::support::temp_root::TempRoot;
use crate::support::tools;
use certkeeper::types::Secret;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Where `tests/run` puts packages of Python.
pub fn packages() -> Option<PathBuf> {
    let folder = tools::folder().join("oracles");
    if folder.join("moto").is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("CERTKEEPER_TEST_REQUIRE").is_none(),
        "moto is missing, but CERTKEEPER_TEST_REQUIRE says that everything is installed"
    );
    tools::skip("moto", "not installed (tests/run fetches it)");
    None
}

fn as_json(sent: &Sent) -> Value {
    json!({"method": sent.method, "url": sent.url, "headers": sent.headers, "body": sent.body})
}

/// Has the provider's own client sign the same requests.
#[track_caller]
fn agrees(scheme: &str, settings: &[(&str, &str)], sent: &[Sent]) {
    let Some(packages) = packages() else { return };
    let temp = TempRoot::new();
    let file = temp.server_folder("signed").join("requests.json");
    let settings: serde_json::Map<String, Value> = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect();
    let sent: Vec<Value> = sent.iter().map(as_json).collect();
    assert!(sent.len() > 3, "{scheme}: too few requests to tell");
    let all = json!({"scheme": scheme, "settings": settings, "requests": sent});
    fs::write(&file, all.to_string()).unwrap();
    let mut command = Command::new(tools::path_of("python3"));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dns/contract/oracle.py");
    command.arg(script).arg(&file).env("PYTHONPATH", packages);
    let said = process::run(command, Duration::from_secs(60)).ok();
    assert_eq!(said.trim(), format!("{} signatures agree", sent.len()));
}

#[test]
fn akamai_and_ovh_sign_as_their_own_clients_do() {
    for name in ["akamai", "ovh"] {
        let case = CASES.iter().find(|c| c.module == name).unwrap();
        let (wire, clock) = (Wire::new(case.emulator), Desk::new());
        let rig = case.rig(&wire, &clock);
        let (one, two) = (
            record(case.challenge(), &value(1)),
            record(case.challenge(), &value(2)),
        );
        for (record, there) in [(&one, true), (&two, true), (&one, false), (&two, false)] {
            rig.change(record, there).unwrap();
        }
        let sent = wire.sent.borrow().clone();
        let signed: Vec<Sent> = sent
            .into_iter()
            .filter(|s| !s.url.ends_with("/auth/time"))
            .collect();
        agrees(name, case.settings, &signed);
    }
}

#[test]
fn route53_signs_as_botocore_does() {
    let mut all = vec![
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        (
            "AWS_SECRET_ACCESS_KEY",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        ),
    ];
    for token in ["", "a/session+token=="] {
        all.push(("AWS_SESSION_TOKEN", token));
        let (wire, clock) = (Wire::new(amazon), Desk::new());
        let context = certkeeper::dns::Context {
            descriptor: module("route53").descriptor,
            credentials: settings(&all),
            http: &wire,
            nameserver: &certkeeper::net::Updater,
            clock: &clock,
        };
        let provider = (module("route53").open)(context).unwrap();
        let name = "_acme-challenge.demo.example";
        // The reply never shows the value: it is written as often as it may be.
        provider.change(&record(name, &value(1)), true).unwrap_err();
        provider.wait().unwrap();
        let sent = wire.sent.borrow().clone();
        agrees("route53", &all, &sent);
        all.pop();
    }
}

#[test]
fn amazon_s_words_are_told_without_the_secret() {
    for (code, words) in [
        (
            "SignatureDoesNotMatch",
            "does not take the credentials (AWS_SECRET_ACCESS_KEY)",
        ),
        ("AccessDenied", "does not allow this with the credentials"),
        ("InvalidInput", "answered 403: it is "),
        ("Throttling", "limits the rate: it is ***"),
    ] {
        let (wire, clock) = (Wire::new(denies), Desk::new());
        wire.world.borrow_mut().add("", "code", code);
        let mut credentials = settings(&[("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")]);
        let secret = Secret::new("key-of-amazon");
        credentials.insert("AWS_SECRET_ACCESS_KEY".into(), secret);
        let context = certkeeper::dns::Context {
            descriptor: module("route53").descriptor,
            credentials,
            http: &wire,
            nameserver: &certkeeper::net::Updater,
            clock: &clock,
        };
        let provider = (module("route53").open)(context).unwrap();
        let error = provider
            .change(&record("a.demo.example", "x"), true)
            .unwrap_err();
        let words = if code == "InvalidInput" {
            "does not allow this"
        } else {
            words
        };
        assert!(error.to_string().contains(words), "{code}: {error}");
        assert!(!error.to_string().contains("key-of-amazon"), "{error}");
    }
}

/// One zone, no record, changes that take a while.
fn amazon(world: &mut super::world::World, sent: &Sent) -> (u16, String) {
    let last = sent.path.last().map_or("", String::as_str);
    let body = match last {
        "hostedzonesbyname" if sent.query("dnsname") == "demo.example" => {
            "<HostedZone><Id>/hostedzone/Z1</Id><Name>demo.example.</Name><Config><PrivateZone>true</PrivateZone></Config></HostedZone>\
             <HostedZone><Id>/hostedzone/Z2</Id><Name>demo.example.</Name><Config><PrivateZone>false</PrivateZone></Config></HostedZone>"
        }
        "C1" => {
            world.running += 1;
            if world.running > 2 {
                "<Status>INSYNC</Status>"
            } else {
                "<Status>PENDING</Status>"
            }
        }
        _ if sent.method == "POST" => {
            "<ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status></ChangeInfo>"
        }
        _ => "<ResourceRecordSets></ResourceRecordSets>",
    };
    assert!(sent.method == "GET" || sent.path[2] == "Z2", "{sent:?}");
    (200, format!("<?xml version=\"1.0\"?><Reply>{body}</Reply>"))
}

fn denies(world: &mut super::world::World, _: &Sent) -> (u16, String) {
    let code = &world.values("code")[0];
    let status = if code == "Throttling" { 400 } else { 403 };
    let text = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>it is key-of-amazon</Message></Error></ErrorResponse>"
    );
    (status, text)
}
