//! Changes of the configuration, made by the `uci` program: it knows how to write its files.

use super::{Ended, Exit, Result};
use crate::types::Paths;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// One change.
pub(super) enum Change {
    Set(String, String),
    AddList(String, String),
    DelList(String, String),
    Commit(String),
}

impl Change {
    /// The words as `uci` takes them, on its command line or in a batch.
    pub fn words(&self) -> String {
        match self {
            Self::Set(name, value) => format!("set {name}={}", quote(value)),
            Self::AddList(name, value) => format!("add_list {name}={}", quote(value)),
            Self::DelList(name, value) => format!("del_list {name}={}", quote(value)),
            Self::Commit(package) => format!("commit {package}"),
        }
    }
}

/// Shell and `uci batch` read single quotes alike.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Makes an empty file for `uci` to write to, if there is none.
pub(super) fn ensure(path: &Path, mode: u32) -> Result<()> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    match made {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(Ended(Exit::Failed, format!("{}: {e}", path.display())))
        }
        _ => Ok(()),
    }
}

/// Makes all changes in one batch. Values go over stdin, so no secret stands in an argument; the
/// batch has a folder of its own for what is not committed, so nobody else's changes are committed.
pub(super) fn apply(paths: &Paths, changes: &[Change]) -> Result<()> {
    let failed = |text: String| Ended(Exit::Failed, text);
    let scratch = paths.run().join("uci");
    let _ = fs::remove_dir_all(&scratch);
    crate::store::make_folder(&scratch, 0o700).map_err(|e| failed(e.to_string()))?;
    let mut command = Command::new("uci");
    command
        .arg("-c")
        .arg(paths.uci_dir())
        .arg("-t")
        .arg(&scratch)
        .arg("batch");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| {
        failed(format!(
            "the program `uci` does not start ({e}); it writes the configuration, so nothing was changed"
        ))
    })?;
    let text: String = changes.iter().map(|c| c.words() + "\n").collect();
    let wrote = match child.stdin.take() {
        Some(mut stdin) => stdin.write_all(text.as_bytes()),
        None => Ok(()),
    };
    let output = child
        .wait_with_output()
        .map_err(|e| failed(format!("uci: {e}")))?;
    let _ = fs::remove_dir_all(&scratch);
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || wrote.is_err() || !said.trim().is_empty() {
        return Err(failed(format!(
            "`uci batch` failed ({}): {}",
            output.status,
            said.trim()
        )));
    }
    Ok(())
}
