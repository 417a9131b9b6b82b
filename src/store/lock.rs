//! One run at a time, and the wishes of those who came while it worked.

use super::disk::{StoreError, make_folder};
use crate::types::{Paths, SectionName};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
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
        Self::of(paths, paths.lock())
    }

    /// The lock of those who notify others: no two runs tell them the same.
    pub fn take_notify(paths: &Paths) -> Result<Option<Self>, StoreError> {
        Self::of(paths, paths.notify_lock())
    }

    fn of(paths: &Paths, path: PathBuf) -> Result<Option<Self>, StoreError> {
        make_folder(&paths.run(), 0o700)?;
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

/// The file of a wish for all that are due; no certificate is called so.
const ALL: &str = "all-due";
/// Marks a wish with `--force`.
const FORCE: &str = "-force";
/// Where the wishes are that a run works on; no section's name holds a dot.
const TAKEN: &str = ".taken";

impl Queue {
    /// The queue below the paths' root.
    pub fn new(paths: &Paths) -> Self {
        Self {
            dir: paths.wanted(),
        }
    }

    /// Queues a wish; the same wish twice is one.
    pub fn add(&self, wish: &Wanted) -> Result<(), StoreError> {
        make_folder(&self.dir, 0o700)?;
        let path = self.dir.join(name_of(wish));
        fs::write(&path, b"").map_err(StoreError::of("writing", &path))
    }

    /// True if somebody waits for a wish to be taken.
    pub fn has_wishes(&self) -> bool {
        !names(&self.dir).is_empty()
    }

    /// True until a wish is fulfilled or withdrawn.
    pub fn holds(&self, wish: &Wanted) -> bool {
        let name = name_of(wish);
        // It moves from the first to the second.
        [&self.dir, &self.taken()]
            .iter()
            .any(|dir| dir.join(&name).exists())
    }

    /// Takes every wish to work on. Until [`Queue::done`] they are kept aside: if the run is killed,
    /// the next one takes them again. The caller holds the lock.
    pub fn take(&self) -> Vec<Wanted> {
        let taken = self.taken();
        let _ = make_folder(&taken, 0o700);
        for name in names(&self.dir) {
            let _ = fs::rename(self.dir.join(&name), taken.join(&name));
        }
        names(&taken).iter().filter_map(|n| parse(n)).collect()
    }

    /// The wishes taken are fulfilled, but for those that `wait`: these are given back.
    pub fn done(&self, wait: impl Fn(&Wanted) -> bool) -> Vec<Wanted> {
        let taken = names(&self.taken());
        let (kept, done): (Vec<_>, Vec<_>) = taken.into_iter().partition(|name| {
            let wish = parse(name);
            wish.is_some_and(|wish| wait(&wish))
        });
        for name in done {
            let _ = fs::remove_file(self.taken().join(name));
        }
        kept.iter().filter_map(|name| parse(name)).collect()
    }

    /// Withdraws a wish that was taken.
    pub fn withdraw(&self, wish: &Wanted) {
        let _ = fs::remove_file(self.taken().join(name_of(wish)));
    }

    fn taken(&self) -> PathBuf {
        self.dir.join(TAKEN)
    }
}

/// The files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|e| e.file_name().into_string().ok());
    names.filter(|n| n != TAKEN).collect()
}

/// The file of a wish.
fn name_of(wish: &Wanted) -> String {
    let name = wish.section.as_ref().map_or(ALL, SectionName::as_str);
    let force = if wish.force { FORCE } else { "" };
    format!("{name}{force}")
}

/// The wish that a file stands for.
fn parse(file: &str) -> Option<Wanted> {
    let (name, force) = match file.strip_suffix(FORCE) {
        Some(name) => (name, true),
        None => (file, false),
    };
    let section = match name {
        ALL => None,
        _ => Some(SectionName::of_files(name)?),
    };
    Some(Wanted { section, force })
}
