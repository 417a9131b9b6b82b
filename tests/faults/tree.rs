//! A disk as it is found after a power cut.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::fs::{self, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// What a path is after the power cut.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    File(Vec<u8>, u32),
    Link(PathBuf),
    Folder(u32),
}

/// A disk after a power cut.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tree(pub BTreeMap<PathBuf, Node>);

impl Tree {
    /// Something to know it again by.
    pub fn mark(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// Writes it out into a folder.
    pub fn write(&self, top: &Path) {
        for (path, node) in &self.0 {
            let path = top.join(path);
            match node {
                Node::Folder(mode) => {
                    fs::create_dir_all(&path).expect("a folder");
                    fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).expect("a mode");
                }
                Node::Link(target) => symlink(target, &path).expect("a link"),
                Node::File(data, mode) => {
                    let file = OpenOptions::new()
                        .write(true)
                        .create_new(true)
                        .mode(*mode)
                        .open(&path);
                    file.expect("a file").write_all(data).expect("is written");
                }
            }
        }
    }
}
