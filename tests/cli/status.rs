//! `status`: the table, the details of one section, the document.

use super::holdings::{END, attempt, hold, hold_in, link, promote};
use super::support::temp_root::TempRoot;
use super::{DAY, NOW, cert, certkeeper, ended, has, run, site};
use rustix::fs::{FlockOperation, flock};
use serde_json::{Value, json};
use std::fs::File;
use std::time::Duration;

/// A section of each kind.
pub fn zoo() -> TempRoot {
    let temp = site(&[
        cert("served", "option renew_before '10'"),
        cert("renews_badly", "option renew_before '10'"),
        cert("expired", ""),
        cert("fresh", ""),
        cert("off", "option enabled '0'"),
        cert(
            "by_hand",
            "option auto_update '0'; option renew_before '10'",
        ),
        cert("limited", ""),
        cert(
            "dns",
            "option dns 'exec'; list credentials 'EXEC_PATH=/bin/true'",
        ),
        cert("unreached", ""),
        cert("refused", "list domains 'b.example.org'"),
        cert("disk", ""),
        cert("changed", ""),
        cert("wrong", "option renew_before 'soon'"),
    ]);
    for section in ["served", "renews_badly", "by_hand"] {
        hold(&temp, section, END);
        link(&temp, section);
    }
    promote(&temp, "served");
    hold(&temp, "expired", NOW - 3 * DAY);
    hold(&temp, "off", END);
    hold(&temp, "wrong", END);
    attempt(
        &temp,
        "renews_badly",
        &json!({"problem": "the CA is down", "state": "connection_error"}),
    );
    attempt(&temp, "limited", &json!({"next": NOW + 90}));
    attempt(
        &temp,
        "dns",
        &json!({"state": "dns_error", "stage": "propagation"}),
    );
    attempt(
        &temp,
        "unreached",
        &json!({"state": "connection_error", "next": NOW - 5}),
    );
    // What failed before the section was changed does not count.
    attempt(
        &temp,
        "changed",
        &json!({"state": "invalid", "fingerprint": "another"}),
    );
    let names =
        json!({"refused.example.org": "not authorized for a", "b.example.org": "too many of them"});
    attempt(
        &temp,
        "refused",
        &json!({"state": "invalid", "stage": "validation", "names": names}),
    );
    attempt(
        &temp,
        "disk",
        &json!({"state": "internal_error", "stage": "store"}),
    );
    temp
}

/// The table's rows as cells, without the source.
#[track_caller]
fn table(text: &str) -> Vec<Vec<String>> {
    let mut rows = whole_table(text);
    for row in &mut rows {
        let source = row.remove(2);
        assert!(
            ["acme", "staging", "-"].contains(&source.as_str()),
            "{source}"
        );
    }
    rows
}

/// The table's rows as cells; each must begin where its head does.
#[track_caller]
fn whole_table(text: &str) -> Vec<Vec<String>> {
    let table = text.split("\n\n").next().expect("a table");
    let lines: Vec<&str> = table.lines().filter(|l| !l.starts_with("* ")).collect();
    let heads = [
        "SECTION", "STATE", "SOURCE", "EXPIRES", "NEXT", "ISSUER", "NAMES",
    ];
    let starts: Vec<usize> = heads.iter().map(|h| lines[0].find(h).expect(h)).collect();
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), heads);
    lines[1..]
        .iter()
        .map(|line| {
            let chars: Vec<char> = line.chars().collect();
            let ends = starts[1..].iter().copied().chain([usize::MAX]);
            let cells = starts.iter().zip(ends).map(|(&from, to)| {
                let from = from.min(chars.len());
                let cell: String = chars[from..to.min(chars.len())].iter().collect();
                assert!(!cell.starts_with(' ') || cell.trim().is_empty(), "{line}");
                cell.trim_end().to_owned()
            });
            cells.collect()
        })
        .collect()
}

