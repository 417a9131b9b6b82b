//! http-01 by a file below the document root of a running web server.

use super::{ChallengeError, Footprint, Proof, Solver, WELL_KNOWN};
use crate::types::disk_remedy;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const WRONG_FOLDER: &str = "set option webroot to the folder that the web server on port 80 serves";

/// A document root.
#[derive(Debug)]
pub struct Webroot {
    dir: PathBuf,
}

impl Webroot {
    /// The document root; it must exist, or the web server serves another one.
    pub fn new(dir: &Path) -> Result<Self, ChallengeError> {
        if !dir.is_dir() {
            let text = format!("the document root {} does not exist", dir.display());
            return Err(ChallengeError::File(text, WRONG_FOLDER));
        }
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    fn file(&self, token: &str) -> PathBuf {
        let folder = WELL_KNOWN.trim_matches('/');
        self.dir.join(folder).join(token)
    }

    /// Removes a file that an earlier run left.
    pub fn remove(path: &Path) -> Result<(), ChallengeError> {
        match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("removing", path, &e)),
            _ => Ok(()),
        }
    }
}

impl Solver for Webroot {
    fn footprint(&self, proof: &Proof) -> Option<Footprint> {
        Some(Footprint::File(self.file(&proof.token)))
    }

    fn present(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        let path = self.file(&proof.token);
        let write = || {
            if let Some(folder) = path.parent().filter(|f| !f.is_dir()) {
                readable_folder(&self.dir, folder)?;
            }
            // Made anew, never followed: the document root may belong to somebody else.
            let _ = fs::remove_file(&path);
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o644)
                .open(&path)?;
            file.set_permissions(Permissions::from_mode(0o644))?;
            file.write_all(proof.key_authorization.as_bytes())
        };
        write().map_err(|e| failed("writing", &path, &e))
    }

    fn take_back(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        Self::remove(&self.file(&proof.token))
    }
}

/// Makes the folders below the document root; the web server must be able to enter them.
fn readable_folder(root: &Path, folder: &Path) -> io::Result<()> {
    let mut path = root.to_owned();
    for part in folder.strip_prefix(root).unwrap_or(folder) {
        path.push(part);
        match DirBuilder::new().mode(0o755).create(&path) {
            Ok(()) => fs::set_permissions(&path, Permissions::from_mode(0o755))?,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

fn failed(doing: &str, path: &Path, error: &io::Error) -> ChallengeError {
    let remedy = disk_remedy(path, error).unwrap_or(WRONG_FOLDER);
    ChallengeError::File(format!("{doing} {}: {error}", path.display()), remedy)
}
