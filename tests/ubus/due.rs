//! The agent starts a run by itself when one is due.

use crate::rig::{LIMIT, Rig, list, root, text};
use crate::support::ubus::Bus;
use crate::support::wait_until;
use certkeeper::ubus::blob::Value;
use std::fs;
use std::time::Duration;

/// What the clock shows: 2027-01-15T08:00:00Z.
const NOW: i64 = 1_800_000_000;

fn states(rig: &mut Rig) -> Vec<String> {
    let jobs = rig.call("job", "{}");
    let state = |job: &Value| match job {
        Value::Table(job) => text(job, "state").to_owned(),
        other => panic!("{other:?}"),
    };
    list(&jobs, "jobs").iter().map(state).collect()
}

/// A section's document as a failed run leaves it, with another time of the next attempt.
fn note(rig: &Rig, next: i64) {
    let folder = rig.temp.path("var/run/certkeeper/status");
    let text = format!(
        r#"{{"section": "web", "state": "connection_error", "label": "x", "names": [], "primary": false,
            "source": "", "account": "own", "ca": "x", "next": {next}}}"#
    );
    fs::write(folder.join("web.new"), text).unwrap();
    fs::rename(folder.join("web.new"), folder.join("web.json")).unwrap();
}

#[test]
fn a_run_begins_when_the_next_attempt_has_come_and_not_again_at_once() {
    let temp = root(&["web"]);
    let bus = Bus::start(&temp.path("var/run/ubus/ubus.sock"));
    let mut rig = Rig::on(temp, bus, &[("CERTKEEPER_NOW", &NOW.to_string())]);
    note(&rig, NOW + 3600);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(states(&mut rig).len(), 0);
    note(&rig, NOW + 3);
    assert!(wait_until(LIMIT, || states(&mut rig) == ["failed"]));
    // It noted when to go on; and if it had not, the agent would not insist.
    note(&rig, NOW);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(states(&mut rig), ["failed"]);
    // What comes due later is another matter. The section itself rests, so nothing is done.
    note(&rig, NOW + 10);
    assert!(wait_until(LIMIT, || states(&mut rig) == ["failed", "deferred"]));
}