#[test]
fn the_table_tells_how_each_section_fares() {
    let temp = zoo();
    let finished = run(&temp, "status", 0);
    let rows = table(&finished.stdout);
    for (row, wanted) in rows.iter().zip([
        "served* | Valid | in 60 days | in 50 days | Test CA | served.example.org",
        "renews_badly | Valid | in 60 days | in 2 hours | Test CA | renews-badly.example.org",
        "expired | Banned | 3 days ago | now | Test CA | expired.example.org",
        "fresh | Not yet verified | - | - | - | fresh.example.org",
        "off | Disabled | in 60 days | - | Test CA | off.example.org",
        "by_hand | Valid | in 60 days | - | Test CA | by-hand.example.org",
        "limited | Deferred | - | in 90 seconds | - | limited.example.org",
        "dns | DNS error | - | in 2 hours | - | dns.example.org",
        "unreached | Connection error | - | now | - | unreached.example.org",
        "refused | Invalid | - | in 2 hours | - | refused.example.org b.example.org",
        "disk | Internal error | - | in 2 hours | - | disk.example.org",
        "changed | Not yet verified | - | - | - | changed.example.org",
        "wrong | Internal error | in 60 days | - | Test CA | ",
    ]) {
        assert_eq!(row.join(" | "), wanted);
    }
    assert_eq!(rows.len(), 13);
    // Below it: what the mark means, what is wrong, and what to do.
    has(
        &finished.stdout,
        &[
            "\n* is served as domain.crt and domain.key\n",
            "\n✗ renews_badly\n  the CA is down (while in stage order)\n  what to do: wait for better times\n",
            "\n✗ refused\n  too many of them (while in stage validation)\n  refused.example.org: not authorized for a\n  what",
            "\n! wrong: the configuration is wrong: option renew_before: a number from 1 to 366 is wanted\n",
        ],
    );
    for quiet in [
        "✗ served",
        "✗ fresh",
        "✗ off",
        "! served",
        "b.example.org: too many",
    ] {
        assert!(
            !finished.stdout.contains(quiet),
            "{quiet} in\n{}",
            finished.stdout
        );
    }
    has(
        &finished.stderr,
        &["error: ", "cert 'wrong', option renew_before 'soon'"],
    );
}

#[test]
fn long_cells_are_cut_and_stay_in_their_columns() {
    let many = "list domains 'a-very-long-name-1.example.org a-very-long-name-2.example.org'";
    let temp = site(&[cert("web", many), cert("short", "")]);
    hold(&temp, "web", END);
    let meta = "/etc/certkeeper/certs/web/versions/1/meta.json";
    temp.write(
        meta,
        temp.read(meta)
            .replace("Test CA", "Prüfstelle für Zertifikate GmbH"),
    );
    let rows = table(&run(&temp, "status", 0).stdout);
    assert_eq!(rows[0][4], "Prüfstelle für Zertifikate …");
    assert_eq!(rows[0][5], "web.example.org a-very-long-name-1.example.…");
    assert_eq!(rows[0][4].chars().count(), 28);
    assert_eq!(rows[0][5].chars().count(), 44);
    assert_eq!(rows[1][4..], ["-", "short.example.org"]);
}

#[test]
fn one_section_in_detail() {
    let temp = zoo();
    let rows = |section: &str| -> Vec<String> {
        let text = run(&temp, &format!("status {section}"), 0).stdout;
        let cells = text.lines().map(|l| {
            let (name, value) = l.split_once("  ").unwrap_or((l, ""));
            format!("{name}: {}", value.trim_start())
        });
        cells.collect()
    };
    assert_eq!(
        rows("served"),
        [
            "section: served",
            "state: Valid",
            "name: served.example.org (standalone): Valid",
            "account: own (127.0.0.1:1)",
            "issuer: Test CA",
            "serial: 0102AB",
            "key: ec256",
            "valid from: 2026-12-16T08:00:00Z",
            "valid until: 2027-03-16T08:00:00Z (in 60 days)",
            "renewal: 2027-03-06T08:00:00Z (in 50 days)",
            "next attempt: 2027-03-06T08:00:00Z (in 50 days)",
            "last attempt: 2026-12-16T08:00:00Z: Valid",
            "primary: yes: domain.crt and domain.key lead here",
        ]
    );
    assert_eq!(
        rows("refused"),
        [
            "section: refused",
            "state: Invalid",
            "name: refused.example.org (standalone): Invalid — not authorized for a",
            "name: b.example.org (standalone): Invalid — too many of them",
            "account: own (127.0.0.1:1)",
            "next attempt: 2027-01-15T10:00:00Z (in 2 hours)",
            "last attempt: 2027-01-15T07:50:00Z: Invalid",
            "problem: too many of them",
            "what to do: wait for better times",
        ]
    );
    assert_eq!(
        rows("wrong"),
        [
            "section: wrong",
            "state: Internal error",
            "issuer: Test CA",
            "serial: 0102AB",
            "key: ec256",
            "valid from: 2026-12-16T08:00:00Z",
            "valid until: 2027-03-16T08:00:00Z (in 60 days)",
            "renewal: not before the configuration is mended",
            "warning: the configuration is wrong: option renew_before: a number from 1 to 366 is wanted",
        ]
    );
    has(
        &rows("dns").join("\n"),
        &[
            "name: dns.example.org (dns): Not yet verified",
            "credentials: set: EXEC_PATH",
        ],
    );
    has(
        &rows("expired").join("\n"),
        &["state: Banned", "(3 days ago)"],
    );
    has(
        &rows("renews_badly").join("\n"),
        &[
            "state: Valid",
            "warning: the last attempt to replace it failed: the CA is down",
        ],
    );
}

