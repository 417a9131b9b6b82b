//! `accounts/<account>/<directory hash>/`: an account's key and what the CA said of it.

use super::disk::{StoreError, make_lasting, put, read};
use crate::types::Paths;
use ring::digest;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `account.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountNote {
    /// The account's URL.
    pub url: String,
    /// The directory that it belongs to.
    pub directory: String,
    /// The contact that the CA knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// When it was made or found, seconds since the epoch.
    pub created: i64,
}

/// The folder of an account at one directory.
#[derive(Clone, Debug)]
pub struct AccountStore {
    dir: PathBuf,
}

impl AccountStore {
    /// The folder; nothing is made yet. One name at two CAs (staging) means two accounts.
    pub fn new(paths: &Paths, account: &str, directory: &str) -> Self {
        let hash = digest::digest(&digest::SHA256, directory.as_bytes());
        let hash: String = hash.as_ref()[..8]
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        Self {
            dir: paths.accounts().join(account).join(hash),
        }
    }

    /// The key as PEM.
    pub fn key(&self) -> Result<Option<Vec<u8>>, StoreError> {
        read(&self.dir.join("key.pem"))
    }

    /// Keeps the key before the CA learns of it.
    pub fn put_key(&self, pem: &str) -> Result<(), StoreError> {
        make_lasting(&self.dir)?;
        put(&self.dir.join("key.pem"), pem.as_bytes())
    }

    /// What the CA said; damaged counts as absent, since the key finds the account again.
    pub fn note(&self) -> Result<Option<AccountNote>, StoreError> {
        let text = read(&self.dir.join("account.json"))?;
        Ok(text.and_then(|t| serde_json::from_slice(&t).ok()))
    }

    /// Keeps what the CA said.
    pub fn put_note(&self, note: &AccountNote) -> Result<(), StoreError> {
        let path = self.dir.join("account.json");
        let text =
            serde_json::to_vec(note).map_err(|e| StoreError::of("writing", &path)(e.into()))?;
        put(&path, &text)
    }
}
