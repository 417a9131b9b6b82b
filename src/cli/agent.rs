//! `agent`: the ubus object, under procd.

use super::parse::Command;
use super::{Ended, Exit, Result, Run};
use crate::ubus::agent::{Setup, run as work};
use std::path::PathBuf;

pub(super) const COMMAND: Command = Command {
    name: "agent",
    args: "",
    summary: "shows and does all of this on ubus (procd runs it)",
    help: "Owns the ubus object `certkeeper`, which LuCI and scripts use: `ubus -v list certkeeper` shows its\n\
           methods. What takes long becomes a job, one after the other; `ubus listen certkeeper` and\n\
           `ubus subscribe certkeeper` hear of each change. A run is started when the next attempt of a\n\
           section has come. It works until it gets SIGTERM; a run that works then is asked to end.\n\
           UBUS_SOCKET names another socket than /var/run/ubus/ubus.sock.",
    options: &[],
    run,
};

fn run(run: &Run<'_>) -> Result<Exit> {
    if !run.parsed.free.is_empty() {
        return Err(run.usage());
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
