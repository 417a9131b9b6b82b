//! Chains that are none, or somebody else's.

use crate::lanes::{BUSY, each};
use crate::pki::Form;
use crate::reply::{Reply, Step};
use crate::rig::{Case, NAMES, Rig, Want, play};
use std::ops::Range;

fn text(reply: &mut Reply, change: impl FnOnce(&str) -> String) {
    reply.body = change(std::str::from_utf8(&reply.body).unwrap()).into();
}

#[test]
fn chains_that_are_none() {
    let cases = [
        Case::new("nothing", Step::Certificate, |r| r.body.clear(), &["chain"]).lasting(),
        Case::new("a page", Step::Certificate, |r| r.page(200), &["chain"]).lasting(),
        Case::new(
            "noise",
            Step::Certificate,
            |r| r.body = vec![0x1b; 3000],
            &["chain"],
        )
        .lasting(),
        Case::new(
            "half of it",
            Step::Certificate,
            |r| r.body.truncate(300),
            &["chain"],
        )
        .lasting(),
        Case::new(
            "a key in it",
            Step::Certificate,
            |r| {
                text(r, |t| {
                    t.to_owned() + "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"
                });
            },
            &["chain"],
        )
        .lasting(),
        Case::new(
            "words around it",
            Step::Certificate,
            |r| text(r, |t| format!("subject=\u{1b}[2J\n{t}")),
            &["chain"],
        ),
        Case::new(
            "PEM of no certificate",
            Step::Certificate,
            |r| {
                text(r, |_| {
                    "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n".into()
                });
            },
            &["certificate"],
        )
        .lasting(),
        Case::new(
            "the issuer first",
            Step::Certificate,
            |r| {
                text(r, |t| {
                    let (leaf, above) = t.split_at(t.rfind("-----BEGIN").unwrap());
                    format!("{above}{leaf}")
                });
            },
            &["another key"],
        )
        .lasting(),
        Case::new(
            "ten thousand certificates",
            Step::Certificate,
            |r| text(r, |t| t.repeat(5000)),
            &["larger than 65536 bytes"],
        )
        .lasting(),
        Case::new(
            "fifty megabytes",
            Step::Certificate,
            |r| r.body = vec![b'\n'; 50_000_000],
            &["larger than 65536 bytes"],
        )
        .lasting(),
        Case::new(
            "forty certificates",
            Step::Certificate,
            |r| text(r, |t| t.repeat(20)),
            &["chain"],
        )
        .lasting(),
    ];
    play(&cases, BUSY);
}

#[test]
fn certificates_of_others() {
    let others = |names: &[&str]| Some(names.iter().map(|n| (*n).to_owned()).collect());
    let cases = [
        (
            "another key",
            Form {
                foreign_key: true,
                ..Form::good()
            },
            "another key",
        ),
        (
            "other names",
            Form {
                names: others(&["bank.example"]),
                ..Form::good()
            },
            "names",
        ),
        (
            "one name of two",
            Form {
                names: others(&NAMES[..1]),
                ..Form::good()
            },
            "names",
        ),
        (
            "a wildcard beside",
            Form {
                names: others(&["*.example"]),
                ..Form::good()
            },
            "names",
        ),
        (
            "ended",
            Form {
                days: -90..-1,
                ..Form::good()
            },
            "ended on",
        ),
        (
            "not yet begun",
            Form {
                days: 400..490,
                ..Form::good()
            },
            "begins on",
        ),
        (
            "ended before it began",
            Form {
                days: Range { start: 30, end: 10 },
                ..Form::good()
            },
            "begins on",
        ),
    ];
    let name = |case: &(&str, Form, &str)| case.0.to_owned();
    each(&cases, BUSY, name, |(_, form, words)| {
        let rig = Rig::due();
        rig.ca.form(form.clone());
        rig.suffers(&Want::failure(&[words]));
        rig.ca.heal();
        rig.recovers();
    });
}

/// More names than asked for are the CA's affair.
#[test]
fn a_name_too_many_does_no_harm() {
    let rig = Rig::due();
    let names = [&NAMES[..], &["more.demo.example"]].concat();
    let names = names.into_iter().map(str::to_owned).collect();
    rig.ca.form(Form {
        names: Some(names),
        ..Form::good()
    });
    rig.recovers();
}
