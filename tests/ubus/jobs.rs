//! Work: jobs, what is heard of them, and what nobody may read.

use crate::rig::{LIMIT, OWN, Rig, error, inner, list, number, text};
use crate::support::wait_until;
use certkeeper::ubus::Client;
use certkeeper::ubus::blob::{Table, Value, get};
use rustix::fs::{FlockOperation, flock};
use std::fs;
use std::time::{Duration, Instant};

/// What is heard until `last`.
fn heard(client: &mut Client, last: impl Fn(&Table) -> bool) -> Vec<(String, Table)> {
    let end = Instant::now() + LIMIT;
    let mut all = Vec::new();
    while Instant::now() < end {
        let message = client.wait(LIMIT).expect("news");
        let fields = message.fields().expect("fields");
        let (Some(what), Some(Ok(table))) = (fields.method, fields.data) else {
            continue;
        };
        let ends = last(&table);
        all.push((what, table));
        if ends {
            return all;
        }
    }
    panic!("{all:?}");
}

#[test]
fn a_run_is_a_job_and_each_change_is_told() {
    let mut rig = Rig::new(&["web"]);
    let mut listener = Client::connect(rig.bus.socket()).expect("a bus");
    listener.listen("certkeeper").expect("a listener");
    let mut subscriber = Client::connect(rig.bus.socket()).expect("a bus");
    subscriber.subscribe("certkeeper").expect("a subscription");
    let job = rig.job("renew", r#"{"section": "web", "force": 1}"#);
    let ended = rig.ended(job);
    assert_eq!(
        (text(&ended, "state"), number(&ended, "exit")),
        ("failed", 1)
    );
    assert_eq!(text(&ended, "section"), "web");
    let sections = list(inner(&ended, "document"), "sections");
    let Value::Table(section) = &sections[0] else {
        panic!("{sections:?}");
    };
    assert_eq!(text(section, "outcome"), "failed");
    assert!(list(&ended, "progress").iter().any(|line| match line {
        Value::String(line) => line.starts_with("web ") && line.contains("account"),
        _ => false,
    }));
    let last = |t: &Table| get(t, "job").is_some() && text(t, "state") == "failed";
    for (client, kinds) in [
        (&mut listener, ["certkeeper"; 2]),
        (&mut subscriber, ["state", "job"]),
    ] {
        let all = heard(client, last);
        let told = |state: &str| all.iter().find(|(_, t)| text(t, "state") == state);
        let (_, began) = told("initializing").expect("a stage");
        assert_eq!(
            (text(began, "section"), text(began, "stage")),
            ("web", "account")
        );
        let (what, end) = told("connection_error").expect("an end");
        assert_eq!(what, kinds[0]);
        assert!(text(end, "problem").contains("127.0.0.1"));
        assert!(get(end, "next").is_some() && get(end, "stage").is_none());
        assert!(
            all.iter()
                .any(|(what, t)| what == kinds[1] && text(t, "state") == "running")
        );
    }
    // What the run has noted is what questions are answered by.
    let status = rig.call("status", r#"{"section": "web"}"#);
    assert_eq!(text(&status, "state"), "connection_error");
    let log = rig.call("log", r#"{"section": "web", "lines": 1}"#);
    assert_eq!(list(&log, "lines").len(), 1);
}

#[test]
fn a_section_is_checked_before_it_is_saved() {
    let mut rig = Rig::new(&["web"]);
    // The canary is in no command line, status document or answer.
    let secret = "canary-4711";
    let args = format!(
        r#"{{"section": "new", "cert": {{".name": "new", "domains": ["a.example.org", "b.example.org"],
            "account": "own", "dns": "powerdns", "credentials": ["PDNS_Url=http://127.0.0.1:1", "PDNS_Token={secret}"]}}}}"#
    );
    let job = rig.job("check", &args);
    let lines = wait_until(LIMIT, || {
        let line = |pid: String| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let pids = fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|e| e.file_name().into_string().ok());
        let ours = pids
            .map(line)
            .find(|l| l.windows(7).any(|w| w == b"--stdin"));
        if let Some(line) = &ours {
            assert!(!String::from_utf8_lossy(line).contains(secret));
        }
        ours.is_some()
            || text(&rig.call("job", &format!(r#"{{"job": {job}}}"#)), "state") != "running"
    });
    assert!(lines);
    let ended = rig.ended(job);
    let findings = list(inner(&ended, "document"), "findings");
    let of = |topic: &str| {
        let all = findings.iter().filter_map(|f| match f {
            Value::Table(f) if text(f, "topic") == topic => Some(f),
            _ => None,
        });
        all.count()
    };
    assert!(
        of("dns") + of("credentials") + of("name") + of("names") > 0,
        "{findings:?}"
    );
    assert!(!format!("{ended:?}").contains(secret), "{ended:?}");
    // Nothing was saved.
    assert!(
        !fs::read_to_string(rig.temp.path("etc/config/certkeeper"))
            .unwrap()
            .contains("new")
    );
    assert_eq!(list(&rig.call("status", "{}"), "sections").len(), 1);
    // One that is saved is replaced, not mixed with.
    let wrong = rig.job("check", r#"{"section": "web", "cert": {"domains": "a b"}}"#);
    let ended = rig.ended(wrong);
    assert_eq!(text(&ended, "state"), "failed");
}

#[test]
fn jobs_wait_for_each_other_and_are_merged_and_cancelled() {
    let mut rig = Rig::new(&["web", "mail"]);
    // Somebody else's run holds the lock: ours waits.
    let lock = hold(&rig);
    let first = rig.job("renew", r#"{"section": "web"}"#);
    let second = rig.job("renew", r#"{"section": "mail"}"#);
    let rollback = rig.job("rollback", r#"{"section": "web"}"#);
    assert_eq!(rig.job("renew", r#"{"section": "mail"}"#), second);
    assert_eq!(rig.job("renew", r#"{"section": "web"}"#), first);
    let state = |rig: &mut Rig, job: i32| {
        let told = rig.call("job", &format!(r#"{{"job": {job}}}"#));
        text(&told, "state").to_owned()
    };
    assert_eq!(state(&mut rig, second), "queued");
    // Who comes now sees it with everything else.
    let status = rig.call("status", "{}");
    let jobs = list(&status, "jobs").iter().map(|job| match job {
        Value::Table(job) => (number(job, "job"), text(job, "method"), text(job, "state")),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        jobs.collect::<Vec<_>>(),
        [
            (first, "renew", "running"),
            (second, "renew", "queued"),
            (rollback, "rollback", "queued")
        ]
    );
    assert!(get(&rig.call("status", r#"{"section": "web"}"#), "jobs").is_none());
    rig.call("cancel", &format!(r#"{{"job": {second}}}"#));
    assert_eq!(state(&mut rig, second), "cancelled");
    let stopping = rig.call("cancel", "{}");
    assert_eq!(
        (number(&stopping, "job"), text(&stopping, "state")),
        (first, "stopping")
    );
    let ended = rig.ended(first);
    assert_eq!(text(&ended, "state"), "cancelled");
    // What needs the lock at once is tried until it is free.
    std::thread::sleep(Duration::from_millis(500));
    assert!(["queued", "running"].contains(&state(&mut rig, rollback).as_str()));
    drop(lock);
    let ended = rig.ended(rollback);
    assert_eq!(error(&ended).0, "failed");
    assert!(!error(&ended).1.contains("another run"), "{ended:?}");
}

/// Holds the lock as a run does.
fn hold(rig: &Rig) -> fs::File {
    let file = rig.temp.path("var/run/certkeeper/lock");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let lock = fs::File::create(file).unwrap();
    flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    lock
}

#[test]
fn work_on_its_own_configuration_waits_for_nobody() {
    let mut rig = Rig::new(&[]);
    rig.temp.uci(&format!(
        "{OWN}config cert 'web'\n\tlist domains 'web.example.org'\n\toption account 'own'\n"
    ));
    let csr = rig.job("csr", r#"{"section": "web"}"#);
    let ended = rig.ended(csr);
    assert_eq!(text(&ended, "state"), "done");
    assert!(text(inner(&ended, "document"), "csr").contains("BEGIN CERTIFICATE REQUEST"));
    let upload = rig.job(
        "upload",
        r#"{"section": "web", "certificate": "nonsense", "key": "canary-4712"}"#,
    );
    let ended = rig.ended(upload);
    assert_eq!(error(&ended).0, "failed");
    assert!(error(&ended).1.contains("stdin"), "{ended:?}");
    assert!(!format!("{ended:?}").contains("canary-4712"));
}
