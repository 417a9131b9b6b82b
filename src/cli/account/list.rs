//! `account list`: how every account fares. No CA is asked.

use super::found;
use crate::cli::term::columns;
use crate::cli::{Exit, Result, Run};
use crate::config::{Config, External};
use crate::issue::AccountStatus;
use crate::types::Timestamp;
use serde_json::{Value, json};

pub(super) fn run(run: &Run<'_>, names: &[&str]) -> Result<Exit> {
    let config = run.config()?;
    let engine = run.engine(&config, &|_, _, _| {}, None);
    let mut all = engine.accounts();
    if let [name] = names {
        let account = found(run, &engine, name)?;
        all.retain(|s| s.account == account);
    } else if !names.is_empty() {
        return Err(run.usage());
    }
    if run.parsed.json {
        let all: Vec<Value> = all.iter().map(as_json).collect();
        run.say_json(&json!({ "accounts": all }));
        return Ok(Exit::Done);
    }
    if all.is_empty() {
        run.say(&nothing(&config));
    }
    for (index, status) in all.iter().enumerate() {
        if index > 0 {
            run.say("");
        }
        run.say(&block(run, status));
    }
    Ok(Exit::Done)
}

fn nothing(config: &Config) -> String {
    match config.certs.is_empty() {
        true => "there is no account yet: the first section brings its own".into(),
        false => "no account can be used: correct the errors above".into(),
    }
}

fn block(run: &Run<'_>, status: &AccountStatus) -> String {
    let (account, note) = (&status.account, status.note.as_ref());
    let staging = if account.staging { " (staging)" } else { "" };
    let mut rows = vec![vec![
        format!("{}{staging}", account.name),
        match (note, status.configured) {
            (None, _) => format!("{} (not registered yet)", status.state()),
            (_, false) => format!("{} (no longer configured)", status.state()),
            _ => status.state().to_string(),
        },
    ]];
    let mut row = |name: &str, value: Option<String>| {
        let value = value.filter(|v| !v.is_empty());
        rows.extend(value.map(|value| vec![format!("  {name}"), value]));
    };
    row("CA", Some(account.ca.clone()));
    row("endpoint", Some(account.directory.clone()));
    row("account", note.map(|n| n.url.clone()));
    row("created", note.map(|n| Timestamp(n.created).to_string()));
    row("terms", note.and_then(|n| n.terms.clone()));
    row(
        "contact",
        note.map_or(account.email.clone(), |n| n.email.clone()),
    );
    row("external account", external(status));
    let sections: Vec<&str> = status.sections.iter().map(|s| s.as_str()).collect();
    row("used by", Some(sections.join(" ")));
    let style = run.out_style;
    let text = columns(&rows, |row, column, cell| match (row, column) {
        (0, 0) => style.bold(cell),
        _ => cell.to_owned(),
    });
    text.trim_end().to_owned()
}

/// The account elsewhere, in words.
fn external(status: &AccountStatus) -> Option<String> {
    let bound = status.note.as_ref().and_then(|n| n.eab_kid.clone());
    match &status.account.external {
        External::Given { kid, hmac_key } => Some(match (&status.note, &bound, hmac_key) {
            (Some(_), Some(bound), _) if bound != kid => format!(
                "{bound}; eab_kid '{kid}' counts when the account is made anew (`certkeeper account delete {}`)",
                status.account.words()
            ),
            (Some(_), _, Some(_)) => format!("{kid}; eab_hmac_key is no longer needed"),
            (None, _, None) => format!("{kid}; eab_hmac_key is missing"),
            _ => kid.clone(),
        }),
        External::ByEmail { .. } => bound.or(Some("made for the e-mail address".into())),
        External::None => bound,
    }
}

fn as_json(status: &AccountStatus) -> Value {
    let (account, note) = (&status.account, status.note.as_ref());
    let (eab_kid, hmac_key) = match &account.external {
        External::Given { kid, hmac_key } => (Some(kid.as_str()), hmac_key.is_some()),
        _ => (note.and_then(|n| n.eab_kid.as_deref()), false),
    };
    let sections: Vec<&str> = status.sections.iter().map(|s| s.as_str()).collect();
    json!({
        "name": account.name, "staging": account.staging, "configured": status.configured,
        "state": status.state(), "ca": account.ca, "preset": account.preset, "endpoint": account.directory,
        "url": note.map(|n| &n.url), "created": note.map(|n| n.created), "terms": note.and_then(|n| n.terms.as_ref()),
        "email": note.map_or(account.email.as_ref(), |n| n.email.as_ref()),
        "eab_kid": eab_kid, "eab_hmac_key_set": hmac_key, "sections": sections,
    })
}
