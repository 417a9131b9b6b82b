//! What the agent costs a router while nothing happens. A build for routers is looked at alone:
//! `CERTKEEPER_BIN` names one, as tests/processors does.

use crate::rig::{Rig, list};
use crate::support::tools;
use rustix::fs::{Advice, fadvise};
use std::env;
use std::fs::{self, File};
use std::thread::sleep;
use std::time::Duration;

/// Resident, in KiB.
const LIMIT: u64 = 1536;

#[test]
fn it_is_small_at_rest_and_after_work() {
    let Some(binary) = env::var_os("CERTKEEPER_BIN") else {
        return tools::skip("a build for routers", "CERTKEEPER_BIN names none");
    };
    if env::var("CERTKEEPER_RUNNER").is_ok_and(|runner| !runner.is_empty()) {
        return tools::skip("the agent's memory", "an emulator's is counted with it");
    }
    // What was just written is mapped in larger pieces than what was read, as on a router.
    let binary = File::open(binary).expect("the binary");
    binary.sync_all().expect("it is written");
    fadvise(&binary, 0, None, Advice::DontNeed).expect("advice");
    let mut rig = Rig::new(&["web"]);
    let file = format!("/proc/{}/status", rig.agent.pid().as_raw_nonzero());
    let resident = || {
        sleep(Duration::from_secs(1));
        let status = fs::read_to_string(&file).expect("a status");
        let mut lines = status.lines();
        let line = lines.find_map(|l| l.strip_prefix("VmRSS:")).expect("VmRSS");
        let number = line.trim().trim_end_matches(" kB");
        number.parse::<u64>().expect("a number")
    };
    let before = resident();
    for method in ["status", "accounts", "cas", "providers"] {
        rig.call(method, "{}");
    }
    let job = rig.job("renew", r#"{"section": "web"}"#);
    rig.ended(job);
    assert_eq!(list(&rig.call("status", "{}"), "sections").len(), 1);
    let after = resident();
    eprintln!("{before} KiB at rest, {after} KiB after work");
    assert!(before <= LIMIT && after <= LIMIT, "{before}, {after} KiB");
}
