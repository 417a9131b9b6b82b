//! `replaced/`: files of the owner's whose places our links took.

use super::disk::{StoreError, make_lasting, put};
use super::section::Area;
use std::ffi::OsStr;
use std::path::PathBuf;

impl Area {
    /// The folder.
    pub fn replaced(&self) -> PathBuf {
        self.dir().join("replaced")
    }

    /// Keeps a file before its place is taken. It may be a key: nobody else reads it.
    pub fn keep_replaced(&self, name: &OsStr, bytes: &[u8]) -> Result<(), StoreError> {
        let folder = self.replaced();
        make_lasting(&folder)?;
        put(&folder.join(name), bytes)
    }
}
