//! Finds the programs that the tests start.

use std::env;
use std::io::{Write, stderr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;

/// Where `tests/run` unpacks programs, seen from the folder of the tools.
const BELOW_TOOLS: [&str; 4] = ["bin", "usr/sbin", "usr/bin", "sbin"];

/// The folder of unpacked programs: `CERTKEEPER_TEST_TOOLS`, else `tests/.tools`.
pub fn folder() -> PathBuf {
    env::var_os("CERTKEEPER_TEST_TOOLS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.tools"),
        PathBuf::from,
    )
}

/// The program `name`: unpacked for the tests, on PATH, or where Debian keeps daemons.
pub fn find(name: &str) -> Option<PathBuf> {
    let tools = folder();
    let path = env::var_os("PATH").unwrap_or_default();
    BELOW_TOOLS
        .iter()
        .map(|below| tools.join(below))
        .chain(env::split_paths(&path))
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|file| is_program(file))
}

/// The program `name`, which [`have`] has promised.
///
/// # Panics
/// When it is not there.
pub fn path_of(name: &str) -> PathBuf {
    find(name).unwrap_or_else(|| panic!("{name} is not there: the test did not ask tools::have"))
}

/// True when every program of `needs` is there; else the calling test is reported as skipped.
///
/// # Panics
/// Under `CERTKEEPER_TEST_REQUIRE` (set by `tests/run`, which has installed everything): a test
/// that silently stops running is worse than one that fails.
pub fn have(needs: &[&[&str]]) -> bool {
    let Some(missing) = needs.concat().into_iter().find(|name| find(name).is_none()) else {
        return true;
    };
    assert!(
        env::var_os("CERTKEEPER_TEST_REQUIRE").is_none(),
        "{missing} is missing, but CERTKEEPER_TEST_REQUIRE says that everything is installed"
    );
    skip(missing, "not installed (tests/run unpacks it)");
    false
}

/// Reports the calling test as skipped: `SKIPPED <test>: <what>: <why>`, which `tests/run` counts.
///
/// The line goes to stderr by hand, for `println!` in a passing test is swallowed.
pub fn skip(what: &str, why: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    // Nobody reading stderr is no reason to fail.
    let _ = writeln!(stderr(), "SKIPPED {test}: {what}: {why}");
}

fn is_program(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
