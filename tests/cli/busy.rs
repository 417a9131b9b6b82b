//! Another run is at work.

use super::holdings::{END, hold};
use super::support::temp_root::TempRoot;
use super::support::wait_until;
use super::{cert, certkeeper, ended, has, run, site};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::time::Duration;

/// Another run, as far as anybody can see: the lock is held.
fn hold_lock(temp: &TempRoot) -> File {
    let file = temp.write("/var/run/certkeeper/lock", "");
    let file = File::create(file).expect("the lock");
    flock(&file, FlockOperation::NonBlockingLockExclusive).expect("it is free");
    file
}

#[test]
fn three_when_another_run_is_at_work() {
    let temp = site(&[cert("web", "")]);
    let lock = hold_lock(&temp);
    for line in [
        "renew --no-wait",
        "renew --no-wait web",
        "--no-wait renew --force",
    ] {
        let finished = run(&temp, line, 3);
        assert_eq!(
            (finished.stdout.as_str(), finished.stderr.as_str()),
            ("", "certkeeper: another run is at work\n")
        );
    }
    assert!(
        !temp.path("/var/run/certkeeper/wanted").exists(),
        "nothing was handed over"
    );
    // Looking is always allowed.
    has(&run(&temp, "status", 0).stdout, &["web "]);
    drop(lock);
    run(&temp, "renew --no-wait", 1);
}

#[test]
fn a_wish_is_handed_to_the_run_at_work() {
    for (line, wish) in [
        ("renew", "all-due"),
        ("renew web", "web"),
        ("renew --force web", "web-force"),
    ] {
        let temp = site(&[cert("web", "")]);
        hold(&temp, "web", END);
        let lock = hold_lock(&temp);
        let words: Vec<&str> = line.split(' ').collect();
        let waiting = certkeeper(&temp, &words).start();
        let wish = temp.path(&format!("/var/run/certkeeper/wanted/{wish}"));
        assert!(
            wait_until(Duration::from_secs(20), || wish.exists()),
            "{line}"
        );
        // The other takes the wish and does it; whatever else it does is no concern of ours.
        let document = run(&temp, "status web --json", 0).stdout;
        temp.write("/var/run/certkeeper/status/web.json", document);
        fs::remove_file(&wish).expect("gone");
        let finished = ended(waiting.finish(), 0);
        drop(lock);
        has(
            &finished.stderr,
            &["another run is at work; it takes this wish along"],
        );
        assert_eq!(finished.stdout, "web: Valid (done by the other run)\n");
    }
}
