//! Several at once: runs beside each other, and those who look on.

use crate::relay::{Relay, Replies};
use crate::site::Site;
use crate::support::wait_until;
use crate::uci::{GLOBAL, account, cert, with};
use rustix::process::{Signal, kill_process_group};
use std::sync::Arc;
use std::time::Duration;

/// The web server stops answering, so that a validation lasts until it goes on.
pub fn freeze(site: &Site) {
    kill_process_group(site.nginx().server().pid(), Signal::STOP).expect("nginx");
}

pub fn thaw(site: &Site) {
    kill_process_group(site.nginx().server().pid(), Signal::CONT).expect("nginx");
}

#[test]
fn twenty_runs_at_once_issue_one_certificate_each() {
    let Some(site) = Site::web() else { return };
    site.configure(&[
        cert("web", &["www.demo.example"], &site.by_webroot()),
        cert("mail", &["mail.demo.example"], &site.by_webroot()),
    ]);
    let runs: Vec<_> = (0..20)
        .map(|_| site.certkeeper(&["renew"]).start())
        .collect();
    for run in runs {
        let run = run.finish();
        assert_eq!(run.code(), 0, "{}", run.report());
        assert!(run.stdout.contains("web"), "{}", run.report());
    }
    assert_eq!(
        (site.version("web"), site.version("mail")),
        (Some(1), Some(1))
    );
    assert_eq!(site.asked("POST /order-plz"), 2);
    assert_eq!(site.asked("POST /sign-me-up"), 1);
    site.is_good("web", &["www.demo.example"]);
    site.is_good("mail", &["mail.demo.example"]);
    site.is_tidy("web");
    assert_eq!(wishes(&site), Vec::<String>::new());
}

