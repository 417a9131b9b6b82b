//! `status`: how every section fares.

use super::parse::{Command, Opt};
use super::term::{columns, end, renewal, short, until};
use super::{Exit, Result, Run};
use crate::config::Config;
use crate::status::{self, Document};
use crate::store::Lock;
use crate::types::{State, Timestamp};
use serde_json::json;

pub(super) const COMMAND: Command = Command {
    name: "status",
    args: "[SECTION] [--prometheus]",
    summary: "shows how every certificate fares",
    help: "A table of all sections: state, time left, next attempt, issuer and names; below it what is\n\
           wrong and what to do. With SECTION, or with --json, everything that is known. With --prometheus\n\
           metrics for the textfile folder of node-exporter: write them beside and rename, as in\n\
           certkeeper status --prometheus >F.tmp && mv F.tmp F.prom",
    options: &[Opt {
        name: "prometheus",
        value: None,
        help: "print metrics in Prometheus' text format",
    }],
    run,
};

/// Longest cells of the table.
const ISSUER_MAX: usize = 28;
const NAMES_MAX: usize = 44;

fn run(run: &Run<'_>) -> Result<Exit> {
    let config = run.config()?;
    let wanted = match run.parsed.free.as_slice() {
        [] => None,
        [name] => Some(run.section(&config, name)?),
        _ => return Err(run.usage()),
    };
    let mut documents = documents(run, &config);
    if let Some(section) = &wanted {
        documents.retain(|d| d.section == section.as_str());
    }
    if run.parsed.has("prometheus") {
        run.say(&status::prometheus(&documents));
        return Ok(Exit::Done);
    }
    if run.parsed.json {
        match documents.as_slice() {
            [one] if wanted.is_some() => run.say_json(&json!(one)),
            all => run.say_json(&head(run, &config, all)),
        }
        return Ok(Exit::Done);
    }
    let now = run.clock.now();
    match documents.as_slice() {
        [] => run.say("there is no 'config cert' section yet; `certkeeper add www.example.org` shows how to make one"),
        [one] if wanted.is_some() => run.say(&details(run, one, now)),
        all => {
            run.say(table(run, all, now).trim_end());
            for document in all {
                notes(run, document);
            }
        }
    }
    Ok(Exit::Done)
}

/// The documents, and what a page needs to know beside them: the time here, by which all times count,
/// what an issuance would lack, which secrets are set, and, where there is no section yet, who has port 80, and what acme has.
fn head(run: &Run<'_>, config: &Config, documents: &[Document]) -> serde_json::Value {
    let bundle = std::fs::metadata(&config.global.ca_bundle);
    let mut head = json!({
        "now": run.clock.now().0, "clock_set": run.clock_is_set,
        "ca_bundle": bundle.is_ok_and(|m| m.is_file() && m.len() > 0),
        "secrets": config.secrets, "sections": documents,
    });
    let acme = super::import::offered(run);
    if !acme.is_empty() {
        head["acme"] = json!(acme);
    }
    // For the guide to the first certificate.
    if documents.is_empty() {
        let owner = run.engine(config, &|_, _, _| {}, None).port_80();
        head["port_80"] = json!(owner.map(|o| json!({"host": o.host, "port": o.port})));
    }
    head
}

/// The documents as the store gives them; where a run is at work, its own.
fn documents(run: &Run<'_>, config: &Config) -> Vec<Document> {
    let engine = run.engine(config, &|_, _, _| {}, None);
    let mut documents = engine.documents_with_users();
    // A stage counts only while the run that wrote it lives.
    if matches!(Lock::take(&run.paths), Ok(None)) {
        for (document, section) in documents.iter_mut().zip(config.names()) {
            let live = status::read(&run.paths, section).filter(|d| d.stage.is_some());
            if let Some(live) = live {
                document.state = live.state;
                document.label = live.label;
                document.stage = live.stage;
            }
        }
    }
    documents
}

