//! A flash that is full or read-only for good: not one call fails but all from then on, those that
//! tidy up and those that note the failure too. The flash is a tmpfs that only the run sees.

use crate::report::{self, Row};
use crate::scenario::Scenario;
use crate::site::{copy_tree, empty};
use crate::steps::Lanes;
use crate::strace::Program;
use crate::support::process::{self, Finished};
use crate::support::tools;
use rustix::process::geteuid;
use std::env;
use std::fmt;
use std::process::Command;
use std::time::{Duration, Instant};

/// More than any scenario takes.
const MOST: usize = 200;
/// So many are tried before it is looked whether anything is missing still.
const AT_ONCE: usize = 8;

const LIMIT: Duration = Duration::from_secs(60);

/// What the flash lacks.
#[derive(Clone, Copy, Debug)]
pub enum Lack {
    /// There are so many pages of 4 KiB left.
    Pages(usize),
    /// So many files, folders and links may be made.
    Inodes(usize),
    /// Nothing can be written.
    Writing,
}

impl Lack {
    fn error(self) -> &'static str {
        match self {
            Self::Writing => "EROFS",
            _ => "ENOSPC",
        }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pages(free) => write!(f, "{free} pages are free"),
            Self::Inodes(free) => write!(f, "{free} inodes are free"),
            Self::Writing => f.write_str("the flash is read-only"),
        }
    }
}

/// Runs the program on a flash of its own ($etc, filled from $copy) and brings back what it left
/// (to $after). The sizes of a tmpfs can only be set after it was filled: what the copy takes is
/// not known before.
const SCRIPT: &str = r#"
set -eu
umask 000
mount -t tmpfs -o mode=755 none "$etc"
cp -a "$copy/etc/." "$etc"
pages=$(($(stat -f -c '%b - %f' "$etc") + ${PAGES:-1000}))
inodes=$(($(stat -f -c '%c - %d' "$etc") + ${INODES:-1000}))
mount -o "remount,${MODE:-rw},size=$((pages * 4))k,nr_inodes=$inodes" "$etc"
code=0
"$@" || code=$?
cp -a "$etc/." "$after"
exit $code
"#;

/// Tries every lack: less and less, until nothing is missing any more.
pub fn walk(lanes: &Lanes) -> Vec<Row> {
    if !works() {
        return Vec::new();
    }
    let inodes: Vec<_> = (0..MOST).map(Lack::Inodes).collect();
    let pages: Vec<_> = (0..MOST).map(Lack::Pages).collect();
    let mut rows = vec![
        row(lanes, "full flash, inodes", &inodes),
        row(lanes, "read-only flash", &[Lack::Writing]),
    ];
    // A link takes no page.
    if !lanes.first().kind.only_links() {
        rows.push(row(lanes, "full flash, pages", &pages));
    }
    rows
}

fn row(lanes: &Lanes, fault: &str, lacks: &[Lack]) -> Row {
    let begin = Instant::now();
    let fails = |(_, (failed, _)): &(Lack, (bool, Vec<String>))| *failed;
    let mut found = Vec::new();
    for lacks in lacks.chunks(AT_ONCE) {
        found.extend(lanes.each(lacks, |scenario, lack| (*lack, at(scenario, *lack))));
        if !found.last().is_some_and(fails) {
            break;
        }
    }
    // Else too little was tried, or nothing was missing at all.
    assert!(found.first().is_some_and(fails), "{fault}: nothing fails");
    assert!(
        lacks.len() == 1 || !found.last().is_some_and(fails),
        "{fault}: all fail"
    );
    found.retain(|(_, (failed, wrong))| *failed || !wrong.is_empty());
    let found = found
        .into_iter()
        .map(|(lack, (_, wrong))| (lack.to_string(), wrong));
    Row::new(lanes.first(), fault, begin, found.collect())
}

fn at(scenario: &Scenario, lack: Lack) -> (bool, Vec<String>) {
    scenario.restore();
    let run = run(scenario, lack);
    let mut wrong = scenario.unbroken();
    wrong.extend(report::failed_well(scenario, &run, lack.error(), None));
    // By the next run somebody has made room.
    wrong.extend(scenario.heals());
    (run.code() != 0, wrong)
}

/// Runs the scenario with that lack, and leaves its flash in the root.
fn run(scenario: &Scenario, lack: Lack) -> Finished {
    let site = &scenario.site;
    let after = site.temp.server_folder("after");
    let mut command = unshare();
    command.args(["/bin/bash", "-c", SCRIPT, "bash"]);
    let program: Program = scenario.program();
    program.add_to(&mut command);
    command.env("etc", site.temp.path("etc"));
    command.env("copy", scenario.start()).env("after", &after);
    match lack {
        Lack::Pages(free) => command.env("PAGES", free.to_string()),
        Lack::Inodes(free) => command.env("INODES", free.to_string()),
        Lack::Writing => command.env("MODE", "ro"),
    };
    let run = process::run(command, LIMIT);
    let etc = site.temp.path("etc");
    empty(&etc);
    copy_tree(&after, &etc);
    run
}

/// A command in a mount namespace of its own.
fn unshare() -> Command {
    let mut command = Command::new(tools::path_of("unshare"));
    command.arg("--mount");
    if !geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command
}

/// True where mounts of one's own are allowed; else the test is reported as skipped in part.
fn works() -> bool {
    if !tools::have(&[&["unshare"]]) {
        return false;
    }
    let mut command = unshare();
    command.args(["/bin/sh", "-c", "mount -t tmpfs none /mnt"]);
    command.env("PATH", env::var_os("PATH").unwrap_or_default());
    let tried = process::run(command, LIMIT);
    if tried.code() != 0 {
        tools::skip(
            "a full and a read-only flash",
            &format!("no mounts here: {}", tried.stderr.trim()),
        );
    }
    tried.code() == 0
}
