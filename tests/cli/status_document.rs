//! `status --json`: the fields of src/status/mod.rs.

use super::holdings::END;
use super::status::zoo;
use super::{DAY, NOW, run, site};
use certkeeper::status::Document;
use certkeeper::types::FromJson;
use serde_json::{Value, json};

/// What stands beside the sections: name, kind of value, whether it is always there.
const HEAD: &[(&str, &str, bool)] = &[
    ("now", "number", true),
    ("clock_set", "flag", true),
    ("ca_bundle", "flag", true),
    ("secrets", "table", true),
    ("sections", "list", true),
    ("acme", "list", false),
    ("port_80", "table", false),
];
/// The fields of src/status/mod.rs: name, kind of value, whether they are always there.
const DOCUMENT: &[(&str, &str, bool)] = &[
    ("section", "text", true),
    ("state", "text", true),
    ("label", "text", true),
    ("names", "list", true),
    ("primary", "flag", true),
    ("source", "text", true),
    ("account", "text", true),
    ("ca", "text", true),
    ("certificate", "table", false),
    ("next", "number", false),
    ("stage", "text", false),
    ("last_attempt", "table", false),
    ("warnings", "list", false),
    ("secrets", "list", false),
];
const NAME: &[(&str, &str, bool)] = &[
    ("name", "text", true),
    ("method", "text", true),
    ("state", "text", true),
    ("problem", "text", false),
];
const CERTIFICATE: &[(&str, &str, bool)] = &[
    ("version", "number", true),
    ("issuer", "text", true),
    ("serial", "text", true),
    ("key_type", "text", true),
    ("fingerprint", "text", true),
    ("not_before", "number", true),
    ("not_after", "number", true),
    ("account", "text", true),
    ("instead_of", "table", false),
    ("due", "number", false),
    ("ari", "table", false),
];
const ATTEMPT: &[(&str, &str, bool)] = &[
    ("state", "text", true),
    ("stage", "text", true),
    ("problem", "text", true),
    ("remedy", "text", true),
    ("at", "number", true),
    ("next", "number", false),
];
const STATES: [&str; 11] = [
    "disabled",
    "initializing",
    "initialized",
    "banned",
    "valid",
    "deferred",
    "dns_error",
    "connection_error",
    "invalid",
    "internal_error",
    "not_checked",
];

#[track_caller]
fn fits(value: &Value, fields: &[(&str, &str, bool)]) {
    let found = value.as_object().expect("a table");
    for (name, kind, always) in fields {
        let Some(value) = found.get(*name) else {
            assert!(!always, "no {name} in {value}");
            continue;
        };
        let kind_of = match value {
            Value::String(_) => "text",
            Value::Bool(_) => "flag",
            Value::Number(n) if n.is_i64() => "number",
            Value::Array(_) => "list",
            Value::Object(_) => "table",
            _ => "nothing",
        };
        assert_eq!(kind_of, *kind, "{name} in {found:?}");
    }
    for name in found.keys() {
        assert!(
            fields.iter().any(|(n, _, _)| n == name),
            "{name} is not described"
        );
    }
}

#[test]
fn the_document_has_the_fields_that_are_described() {
    let temp = zoo();
    let all: Value = serde_json::from_str(&run(&temp, "status --json", 0).stdout).expect("JSON");
    fits(&all, HEAD);
    let names = all["secrets"].as_object().expect("a table").values();
    assert!(
        names
            .flat_map(|names| names.as_array().expect("a list"))
            .all(|name| !name.as_str().expect("text").contains('=')),
        "names, never values"
    );
    let sections = all["sections"].as_array().expect("a list");
    assert_eq!(sections.len(), 13);
    let mut seen = std::collections::BTreeSet::new();
    for document in sections {
        fits(document, DOCUMENT);
        assert!(STATES.contains(&document["state"].as_str().expect("text")));
        seen.extend(document.as_object().expect("a table").keys().cloned());
        for name in document["names"].as_array().expect("a list") {
            fits(name, NAME);
            assert!(STATES.contains(&name["state"].as_str().expect("text")));
        }
        document
            .get("certificate")
            .inspect(|c| fits(c, CERTIFICATE));
        document.get("last_attempt").inspect(|a| fits(a, ATTEMPT));
        // What the other programs of this crate read is the same.
        let typed = Document::read(document.clone()).expect("a document");
        assert_eq!(serde_json::to_value(&typed).expect("JSON"), *document);
        assert_eq!(typed.state.label(), typed.label);
        // And so is what is told of one section alone.
        let one = run(&temp, &format!("status --json {}", typed.section), 0).stdout;
        assert_eq!(
            serde_json::from_str::<Value>(&one).expect("JSON"),
            *document
        );
    }
    let wanted = DOCUMENT
        .iter()
        .map(|(n, _, _)| (*n).to_owned())
        .filter(|n| n != "stage");
    assert_eq!(seen, wanted.collect(), "each field is in use");
    let served = &sections[0];
    assert_eq!(served["certificate"]["due"], json!(END - 10 * DAY));
    assert_eq!(served["next"], json!(END - 10 * DAY));
    assert_eq!(
        (&served["source"], &served["primary"]),
        (&json!("acme"), &json!(true))
    );
    assert_eq!(
        sections[7]["secrets"],
        json!(["EXEC_PATH"]),
        "names, never values"
    );
}

/// A page that begins tells who has port 80 now.
#[test]
fn where_there_is_no_section_the_document_tells_who_has_port_80() {
    let temp = site(&[]);
    let mut wanted = json!({
        "now": NOW, "clock_set": true, "ca_bundle": false, "secrets": {}, "sections": [], "port_80": null
    });
    let status = || {
        let text = run(&temp, "status --json", 0).stdout;
        serde_json::from_str::<Value>(&text).expect("JSON")
    };
    assert_eq!(status(), wanted);
    // Of what acme has, names alone: its file holds credentials.
    let acme = "config cert 'shop'\n list domains 'shop.example.org'\n option enabled '1'\n list credentials 'A=hunter2'\n";
    temp.write("/etc/config/acme", acme);
    wanted["acme"] = json!([{"section": "shop", "names": ["shop.example.org"], "enabled": true}]);
    assert_eq!(status(), wanted);
    let zone = "config zone\n option name 'wan'\n list device '*'\n option input 'REJECT'\n";
    let to = "config redirect\n option src 'wan'\n option src_dport '80'\n option proto 'tcp'\n";
    let inside = " option dest_ip '192.168.1.10'\n option dest_port '8080'\n";
    temp.write("/etc/config/firewall", format!("{zone}{to}{inside}"));
    wanted["port_80"] = json!({"host": "192.168.1.10", "port": 8080});
    assert_eq!(status(), wanted);
    let open = to
        .replace("redirect", "rule")
        .replace("src_dport", "dest_port");
    temp.write(
        "/etc/config/firewall",
        format!("{zone}{open} option target 'ACCEPT'\n"),
    );
    wanted["port_80"] = json!({"host": null, "port": 80});
    assert_eq!(status(), wanted);
}