/// The wishes that are queued or worked on.
fn wishes(site: &Site) -> Vec<String> {
    let queued = site.temp.path("var/run/certkeeper/wanted");
    let folders = [queued.clone(), queued.join(".taken")];
    let files = folders
        .iter()
        .flat_map(|f| std::fs::read_dir(f).into_iter().flatten());
    let files = files.flatten().filter(|f| f.path().is_file());
    files
        .map(|f| f.file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn who_does_not_wait_is_told_so() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    freeze(&site);
    let run = site.certkeeper(&["renew"]).start();
    site.wait_for("web", "is looking");
    let other = site.ends(&["renew", "--no-wait"], 3);
    assert!(
        other.stderr.contains("another run is at work"),
        "{}",
        other.report()
    );
    assert!(
        other.wall < Duration::from_secs(2),
        "it waited {:?}",
        other.wall
    );
    // Looking is allowed meanwhile.
    site.ends(&["status"], 0);
    thaw(&site);
    let run = run.finish();
    assert_eq!(run.code(), 0, "{}", run.report());
    site.ends(&["renew", "--no-wait"], 0);
}

#[test]
fn a_wish_is_taken_along_by_the_run_at_work() {
    let Some(site) = Site::web() else { return };
    let asked = with(site.by_webroot(), &[("auto_update", "0")]);
    site.configure(&[
        cert("web", &["www.demo.example"], &site.by_webroot()),
        cert("asked", &["asked.demo.example"], &asked),
    ]);
    site.renew();
    // Both are there; now one is under way again while somebody forces the other.
    std::fs::remove_file(site.temp.path("var/run/certkeeper/log/web")).expect("a log");
    site.forget_accounts();
    freeze(&site);
    let run = site.certkeeper(&["renew", "web", "--force"]).start();
    site.wait_for("web", "is looking");
    let other = site.certkeeper(&["renew", "asked", "--force"]).start();
    let wish = site.temp.path("var/run/certkeeper/wanted/asked-force");
    assert!(
        wait_until(Duration::from_secs(5), || wish.exists()),
        "no wish"
    );
    thaw(&site);
    for run in [run.finish(), other.finish()] {
        assert_eq!(run.code(), 0, "{}", run.report());
    }
    assert_eq!(
        (site.version("web"), site.version("asked")),
        (Some(2), Some(2))
    );
}

/// A run is ended by `signal` while another waits for it with a wish of its own.
fn wish_survives(signal: Signal) {
    let Some(site) = Site::web() else { return };
    site.configure(&[
        cert("web", &["www.demo.example"], &site.by_webroot()),
        cert("mail", &["mail.demo.example"], &site.by_webroot()),
    ]);
    freeze(&site);
    let run = site.certkeeper(&["renew", "web"]).start();
    site.wait_for("web", "is looking");
    let other = site.certkeeper(&["renew", "mail"]).start();
    let wish = site.temp.path("var/run/certkeeper/wanted/mail");
    assert!(
        wait_until(Duration::from_secs(5), || wish.exists()),
        "no wish"
    );
    run.signal(signal);
    let ended = run.finish();
    assert_ne!(ended.code(), 0, "{}", ended.report());
    thaw(&site);
    let other = other.finish();
    assert_eq!(other.code(), 0, "{}", other.report());
    site.is_good("mail", &["mail.demo.example"]);
    assert_eq!(site.version("web"), None);
}

#[test]
fn the_wish_left_with_a_killed_run_is_not_lost() {
    wish_survives(Signal::KILL);
}

#[test]
fn the_wish_left_with_a_stopped_run_is_not_lost() {
    wish_survives(Signal::TERM);
}

#[test]
fn the_wish_that_a_killed_run_worked_on_is_not_lost() {
    let Some(site) = Site::web() else { return };
    let asked = with(site.by_webroot(), &[("auto_update", "0")]);
    site.configure(&[
        cert("web", &["www.demo.example"], &site.by_webroot()),
        cert("asked", &["asked.demo.example"], &asked),
        cert("third", &["third.demo.example"], &site.by_webroot()),
    ]);
    site.renew();
    site.ends(&["renew", "asked"], 0);
    std::fs::remove_file(site.temp.path("var/run/certkeeper/log/web")).expect("a log");
    site.forget_accounts();
    freeze(&site);
    let run = site.certkeeper(&["renew", "web", "--force"]).start();
    site.wait_for("web", "is looking");
    let other = site.certkeeper(&["renew", "asked", "--force"]).start();
    assert!(wait_until(Duration::from_secs(20), || !wishes(&site).is_empty()));
    // Nobody waits for the wish any more, and the run that takes it is killed at it.
    other.signal(Signal::KILL);
    other.finish();
    run.signal(Signal::KILL);
    run.finish();
    std::fs::remove_file(site.temp.path("var/run/certkeeper/log/asked")).expect("a log");
    let next = site.certkeeper(&["renew", "third"]).start();
    site.wait_for("asked", "is looking");
    next.signal(Signal::KILL);
    next.finish();
    assert_eq!(wishes(&site), ["asked-force"]);
    thaw(&site);
    site.renew();
    assert_eq!(site.version("asked"), Some(2));
    assert_eq!(wishes(&site), Vec::<String>::new());
    site.is_tidy("asked");
}

#[test]
fn a_run_is_seen_while_it_works() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    assert_eq!(site.status("web")["state"], "not_checked");
    freeze(&site);
    let run = site.certkeeper(&["renew"]).start();
    site.wait_for("web", "is looking");
    let status = site.status("web");
    assert_eq!(
        (&status["state"], &status["stage"]),
        (&"initialized".into(), &"validation".into())
    );
    assert_eq!(status["label"], "Initialized");
    let table = site.ends(&["status"], 0).stdout;
    assert!(table.contains("Initialized (validation)"), "{table}");
    // The log of a run can be followed as well.
    assert!(
        site.ends(&["log", "web"], 0)
            .stdout
            .contains("presenting http-01")
    );
    thaw(&site);
    let run = run.finish();
    assert_eq!(run.code(), 0, "{}", run.report());
    let status = site.status("web");
    assert_eq!(
        (&status["state"], &status["stage"]),
        (&"valid".into(), &serde_json::Value::Null)
    );
}

#[test]
fn a_run_is_seen_while_it_prepares() {
    let Some(site) = Site::web() else { return };
    let relay = Relay::to(&site.pebble);
    relay.set(Replies::Hold(
        Arc::downgrade(&site.pebble),
        "POST /order-plz",
    ));
    let section = cert("web", &["www.demo.example"], &site.by_webroot());
    site.temp
        .uci(&(GLOBAL.to_owned() + &account("pebble", &relay.directory_url()) + &section));
    let run = site.certkeeper(&["renew"]).start();
    assert!(
        wait_until(Duration::from_secs(20), || relay.lost() > 0),
        "{}",
        site.log("web")
    );
    let status = site.status("web");
    assert_eq!(
        (&status["state"], &status["stage"]),
        (&"initializing".into(), &"order".into())
    );
    // The reply is lost for good: the next one to the same question does as well.
    relay.set(Replies::Pass);
    let run = run.finish();
    assert_eq!(run.code(), 0, "{}", run.report());
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
}

#[test]
fn the_stage_of_a_killed_run_is_not_shown() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    freeze(&site);
    let run = site.certkeeper(&["renew"]).start();
    site.wait_for("web", "is looking");
    run.signal(Signal::KILL);
    assert_eq!(run.finish().code(), 128 + 9);
    let status = site.status("web");
    assert_eq!(
        (&status["state"], &status["stage"]),
        (&"not_checked".into(), &serde_json::Value::Null)
    );
    thaw(&site);
    site.renew();
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
}
