//! `revoke`: has a CA declare a certificate void.

use super::parse::{Command, Opt};
use super::term::end;
use super::{Ended, Exit, Result, Run, failed};
use crate::config::{Account, Config};
use crate::issue::{By, Engine, Revocation};
use crate::keys::PrivateKey;
use crate::status;
use crate::store::Area;
use crate::types::{Reason, SectionName};
use crate::x509::{Certificate, Pile, split_pem_chain};
use serde_json::json;
use std::sync::Arc;

pub(super) const COMMAND: Command = Command {
    name: "revoke",
    args: "SECTION or --cert FILE [--reason R] [--key FILE] [--account NAME] [--yes]",
    summary: "has the CA declare a certificate void, for good",
    help: "Revokes the certificate of a section, or the one in a file: as the account that ordered it, or by\n\
           the certificate's own key where that account may not or is not here. Reasons: unspecified,\n\
           keyCompromise, affiliationChanged, superseded, cessationOfOperation. The section is banned then:\n\
           it gets no other certificate until `renew SECTION --force` or a change of its configuration;\n\
           meanwhile a certificate of the router's own CA serves. The next one has a new key.",
    options: &[
        Opt {
            name: "cert",
            value: Some("FILE"),
            help: "the certificate in this file (PEM or DER)",
        },
        Opt {
            name: "reason",
            value: Some("R"),
            help: "why, as RFC 5280 names it",
        },
        Opt {
            name: "key",
            value: Some("FILE"),
            help: "sign with the certificate's own key",
        },
        Opt {
            name: "account",
            value: Some("NAME"),
            help: "the account that ordered it, and with it the CA",
        },
        Opt {
            name: "yes",
            value: None,
            help: "do not ask; without a terminal it is needed",
        },
    ],
    run,
};

/// What is to be revoked.
struct Target {
    certificate: Certificate,
    key: Option<PrivateKey>,
    account: Arc<Account>,
}

fn run(run: &Run<'_>) -> Result<Exit> {
    let reason = run.parsed.value("reason").map(|r| Reason::parse(&r));
    let reason = reason
        .transpose()
        .map_err(|why| Ended(Exit::Usage, format!("--reason: {why}")))?;
    let reason = reason.unwrap_or(Reason::Unspecified);
    let config = run.config()?;
    let trace = |line: &str| run.tell(line);
    let engine = run.engine(&config, &|_, _, _| {}, run.trace(&config, &trace));
    let target = target(run, &config, &engine)?;
    let (certificate, account) = (&target.certificate, &target.account);
    let now = run.clock.now();
    if certificate.not_after <= now {
        let text = format!(
            "the certificate ended on {}, so that nobody takes it any more",
            certificate.not_after
        );
        return Err(Ended(Exit::Failed, text));
    }
    let serial = certificate.serial_hex();
    let names: Vec<String> = certificate.names.iter().map(ToString::to_string).collect();
    if !run.parsed.has("yes") {
        let mut text = format!(
            "serial {serial} for {}, which ends {}, is to be revoked at {} ({reason}). That cannot be undone.\n",
            names.join(" "),
            end(certificate.not_after, now),
            account.ca
        );
        let stored = engine.stored(certificate);
        for cert in stored.iter().filter_map(|s| engine.concerned(s)) {
            text += &format!("{}\n", engine.served_after(&cert.name));
        }
        agree(run, &text)?;
    }
    let _lock = run.lock()?;
    let asked = Revocation {
        certificate,
        account,
        reason,
        key: target.key,
    };
    let done = engine
        .revoke(asked, &mut |text| run.tell(text))
        .map_err(failed)?;
    let (by, who) = match done.by {
        By::Account => ("account", format!("account '{}'", account.name)),
        By::Key => ("key", "the certificate's own key".to_owned()),
    };
    let what = match done.already {
        true => format!("serial {serial} was revoked before, says {}", account.ca),
        false => format!(
            "serial {serial} is revoked at {} ({reason}), signed by {who}",
            account.ca
        ),
    };
    let sections: Vec<String> = done.banned.iter().map(|s| engine.served_after(s)).collect();
    for section in &done.banned {
        status::syslog(&run.paths, false, &format!("{section}: {what}"));
    }
    if run.parsed.json {
        let banned: Vec<&str> = done.banned.iter().map(SectionName::as_str).collect();
        run.say_json(&json!({
            "serial": serial, "names": names, "reason": reason, "by": by, "already": done.already,
            "banned": banned, "served": sections,
        }));
        return Ok(Exit::Done);
    }
    run.say(&what);
    for text in &sections {
        run.say(text);
    }
    Ok(Exit::Done)
}

