//! `agent`: the ubus object, under procd.

use super::parse::{Command, Opt};
use super::{Ended, Exit, Result, Run};
use crate::ubus::agent::{Access, METHODS, Setup, run as work};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

pub(super) const COMMAND: Command = Command {
    name: "agent",
    args: "[--methods]",
    summary: "shows and does all of this on ubus (procd runs it)",
    help: "Owns the ubus object `certkeeper`, which LuCI and scripts use: `ubus -v list certkeeper` shows its\n\
           methods. What takes long becomes a job, one after the other; `ubus listen certkeeper` and\n\
           `ubus subscribe certkeeper` hear of each change. A run is started when the next attempt of a\n\
           section has come. It works until it gets SIGTERM; a run that works then is asked to end.\n\
           UBUS_SOCKET names another socket than /var/run/ubus/ubus.sock.",
    options: &[Opt {
        name: "methods",
        value: None,
        help: "print what the object offers, and end",
    }],
    run,
};

fn run(run: &Run<'_>) -> Result<Exit> {
    if !run.parsed.free.is_empty() {
        return Err(run.usage());
    }
    if run.parsed.has("methods") {
        methods(run);
        return Ok(Exit::Done);
    }
    let fail = |e: std::io::Error| Ended(Exit::Failed, format!("the agent cannot work: {e}"));
    let socket = (run.world.env)("UBUS_SOCKET").filter(|path| !path.is_empty());
    let setup = Setup {
        paths: &run.paths,
        root: run.paths.at("/"),
        // The file of that name, also once it is a newer one.
        program: std::env::current_exe().map_err(fail)?,
        socket: socket.map_or_else(|| run.paths.ubus(), PathBuf::from),
        clock: run.clock.as_ref(),
        signals: (run.world.signals)().map_err(fail)?,
        tell: run.world.tell,
    };
    work(setup).map_err(fail)?;
    Ok(Exit::Done)
}

/// The methods, each with its arguments and who may call it: luci-app-certkeeper is held against it.
fn methods(run: &Run<'_>) {
    let access = |a: Access| match a {
        Access::Read => "read",
        Access::Write => "write",
    };
    if run.parsed.json {
        let all = METHODS.iter().map(|m| {
            let args: Vec<&str> = m.args.iter().map(|(name, _)| *name).collect();
            let about = json!({ "access": access(m.access), "args": args });
            (m.name.to_owned(), about)
        });
        let all: Map<String, Value> = all.collect();
        return run.say_json(&json!({ "methods": all }));
    }
    for m in METHODS {
        let args: Vec<&str> = m.args.iter().map(|(name, _)| *name).collect();
        run.say(format!("{:<5} {} {}", access(m.access), m.name, args.join(" ")).trim_end());
    }
}
