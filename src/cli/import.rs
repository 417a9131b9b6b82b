//! `import acme`: OpenWrt's acme configuration with what acme.sh holds. Nothing is asked of a CA.

use super::live::Live as Shown;
use super::parse::Command;
use super::uci::{Change, apply, read};
use super::{Ended, Exit, Result, Run, failed};
use crate::config::import::{Imported, ImportedCert, import};
use crate::config::{self, Config};
use crate::issue::Live;
use crate::types::{SectionName, Stage};
use crate::uci::Section;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

pub(super) const COMMAND: Command = Command {
    name: "import",
    args: "acme",
    summary: "takes over what OpenWrt's acme package has",
    help: "Makes a section of each certificate in /etc/config/acme, takes over the live certificates with\n\
           their keys and the accounts that acme.sh holds, has the links in /etc/ssl/acme lead to them, and\n\
           switches the sections off there. Services that reload on acme's events go on doing so (option\n\
           acme_hotplug). No CA is asked. A section that cannot run here stays with acme, and why is told;\n\
           once that is mended, the command is run again: what is here already stays as it is.",
    options: &[],
    run,
};

/// How one section fared.
struct Told {
    section: String,
    taken: bool,
    lines: Vec<String>,
}

fn run(run: &Run<'_>) -> Result<Exit> {
    if run.parsed.free != ["acme"] {
        return Err(run.usage());
    }
    let file = run.paths.at("/etc/config/acme");
    let text = fs::read(&file).map_err(|e| {
        let text = format!("{}: {e}; there is nothing to import", file.display());
        Ended(Exit::Usage, text)
    })?;
    let theirs = crate::uci::parse(&text)
        .map_err(|e| Ended(Exit::Usage, format!("{}: {e}", file.display())))?;
    let _lock = run.lock()?;
    let ours = match run.paths.config().exists() {
        true => read(&run.paths.config())?,
        false => Vec::new(),
    };
    let imported = import(&theirs);
    let state = run.paths.at(&imported.state);
    global(run, &imported, &ours)?;
    let mut all = Vec::new();
    for cert in &imported.certs {
        all.push(section(run, cert, &ours, &state)?);
    }
    switch_off(run, &imported, &all, &file)?;
    tell(run, &all)
}

/// What acme has, for a page that offers to take it over: names alone, for its file holds credentials.
pub(super) fn offered(run: &Run<'_>) -> Vec<Value> {
    let text = fs::read(run.paths.at("/etc/config/acme")).unwrap_or_default();
    let theirs = crate::uci::parse(&text).unwrap_or_default();
    let certs = import(&theirs).certs.into_iter();
    let certs = certs.filter(|c| !c.main.is_empty());
    certs
        .map(|c| {
            let names: Vec<&str> = c.names().collect();
            json!({"section": c.name, "names": names, "enabled": c.enabled})
        })
        .collect()
}

/// What holds for all sections; what is set here already stays.
fn global(run: &Run<'_>, imported: &Imported, ours: &[Section]) -> Result<()> {
    let own = ours.iter().find(|s| s.kind == "certkeeper");
    let name = own.map_or("global", |s| s.name.as_deref().unwrap_or("@certkeeper[0]"));
    let mut changes = Vec::new();
    if own.is_none() {
        changes.push(Change::Set(name.into(), "certkeeper".into()));
    }
    let mut set = |option: &str, value: Option<&str>| {
        let there = own.is_some_and(|s| s.get(option).is_some());
        if let Some(value) = value.filter(|_| !there) {
            changes.push(Change::Set(format!("{name}.{option}"), value.into()));
        }
    };
    set("account_email", imported.email.as_deref());
    set("debug", imported.debug.then_some("1"));
    set("acme_hotplug", Some("1"));
    write(run, &changes, &run.paths.config(), 0o644)
}

fn write(run: &Run<'_>, changes: &[Change], file: &Path, mode: u32) -> Result<()> {
    match changes {
        [] => Ok(()),
        some => apply(&run.paths, some, file, mode),
    }
}

/// Takes one section over, or says why not.
fn section(run: &Run<'_>, cert: &ImportedCert, ours: &[Section], state: &Path) -> Result<Told> {
    let mut told = Told {
        section: cert.name.clone(),
        taken: false,
        lines: Vec::new(),
    };
    let live = match Live::find(state, &cert.main, cert.ecc) {
        Ok(live) => live,
        Err(why) => {
            told.lines
                .push(format!("its certificate cannot be taken: {why}"));
            None
        }
    };
    let same = |s: &&Section| s.name.as_deref() == Some(cert.name.as_str());
    match ours.iter().find(same) {
        Some(other) if other.kind != "cert" => {
            let text = format!("there is a 'config {}' of that name here", other.kind);
            told.lines.push(text);
            return Ok(told);
        }
        Some(other) if !names(other, &cert.main) => {
            let text = "there is a section of that name here, for other names; it stays with acme";
            told.lines.push(text.into());
            return Ok(told);
        }
        Some(_) => told.lines.push("its section is here already".into()),
        None => {
            if let Err(why) = make(run, cert, live.as_ref().map(Live::lifetime)) {
                told.lines.push(format!("it stays with acme: {}", why?));
                return Ok(told);
            }
            told.lines.push("its section is made".into());
        }
    }
    told.lines.extend(cert.notes.iter().cloned());
    let config = run.load(Vec::new())?;
    let name = SectionName::parse(&cert.name).ok();
    match name.and_then(|n| config.cert(n.as_str()).map(|c| c.name.clone())) {
        Some(name) => hold(run, &config, &name, cert, live.as_ref(), state, &mut told),
        None => told
            .lines
            .push("it cannot run here: `certkeeper check` says why".into()),
    }
    Ok(told)
}

