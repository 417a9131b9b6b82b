//! Changes of configuration files, made by the `uci` program: it knows how to write them.

use super::disk::make_folder;
use crate::types::Paths;
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

/// One change; names are `SECTION` or `SECTION.OPTION`.
#[derive(Clone, Debug)]
pub enum Change {
    /// An option's value, or a section's type.
    Set(String, String),
    /// One more value of a list.
    AddList(String, String),
    /// One value less.
    DelList(String, String),
    /// No such option or section any more.
    Delete(String),
}

impl Change {
    /// The words as `uci` takes them, on its command line or in a batch.
    pub fn words(&self, package: &str) -> String {
        match self {
            Self::Set(name, value) => format!("set {package}.{name}={}", quote(value)),
            Self::AddList(name, value) => format!("add_list {package}.{name}={}", quote(value)),
            Self::DelList(name, value) => format!("del_list {package}.{name}={}", quote(value)),
            Self::Delete(name) => format!("delete {package}.{name}"),
        }
    }
}

/// Shell and `uci batch` read single quotes alike.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The package that `uci` works on. It is not the real name: `uci` would take along the changes
/// that others made to that package and have not committed.
const DRAFT: &str = "draft";

/// Makes all changes to a file, or none. A new file gets this mode; an old one keeps its own, but
/// never more than this.
pub fn apply(paths: &Paths, changes: &[Change], file: &Path, mode: u32) -> Result<(), String> {
    let failed = |e: io::Error| format!("{}: {e}", file.display());
    make_folder(&paths.run(), 0o700).map_err(|e| e.to_string())?;
    let _ours = locked(&paths.run().join("uci.lock"), true).map_err(failed)?;
    // `uci` locks the file itself; where a link leads is what is replaced.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let theirs = match locked(&file, false) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        lock => Some(lock.map_err(failed)?),
    };
    let old = theirs.as_ref().and_then(|lock| lock.metadata().ok());
    let mode = old.map_or(mode, |m| m.mode() & mode);
    let scratch = paths.run().join("uci");
    let _ = fs::remove_dir_all(&scratch);
    make_folder(&scratch, 0o700).map_err(|e| e.to_string())?;
    let result = edit(&scratch, changes, &file)
        .and_then(|()| put(&scratch.join(DRAFT), &file, mode).map_err(failed));
    let _ = fs::remove_dir_all(&scratch);
    result
}

/// Waits for the lock of a file.
fn locked(path: &Path, make: bool) -> io::Result<File> {
    let open = || {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .create(make)
            .truncate(false)
            .mode(0o600);
        options.open(path)
    };
    loop {
        let file = open()?;
        flock(&file, FlockOperation::LockExclusive)?;
        // Whoever had it may have put another file in its place.
        if fs::metadata(path)?.ino() == file.metadata()?.ino() {
            return Ok(file);
        }
    }
}

/// Has `uci` change a copy. Values go over stdin, so no secret stands in an argument.
fn edit(scratch: &Path, changes: &[Change], file: &Path) -> Result<(), String> {
    let old = match fs::read(file) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            return Err(format!("{}: {e}", file.display()));
        }
        old => old.unwrap_or_default(),
    };
    fs::write(scratch.join(DRAFT), old).map_err(|e| format!("{}: {e}", scratch.display()))?;
    let mut command = Command::new("uci");
    command
        .arg("-c")
        .arg(scratch)
        .arg("-t")
        .arg(scratch.join("delta"));
    command.arg("batch");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| {
        format!(
            "the program `uci` does not start ({e}); it writes the configuration, so nothing was changed"
        )
    })?;
    let lines = changes.iter().map(|c| c.words(DRAFT) + "\n");
    let text = lines.collect::<String>() + "commit " + DRAFT + "\n";
    let wrote = match child.stdin.take() {
        Some(mut stdin) => stdin.write_all(text.as_bytes()),
        None => Ok(()),
    };
    let output = child.wait_with_output().map_err(|e| format!("uci: {e}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && wrote.is_ok() && said.trim().is_empty() {
        return Ok(());
    }
    let said = said.trim();
    Err(format!("`uci batch` failed ({}): {said}", output.status))
}

/// Replaces the file by one rename.
fn put(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    let folder = to.parent().unwrap_or(Path::new("/"));
    let beside = folder.join(".certkeeper.new");
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&beside)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(&fs::read(from)?)?;
    file.sync_all()?;
    fs::rename(&beside, to)?;
    File::open(folder)?.sync_all()
}
