//! `upload`: a certificate that was got elsewhere.

use super::live::Live;
use super::parse::Command;
use super::term::until;
use super::{Ended, Exit, Result, Run, failed};
use crate::types::{SectionName, Stage, Timestamp};
use crate::x509::Pile;
use serde_json::json;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;

pub(super) const COMMAND: Command = Command {
    name: "upload",
    args: "SECTION CERTIFICATE [KEY]",
    summary: "puts a certificate that was got elsewhere into use for a section",
    help: "Takes PEM or DER, the chain in any order, the key in a file of its own, with the certificate, or\n\
           made by `csr`. The key must fit, the names cover those of the section, the time be now; a\n\
           missing intermediate and what is weak is told. Services are told of it as of any version. It\n\
           serves while it is valid and covers the names; when it would be renewed, the CA takes over.\n\
           A file of yours in the place of a link in /etc/ssl/domains gives way to it. - for CERTIFICATE\n\
           takes PEM, with the key, from stdin.",
    options: &[],
    run,
};

/// No chain with its key is longer.
const FILE_MAX: u64 = 1024 * 1024;

/// Adds what a file holds.
pub(super) fn add(pile: &mut Pile, file: &str) -> Result<()> {
    let failed = |e: std::io::Error| Ended(Exit::Failed, format!("{file}: {e}"));
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(failed)?;
    opened
        .take(FILE_MAX)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    pile.add(file, &bytes)
        .map_err(|e| Ended(Exit::Failed, e.to_string()))
}

fn run(run: &Run<'_>) -> Result<Exit> {
    let (name, files) = match run.parsed.free.as_slice() {
        [name, files @ ..] if (1..=2).contains(&files.len()) => (name, files),
        _ => return Err(run.usage()),
    };
    let config = run.config()?;
    let section = run.section(&config, name)?;
    let cert = run.able(&config, &section)?;
    let mut pile = Pile::default();
    for file in files {
        if file == "-" {
            let pem = run.stdin()?;
            pile.add("stdin", pem.as_bytes())
                .map_err(|e| Ended(Exit::Failed, e.to_string()))?;
            continue;
        }
        let keys = pile.has_key();
        add(&mut pile, file)?;
        if pile.has_key() != keys && fs::metadata(file).is_ok_and(|m| m.mode() & 0o077 != 0) {
            run.tell(&format!(
                "{} others on this device can read the key in {file}: remove it afterwards, certkeeper keeps its own copy",
                run.err_style.warn("warning:")
            ));
        }
    }
    let _lock = run.lock()?;
    let live = Live::new(run);
    let listener =
        |section: &SectionName, stage: Stage, text: &str| live.show(section, stage, text);
    let done = run.engine(&config, &listener, None).upload(cert, pile);
    live.end();
    let done = done.map_err(failed)?;
    let end = Timestamp(done.meta.not_after);
    if run.parsed.json {
        run.say_json(&json!({
            "section": section.as_str(), "version": done.version, "serial": done.meta.serial,
            "issuer": done.meta.issuer, "names": done.meta.names, "not_after": end.0, "due": done.renewal.0,
            "warnings": done.warnings,
        }));
        return Ok(Exit::Done);
    }
    let next = match cert.auto_update {
        true => format!(
            "{} takes over {}",
            cert.account.ca,
            until(done.renewal, run.clock.now())
        ),
        false => "with auto_update 0 nobody takes over before you ask".to_owned(),
    };
    run.say(&format!(
        "{section}: serial {} of {} is in use as version {}, until {end}; {next}",
        done.meta.serial, done.meta.issuer, done.version
    ));
    Ok(Exit::Done)
}
