//! `--json`: one JSON document on stdout, whatever happens; messages go to stderr.

use super::holdings::{END, attempt, hold, link, real};
use super::support::temp_root::TempRoot;
use super::support::{openssl, tools};
use super::{cert, run, site};
use serde_json::{Deserializer, Value, json};

#[track_caller]
fn one_document(text: &str) -> Value {
    let all: Result<Vec<Value>, _> = Deserializer::from_str(text).into_iter().collect();
    let mut all = all.unwrap_or_else(|e| panic!("{e} in {text:?}"));
    assert_eq!(all.len(), 1, "{text:?}");
    let one = all.remove(0);
    assert!(one.is_object(), "{one}");
    one
}

/// A site with everything that warns, fails, waits and runs.
fn busy_site() -> TempRoot {
    let temp = site(&[
        cert("web", "option serice 'x'"),
        "config certkeeper 'more'\n\toption acme_hotplg '1'\n".into(),
        cert("late", ""),
        cert("fails", ""),
        cert("bad", "option enabled 'x'"),
    ]);
    hold(&temp, "web", END);
    link(&temp, "web");
    attempt(&temp, "late", &json!({}));
    temp.write("/tmp/.uci/certkeeper", "x");
    temp
}

#[test]
fn what_succeeds_is_one_document() {
    if !tools::have(&[openssl::NEEDS]) {
        return;
    }
    let temp = busy_site();
    real(
        &temp,
        "web",
        "DNS:web.example.org",
        &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    );
    for (line, code, keys) in [
        ("renew --json", 1, "sections stopped waiting"),
        ("renew --json late", 1, "sections stopped waiting"),
        ("check --json web", 1, "faults findings"),
        ("check --json bad", 1, "faults findings"),
        (
            "status --json",
            0,
            "ca_bundle clock_set now secrets sections",
        ),
        ("log --json fails", 0, "lines section"),
        (
            "add --json new.example.org",
            0,
            "applied lines next section",
        ),
        ("providers --json", 0, "providers"),
        ("cas --json", 0, "cas"),
        ("agent --methods --json", 0, "methods"),
    ] {
        let finished = run(&temp, line, code);
        let document = one_document(&finished.stdout);
        let found: Vec<&str> = document
            .as_object()
            .expect("a table")
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(found.join(" "), keys, "{line}");
    }
    for line in ["status --json web", "show --json web"] {
        assert_eq!(
            one_document(&run(&temp, line, 0).stdout)["section"],
            json!("web")
        );
    }
    let said = run(&temp, "status --json", 0).stderr;
    assert_eq!(said.lines().count(), 4, "{said}");
}

#[test]
fn the_results_of_renew_and_check_are_whole() {
    let temp = busy_site();
    let renewed = one_document(&run(&temp, "renew --json", 1).stdout);
    let of = |name: &str| {
        let all = renewed["sections"].as_array().expect("a list").iter();
        all.filter(|s| s["section"] == name)
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(of("web")[0]["outcome"], json!("done"));
    let failed = &of("fails")[0];
    assert_eq!(failed["outcome"], json!("failed"));
    assert_eq!(failed["state"], json!("connection_error"));
    assert_eq!(failed["next"], json!(super::NOW + 600));
    assert!(
        failed["problem"]
            .as_str()
            .is_some_and(|p| p.contains("127.0.0.1:1"))
    );
    assert!(failed["remedy"].is_string() && failed["names"].is_object());
    let waits = json!([{"section": "late", "next": super::NOW + 7200, "text": "too many of them"}]);
    assert_eq!(renewed["waiting"], waits);
    assert_eq!(renewed["stopped"], json!(false));

    let checked = one_document(&run(&temp, "check --json bad late", 1).stdout);
    let findings = checked["findings"].as_array().expect("a list");
    assert!(
        findings
            .iter()
            .all(|f| f["ok"].is_boolean() && f["topic"].is_string() && f["text"].is_string())
    );
    let faults = findings.iter().filter(|f| f["ok"] == false).count();
    assert_eq!(checked["faults"], json!(faults));
    let wrong = json!({"section": "bad", "topic": "configuration", "ok": false, "text": "option enabled: 1 or 0 is wanted"});
    assert!(findings.contains(&wrong), "{checked:#}");
}

#[test]
fn what_is_switched_off_is_one_document() {
    let temp = TempRoot::new();
    temp.uci("config certkeeper 'global'\n\toption enabled '0'\n");
    for command in ["renew", "status", "check"] {
        one_document(&run(&temp, &format!("{command} --json"), 0).stdout);
    }
}

/// A program that reads stdout as JSON must not find nothing there.
#[test]
fn what_fails_is_one_document() {
    let temp = busy_site();
    let empty = TempRoot::new();
    let mut without = Vec::new();
    for (temp, line, code) in [
        (&empty, "renew", 2),
        (&empty, "status", 2),
        (&empty, "check", 2),
        (&temp, "status nobody", 2),
        (&temp, "renew nobody", 2),
        (&temp, "check nobody", 2),
        (&temp, "show nobody", 2),
        (&temp, "show late", 1),
        (&temp, "show bad", 1),
        (&temp, "log late", 1),
        (&temp, "log", 2),
        (&temp, "add router.lan", 2),
        (&temp, "secret nobody A", 2),
        (&temp, "secret web A=b", 2),
        (&temp, "cas x", 2),
        (&temp, "frobnicate", 2),
        (&temp, "status --frobnicate", 2),
    ] {
        let finished = run(temp, &format!("{line} --json"), code);
        assert!(!finished.stderr.is_empty(), "{line}: a message for people");
        if serde_json::from_str::<Value>(&finished.stdout).is_err() {
            without.push(line);
        }
    }
    assert!(without.is_empty(), "no JSON from: {without:#?}");
}

#[test]
fn a_busy_run_is_one_document() {
    let temp = busy_site();
    let file = std::fs::File::create(temp.write("/var/run/certkeeper/lock", "")).expect("the lock");
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .expect("it is free");
    let finished = run(&temp, "renew --json --no-wait", 3);
    one_document(&finished.stdout);
}

#[test]
fn debugging_goes_to_stderr() {
    let temp = site(&[cert("web", "")]);
    let finished = run(&temp, "renew --json --debug", 1);
    one_document(&finished.stdout);
    super::has(&finished.stderr, &["Get https://127.0.0.1:1/dir: "]);
    let quiet = run(&temp, "renew web --json", 1);
    assert!(!quiet.stderr.contains("Get https://"), "{}", quiet.stderr);
    // The configuration may ask for it, too.
    temp.uci(
        &temp
            .read("/etc/config/certkeeper")
            .replace("option accept_tos '1'", "option debug '1'"),
    );
    super::has(
        &run(&temp, "renew web --json", 1).stderr,
        &["Get https://127.0.0.1:1/dir: "],
    );
}
