//! `cas`: the certificate authorities known by name.

use super::parse::Command;
use super::term::columns;
use super::{Exit, Result, Run};
use crate::acme::ca::{Eab, PRESETS, Preset};
use serde_json::json;

pub(super) const COMMAND: Command = Command {
    name: "cas",
    args: "",
    summary: "lists the certificate authorities known by name",
    help: "The names for `option account` and `option ca`. Any other CA with ACME is used by its URL:\n\
           a 'config account' section with acme_server, and ca_file for a private root.",
    options: &[],
    run,
};

fn run(run: &Run<'_>) -> Result<Exit> {
    if !run.parsed.free.is_empty() {
        return Err(run.usage());
    }
    if run.parsed.json {
        let list: Vec<_> = PRESETS.iter().map(as_json).collect();
        run.say_json(&json!({ "cas": list }));
        return Ok(Exit::Done);
    }
    let head = [
        "NAME",
        "CA",
        "EXTERNAL ACCOUNT",
        "WILDCARDS",
        "ADDRESSES",
        "KEYS",
        "NOTE",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let yes = |b: bool| if b { "yes" } else { "no" }.to_owned();
    rows.extend(PRESETS.iter().map(|p| {
        let keys: Vec<&str> = p.keys.iter().map(|k| k.name()).collect();
        vec![
            p.name.to_owned(),
            p.title.to_owned(),
            yes(p.eab == Eab::Required),
            yes(p.wildcards),
            yes(p.ips),
            if keys.is_empty() {
                "ask the CA".into()
            } else {
                keys.join(" ")
            },
            p.ended.unwrap_or(p.note).to_owned(),
        ]
    }));
    let style = run.out_style;
    let text = columns(&rows, |row, _, cell| match row {
        0 => style.bold(cell),
        _ => cell.to_owned(),
    });
    run.say(text.trim_end());
    run.say("\nThose that want an external account are not usable in this version.");
    Ok(Exit::Done)
}

fn as_json(p: &Preset) -> serde_json::Value {
    let keys: Vec<&str> = p.keys.iter().map(|k| k.name()).collect();
    json!({
        "name": p.name, "title": p.title, "directory": p.directory, "staging": p.staging,
        "external_account": p.eab == Eab::Required, "wildcards": p.wildcards, "addresses": p.ips,
        "key_types": keys, "ended": p.ended, "note": p.note,
    })
}
