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
    let all = match wanted.is_empty() {
        true => dns::all(&run.paths),
        false => wanted
            .iter()
            .map(|name| find(run, name))
            .collect::<Result<_>>()?,
    };
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

/// The provider that this name selects.
pub(super) fn find(run: &Run<'_>, name: &str) -> Result<&'static Descriptor> {
    dns::choose(&run.paths, name).ok_or_else(|| {
        let why = dns::unknown(&run.paths, name);
        Ended(Exit::Usage, format!("'{name}': {why}"))
    })
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