/// True if a section is for that name.
fn names(section: &Section, name: &str) -> bool {
    let domains = section.get("domains").map(|o| o.value.entries());
    let texts = domains.into_iter().flatten();
    let mut texts = texts.map(|v| String::from_utf8_lossy(v));
    texts.any(|t| t.split_whitespace().any(|word| word == name))
}

/// Makes the section, unless it could not run; why not.
fn make(
    run: &Run<'_>,
    cert: &ImportedCert,
    lifetime: Option<i64>,
) -> std::result::Result<(), Result<String>> {
    let mut unsaved = vec![cert.section(lifetime)];
    let mut changes = Vec::new();
    if let Some((name, server)) = cert.own_account() {
        unsaved.push(account(name, server));
        changes.push(Change::Set(name.into(), "account".into()));
        changes.push(Change::Set(format!("{name}.acme_server"), server.into()));
    }
    let config = config::load_with(&run.paths, unsaved);
    let config = config.map_err(|e| Err(Ended(Exit::Usage, e.to_string())))?;
    let broken = config.broken.iter().find(|(n, _)| n.as_str() == cert.name);
    if let Some((_, why)) = broken {
        return Err(Ok(why.clone()));
    }
    if config.cert(&cert.name).is_none() {
        return Err(Ok("its name cannot be that of a section here".into()));
    }
    let name = &cert.name;
    changes.push(Change::Set(name.clone(), "cert".into()));
    for (option, value) in cert.options(lifetime) {
        let place = format!("{name}.{option}");
        changes.push(match option {
            "domains" | "service" => Change::AddList(place, value),
            _ => Change::Set(place, value),
        });
    }
    let mut secrets = Vec::new();
    if !cert.credentials.is_empty() {
        secrets.push(Change::Set(name.clone(), "secret".into()));
        let place = || format!("{name}.credentials");
        let pairs = cert.credentials.iter();
        secrets.extend(pairs.map(|p| Change::AddList(place(), p.clone())));
    }
    write(run, &secrets, &run.paths.secrets(), 0o600).map_err(Err)?;
    write(run, &changes, &run.paths.config(), 0o644).map_err(Err)
}

/// A `config account` section as the reader of the configuration takes it.
fn account(name: &str, server: &str) -> Section {
    Section {
        kind: "account".into(),
        name: Some(name.into()),
        line: 0,
        options: vec![crate::uci::UciOption {
            name: "acme_server".into(),
            line: 0,
            value: crate::uci::Value::One(server.into()),
        }],
    }
}

/// Takes over what acme.sh holds for a section.
fn hold(
    run: &Run<'_>,
    config: &Config,
    name: &SectionName,
    from: &ImportedCert,
    live: Option<&Live>,
    state: &Path,
    told: &mut Told,
) {
    let Some(cert) = config.cert(name.as_str()) else {
        return;
    };
    let shown = Shown::new(run);
    let listener = |s: &SectionName, stage: Stage, text: &str| shown.show(s, stage, text);
    let engine = run.engine(config, &listener, None);
    match engine.take_account(&cert.account, state) {
        Ok(done) => told.lines.extend(done),
        Err(failure) => told.lines.push(failed(failure).1),
    }
    let done = match live {
        Some(live) => engine.take_over(cert, live).map_err(|f| failed(f).1),
        None => Ok("acme.sh holds no certificate of it".to_owned()),
    };
    shown.end();
    told.lines.push(done.unwrap_or_else(|text| text));
    told.taken = true;
    let in_use = run.paths.certs().join(name.as_str()).join("current");
    if in_use.is_symlink() && !cert.staging {
        match engine.relink(cert, &from.main) {
            Ok(foreign) => told.lines.extend(foreign.iter().map(|place: &PathBuf| {
                format!("{} is no link and stays as it is", place.display())
            })),
            Err(failure) => told.lines.push(failed(failure).1),
        }
    }
}

/// Two clients would ask the CA for the same: acme's sections that run here are switched off.
fn switch_off(run: &Run<'_>, imported: &Imported, all: &[Told], file: &Path) -> Result<()> {
    let pairs = imported.certs.iter().zip(all);
    let off = pairs.filter(|(cert, told)| told.taken && cert.enabled);
    let change = |cert: &ImportedCert| Change::Set(format!("{}.enabled", cert.from), "0".into());
    let changes: Vec<Change> = off.map(|(cert, _)| change(cert)).collect();
    write(run, &changes, file, 0o644)
}

fn tell(run: &Run<'_>, all: &[Told]) -> Result<Exit> {
    let exit = match all.iter().all(|t| t.taken) {
        true => Exit::Done,
        false => Exit::Failed,
    };
    if run.parsed.json {
        let sections = all
            .iter()
            .map(|t| json!({"section": t.section, "taken": t.taken, "text": t.lines}));
        run.say_json(&json!({"sections": sections.collect::<Vec<_>>()}));
        return Ok(exit);
    }
    if all.is_empty() {
        run.say("there is no 'config cert' section in /etc/config/acme");
    }
    let style = run.out_style;
    for Told {
        section,
        taken,
        lines,
    } in all
    {
        let mark = if *taken {
            style.good("✓")
        } else {
            style.bad("✗")
        };
        run.say(&format!("{mark} {section}: {}", lines.join("; ")));
    }
    if !run.load(Vec::new())?.global.accept_tos {
        run.say(
            "\n# then, if you agree to the CA's terms, as a new account needs it:\n\
             uci set certkeeper.global.accept_tos=1 && uci commit certkeeper",
        );
    }
    Ok(exit)
}
