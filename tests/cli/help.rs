//! `--help` and `--version`.

use super::support::certkeeper::Certkeeper;
use super::support::temp_root::TempRoot;
use super::{COMMANDS, certkeeper, ended, has, run};
use std::collections::BTreeSet;

/// No line of a help text is longer.
const WIDTH: usize = 100;

/// The options of INTERFACES, with their values; those of every command first.
const GLOBAL: [(&str, &str); 5] = [
    ("root", "DIR"),
    ("json", ""),
    ("debug", ""),
    ("help", ""),
    ("version", ""),
];
const OPTIONS: &[(&str, &[(&str, &str)])] = &[
    ("renew", &[("force", ""), ("no-wait", ""), ("test", "")]),
    ("check", &[("ca", ""), ("stdin", "")]),
    ("log", &[("lines", "N")]),
    ("status", &[("prometheus", "")]),
    ("show", &[("pem", "")]),
    (
        "revoke",
        &[
            ("cert", "FILE"),
            ("reason", "R"),
            ("key", "FILE"),
            ("account", "NAME"),
            ("yes", ""),
        ],
    ),
    ("csr", &[("subject", "/X=…"), ("new-key", "")]),
    ("add", &[("dns", "MODULE"), ("apply", "")]),
    ("account", &[("staging", "")]),
    ("agent", &[("methods", "")]),
];

fn own_options(command: &str) -> &'static [(&'static str, &'static str)] {
    let found = OPTIONS.iter().find(|(name, _)| *name == command);
    found.map_or(&[], |(_, options)| options)
}

#[track_caller]
fn help(temp: &TempRoot, args: &[&str]) -> String {
    let finished = ended(certkeeper(temp, args).run(), 0);
    assert_eq!(finished.stderr, "", "{args:?}");
    for line in finished.stdout.lines() {
        assert!(line.chars().count() <= WIDTH, "{line}");
    }
    finished.stdout
}

/// `--name` and the word after it, of each line that explains an option.
fn listed(help: &str) -> BTreeSet<(String, String)> {
    let lines = help
        .lines()
        .filter_map(|l| l.trim_start().strip_prefix("--"));
    lines
        .map(|line| {
            let (left, _) = line.split_once("  ").expect("an explanation");
            let (name, value) = left.split_once(' ').unwrap_or((left, ""));
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

#[test]
fn the_overview_lists_every_command_and_global_option() {
    let temp = TempRoot::new();
    let text = help(&temp, &["--help"]);
    assert_eq!(help(&temp, &["-h"]), text);
    has(
        &text,
        &[
            "usage: certkeeper [--root DIR] [--json] [--debug] COMMAND",
            "/etc/config/certkeeper",
            "Exit codes: 0 ",
        ],
    );
    let commands = text.split("commands:\n").nth(1).expect("the commands");
    let commands = commands.split("\n\n").next().expect("their end");
    let names: Vec<&str> = commands
        .lines()
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    assert_eq!(names, COMMANDS);
    assert!(
        commands.lines().all(|l| l.split_whitespace().count() > 3),
        "each is explained"
    );
    let global = GLOBAL.map(|(n, v)| (n.to_owned(), v.to_owned()));
    assert_eq!(listed(&text), BTreeSet::from(global));
    for code in ["0 ", "1 ", "2 ", "3 ", "4 "] {
        has(text.split("Exit codes:").nth(1).expect("them"), &[code]);
    }
}

#[test]
fn without_a_command_the_overview_is_an_error() {
    let temp = TempRoot::new();
    let finished = run(&temp, "", 2);
    assert_eq!(finished.stdout, "");
    assert_eq!(finished.stderr, help(&temp, &["--help"]));
}

#[test]
fn every_command_explains_itself_and_its_options() {
    let temp = TempRoot::new();
    for command in COMMANDS {
        let text = help(&temp, &[command, "--help"]);
        for args in [["--help", command], ["-h", command], [command, "-h"]] {
            assert_eq!(help(&temp, &args), text, "{args:?}");
        }
        assert!(
            text.starts_with(&format!("usage: certkeeper {command}")),
            "{text}"
        );
        let explained = text.lines().nth(2).expect("an explanation");
        assert!(explained.len() > 40, "{command}: {explained}");
        let wanted = own_options(command).iter().chain(&GLOBAL);
        let wanted = wanted.map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        assert_eq!(listed(&text), wanted.collect(), "{command}");
        // The usage line names the command's own.
        let usage = text.lines().next().expect("a line");
        for (name, _) in own_options(command) {
            has(usage, &[&format!("--{name}")]);
        }
    }
}

#[test]
fn every_listed_option_is_taken() {
    let temp = TempRoot::new();
    for command in COMMANDS {
        let text = help(&temp, &[command, "--help"]);
        for (name, value) in listed(&text).iter().filter(|(n, _)| n != "help") {
            let option = format!("--{name}");
            let args = [
                command,
                "--help",
                &option,
                if value.is_empty() { "x" } else { value },
            ];
            let finished = ended(Certkeeper::bare(&temp, &args).run(), 0);
            assert_eq!(finished.stdout, text, "{args:?}");
        }
    }
}

#[test]
fn no_line_ends_with_blanks() {
    let temp = TempRoot::new();
    for command in COMMANDS {
        for line in help(&temp, &[command, "--help"]).lines() {
            assert_eq!(line.trim_end(), line, "{command}");
        }
    }
}

#[test]
fn the_short_forms_are_listed() {
    let text = help(&TempRoot::new(), &["--help"]);
    for short in ["-h", "-V"] {
        let listed = text
            .lines()
            .any(|l| l.split([' ', ',']).any(|w| w == short));
        assert!(listed, "{short} is taken, but not told:\n{text}");
    }
}

#[test]
fn the_version_is_that_of_the_crate() {
    let temp = TempRoot::new();
    let wanted = concat!("certkeeper ", env!("CARGO_PKG_VERSION"), "\n");
    for args in [
        vec!["--version"],
        vec!["-V"],
        vec!["status", "--version"],
        vec!["--version", "renew"],
    ] {
        let finished = ended(Certkeeper::bare(&temp, &args).run(), 0);
        assert_eq!(
            (finished.stdout.as_str(), finished.stderr.as_str()),
            (wanted, "")
        );
    }
}
