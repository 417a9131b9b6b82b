//! Files as they lie there.

use crate::support::temp_root::TempRoot;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Permission bits.
pub fn mode(path: &Path) -> u32 {
    let found = fs::symlink_metadata(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    found.permissions().mode() & 0o7777
}

/// What a run that has nothing to do must leave as it is: every file outside /var/run with its
/// inode, mode, size, time of change and target.
pub fn snapshot(temp: &TempRoot) -> Vec<String> {
    let mut found = Vec::new();
    look(&temp.root(), &temp.path("var/run"), &mut found);
    found.sort();
    found
}

fn look(folder: &Path, not: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path == not {
            continue;
        }
        let meta = fs::symlink_metadata(&path).expect("a file");
        let (seconds, nanos) = (meta.mtime(), meta.mtime_nsec());
        let target = fs::read_link(&path).unwrap_or_default();
        found.push(format!(
            "{} inode {} mode {:o} size {} changed {seconds}.{nanos:09} {}",
            path.display(),
            meta.ino(),
            meta.mode(),
            meta.len(),
            target.display()
        ));
        if meta.is_dir() {
            look(&path, not, found);
        }
    }
}