fn table(run: &Run<'_>, documents: &[Document], now: Timestamp) -> String {
    let head = [
        "SECTION", "STATE", "SOURCE", "EXPIRES", "NEXT", "ISSUER", "NAMES",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(documents.iter().map(|d| {
        let label = match d.stage {
            Some(stage) => format!("{} ({stage})", d.label),
            None => d.label.clone(),
        };
        let mark = if d.primary { "*" } else { "" };
        vec![
            format!("{}{mark}", d.section),
            label,
            if d.source.is_empty() {
                "-".into()
            } else {
                d.source.clone()
            },
            expires(d, now),
            d.next
                .map_or("-".into(), |next| until(Timestamp(next), now)),
            short(&issuer(d), ISSUER_MAX),
            short(&names(d), NAMES_MAX),
        ]
    }));
    let style = run.out_style;
    let text = columns(&rows, |row, column, cell| match (row, column) {
        (0, _) => style.bold(cell),
        (row, 1) => style.state(documents[row - 1].state, cell),
        _ => cell.to_owned(),
    });
    let primary = documents.iter().any(|d| d.primary);
    let foot = if primary {
        "* is served as domain.crt and domain.key\n"
    } else {
        ""
    };
    text + foot
}

fn expires(document: &Document, now: Timestamp) -> String {
    let certificate = document.certificate.as_ref();
    certificate.map_or("-".into(), |c| end(Timestamp(c.not_after), now))
}

fn issuer(document: &Document) -> String {
    let staging = if document.source == "staging" {
        " (staging)"
    } else {
        ""
    };
    match &document.certificate {
        Some(c) => format!("{}{staging}", c.issuer),
        None => "-".into(),
    }
}

fn names(document: &Document) -> String {
    let names: Vec<&str> = document.names.iter().map(|n| n.name.as_str()).collect();
    names.join(" ")
}

/// What is wrong with a section, and what to do; which records wait to be published by hand.
fn notes(run: &Run<'_>, document: &Document) {
    let style = run.out_style;
    for record in document.records.iter().filter(|r| r.ttl.is_some()) {
        let section = &document.section;
        run.say(&format!("\n{} {section}: {record}", style.warn("!")));
    }
    let failed = document.failed();
    if let Some(attempt) = failed {
        run.say(&format!(
            "\n{} {}",
            style.bad("✗"),
            style.bold(&document.section)
        ));
        run.say(&format!(
            "  {} (while in stage {})",
            attempt.problem, attempt.stage
        ));
        for name in &document.names {
            if let Some(problem) = name
                .problem
                .as_ref()
                .filter(|p| !attempt.problem.contains(p.as_str()))
            {
                run.say(&format!("  {}: {problem}", name.name));
            }
        }
        run.say(&format!("  what to do: {}", attempt.remedy));
    }
    let others = document
        .warnings
        .iter()
        .filter(|w| failed.is_none_or(|a| !w.contains(&a.problem)));
    for warning in others {
        run.say(&format!(
            "\n{} {}: {warning}",
            style.warn("!"),
            document.section
        ));
    }
}

fn details(run: &Run<'_>, document: &Document, now: Timestamp) -> String {
    let style = run.out_style;
    let mut rows = vec![
        vec!["section".to_owned(), document.section.clone()],
        vec!["state".into(), document.label.clone()],
    ];
    let mut row = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
    if let Some(stage) = document.stage {
        row("stage", stage.to_string());
    }
    for name in &document.names {
        let problem = name.problem.as_ref().map(|p| format!(" — {p}"));
        let text = format!(
            "{} ({}): {}{}",
            name.name,
            name.method,
            name.state.label(),
            problem.unwrap_or_default()
        );
        row("name", text);
    }
    if !document.ca.is_empty() {
        row("account", format!("{} ({})", document.account, document.ca));
    }
    if let Some(c) = &document.certificate {
        row("issuer", issuer(document));
        row("serial", c.serial.clone());
        row("key", c.key_type.clone());
        row("valid from", Timestamp(c.not_before).to_string());
        row(
            "valid until",
            format!("{} ({})", Timestamp(c.not_after), expires(document, now)),
        );
        for (name, value) in renewal(c, now) {
            row(name, value);
        }
    }
    if let Some(next) = document.next {
        row(
            "next attempt",
            format!("{} ({})", Timestamp(next), until(Timestamp(next), now)),
        );
    }
    if let Some(attempt) = &document.last_attempt {
        row(
            "last attempt",
            format!("{}: {}", Timestamp(attempt.at), attempt.state.label()),
        );
        if !attempt.problem.is_empty() {
            row("problem", attempt.problem.clone());
            row("what to do", attempt.remedy.clone());
        }
    }
    for record in &document.records {
        row("record", record.to_string());
    }
    for warning in &document.warnings {
        row("warning", warning.clone());
    }
    if let Some(other) = &document.other_key {
        row("other key", other.clone());
    }
    for user in document.used_by.iter().chain(&document.named_in) {
        row("used by", user.clone());
    }
    if !document.used_by.is_empty() && document.certificate.is_some() {
        row("deployed", super::term::told(document.deployed));
    }
    if !document.secrets.is_empty() {
        row(
            "credentials",
            format!("set: {}", document.secrets.join(" ")),
        );
    }
    if document.primary {
        row("primary", "yes: domain.crt and domain.key lead here".into());
    }
    let state: State = document.state;
    let text = columns(&rows, |row, column, cell| match (row, column) {
        (1, 1) => style.state(state, cell),
        (_, 0) => style.bold(cell),
        _ => cell.to_owned(),
    });
    text.trim_end().to_owned()
}
