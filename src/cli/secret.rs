//! `secret`: reads a secret from stdin and keeps it where no login reads it back.

use super::parse::Command;
use super::uci::{Change, apply, read};
use super::{Ended, Exit, Result, Run};
use crate::config::Notify;
use crate::dns;
use crate::types::nearest;
use crate::uci::{UciOption, Value};
use serde_json::json;

pub(super) const COMMAND: Command = Command {
    name: "secret",
    args: "SECTION NAME",
    summary: "keeps a secret of a section or provider, read from stdin",
    help: "Reads one line from stdin (without echo on a terminal) and keeps it as credential NAME of the\n\
           'config cert', 'config provider' or 'config account' section of that name, in\n\
           /etc/config/certkeeper_secrets (mode 0600). An account has one:\n\
           eab_hmac_key, which is of no use any more once it is registered. `secret global notify` keeps\n\
           a URL that is told of failures, beside those of `list notify`, in the place of the former one.",
    options: &[],
    run,
};

fn run(run: &Run<'_>) -> Result<Exit> {
    let [name, key] = run.parsed.free.as_slice() else {
        return Err(run.usage());
    };
    let usage = |text: String| Ended(Exit::Usage, text);
    if key.contains('=') {
        return Err(usage(
            "the secret's value is read from stdin; give its name alone".into(),
        ));
    }
    if key.is_empty() || !key.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
        return Err(usage(format!(
            "'{key}': a credential's name has letters, digits and _"
        )));
    }
    let notify = (name.as_str(), key.as_str()) == (GLOBAL, NOTIFY);
    if !notify {
        known(run, name, key)?;
    }
    if run.world.in_is_terminal {
        run.tell(&format!(
            "{key} of '{name}' (is not shown; end with Enter):"
        ));
    }
    let value =
        (run.world.read_secret)().map_err(|e| Ended(Exit::Failed, format!("stdin: {e}")))?;
    if value.trim().is_empty() {
        return Err(usage("stdin held no secret; nothing was changed".into()));
    }
    let value = value.trim_end_matches(['\n', '\r']);
    if value.contains(['\n', '\0']) {
        return Err(usage("a secret has one line; nothing was changed".into()));
    }
    let value = value.trim();
    if value.contains(|c: char| c.is_control() && c != '\t') {
        return Err(usage(
            "a secret holds no control character; nothing was changed".into(),
        ));
    }
    let mut changes = vec![Change::Set(name.clone(), "secret".into())];
    if notify {
        if Notify::parse(value).is_none() {
            return Err(usage(format!("{}; nothing was changed", Notify::WANTED)));
        }
        let option = format!("{name}.{key}");
        if kept(run, name, key)?.is_some() {
            changes.push(Change::Delete(option.clone()));
        }
        changes.push(Change::AddList(option, value.into()));
    } else if key == HMAC_KEY {
        changes.push(Change::Set(format!("{name}.{key}"), value.into()));
    } else {
        let option = format!("{name}.credentials");
        changes.extend(earlier(run, name, key, &option)?);
        changes.push(Change::AddList(option, format!("{key}={value}")));
    }
    apply(&run.paths, &changes, &run.paths.secrets(), 0o600)?;
    if run.parsed.json {
        run.say_json(&json!({"section": name, "name": key, "set": true}));
    } else {
        run.say(&format!("{key} of '{name}' is set"));
    }
    Ok(Exit::Done)
}

/// The secret of an account (RFC 8555 section 7.3.4).
const HMAC_KEY: &str = "eab_hmac_key";

/// Who is told of failures, where the URL itself is a secret.
const GLOBAL: &str = "global";
const NOTIFY: &str = "notify";

/// The section must exist; a name that its module does not use is told.
fn known(run: &Run<'_>, name: &str, key: &str) -> Result<()> {
    let usage = |text: String| Ended(Exit::Usage, text);
    let sections = read(&run.paths.config())?;
    let holders = || {
        sections
            .iter()
            .filter(|s| matches!(s.kind.as_str(), "cert" | "provider" | "account" | "domain"))
    };
    let Some(section) = holders().find(|s| s.name.as_deref() == Some(name)) else {
        let meant = nearest(name, holders().filter_map(|s| s.name.as_deref()));
        let meant = meant.map(|m| format!("; did you mean '{m}'?"));
        return Err(usage(format!(
            "there is no 'config cert', 'provider' or 'account' section '{name}'{}",
            meant.unwrap_or_default()
        )));
    };
    let (kind, of_account) = (section.kind.as_str(), key == HMAC_KEY);
    if of_account != (kind == "account") {
        let text = match of_account {
            true => format!("{HMAC_KEY} is an account's; '{name}' is a 'config {kind}' section"),
            false => {
                format!("'{name}' is a 'config account' section, which has one secret: {HMAC_KEY}")
            }
        };
        return Err(usage(text));
    }
    let text = |option: &str| {
        let value = section.get(option)?.value.entries().last()?.clone();
        String::from_utf8(value).ok()
    };
    let Some(d) = text("dns").and_then(|m| dns::choose(&run.paths, &m)) else {
        return Ok(());
    };
    if !d.open && !d.fields.iter().any(|f| f.name == key) {
        let names: Vec<&str> = d.fields.iter().map(|f| f.name).collect();
        run.tell(&format!(
            "{} {} does not use '{key}'; it uses {}",
            run.err_style.warn("warning:"),
            d.name,
            names.join(" ")
        ));
    }
    Ok(())
}

/// An option of a section of secrets.
fn kept(run: &Run<'_>, name: &str, option: &str) -> Result<Option<UciOption>> {
    if !run.paths.secrets().exists() {
        return Ok(None);
    }
    let sections = read(&run.paths.secrets())?;
    let section = sections.iter().find(|s| s.name.as_deref() == Some(name));
    Ok(section.and_then(|s| s.get(option)).cloned())
}

/// What removes the earlier values of a credential and keeps the others.
fn earlier(run: &Run<'_>, name: &str, key: &str, option: &str) -> Result<Vec<Change>> {
    let Some(found) = kept(run, name, "credentials")? else {
        return Ok(Vec::new());
    };
    let texts = found.value.entries().iter();
    let texts = texts.filter_map(|v| String::from_utf8(v.clone()).ok());
    let same = |t: &String| t.split_once('=').is_some_and(|(k, _)| k.trim() == key);
    Ok(texts
        .filter(same)
        .map(|entry| match found.value {
            Value::One(_) => Change::Delete(option.to_owned()),
            Value::List(_) => Change::DelList(option.to_owned(), entry),
        })
        .collect())
}
