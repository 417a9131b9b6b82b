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
    help: "The names for `option account` and `option ca`. Any other CA with ACME, such as a step-ca of\n\
           your own, is used by its URL: a 'config account' section with acme_server, and ca_file for a\n\
           private root. What a CA does not do is refused before it is asked.",
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
        "PROFILES",
        "NOTE",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let yes = |b: bool| if b { "yes" } else { "no" }.to_owned();
    rows.extend(PRESETS.iter().map(|p| {
        if let Some(ended) = p.ended {
            let dashes = ["-"; 5].map(str::to_owned);
            let ends = [p.name, p.title].map(str::to_owned);
            return [&ends[..], &dashes, &[ended.to_owned()]].concat();
        }
        let eab = match p.eab {
            Eab::No => "no",
            Eab::Required => "yes",
            Eab::ByEmail(_) => "by e-mail",
        };
        vec![
            p.name.to_owned(),
            p.title.to_owned(),
            eab.to_owned(),
            yes(p.wildcards),
            p.ips.map_or_else(|| ASK.to_owned(), yes),
            known(keys(p)),
            known(profiles(p)),
            p.note.to_owned(),
        ]
    }));
    let style = run.out_style;
    let text = columns(&rows, |row, _, cell| match row {
        0 => style.bold(cell),
        _ => cell.to_owned(),
    });
    run.say(text.trim_end());
    run.say(
        "\nEXTERNAL ACCOUNT: yes wants eab_kid and eab_hmac_key in a 'config account' section, by e-mail an\n\
         e-mail address alone.",
    );
    Ok(Exit::Done)
}

/// Stands where nothing is known.
const ASK: &str = "ask the CA";

fn keys(p: &Preset) -> Vec<&'static str> {
    p.keys.iter().map(|k| k.name()).collect()
}

fn profiles(p: &Preset) -> Vec<&'static str> {
    p.profiles.iter().map(|p| p.name).collect()
}

fn known(words: Vec<&str>) -> String {
    match words.as_slice() {
        [] => ASK.to_owned(),
        words => words.join(" "),
    }
}

fn as_json(p: &Preset) -> serde_json::Value {
    json!({
        "name": p.name, "title": p.title, "directory": p.directory, "staging": p.staging,
        "external_account": p.eab != Eab::No, "external_account_by_email": matches!(p.eab, Eab::ByEmail(_)),
        "email": p.email, "wildcards": p.wildcards, "addresses": p.ips, "key_types": keys(p),
        "profiles": profiles(p), "rollover": p.rollover, "terms": p.terms, "ended": p.ended, "note": p.note,
    })
}
