//! `status --prometheus`, read by the rules of the text format (version 0.0.4).

use super::holdings::END;
use super::status::zoo;
use super::support::{process, tools};
use super::{NOW, cert, run, site};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

/// A sample: metric, labels, value.
type Sample = (String, BTreeMap<String, String>, i64);

fn is_name(text: &str) -> bool {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The labels between the braces; what follows the closing one.
fn labels(text: &str) -> (BTreeMap<String, String>, &str) {
    let mut labels = BTreeMap::new();
    let mut rest = text;
    loop {
        let (name, after) = rest.split_once("=\"").expect("a label");
        assert!(is_name(name), "{name}");
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next().expect("the value's end") {
                (at, '"') => break at + 1,
                (_, '\\') => value.push(match chars.next().expect("an escape").1 {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    c => panic!("\\{c} is no escape"),
                }),
                (_, c) => value.push(c),
            }
        };
        assert!(labels.insert(name.to_owned(), value).is_none(), "{name}");
        rest = &after[end..];
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return (labels, rest.strip_prefix('}').expect("a brace")),
        }
    }
}

/// Each metric has HELP and TYPE once, before all its samples, which stand together and differ.
fn parse(text: &str) -> Vec<Sample> {
    assert!(text.ends_with('\n'));
    let (mut samples, mut done) = (Vec::new(), BTreeSet::new());
    let (mut helped, mut typed) = (String::new(), String::new());
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            helped = help.split_once(' ').expect("a text").0.to_owned();
            assert!(done.insert(helped.clone()), "{helped} stands twice");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a type");
            assert_eq!((name, kind), (helped.as_str(), "gauge"));
            typed = name.to_owned();
        } else {
            let (name, rest) = line.split_once('{').expect("labels");
            assert!(is_name(name) && name == typed, "{line}");
            let (labels, value) = labels(rest);
            let value = value.strip_prefix(' ').expect("a value");
            samples.push((name.to_owned(), labels, value.parse().expect("a number")));
        }
    }
    let different: BTreeSet<_> = samples.iter().map(|(n, l, _)| (n, l)).collect();
    assert_eq!(different.len(), samples.len(), "two samples are the same");
    samples
}

#[test]
fn every_section_has_its_metrics() {
    let temp = zoo();
    let samples = parse(&run(&temp, "status --prometheus", 0).stdout);
    let value = |name: &str, section: &str| {
        let of =
            |(n, l, _): &&Sample| n == &format!("certkeeper_{name}") && l["section"] == section;
        samples.iter().find(of).map(|s| s.2)
    };
    let end = "certificate_not_after_timestamp_seconds";
    assert_eq!(value(end, "served"), Some(END));
    assert_eq!(value(end, "fresh"), None);
    assert_eq!(value("last_attempt_failed", "served"), Some(0));
    assert_eq!(value("last_attempt_failed", "refused"), Some(1));
    assert_eq!(
        value("next_attempt_timestamp_seconds", "limited"),
        Some(NOW + 90)
    );
    assert_eq!(value("warnings", "wrong"), Some(1));
    // One state each, and it is the one that the table has.
    let states = samples
        .iter()
        .filter(|(n, _, v)| n == "certkeeper_section_state" && *v == 1);
    let states: Vec<String> = states
        .map(|(_, l, _)| format!("{} {}", l["section"], l["state"]))
        .collect();
    assert_eq!(states.len(), 13);
    for state in [
        "served valid",
        "expired banned",
        "dns dns_error",
        "fresh not_checked",
    ] {
        assert!(states.iter().any(|s| s == state), "{state}: {states:?}");
    }
}

/// Prometheus' own program reads it, and finds nothing to better.
#[test]
fn promtool_takes_it() {
    if !tools::have(&[&["promtool"]]) {
        return;
    }
    let temp = zoo();
    let metrics = temp.write("metrics", run(&temp, "status --prometheus", 0).stdout);
    let mut check = Command::new("/bin/sh");
    check.args(["-c", "exec \"$0\" check metrics <\"$1\""]);
    check.arg(tools::path_of("promtool")).arg(metrics);
    let checked = process::run(check, Duration::from_secs(30));
    assert_eq!(
        (checked.code(), checked.report().contains("certkeeper_")),
        (0, false),
        "{}",
        checked.report()
    );
}

#[test]
fn labels_hold_what_an_issuer_is_called() {
    let temp = site(&[cert("web", "")]);
    super::holdings::hold(&temp, "web", END);
    let meta = "/etc/certkeeper/certs/web/versions/1/meta.json";
    let text = temp.read(meta).replace("Test CA", r#"A \"B\" \\ C\nD"#);
    temp.write(meta, text);
    let samples = parse(&run(&temp, "status web --prometheus", 0).stdout);
    let info = samples
        .iter()
        .find(|s| s.0 == "certkeeper_certificate_info");
    assert_eq!(info.expect("info").1["issuer"], "A \"B\" \\ C\nD");
}

#[test]
fn nothing_configured_is_no_metric() {
    assert_eq!(run(&site(&[]), "status --prometheus", 0).stdout.trim(), "");
}
