//! What commands are handed on stdin: sections that are not saved, certificates with their keys.

use super::support::process::Finished;
use super::support::temp_root::TempRoot;
use super::{cert, certkeeper, ended, has, in_shell, run, site};
use serde_json::Value;

/// Runs a command line with this on stdin.
#[track_caller]
fn with(temp: &TempRoot, line: &str, stdin: &str, code: i32) -> Finished {
    temp.write("typed", stdin);
    let words: Vec<&str> = line.split(' ').collect();
    let script = "exec \"$@\" <typed";
    ended(in_shell(certkeeper(temp, &words), script), code)
}

fn findings(finished: &Finished) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    let all = document["findings"].as_array().expect("findings");
    let text = |f: &Value, name: &str| f[name].as_str().expect("a text").to_owned();
    all.iter()
        .map(|f| (text(f, "section"), text(f, "text")))
        .collect()
}

#[test]
fn a_section_is_checked_before_it_is_saved() {
    let temp = site(&[cert("web", ""), cert("mail", "")]);
    let before = temp.read("etc/config/certkeeper");
    // In the place of one that is saved.
    let wrong = "config cert 'web'\n\tlist domains 'web.example.org'\n\toption dns 'nosuch'\n";
    let finished = with(&temp, "check web --stdin --json", wrong, 1);
    let found = findings(&finished);
    assert!(
        found.iter().all(|(section, _)| section == "web"),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|(_, text)| text.contains("no such provider")),
        "{found:?}"
    );
    // As it is saved nothing is wrong with it but that its CA is not reached.
    let saved = findings(&run(&temp, "check web --json", 1));
    assert!(
        !saved
            .iter()
            .any(|(_, text)| text.contains("no such provider")),
        "{saved:?}"
    );
    // Beside those that are saved.
    let new = "config cert 'new'\n\tlist domains 'new.example.org'\n\toption account 'own'\n";
    let found = findings(&with(&temp, "check new --stdin --json", new, 1));
    assert!(
        found.iter().all(|(section, _)| section == "new"),
        "{found:?}"
    );
    run(&temp, "check new", 2);
    assert_eq!(temp.read("etc/config/certkeeper"), before);
}

#[test]
fn what_is_no_section_is_refused() {
    let temp = site(&[cert("web", "")]);
    let refused = with(&temp, "check web --stdin", "config cert 'x", 2);
    has(&refused.stderr, &["stdin: "]);
    let refused = with(&temp, "upload web -", "nonsense", 1);
    has(&refused.stderr, &["stdin: "]);
}

#[test]
fn the_last_lines_of_a_log() {
    let temp = site(&[cert("web", "")]);
    temp.write("var/run/certkeeper/log/web", "one\ntwo\nthree\n");
    for (line, want) in [
        ("log web", "one\ntwo\nthree\n"),
        ("log web --lines 2", "two\nthree\n"),
        ("log web --lines=9", "one\ntwo\nthree\n"),
    ] {
        assert_eq!(run(&temp, line, 0).stdout, want, "{line}");
    }
    has(&run(&temp, "log web --lines x", 2).stderr, &["--lines"]);
}

#[test]
fn message_and_remedy_are_apart() {
    let temp = site(&[cert("web", "")]);
    // Nobody can make a folder there.
    temp.write("var/run/certkeeper", "");
    let failed = run(&temp, "renew --json", 1);
    let document: Value = serde_json::from_str(&failed.stdout).expect("JSON");
    let text = |name: &str| document["error"][name].as_str().expect("a text");
    assert_eq!(document["error"]["code"], 1);
    assert!(
        !text("remedy").is_empty() && !text("message").contains(text("remedy")),
        "{document}"
    );
    has(&failed.stderr, &[text("message"), text("remedy")]);
}
