//! `rollback`: back to the former version.

use super::live::Live;
use super::parse::Command;
use super::term::until;
use super::{Exit, Result, Run, failed};
use crate::types::{SectionName, Stage, Timestamp};
use serde_json::json;

pub(super) const COMMAND: Command = Command {
    name: "rollback",
    args: "SECTION",
    summary: "puts the former certificate of a section into use again",
    help: "The newest stored version before the one in use takes its place again: services are told of it\n\
           and looked at as with a new one. The version that is rolled back is left alone, and no new one\n\
           is got, until somebody asks: `renew SECTION` puts it into use again, `renew SECTION --force`\n\
           gets a new one. When a tenth of its lifetime is left of what serves, a new one is got anyhow.",
    options: &[],
    run,
};

fn run(run: &Run<'_>) -> Result<Exit> {
    let config = run.config()?;
    let section = run.one_section(&config)?;
    let cert = run.able(&config, &section)?;
    let _lock = run.lock()?;
    let live = Live::new(run);
    let listener =
        |section: &SectionName, stage: Stage, text: &str| live.show(section, stage, text);
    let engine = run.engine(&config, &listener, None);
    let done = engine.roll_back(cert);
    live.end();
    let done = done.map_err(failed)?;
    let (from, to) = (done.from.number, done.to.number);
    let end = Timestamp(done.to.meta.not_after);
    if run.parsed.json {
        run.say_json(&json!({
            "section": section.as_str(), "from": from, "to": to, "not_after": end.0, "due": done.renewal.0,
        }));
        return Ok(Exit::Done);
    }
    let now = run.clock.now();
    let next = match done.renewal <= now {
        true => "the next run gets a new one, for little of its time is left".to_owned(),
        false => format!(
            "unless you ask, a new one is got {}",
            until(done.renewal, now)
        ),
    };
    run.say(&format!(
        "{section}: version {to} is in use again, until {end}; version {from} is left alone\n\
         {next}: `certkeeper renew {section}` puts version {from} into use again, with --force there is a new one"
    ));
    if let Some(other) = cert.other() {
        run.say(&format!(
            "'{other}', the section's other certificate, is left as it is"
        ));
    }
    Ok(Exit::Done)
}
