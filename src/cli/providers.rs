//! `providers`: the DNS providers and what each wants.

use super::parse::Command;
use super::{Ended, Exit, Result, Run};
use crate::dns::{self, Descriptor};
use serde_json::json;

pub(super) const COMMAND: Command = Command {
    name: "providers",
    args: "[NAME…]",
    summary: "lists the DNS providers and what each wants",
    help: "The modules for `option dns` (dns-01), and acme.sh's scripts that are installed (dns_…), with the\n\
           names of their credentials for `list credentials 'NAME=value'` or\n\
           `certkeeper secret SECTION NAME`.",
    options: &[],
    run,
};

fn run(run: &Run<'_>) -> Result<Exit> {
    let wanted = &run.parsed.free;
    let all = dns::all(&run.paths);
    let named = |d: &Descriptor, name: &str| d.name == name || d.aliases.contains(&name);
    let unknown = |w: &&String| !all.iter().any(|d| named(d, w));
    if let Some(name) = wanted.iter().find(unknown) {
        let why = dns::unknown(&run.paths, name);
        return Err(Ended(Exit::Usage, format!("'{name}': {why}")));
    }
    let chosen = |d: &&Descriptor| wanted.is_empty() || wanted.iter().any(|w| named(d, w));
    let all: Vec<&Descriptor> = all.into_iter().filter(chosen).collect();
    if run.parsed.json {
        let list: Vec<_> = all.iter().map(|d| as_json(d)).collect();
        run.say_json(&json!({ "providers": list }));
        return Ok(Exit::Done);
    }
    for (i, d) in all.iter().enumerate() {
        if i > 0 {
            run.say("");
        }
        let other = match d.aliases {
            [] => String::new(),
            names => format!(" (also {})", names.join(", ")),
        };
        run.say(&format!(
            "{}{other} — {}",
            run.out_style.bold(d.name),
            d.title
        ));
        for field in d.fields {
            let need = match (field.default, field.secret) {
                (None, true) => "secret".to_owned(),
                (None, false) => "needed".to_owned(),
                (Some(""), true) => "secret, optional".to_owned(),
                (Some(""), false) => "optional".to_owned(),
                (Some(default), _) => format!("default {default}"),
            };
            run.say(&format!("  {:<18} {} ({need})", field.name, field.label));
        }
        if !d.alternatives.is_empty() {
            run.say(&format!("  one of these is needed: {}", d.choice()));
        }
        if d.open && !d.is_script() {
            run.say("  any other NAME     passed on in the environment");
        }
        if !d.docs.is_empty() {
            run.say(&format!("  {}", d.docs));
        }
    }
    Ok(Exit::Done)
}

fn as_json(d: &Descriptor) -> serde_json::Value {
    let field = |f: &dns::Field| {
        json!({"name": f.name, "label": f.label, "secret": f.secret,
               "optional": f.default.is_some(), "default": f.default})
    };
    json!({
        "name": d.name, "script": d.is_script(), "aliases": d.aliases, "title": d.title, "docs": d.docs,
        "writes": d.writes.describe(), "alternatives": d.alternatives, "fields": d.fields.iter().map(field).collect::<Vec<_>>(),
    })
}
