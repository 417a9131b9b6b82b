//! One run at a time, and the wishes of those who came while it worked.

use super::disk::{StoreError, make_folder};
use crate::types::{Paths, SectionName};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

/// Who only looks whether a run is at work holds the lock for less than this.
const GLANCE: Duration = Duration::from_millis(10);
const GLANCES: u32 = 4;

/// The global lock; the kernel releases it when its holder ends, however it ends.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Takes the lock; `None` if another run has it.
    pub fn take(paths: &Paths) -> Result<Option<Self>, StoreError> {
        make_folder(&paths.run(), 0o700)?;
        let path = paths.lock();
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(StoreError::of("opening", &path))?;
        for _ in 0..GLANCES {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Some(Self(file))),
                Err(Errno::WOULDBLOCK) => std::thread::sleep(GLANCE),
                Err(e) => return Err(StoreError::of("locking", &path)(e.into())),
            }
        }
        Ok(None)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing would do; a child that inherited the descriptor must not prolong it.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

/// One queued wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The section; `None` for all that are due.
    pub section: Option<SectionName>,
    /// `--force` was given.
    pub force: bool,
}

/// The wishes queued with the run that holds the lock: one empty file each.
#[derive(Debug)]
pub struct Queue {
    dir: PathBuf,
}

/// The file of a wish for all that are due; no section's name holds a hyphen.
const ALL: &str = "all-due";
/// Marks a wish with `--force`.
const FORCE: &str = "-force";

impl Queue {
    /// The queue below the paths' root.
    pub fn new(paths: &Paths) -> Self {
        Self {
            dir: paths.wanted(),
        }
    }

    fn file(&self, wish: &Wanted) -> PathBuf {
        let name = wish.section.as_ref().map_or(ALL, SectionName::as_str);
        let force = if wish.force { FORCE } else { "" };
        self.dir.join(format!("{name}{force}"))
    }

    /// Queues a wish; the same wish twice is one.
    pub fn add(&self, wish: &Wanted) -> Result<(), StoreError> {
        make_folder(&self.dir, 0o700)?;
        let path = self.file(wish);
        fs::write(&path, b"").map_err(StoreError::of("writing", &path))
    }

    /// True while nobody has taken the wish.
    pub fn holds(&self, wish: &Wanted) -> bool {
        self.file(wish).exists()
    }

    /// Takes every wish out of the queue.
    pub fn take(&self) -> Vec<Wanted> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let mut wishes = Vec::new();
        for entry in entries {
            let name = entry.file_name();
            // Whoever removes the file does the work.
            if fs::remove_file(entry.path()).is_err() {
                continue;
            }
            let Some(name) = name.to_str() else { continue };
            let (name, force) = match name.strip_suffix(FORCE) {
                Some(name) => (name, true),
                None => (name, false),
            };
            let section = match name {
                ALL => None,
                _ => match SectionName::parse(name) {
                    Ok(section) => Some(section),
                    Err(_) => continue,
                },
            };
            wishes.push(Wanted { section, force });
        }
        wishes
    }
}
