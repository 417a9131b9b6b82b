//! `log`: the last run of a section, line by line.

use super::parse::Command;
use super::{Ended, Exit, Result, Run};
use crate::status;
use serde_json::json;

pub(super) const COMMAND: Command = Command {
    name: "log",
    args: "SECTION",
    summary: "shows the last run of a section, line by line",
    help: "What the last run that worked on the section did: time (UTC), stage, text.",
    options: &[],
    run,
};

fn run(run: &Run<'_>) -> Result<Exit> {
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
    if run.parsed.json {
        let lines: Vec<&str> = text.lines().collect();
        run.say_json(&json!({"section": section.as_str(), "lines": lines}));
    } else {
        run.say(text.trim_end());
    }
    Ok(Exit::Done)
}
