//! A folder of its own for each test.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

/// Number of the folder within this process.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A temporary folder with two parts: `root`, which certkeeper gets as `--root`, and `servers`,
/// where the servers keep their configuration and logs, so that comparing `root` before and after
/// a run shows what certkeeper wrote and nothing else.
///
/// It is removed on drop; `CERTKEEPER_TEST_KEEP` keeps that of a failed test.
#[derive(Debug)]
pub struct TempRoot {
    base: PathBuf,
}

impl TempRoot {
    /// Makes the folder below `TMPDIR`.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // The time keeps a folder that was left behind apart from a new process of the same id.
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.subsec_nanos());
        let name = format!("certkeeper-{}-{number}-{now:x}", process::id());
        let base = env::temp_dir().join(name);
        fs::create_dir(&base)
            .unwrap_or_else(|e| panic!("cannot make the folder {}: {e}", base.display()));
        let temp = Self { base };
        make_folder(temp.root());
        temp
    }

    /// What certkeeper gets as `--root`.
    pub fn root(&self) -> PathBuf {
        self.base.join("root")
    }

    /// The file or folder `path` (with or without a leading slash) below the root.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    /// Writes a file below the root, with the folders it needs.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path(path);
        if let Some(folder) = file.parent() {
            make_folder(folder);
        }
        fs::write(&file, text).unwrap_or_else(|e| panic!("cannot write {}: {e}", file.display()));
        file
    }

    /// Writes the configuration.
    pub fn uci(&self, text: &str) -> PathBuf {
        self.write("/etc/config/certkeeper", text)
    }

    /// The text of a file below the root.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn read(&self, path: &str) -> String {
        let file = self.path(path);
        fs::read_to_string(&file).unwrap_or_else(|e| panic!("cannot read {}: {e}", file.display()))
    }

    /// A new folder for the files of a server, outside the root.
    pub fn server_folder(&self, name: &str) -> PathBuf {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = self.base.join("servers").join(format!("{name}-{number}"));
        make_folder(&folder);
        folder
    }
}

impl Drop for TempRoot {
    fn drop(&mut self) {
        if thread::panicking() && env::var_os("CERTKEEPER_TEST_KEEP").is_some() {
            return;
        }
        // What cannot be removed here is removed by tests/run, which owns TMPDIR.
        let _ = fs::remove_dir_all(&self.base);
    }
}

fn make_folder(folder: impl AsRef<Path>) {
    let folder = folder.as_ref();
    fs::create_dir_all(folder).unwrap_or_else(|e| panic!("cannot make {}: {e}", folder.display()));
}
