//! `log`: the last run of a section, line by line.

use super::parse::{Command, Opt};
use super::{Ended, Exit, Result, Run};
use crate::status;
use serde_json::json;

pub(super) const COMMAND: Command = Command {
    name: "log",
    args: "SECTION [--lines N]",
    summary: "shows the last run of a section, line by line",
    help: "What the last run that worked on the section did: time (UTC), stage, text.",
    options: &[Opt {
        name: "lines",
        value: Some("N"),
        help: "the last N lines alone",
    }],
    run,
};

fn run(run: &Run<'_>) -> Result<Exit> {
    let lines = run.parsed.value("lines").map(|n| n.parse::<usize>());
    let lines = lines.transpose().map_err(|_| {
        let text = "--lines wants a whole number from 0 on";
        Ended(Exit::Usage, text.into())
    })?;
    let config = run.config()?;
    let section = run.one_section(&config)?;
    let Some(text) = status::read_log(&run.paths, &section) else {
        return Err(Ended(
            Exit::Failed,
            format!(
                "no run has worked on '{section}' since the device started; `certkeeper renew {section}` does"
            ),
        ));
    };
    let all: Vec<&str> = text.lines().collect();
    let from = lines.map_or(0, |n| all.len().saturating_sub(n));
    let last = &all[from..];
    match run.parsed.json {
        true => run.say_json(&json!({"section": section.as_str(), "lines": last})),
        false => run.say(&last.join("\n")),
    }
    Ok(Exit::Done)
}
