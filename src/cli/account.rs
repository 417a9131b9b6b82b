//! `account`: the accounts at CAs.

mod list;

use super::parse::{Command, Opt};
use super::{Ended, Exit, Result, Run, failed};
use crate::config::Account;
use crate::issue::{AccountStatus, Engine};
use crate::types::{AccountState, Timestamp, nearest};
use serde_json::json;
use std::sync::Arc;

pub(super) const COMMAND: Command = Command {
    name: "account",
    args: "list|register|update|rollover|deactivate|delete [NAME] [--staging]",
    summary: "shows accounts at CAs, registers, changes and ends them",
    help: "A section's account is made by the run that first needs it. `register` makes it before; `update`\n\
           tells the CA the e-mail address that is configured; `rollover` gives it another key; `deactivate`\n\
           ends it at the CA for good; `delete` forgets it here: certificates remain, and the next run that\n\
           needs it makes a new one. NAME is a 'config account' section, a CA of `certkeeper cas`, or an\n\
           endpoint that `list` shows.",
    options: &[Opt {
        name: "staging",
        value: None,
        help: "the one at the CA's staging server",
    }],
    run,
};

fn run(run: &Run<'_>) -> Result<Exit> {
    let words: Vec<&str> = run.parsed.free.iter().map(String::as_str).collect();
    let work: fn(&Task<'_, '_>) -> Result<String> = match words.first() {
        Some(&"list") => return list::run(run, &words[1..]),
        Some(&"register") => register,
        Some(&"update") => update,
        Some(&"rollover") => rollover,
        Some(&"deactivate") => deactivate,
        Some(&"delete") => delete,
        _ => return Err(run.usage()),
    };
    let [_, name] = words.as_slice() else {
        return Err(run.usage());
    };
    let config = run.config()?;
    let _lock = run.lock()?;
    let trace = |line: &str| run.tell(line);
    let engine = run.engine(&config, &|_, _, _| {}, run.trace(&config, &trace));
    let text = work(&Task {
        run,
        engine: &engine,
        account: found(run, &engine, name)?,
    })?;
    match run.parsed.json {
        true => run.say_json(&json!({ "account": name, "text": text })),
        false => run.say(&text),
    }
    Ok(Exit::Done)
}

/// What is done with one account.
struct Task<'a, 'e> {
    run: &'a Run<'a>,
    engine: &'a Engine<'e>,
    account: Arc<Account>,
}

impl Task<'_, '_> {
    /// What is kept of the account.
    fn status(&self) -> Option<AccountStatus> {
        let all = self.engine.accounts();
        all.into_iter().find(|s| s.account == self.account)
    }

    fn who(&self) -> String {
        format!("account '{}' at {}", self.account.name, self.account.ca)
    }

    fn tell(&self) -> impl FnMut(&str) {
        |text: &str| self.run.tell(text)
    }
}

/// The account of that name or endpoint.
fn found(run: &Run<'_>, engine: &Engine<'_>, name: &str) -> Result<Arc<Account>> {
    let staging = run.parsed.has("staging");
    let all = engine.accounts();
    if let Some(status) = all.iter().find(|s| s.account.directory == name) {
        return Ok(status.account.clone());
    }
    let usage = |text: String| Ended(Exit::Usage, text);
    let named = |s: &&AccountStatus| s.account.name == name && !s.configured;
    let former: Vec<&AccountStatus> = all.iter().filter(named).collect();
    match (engine.config.account(name, staging), former.as_slice()) {
        (Some(account), _) => account.map_err(|why| usage(format!("account '{name}': {why}"))),
        (None, [one]) => Ok(one.account.clone()),
        (None, []) => {
            let known = all.iter().map(|s| s.account.name.as_str());
            let meant = nearest(name, known).map(|m| format!("; did you mean '{m}'?"));
            Err(usage(format!(
                "there is no account '{name}'{}\n`certkeeper account list` shows them, `certkeeper cas` the CAs known by name",
                meant.unwrap_or_default()
            )))
        }
        (None, several) => {
            let endpoints = several.iter().map(|s| s.account.directory.as_str());
            let endpoints: Vec<&str> = endpoints.collect();
            Err(usage(format!(
                "account '{name}' is kept for several CAs; name its endpoint: {}",
                endpoints.join(" ")
            )))
        }
    }
}

fn register(task: &Task<'_, '_>) -> Result<String> {
    let note = task
        .engine
        .register_account(&task.account, &mut task.tell())
        .map_err(failed)?;
    let text = note.map_or_else(String::new, |note| {
        format!(", since {}: {}", Timestamp(note.created), note.url)
    });
    Ok(format!("{} is registered{text}", task.who()))
}

fn update(task: &Task<'_, '_>) -> Result<String> {
    task.engine
        .update_account(&task.account, &mut task.tell())
        .map_err(failed)?;
    let contact = task.account.email.as_deref();
    let contact = contact.unwrap_or("no e-mail address (option email, account_email)");
    Ok(format!("{} has the contact: {contact}", task.who()))
}

fn rollover(task: &Task<'_, '_>) -> Result<String> {
    task.engine
        .change_account_key(&task.account, &mut task.tell())
        .map_err(failed)?;
    Ok(format!("{} has a new key", task.who()))
}

fn deactivate(task: &Task<'_, '_>) -> Result<String> {
    task.engine
        .deactivate_account(&task.account, &mut task.tell())
        .map_err(failed)?;
    Ok(format!(
        "{} is deactivated for good; certificates remain until they end. Sections that name it fail from now on: name \
         another account there, or `certkeeper account delete {}` and the next run registers a new one",
        task.who(),
        task.account.words()
    ))
}

fn delete(task: &Task<'_, '_>) -> Result<String> {
    let who = task.who();
    let Some(status) = task.status().filter(|s| s.kept) else {
        return Err(Ended(Exit::Failed, format!("nothing is kept of {who}")));
    };
    task.engine.forget_account(&status).map_err(failed)?;
    let mut text =
        format!("{who} is forgotten: certificates remain in use, its orders are no longer shown");
    match &status.note {
        Some(note) if status.state() == AccountState::Valid => {
            text += &format!("; the CA still has it as {}", note.url);
        }
        _ => {}
    }
    if let Some(kid) = status.note.as_ref().and_then(|n| n.eab_kid.as_ref()) {
        text += &format!("; a new one needs an external account again, and '{kid}' may be used up");
    }
    Ok(text)
}
