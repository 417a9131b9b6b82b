//! Questions to the agent, its end, and what it does when ubusd goes.

use crate::rig::{CALL_LIMIT, LIMIT, Rig, error, inner, list, number, text};
use crate::support::wait_until;
use certkeeper::ubus::agent::METHODS;
use certkeeper::ubus::blob::{Kind, Table, Value, get};
use certkeeper::ubus::{Client, UbusError};
use rustix::process::Signal;
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn every_method_is_registered_with_its_arguments() {
    let mut rig = Rig::new(&["web"]);
    let object = rig.client.lookup("certkeeper").expect("the agent");
    assert_eq!(object.signature.len(), METHODS.len());
    for method in METHODS {
        let args = inner(&object.signature, method.name);
        let want = method
            .args
            .iter()
            .map(|(name, kind): &(&str, Kind)| ((*name).to_owned(), Value::Int32(*kind as i32)));
        assert_eq!(args, &want.collect::<Table>(), "{}", method.name);
    }
}

#[test]
fn questions_are_answered_at_once() {
    let mut rig = Rig::new(&["web", "mail"]);
    fs::create_dir_all(rig.temp.path("etc/certkeeper/hooks/mail")).unwrap();
    for hook in ["sms", "mail/send"] {
        fs::write(rig.temp.path("etc/certkeeper/hooks").join(hook), "").unwrap();
    }
    let all = rig.call("status", "{}");
    assert_eq!(list(&all, "sections").len(), 2);
    assert!(list(&all, "jobs").is_empty());
    // LuCI hands a session over with every call.
    let one = rig.call(
        "status",
        r#"{"section": "web", "ubus_rpc_session": "0123"}"#,
    );
    assert_eq!(
        (text(&one, "section"), text(&one, "state")),
        ("web", "not_checked")
    );
    assert_eq!(list(&rig.call("accounts", "{}"), "accounts").len(), 1);
    assert!(list(&rig.call("providers", "{}"), "providers").len() > 2);
    assert!(list(&rig.call("cas", "{}"), "cas").len() > 2);
    assert!(list(&rig.call("orders", "{}"), "orders").is_empty());
    let hooks: Vec<Value> = ["mail/send", "sms"].map(Value::from).into();
    assert_eq!(list(&rig.call("hooks", "{}"), "hooks"), hooks);
    assert!(list(&rig.call("job", "{}"), "jobs").is_empty());
    for (method, args, code, word) in [
        ("status", r#"{"section": "nope"}"#, "usage", "nope"),
        ("status", r#"{"section": 7}"#, "usage", "section"),
        ("status", r#"{"section": "--debug"}"#, "usage", "--debug"),
        ("certificate", "{}", "usage", "section"),
        (
            "certificate",
            r#"{"section": "web"}"#,
            "failed",
            "no certificate",
        ),
        (
            "log",
            r#"{"section": "web", "lines": -1}"#,
            "usage",
            "lines",
        ),
        (
            "log",
            r#"{"section": "web", "lines": 5}"#,
            "failed",
            "no run has worked",
        ),
        ("local_ca", "{}", "failed", "no CA of its own"),
        (
            "order",
            r#"{"section": "web", "action": "list"}"#,
            "usage",
            "refresh",
        ),
        (
            "account",
            r#"{"name": "own", "action": "--help"}"#,
            "usage",
            "register",
        ),
        ("job", r#"{"job": 7}"#, "no_job", "7"),
        ("cancel", "{}", "no_job", "no job"),
        ("check", r#"{"section": "web", "cert": 1}"#, "usage", "cert"),
        ("check", r#"{"cert": {"dns": "x"}}"#, "usage", "section"),
        ("upload", r#"{"section": "web"}"#, "usage", "certificate"),
    ] {
        let begun = Instant::now();
        let answer = rig.call(method, args);
        assert!(begun.elapsed() < CALL_LIMIT);
        let (is, message) = error(&answer);
        assert_eq!(is, code, "{method} {args}: {message}");
        assert!(message.contains(word), "{method} {args}: {message}");
    }
    let unknown = rig.client.call("certkeeper", "nosuch", &[], CALL_LIMIT);
    assert!(matches!(unknown, Err(UbusError::Status(3))), "{unknown:?}");
}

#[test]
fn it_ends_when_asked_to_and_frees_its_name() {
    let mut rig = Rig::new(&["web"]);
    rig.agent.signal(Signal::TERM);
    let gone = wait_until(LIMIT, || rig.client.lookup("certkeeper").is_err());
    assert!(gone, "the object is still there");
    let ended = rig.agent.finish();
    assert_eq!(
        (ended.code(), ended.stdout.as_str()),
        (0, ""),
        "{}",
        ended.report()
    );
}

#[test]
fn it_is_back_within_two_seconds_of_a_restart() {
    let mut rig = Rig::alone(&["web"]);
    for pause in [0, 50, 1500] {
        rig.bus.restart(Duration::from_millis(pause));
        let begun = Instant::now();
        let mut client = Client::connect(rig.bus.socket()).expect("a bus");
        let back = wait_until(Duration::from_secs(2), || {
            client.lookup("certkeeper").is_ok()
        });
        assert!(
            back,
            "not back {:?} after a pause of {pause} ms",
            begun.elapsed()
        );
        rig.client = client;
        assert_eq!(list(&rig.call("status", "{}"), "sections").len(), 1);
    }
}

#[test]
fn a_job_outlives_ubusd() {
    let mut rig = Rig::alone(&["web"]);
    let job = rig.job("renew", r#"{"section": "web"}"#);
    rig.bus.restart(Duration::ZERO);
    let mut client = Client::connect(rig.bus.socket()).expect("a bus");
    assert!(wait_until(LIMIT, || client.lookup("certkeeper").is_ok()));
    rig.client = client;
    let ended = rig.ended(job);
    assert_eq!(number(&ended, "exit"), 1);
    assert!(get(&ended, "document").is_some());
}

/// Signals and messages wake it, nothing else.
#[test]
fn it_sleeps_when_nothing_happens() {
    let rig = Rig::new(&["web"]);
    let pid = rig.agent.pid().as_raw_nonzero();
    let switches = || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status
            .lines()
            .find_map(|l| l.strip_prefix("voluntary_ctxt_switches:"));
        line.unwrap().trim().parse::<u64>().unwrap()
    };
    std::thread::sleep(Duration::from_secs(1));
    let before = switches();
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(switches(), before);
}
