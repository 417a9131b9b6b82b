//! On a terminal, which util-linux's `script` plays: colours, live lines, a silent prompt.

use super::holdings::{END, hold, real};
use super::support::certkeeper::Certkeeper;
use super::support::process::Finished;
use super::support::temp_root::TempRoot;
use super::support::{tools, wait_until};
use super::{cert, certkeeper, has, in_shell, run, site};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::thread;
use std::time::Duration;

/// How long a busy machine may take to start a program.
const LIMIT: Duration = Duration::from_secs(20);

/// True where `script` is that of util-linux, which takes a command and returns its exit code.
fn script_is_there() -> bool {
    let there = tools::find("script").is_some();
    if !there {
        tools::skip("script", "not installed (util-linux; bsdutils on Debian)");
    }
    there
}

/// Runs it on a terminal of its own; both streams come as one.
fn on_terminal(certkeeper: Certkeeper) -> Finished {
    after_on_terminal("", certkeeper)
}

/// The same after another command on that terminal.
fn after_on_terminal(first: &str, certkeeper: Certkeeper) -> Finished {
    // `script` takes one text for a shell: each word is quoted.
    let script = format!(
        r#"line='{first}'; for word; do line="$line '$word'"; done
        exec script -qec "$line" /dev/null </dev/null"#
    );
    in_shell(certkeeper, &script)
}

const BOLD: &str = "\u{1b}[1m";
const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const END_OF_COLOUR: &str = "\u{1b}[0m";

#[test]
fn states_have_colours_and_the_table_stays_straight() {
    if !script_is_there() {
        return;
    }
    let temp = site(&[
        cert("web", ""),
        cert("fresh", ""),
        cert("old", ""),
        cert("bad", "option enabled 'x'"),
    ]);
    hold(&temp, "web", END);
    hold(&temp, "old", super::NOW - 1);
    let shown = on_terminal(certkeeper(&temp, &["status"]));
    assert_eq!(shown.code(), 0, "{}", shown.report());
    for (colour, word) in [
        (BOLD, "SECTION"),
        (GREEN, "Valid"),
        (RED, "Banned"),
        (RED, "Internal error"),
        (RED, "error:"),
    ] {
        has(&shown.stdout, &[&format!("{colour}{word}{END_OF_COLOUR}")]);
    }
    has(
        &shown.stdout,
        &[
            &format!("{YELLOW}!{END_OF_COLOUR} bad: "),
            "fresh    Not yet verified",
        ],
    );
    // Without the codes it is what a pipe gets.
    let mut plain = shown.stdout.replace("\r\n", "\n");
    for code in [BOLD, RED, GREEN, YELLOW, END_OF_COLOUR] {
        plain = plain.replace(code, "");
    }
    let piped = run(&temp, "status", 0);
    assert_eq!(plain, piped.stderr + &piped.stdout);
}

#[test]
fn no_color_means_none() {
    if !script_is_there() {
        return;
    }
    let temp = site(&[cert("web", ""), cert("bad", "option enabled 'x'")]);
    hold(&temp, "web", END);
    for args in [
        vec!["status"],
        vec!["status", "web"],
        vec!["cas"],
        vec!["providers"],
        vec!["check", "bad"],
    ] {
        let with = on_terminal(certkeeper(&temp, &args).env("NO_COLOR", "1")).stdout;
        assert!(
            !with.is_empty() && !with.contains('\u{1b}'),
            "{args:?}: {with:?}"
        );
        let empty = on_terminal(certkeeper(&temp, &args).env("NO_COLOR", "")).stdout;
        assert!(
            empty.contains('\u{1b}'),
            "{args:?}: no-color.org: an empty one counts as none"
        );
    }
}

#[test]
fn json_and_help_have_no_colours_there() {
    if !script_is_there() {
        return;
    }
    let temp = site(&[cert("web", "")]);
    for args in [
        vec!["status", "--json"],
        vec!["cas", "--json"],
        vec!["--help"],
        vec!["renew", "--help"],
    ] {
        let shown = on_terminal(certkeeper(&temp, &args)).stdout;
        assert!(
            !shown.is_empty() && !shown.contains('\u{1b}'),
            "{args:?}: {shown:?}"
        );
    }
}

#[test]
fn a_run_writes_its_stages_over_one_another() {
    if !script_is_there() {
        return;
    }
    let temp = site(&[cert("web", ""), cert("other", "")]);
    let shown = on_terminal(certkeeper(&temp, &["renew"]));
    assert_eq!(shown.code(), 1, "{}", shown.report());
    let first = format!("{BOLD}web{END_OF_COLOUR} account ");
    let again = format!("\r\u{1b}[K{first}");
    let text = &shown.stdout;
    assert!(text.starts_with(&first), "{text:?}");
    assert_eq!(text.matches(&again).count(), 2, "{text:?}");
    // The next section begins a line of its own, and so does the result.
    has(
        text,
        &[
            &format!("\r\n{BOLD}other{END_OF_COLOUR} account "),
            &format!("\r\n{RED}✗{END_OF_COLOUR} web: "),
        ],
    );
    let live = text
        .split(&format!("{RED}✗"))
        .next()
        .expect("the live part");
    for line in live.split(['\r', '\n']) {
        let width = line
            .replace(BOLD, "")
            .replace(END_OF_COLOUR, "")
            .replace("\u{1b}[K", "");
        assert!(width.chars().count() <= 100, "{line}");
    }
}