/// Asks on a terminal; nobody can be asked without.
fn agree(run: &Run<'_>, text: &str) -> Result<()> {
    if !run.world.in_is_terminal {
        let text = format!("{text}add --yes to do it");
        return Err(Ended(Exit::Usage, text));
    }
    (run.world.live)(&format!("{text}Type yes to go on: "));
    let answer = (run.world.read_line)().map_err(|e| Ended(Exit::Failed, format!("stdin: {e}")))?;
    match answer.trim().eq_ignore_ascii_case("yes") {
        true => Ok(()),
        false => Err(Ended(Exit::Failed, "nothing was revoked".into())),
    }
}

fn target(run: &Run<'_>, config: &Config, engine: &Engine<'_>) -> Result<Target> {
    let file = run.parsed.value("cert");
    let mut pile = Pile::default();
    for name in file.iter().chain(&run.parsed.value("key")) {
        super::upload::add(&mut pile, name)?;
    }
    let certificate = match (&file, run.parsed.free.as_slice()) {
        (Some(_), []) => pile.leaf().cloned(),
        (None, [_]) => Some(in_use(run, config)?),
        _ => return Err(run.usage()),
    };
    let fits = |text: String| Ended(Exit::Failed, text);
    let certificate = certificate.ok_or_else(|| {
        fits(format!(
            "{}: there is no certificate in it",
            file.unwrap_or_default()
        ))
    })?;
    let key = pile.key_of(&certificate).map_err(|e| fits(e.to_string()))?;
    let key = key.map(|k| PrivateKey::from_pem(&k.to_pem())).transpose();
    let key = key.map_err(|e| fits(format!("--key: {e}")))?;
    Ok(Target {
        account: account(run, config, engine, &certificate)?,
        certificate,
        key,
    })
}

/// The certificate that a section has in use.
fn in_use(run: &Run<'_>, config: &Config) -> Result<Certificate> {
    let section = run.one_section(config)?;
    let cert = run.able(config, &section)?;
    let area = Area::new(&run.paths, &section, cert.staging);
    let held = area.held();
    let fail = |text: String| Ended(Exit::Failed, text);
    let version = held
        .current()
        .or_else(|| held.newest_valid(run.clock.now()));
    let version = version.ok_or_else(|| {
        fail(format!(
            "'{section}' has no certificate of a CA; a former one is revoked by --cert FILE"
        ))
    })?;
    if version.meta.uploaded && run.parsed.value("account").is_none() {
        return Err(fail(format!(
            "the certificate of '{section}' was uploaded: have it revoked where it comes from, or name an account at its CA (--account)"
        )));
    }
    let file = area.version_dir(version.number).join("cert.pem");
    let unreadable = |e: String| fail(format!("{}: {e}", file.display()));
    let pem = std::fs::read(&file).map_err(|e| unreadable(e.to_string()))?;
    let ders = split_pem_chain(&pem).map_err(|e| unreadable(e.to_string()))?;
    let der = ders.first().map(Vec::as_slice).unwrap_or_default();
    Certificate::parse(der).map_err(|e| unreadable(e.to_string()))
}

/// The account that ordered it, as far as that is known.
fn account(
    run: &Run<'_>,
    config: &Config,
    engine: &Engine<'_>,
    certificate: &Certificate,
) -> Result<Arc<Account>> {
    let usage = |text: String| Ended(Exit::Usage, text);
    if let Some(name) = run.parsed.value("account") {
        return match config.account(&name, false) {
            Some(account) => account.map_err(|why| usage(format!("account '{name}': {why}"))),
            None => Err(usage(format!(
                "there is no account '{name}'; `certkeeper account list` shows them, `certkeeper cas` the CAs known by name"
            ))),
        };
    }
    let known: Vec<Arc<Account>> = config.accounts().cloned().collect();
    if let Some(stored) = engine
        .stored(certificate)
        .into_iter()
        .find(|s| !s.version.meta.uploaded)
    {
        let meta = stored.version.meta;
        let same = known
            .iter()
            .find(|a| a.name == meta.account && a.directory == meta.directory);
        let former = || Arc::new(Account::former(&meta.account, &meta.directory));
        return Ok(same.cloned().unwrap_or_else(former));
    }
    let mut of_sections = config.certs.iter().map(|c| &c.account);
    match of_sections.next() {
        Some(first) if of_sections.all(|a| a.directory == first.directory) => Ok(first.clone()),
        _ => {
            let names: Vec<&str> = known.iter().map(|a| a.name.as_str()).collect();
            Err(usage(format!(
                "who issued the certificate is not known here: --account NAME tells ({})",
                names.join(" ")
            )))
        }
    }
}