#[test]
fn staging_is_told_and_kept_apart() {
    let temp = site(&[cert(
        "web",
        "option staging '1'; option account 'letsencrypt'",
    )]);
    hold_in(&temp, "/etc/certkeeper/certs/web/staging", "web", END);
    let rows = whole_table(&run(&temp, "status", 0).stdout);
    assert_eq!(rows[0][..3], ["web", "Valid", "staging"]);
    assert_eq!(rows[0][5], "Test CA (staging)");
    let document: Value =
        serde_json::from_str(&run(&temp, "status web --json", 0).stdout).expect("JSON");
    assert_eq!(
        (&document["source"], &document["primary"]),
        (&json!("staging"), &json!(false))
    );
    // What the production server gave does not count here, nor the other way round.
    hold(&temp, "web", NOW - DAY);
    assert_eq!(table(&run(&temp, "status", 0).stdout)[0][1], "Valid");
    let temp = site(&[cert("web", "")]);
    hold_in(&temp, "/etc/certkeeper/certs/web/staging", "web", END);
    assert_eq!(
        table(&run(&temp, "status", 0).stdout)[0][1],
        "Not yet verified"
    );
}

#[test]
fn a_stage_is_shown_while_the_run_that_wrote_it_lives() {
    let temp = site(&[cert("web", ""), cert("other", "")]);
    let mut live: Value =
        serde_json::from_str(&run(&temp, "status web --json", 0).stdout).expect("JSON");
    live["state"] = json!("initialized");
    live["label"] = json!("Initialized");
    live["stage"] = json!("validation");
    temp.write("/var/run/certkeeper/status/web.json", live.to_string());
    let lock = File::create(temp.path("/var/run/certkeeper/lock")).expect("the lock");
    flock(&lock, FlockOperation::NonBlockingLockExclusive).expect("it is free");
    let rows = table(&run(&temp, "status", 0).stdout);
    assert_eq!(rows[0][1], "Initialized (validation)");
    assert_eq!(rows[1][1], "Not yet verified");
    has(
        &run(&temp, "status web", 0).stdout,
        &["stage    validation\n"],
    );
    drop(lock);
    assert_eq!(
        table(&run(&temp, "status", 0).stdout)[0][1],
        "Not yet verified"
    );
}

#[test]
fn damaged_files_are_as_none() {
    let temp = site(&[cert("web", "")]);
    for text in ["", "{", "[]", "{\"at\":\"x\"}", "\0\0\0"] {
        temp.write("/etc/certkeeper/certs/web/attempt.json", text);
        temp.write("/etc/certkeeper/certs/web/versions/1/meta.json", text);
        temp.write("/etc/certkeeper/certs/web/versions/x/meta.json", text);
        temp.write("/var/run/certkeeper/status/web.json", text);
        let rows = table(&run(&temp, "status", 0).stdout);
        assert_eq!(rows[0][..2], ["web", "Not yet verified"], "{text}");
    }
}

/// Not a measurement: a look at every file for every section would take minutes.
#[test]
fn a_hundred_sections_are_no_trouble() {
    let sections: Vec<String> = (0..100).map(|i| cert(&format!("s{i}"), "")).collect();
    let temp = site(&sections);
    for i in 0..100 {
        hold(&temp, &format!("s{i}"), END);
    }
    let finished = ended(
        certkeeper(&temp, &["status"])
            .limit(Duration::from_secs(10))
            .run(),
        0,
    );
    let rows = table(&finished.stdout);
    assert_eq!(rows.len(), 100);
    for (i, row) in rows.iter().enumerate() {
        assert_eq!(row[..2], [format!("s{i}"), "Valid".to_owned()]);
    }
}