/// `\r` goes to the beginning of the last row alone: a line that wraps is not written over.
#[test]
fn live_lines_fit_a_terminal_of_80_columns() {
    if !script_is_there() {
        return;
    }
    let temp = site(&[cert("web", "")]);
    let shown = after_on_terminal("stty cols 80;", certkeeper(&temp, &["renew"])).stdout;
    let live = shown
        .split(&format!("{RED}✗"))
        .next()
        .expect("the live part");
    for line in live.split(['\r', '\n']) {
        let bare = line
            .replace(BOLD, "")
            .replace(END_OF_COLOUR, "")
            .replace("\u{1b}[K", "");
        assert!(
            bare.chars().count() <= 80,
            "{} columns: {bare}",
            bare.chars().count()
        );
    }
}

const CANARY: &str = "kanarienvogel";

/// Starts `secret` on a terminal and types `keys` once it asks: what was shown, and how it ended.
/// The file is not made, for there is no `uci` to write it.
fn type_at_prompt(keys: &str) -> Option<(String, String)> {
    let temp = site(&[cert("web", "")]);
    type_when(&temp, &["secret", "web", "TOKEN"], "end with Enter", keys)
}

/// The same with any command that asks in these words.
fn type_when(temp: &TempRoot, args: &[&str], asks: &str, keys: &str) -> Option<(String, String)> {
    if !script_is_there() || tools::find("mkfifo").is_none() || tools::find("stty").is_none() {
        return None;
    }
    // `stty -a` tells of the terminal once certkeeper has left it.
    let script = r#"mkfifo keys && line=; for word; do line="$line '$word'"; done
        exec script -qfec "trap : INT; PATH=/nonexistent $line; code=\$?; /bin/stty -a >after; exit \$code" \
        shown <keys >/dev/null"#;
    let run = certkeeper(temp, args);
    let [fifo, shown, after] = ["keys", "shown", "after"].map(|name| temp.path(name));
    let (keys, asks) = (keys.to_owned(), asks.to_owned());
    let typist = thread::spawn(move || {
        wait_until(LIMIT, || fifo.exists());
        let mut fifo = OpenOptions::new().write(true).open(&fifo).expect("a pipe");
        let asked = || fs::read_to_string(&shown).is_ok_and(|t| t.contains(&asks));
        assert!(wait_until(LIMIT, asked), "it does not ask");
        // The echo goes off just after the question.
        thread::sleep(Duration::from_millis(500));
        let _ = fifo.write_all(keys.as_bytes());
        // Closing the pipe ends the terminal, and any prompt with it.
        wait_until(Duration::from_secs(5), || after.exists())
    });
    let finished = in_shell(run, script);
    let when = match typist.join().expect("typed") {
        true => "at once",
        false => "late",
    };
    let modes = temp.read("after");
    let echo = match modes.split([' ', ';', '\n']).any(|w| w == "echo") {
        true => "on",
        false => "off",
    };
    let end = format!("exit {} {when}, echo {echo}", finished.code());
    Some((temp.read("shown"), end))
}

#[test]
fn a_secret_that_is_typed_is_not_shown() {
    let Some((shown, end)) = type_at_prompt(&format!("{CANARY}\n")) else {
        return;
    };
    has(
        &shown,
        &[
            "TOKEN of 'web' (is not shown; end with Enter):",
            "the program `uci` does not start",
        ],
    );
    assert!(!shown.contains(CANARY), "{shown}");
    assert_eq!(end, "exit 1 at once, echo on");
}

/// Ctrl-C at the prompt ends it at once and leaves a terminal that can be used.
#[test]
fn an_interrupted_prompt_leaves_the_terminal_as_it_was() {
    let Some((_, end)) = type_at_prompt("\u{3}") else {
        return;
    };
    assert!(
        end.ends_with(" at once, echo on") && !end.starts_with("exit 0"),
        "{end}"
    );
}

#[test]
fn a_revocation_is_asked_about() {
    let answer = |keys: &str| {
        let temp = site(&[cert("web", "")]);
        hold(&temp, "web", END);
        let key = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        real(&temp, "web", "DNS:web.example.org", &key);
        type_when(&temp, &["revoke", "web"], "Type yes to go on: ", keys)
    };
    let Some((shown, end)) = answer("no\n") else {
        return;
    };
    has(
        &shown,
        &[
            "for web.example.org, which ends in ",
            "That cannot be undone.",
            "web: the revoked one goes on being served (there is no other) until ",
            "certkeeper: nothing was revoked",
        ],
    );
    assert_eq!(end, "exit 1 at once, echo on");
    // The CA of these tests is not there.
    let (shown, end) = answer("yes\n").expect("as before");
    has(&shown, &["cannot connect to 127.0.0.1:1"]);
    assert_eq!(end, "exit 1 at once, echo on");
}
