//! The few ways in which files come to be.

use crate::types::{Paths, disk_remedy};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// A file-system operation that failed.
#[derive(Debug)]
pub struct StoreError {
    /// What was tried.
    pub doing: &'static str,
    /// On which path.
    pub path: PathBuf,
    /// What the system said.
    pub error: io::Error,
}

impl StoreError {
    /// For `map_err`: an error of `doing` something to `path`.
    pub(super) fn of(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> StoreError {
        move |error| StoreError {
            doing,
            path: path.to_owned(),
            error,
        }
    }

    /// What the owner can do.
    pub fn remedy(&self) -> &'static str {
        disk_remedy(&self.path, &self.error).unwrap_or("look at the path and its permissions")
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.doing, self.path.display(), self.error)
    }
}

/// Makes a folder and those above it, for root alone. Folders that exist stay as they are.
pub fn make_folder(path: &Path, mode: u32) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(StoreError::of("making", path))
}

/// Makes a folder and those above it, for everybody to enter, whatever the umask is. Folders that
/// exist stay as they are.
pub fn make_public(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_public(parent)?;
    }
    make_folder(path, 0o755)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .map_err(StoreError::of("opening", path))
}

/// Closes the state folder to others, whoever made it.
pub fn secure(paths: &Paths) {
    let state = paths.state();
    if fs::metadata(&state).is_ok_and(|m| m.mode() & 0o077 != 0) {
        let _ = fs::set_permissions(&state, fs::Permissions::from_mode(0o700));
    }
}

/// Makes a folder whose name must survive a power cut.
pub(super) fn make_lasting(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_lasting(parent)?;
        make_folder(path, 0o700)?;
        sync_folder(parent)?;
    }
    Ok(())
}

/// Puts a folder's names on the disk.
pub(super) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(StoreError::of("syncing", path))
}

/// Writes a new file, 0600 from its first byte, and puts it on the disk; nothing is left of one that
/// cannot be written whole.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut new = OpenOptions::new();
    let new = new.write(true).create_new(true).mode(0o600).open(path);
    let mut file = new.map_err(StoreError::of("writing", path))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|error| {
        let _ = fs::remove_file(path);
        StoreError::of("writing", path)(error)
    })
}

/// Replaces a file by one rename. What a killed run left beside it is written over.
pub fn put(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let beside = beside(path);
    remove(&beside)?;
    write_new(&beside, bytes)?;
    rename(&beside, path)
}

/// Replaces a link by one rename.
pub fn put_link(path: &Path, target: &Path) -> Result<(), StoreError> {
    let beside = beside(path);
    remove(&beside)?;
    symlink(target, &beside).map_err(StoreError::of("linking", path))?;
    rename(&beside, path)
}

/// Moves a finished file, link or folder to its place and puts the name on the disk.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|error| {
        let _ = fs::remove_file(from);
        StoreError::of("renaming to", to)(error)
    })?;
    to.parent().map_or(Ok(()), sync_folder)
}

/// Removes a file or link; one that is gone already is as good.
pub fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(StoreError::of("removing", path)(e)),
        _ => Ok(()),
    }
}

/// Reads a file of ours, `None` if there is none.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StoreError::of("reading", path)(e)),
    }
}

/// True for the name of a file that is being prepared, or was when its run ended.
pub(super) fn is_beside(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".new")
}

/// Where the next content of a path is prepared.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}
