//! `accounts/<account>/<directory hash>/`: an account's key and what the CA said of it.

use super::disk::{StoreError, beside, make_lasting, put, read, remove, sync_folder};
use crate::types::{AccountState, FromJson, Paths, ToJson, json_members};
use ring::digest;
use std::fs;
use std::path::{Path, PathBuf};

const KEY: &str = "key.pem";
const NEXT: &str = "key.next.pem";
const NOTE: &str = "account.json";

/// `account.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountNote {
    /// The account's URL.
    pub url: String,
    /// The directory that it belongs to.
    pub directory: String,
    /// The contact that the CA knows.
    pub email: Option<String>,
    /// When it was made or found, seconds since the epoch.
    pub created: i64,
    /// How it fared when the CA was asked last.
    pub state: AccountState,
    /// The terms that were accepted.
    pub terms: Option<String>,
    /// The account elsewhere that it belongs to, by the CA's key identifier.
    pub eab_kid: Option<String>,
}

json_members!(AccountNote {} some { url, directory, email, created, state, terms, eab_kid });

/// The folder of an account at one directory.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// Every folder below the accounts', by the account's name.
    pub fn all(paths: &Paths) -> Vec<(String, Self)> {
        let folders = |path: &Path| {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            let mut found: Vec<PathBuf> = entries.map(|e| e.path()).collect();
            found.retain(|path| path.is_dir());
            found.sort();
            found
        };
        let mut all = Vec::new();
        for account in folders(&paths.accounts()) {
            let Some(name) = account.file_name().and_then(|n| n.to_str()) else {
                continue;
            };
            let stores = folders(&account).into_iter().map(|dir| Self { dir });
            all.extend(stores.map(|store| (name.to_owned(), store)));
        }
        all
    }

    /// The key as PEM.
    pub fn key(&self) -> Result<Option<Vec<u8>>, StoreError> {
        read(&self.dir.join(KEY))
    }

    /// Keeps the key before the CA learns of it.
    pub fn put_key(&self, pem: &str) -> Result<(), StoreError> {
        make_lasting(&self.dir)?;
        put(&self.dir.join(KEY), pem.as_bytes())
    }

    /// The key that is to come after, while the CA is told of it. A draft of it that an ended run
    /// left goes: the CA never heard of that.
    pub fn next_key(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let next = self.dir.join(NEXT);
        remove(&beside(&next))?;
        read(&next)
    }

    /// Keeps the key that is to come after, before the CA learns of it.
    pub fn put_next_key(&self, pem: &str) -> Result<(), StoreError> {
        put(&self.dir.join(NEXT), pem.as_bytes())
    }

    /// The CA knows the key that was to come: it replaces the former one.
    pub fn adopt_next_key(&self) -> Result<(), StoreError> {
        // Not by `disk::rename`, which removes what it could not move: no other copy is left.
        let (next, key) = (self.dir.join(NEXT), self.dir.join(KEY));
        fs::rename(&next, &key).map_err(StoreError::of("renaming to", &key))?;
        sync_folder(&self.dir)
    }

    /// The CA does not know the key that was to come.
    pub fn drop_next_key(&self) -> Result<(), StoreError> {
        self.remove(NEXT)
    }

    /// What the CA said; damaged counts as absent, since the key finds the account again.
    pub fn note(&self) -> Result<Option<AccountNote>, StoreError> {
        let text = read(&self.dir.join(NOTE))?;
        Ok(text.and_then(|t| AccountNote::parse(&t)))
    }

    /// Keeps what the CA said.
    pub fn put_note(&self, note: &AccountNote) -> Result<(), StoreError> {
        put(&self.dir.join(NOTE), &note.text())
    }

    /// Forgets the account. The keys go last: a note without its key would be of no use, a key finds
    /// its account again.
    pub fn forget(&self) -> Result<(), StoreError> {
        for file in [NOTE, NEXT, KEY] {
            self.remove(file)?;
        }
        // Drafts of killed runs go with the folder.
        let _ = fs::remove_dir_all(&self.dir);
        let _ = self.dir.parent().map(fs::remove_dir);
        Ok(())
    }

    fn remove(&self, file: &str) -> Result<(), StoreError> {
        remove(&self.dir.join(file))?;
        match self.dir.is_dir() {
            true => sync_folder(&self.dir),
            false => Ok(()),
        }
    }
}
