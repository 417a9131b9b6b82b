//! `add`: makes a section.

use super::parse::{Command, Opt};
use super::providers;
use super::uci::{Change, apply, read};
use super::{Ended, Exit, Result, Run};
use crate::acme::ca::preset;
use crate::config::{self, Account, LoadError};
use crate::dns::{Descriptor, Field};
use crate::types::{Identifier, SectionName};
use serde_json::json;

pub(super) const COMMAND: Command = Command {
    name: "add",
    args: "NAME… [--dns MODULE] [--apply]",
    summary: "makes a section for names: prints the uci lines, or runs them",
    help: "Prints the exact `uci` lines that make a section for one certificate with these names, and what\n\
           else is to be set. With --apply the lines are run.",
    options: &[
        Opt {
            name: "dns",
            value: Some("MODULE"),
            help: "validate by DNS through this provider (wildcards need it)",
        },
        Opt {
            name: "apply",
            value: None,
            help: "run the lines",
        },
    ],
    run,
};

fn run(run: &Run<'_>) -> Result<Exit> {
    let usage = |text: String| Ended(Exit::Usage, text);
    if run.parsed.free.is_empty() {
        return Err(run.usage());
    }
    let module = match run.parsed.value("dns") {
        Some(name) => Some(providers::find(run, &name)?),
        None => None,
    };
    let mut ids: Vec<Identifier> = Vec::new();
    for text in &run.parsed.free {
        let id = Identifier::parse(text).map_err(|e| usage(format!("'{text}': {e}")))?;
        if let Some(domain) = id.domain() {
            if let Some((suffix, why)) = domain.local_reason() {
                return Err(usage(format!(
                    "'{text}': no public CA certifies names below .{suffix} ({why}); for a private CA write the section by hand, with an account of your own"
                )));
            }
            if domain.is_wildcard() && module.is_none() {
                let text =
                    format!("'{text}': a wildcard needs --dns MODULE (`certkeeper providers`)");
                return Err(usage(text));
            }
        }
        if matches!(id, Identifier::Ip(_)) && module.is_some() {
            return Err(usage(format!(
                "'{text}': an address cannot be validated by DNS (RFC 8738)"
            )));
        }
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    // What the file says already: names in use, terms accepted or not.
    let (sections, terms) = match config::load(&run.paths) {
        Ok(config) => (read(&run.paths.config())?, config.global.accept_tos),
        Err(LoadError::Missing(_)) => (Vec::new(), false),
        Err(e) => return Err(usage(e.to_string())),
    };
    let taken = |name: &SectionName| {
        sections
            .iter()
            .any(|s| s.name.as_deref() == Some(name.as_str()))
    };
    let first = SectionName::suggest(&ids[0].to_string());
    let mut others = (2..).map(|n| first.numbered(n));
    let section = if taken(&first) {
        others.find(|n| !taken(n)).unwrap_or(first)
    } else {
        first
    };
    let without_global = !sections.iter().any(|s| s.kind == "certkeeper");
    let changes = lines(&section, &ids, module, without_global);
    let hints = hints(&section, module, terms);
    if run.parsed.has("apply") {
        apply(&run.paths, &changes, &run.paths.config(), 0o644)?;
    }
    let words = changes.iter().map(|c| c.words("certkeeper"));
    let mut typed: Vec<String> = words.map(|w| format!("uci {w}")).collect();
    typed.push("uci commit certkeeper".into());
    if run.parsed.json {
        let applied = run.parsed.has("apply");
        run.say_json(&json!({"section": section.as_str(), "lines": typed, "next": hints, "applied": applied}));
        return Ok(Exit::Done);
    }
    if run.parsed.has("apply") {
        run.say(&format!("section '{section}' is made"));
    } else {
        if !run.paths.config().exists() {
            run.say(&format!("touch {}", run.paths.config().display()));
        }
        run.say(&typed.join("\n"));
    }
    run.say("\n# then:");
    for hint in &hints {
        run.say(hint);
    }
    Ok(Exit::Done)
}

fn lines(
    section: &SectionName,
    ids: &[Identifier],
    module: Option<&Descriptor>,
    global: bool,
) -> Vec<Change> {
    let path = |option: &str| format!("{section}.{option}");
    let mut changes = Vec::new();
    if global {
        changes.push(Change::Set("global".into(), "certkeeper".into()));
    }
    changes.push(Change::Set(section.to_string(), "cert".into()));
    for id in ids {
        changes.push(Change::AddList(path("domains"), id.to_string()));
    }
    if let Some(module) = module {
        changes.push(Change::Set(path("dns"), module.name.into()));
    }
    if let Some(profile) = profile(ids) {
        changes.push(Change::Set(path("cert_profile"), profile.into()));
    }
    changes
}

/// The profile under which the CA of a plain section certifies addresses, if there are any.
fn profile(ids: &[Identifier]) -> Option<&'static str> {
    let addresses = ids.iter().any(|id| matches!(id, Identifier::Ip(_)));
    let ca = preset(Account::DEFAULT).filter(|_| addresses)?;
    ca.profiles.iter().find(|p| p.ips).map(|p| p.name)
}

/// What is left to do, as lines for a shell.
fn hints(section: &SectionName, module: Option<&Descriptor>, terms: bool) -> Vec<String> {
    let mut hints = Vec::new();
    let fields = module.map_or(&[][..], |m| m.fields);
    // The first of several ways is the one that its provider advises.
    let first = module.and_then(|m| m.alternatives.first()).copied();
    let chosen = move |f: &&Field| first.is_some_and(|set| set.contains(&f.name));
    let needed = || {
        fields
            .iter()
            .filter(move |f| f.default.is_none() || chosen(f))
    };
    for field in needed().filter(|f| !f.secret) {
        hints.push(format!(
            "uci add_list certkeeper.{section}.credentials='{}=…'   # {}",
            field.name, field.label
        ));
    }
    if needed().any(|f| !f.secret) {
        hints.push("uci commit certkeeper".into());
    }
    for field in needed().filter(|f| f.secret) {
        hints.push(format!(
            "certkeeper secret {section} {}   # asks for: {}",
            field.name, field.label
        ));
    }
    if !terms {
        hints.push("uci set certkeeper.global.accept_tos=1 && uci commit certkeeper   # if you agree to the CA's terms".into());
    }
    hints.push(format!("certkeeper check {section}"));
    hints.push(format!("certkeeper renew {section}"));
    hints
}
