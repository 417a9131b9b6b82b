//! `cas` and `providers`: the tables of the crate, whole.

use super::support::temp_root::TempRoot;
use super::{has, run};
use certkeeper::acme::ca::{Eab, PRESETS};
use certkeeper::dns;
use serde_json::{Value, json};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e} in {text}"))
}

#[test]
fn cas_lists_every_preset() {
    let temp = TempRoot::new();
    let text = run(&temp, "cas", 0).stdout;
    let head: Vec<&str> = text
        .lines()
        .next()
        .expect("a head")
        .split("  ")
        .filter(|c| !c.is_empty())
        .collect();
    let wanted = [
        "NAME",
        "CA",
        "EXTERNAL ACCOUNT",
        "WILDCARDS",
        "ADDRESSES",
        "KEYS",
        "PROFILES",
        "NOTE",
    ];
    assert_eq!(head.iter().map(|c| c.trim()).collect::<Vec<_>>(), wanted);
    let list = parsed(&run(&temp, "cas --json", 0).stdout);
    let list = list["cas"].as_array().expect("a list").clone();
    assert_eq!(list.len(), PRESETS.len());
    for ((preset, line), json) in PRESETS.iter().zip(text.lines().skip(1)).zip(list) {
        let start = format!("{} ", preset.name);
        assert!(line.starts_with(&start), "{line}");
        has(line, &[preset.title, preset.ended.unwrap_or(preset.note)]);
        let keys: Vec<&str> = preset.keys.iter().map(|k| k.name()).collect();
        let profiles: Vec<&str> = preset.profiles.iter().map(|p| p.name).collect();
        for words in [&keys, &profiles] {
            let shown = match (preset.ended, words.as_slice()) {
                (Some(_), _) => " - ".to_owned(),
                (None, []) => "ask the CA".to_owned(),
                (None, words) => words.join(" "),
            };
            has(line, &[&shown]);
        }
        assert_eq!(
            json,
            json!({
                "name": preset.name, "title": preset.title, "directory": preset.directory,
                "staging": preset.staging, "external_account": preset.eab != Eab::No,
                "external_account_by_email": preset.name == "zerossl", "email": preset.email,
                "wildcards": preset.wildcards, "addresses": preset.ips, "key_types": keys,
                "profiles": profiles, "rollover": preset.rollover, "terms": preset.terms, "ended": preset.ended,
                "note": preset.note,
            })
        );
    }
}

#[test]
fn providers_lists_every_module_with_its_fields() {
    let temp = TempRoot::new();
    let text = run(&temp, "providers", 0).stdout;
    let blocks: Vec<&str> = text.split("\n\n").collect();
    let list = parsed(&run(&temp, "providers --json", 0).stdout);
    let list = list["providers"].as_array().expect("a list").clone();
    assert_eq!(
        (blocks.len(), list.len()),
        (dns::modules().len(), dns::modules().len())
    );
    for ((module, block), json) in dns::modules().iter().zip(blocks).zip(list) {
        let d = module.descriptor;
        assert!(block.starts_with(d.name), "{block}");
        has(block, &[d.title, d.docs]);
        for alias in d.aliases {
            has(block, &[alias]);
            assert_eq!(
                run(&temp, &format!("providers {alias}"), 0).stdout.trim(),
                block.trim()
            );
        }
        assert_eq!(json["name"], json!(d.name));
        assert_eq!(
            (&json["title"], &json["docs"]),
            (&json!(d.title), &json!(d.docs))
        );
        assert_eq!(json["aliases"], json!(d.aliases));
        assert_eq!(json["writes"], json!(d.writes.describe()));
        for (field, json) in d
            .fields
            .iter()
            .zip(json["fields"].as_array().expect("a list"))
        {
            let line = block
                .lines()
                .find(|l| l.trim_start().starts_with(&format!("{} ", field.name)));
            let line = line.unwrap_or_else(|| panic!("{} in {block}", field.name));
            let need = match (field.secret, field.default) {
                (true, None) => "(secret)".to_owned(),
                (true, Some(_)) => "(secret, optional)".to_owned(),
                (false, None) => "(needed)".to_owned(),
                (false, Some("")) => "(optional)".to_owned(),
                (false, Some(default)) => format!("(default {default})"),
            };
            has(line, &[field.label, &need]);
            assert_eq!(
                *json,
                json!({"name": field.name, "label": field.label, "secret": field.secret,
                       "optional": field.default.is_some(), "default": field.default})
            );
        }
    }
}

#[test]
fn providers_shows_those_that_are_asked_for() {
    let temp = TempRoot::new();
    let one = run(&temp, "providers powerdns", 0).stdout;
    has(&one, &["PDNS_Url", "PDNS_Token", "API key (secret)"]);
    assert!(!one.contains("EXEC_PATH"));
    let both = run(&temp, "providers exec pdns", 0).stdout;
    has(&both, &["EXEC_PATH", "PDNS_Url", "any other NAME"]);
    let choice = run(&temp, "providers dns_cf", 0).stdout;
    has(
        &choice,
        &["one of these is needed: CF_Token, or CF_Key with CF_Email"],
    );
    let json = parsed(&run(&temp, "providers cloudflare --json", 0).stdout);
    let sets = json!([["CF_Token"], ["CF_Key", "CF_Email"]]);
    assert_eq!(json["providers"][0]["alternatives"], sets);
    for (gone, words) in [
        ("dns_hetzner", "use hetzner, with a token"),
        (
            "dns_knot",
            "use rfc2136, with NSUPDATE_SERVER for KNOT_SERVER",
        ),
        ("spdyn", "make _acme-challenge of your own domain a CNAME"),
    ] {
        has(
            &run(&temp, &format!("providers {gone}"), 2).stderr,
            &[words],
        );
        let add = run(&temp, &format!("add www.example.org --dns {gone}"), 2);
        has(&add.stderr, &[words]);
    }
    let add = run(&temp, "add www.example.org --dns cf", 0).stdout;
    has(
        &add,
        &[
            "dns='cloudflare'",
            "certkeeper secret www_example_org CF_Token",
        ],
    );
    assert!(!add.contains("CF_Key"), "{add}");
    let none = run(&temp, "providers frobnicate", 2);
    assert_eq!(none.stdout, "");
    has(
        &none.stderr,
        &["certkeeper: 'frobnicate': no such provider; `certkeeper providers` lists them"],
    );
    let list = parsed(&run(&temp, "providers exec --json", 0).stdout);
    assert_eq!(list["providers"].as_array().map(Vec::len), Some(1));
}

#[test]
fn an_unknown_provider_is_told_in_every_case() {
    let temp = TempRoot::new();
    for line in ["providers frobnicate --json", "providers exec frobnicate"] {
        has(
            &run(&temp, line, 2).stderr,
            &[
                "'frobnicate': no such provider; `certkeeper providers` lists them, the package certkeeper-dnsapi adds",
            ],
        );
    }
    has(
        &run(&temp, "providers powerdsn", 2).stderr,
        &["'powerdsn': no such provider (did you mean 'powerdns'?); `"],
    );
    // A script that is not installed is none of the modules that have a script's name.
    has(
        &run(&temp, "providers dns_gd", 2).stderr,
        &[
            "'dns_gd': no script of that name is here; the packages certkeeper-dnsapi and acme-acmesh-dnsapi have acme.sh's",
        ],
    );
    has(
        &run(&temp, "providers dns_pdsn", 2).stderr,
        &["'dns_pdsn': no script of that name is here (did you mean 'dns_pdns'?); "],
    );
}
