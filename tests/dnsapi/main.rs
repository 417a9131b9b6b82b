//! acme.sh's scripts under our functions and under acme.sh itself. `ACMESH_DIR` names a checkout of
//! acme.sh 3.1.4; without it every test here is skipped. Nothing of acme.sh is in this repository:
//! the cases hold replies alone, written for these tests.

#![allow(clippy::unwrap_used, reason = "helpers may fail as tests do")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../net/ca.rs"]
mod ca;

#[path = "../ports/space.rs"]
#[allow(dead_code, reason = "the suites share it, each uses its own part")]
mod space;

mod cases;
mod double;
mod load;
mod same;
mod table;

use std::path::PathBuf;

/// The checkout of acme.sh; `None` where there is none, which has been told.
fn acme_sh() -> Option<PathBuf> {
    let dir = std::env::var_os("ACMESH_DIR").map(PathBuf::from);
    if dir.is_none() {
        support::tools::skip("ACMESH_DIR", "not set: a checkout of acme.sh is wanted");
    }
    dir
}

/// The applets of OpenWrt's busybox that scripts use, as links in a folder; what OpenWrt lacks
/// (od, paste, rev, base64, sha1sum, stat, tac, xxd, timeout, fold) is not there.
fn applets(temp: &support::temp_root::TempRoot) -> PathBuf {
    let folder = temp.server_folder("applets");
    let busybox = support::tools::path_of("busybox");
    for applet in [
        "ash",
        "awk",
        "basename",
        "cat",
        "cp",
        "cut",
        "date",
        "dirname",
        "egrep",
        "env",
        "expr",
        "false",
        "find",
        "grep",
        "head",
        "hexdump",
        "id",
        "ls",
        "md5sum",
        "mkdir",
        "mktemp",
        "mv",
        "printf",
        "rm",
        "sed",
        "seq",
        "sha256sum",
        "sleep",
        "sort",
        "tail",
        "tee",
        "test",
        "touch",
        "tr",
        "true",
        "uname",
        "uniq",
        "wc",
        "xargs",
    ] {
        std::os::unix::fs::symlink(&busybox, folder.join(applet)).expect("a link");
    }
    folder
}
