//! The command line as its users call it: the real program with a root of its own. No CA is asked:
//! the only account leads to a port of this machine that nobody listens on.

#![allow(clippy::unwrap_used, reason = "helpers may fail as tests do")]

#[path = "../support/mod.rs"]
mod support;

mod account;
mod add;
mod add_applied;
mod arguments;
mod busy;
mod exits;
mod help;
mod holdings;
mod import;
mod json;
mod lists;
mod messages;
mod output;
mod prometheus;
mod roots;
mod secret;
mod secret_refused;
mod show;
mod status;
mod status_document;
mod stdin;
mod terminal;
mod uci_program;
mod users;

use std::process::Command;
use std::time::Duration;
use support::certkeeper::Certkeeper;
use support::process::{self, Finished};
use support::temp_root::TempRoot;

/// What the clock shows in tests: 2027-01-15T08:00:00Z.
const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

/// The commands of this version.
const COMMANDS: [&str; 18] = [
    "renew",
    "status",
    "check",
    "show",
    "log",
    "add",
    "account",
    "secret",
    "providers",
    "cas",
    "order",
    "revoke",
    "csr",
    "upload",
    "rollback",
    "import",
    "local-ca",
    "agent",
];

/// The commands that end by themselves; tests/ubus looks at the other one.
fn ending() -> impl Iterator<Item = &'static str> {
    COMMANDS.into_iter().filter(|command| *command != "agent")
}

/// What every configuration begins with. Nobody listens on port 1, for DNS neither.
const OWN: &str = "\
config certkeeper 'global'
	option accept_tos '1'
	option local_ca '0'
	list dns_server '127.0.0.1:1'
config account 'own'
	option acme_server 'https://127.0.0.1:1/dir'
";

/// A section that can run, up to the CA.
fn cert(name: &str, lines: &str) -> String {
    let host = name.replace('_', "-");
    format!(
        "config cert '{name}'\n\tlist domains '{host}.example.org'\n\toption account 'own'\n\t{}\n",
        lines.replace("; ", "\n\t")
    )
}

/// A root with these sections.
fn site(sections: &[String]) -> TempRoot {
    let temp = TempRoot::new();
    temp.uci(&format!("{OWN}{}", sections.concat()));
    temp
}

fn certkeeper(temp: &TempRoot, args: &[&str]) -> Certkeeper {
    Certkeeper::new(temp, args).env("CERTKEEPER_NOW", &NOW.to_string())
}

/// Runs a command line that must end with this exit code and never panic.
#[track_caller]
fn run(temp: &TempRoot, line: &str, code: i32) -> Finished {
    let words: Vec<&str> = line.split_whitespace().collect();
    ended(certkeeper(temp, &words).run(), code)
}

#[track_caller]
fn ended(finished: Finished, code: i32) -> Finished {
    let text = finished.report();
    assert_eq!(finished.code(), code, "{text}");
    assert!(!finished.stderr.contains("panicked"), "{text}");
    finished
}

#[track_caller]
fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in:\n{text}");
    }
}

/// Runs certkeeper as `"$@"` of a shell script.
fn in_shell(certkeeper: Certkeeper, script: &str) -> Finished {
    let inner = certkeeper.into_command();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", script, "sh"]);
    shell.arg(inner.get_program()).args(inner.get_args());
    shell.env_clear();
    for (name, value) in inner.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    shell.current_dir(inner.get_current_dir().expect("the root"));
    process::run(shell, Duration::from_secs(60))
}
