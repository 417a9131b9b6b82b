//! `csr/key.pem`: the key of a request that was printed, until its certificate is uploaded.

use super::disk::{StoreError, make_lasting, put, read, remove, sync_folder};
use super::section::Area;
use std::fs;

const FOLDER: &str = "csr";
const KEY: &str = "key.pem";

impl Area {
    /// The key, PEM.
    pub fn requested_key(&self) -> Result<Option<Vec<u8>>, StoreError> {
        read(&self.dir().join(FOLDER).join(KEY))
    }

    /// Keeps the key before anybody sees the request.
    pub fn put_requested_key(&self, pem: &str) -> Result<(), StoreError> {
        let folder = self.dir().join(FOLDER);
        make_lasting(&folder)?;
        put(&folder.join(KEY), pem.as_bytes())
    }

    /// The certificate is here, and its key with it.
    pub fn drop_requested_key(&self) -> Result<(), StoreError> {
        let folder = self.dir().join(FOLDER);
        remove(&folder.join(KEY))?;
        if folder.is_dir() {
            sync_folder(&folder)?;
        }
        let _ = fs::remove_dir(folder);
        Ok(())
    }
}
