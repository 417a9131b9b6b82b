//! `saved/<section>.json`: what acme.sh's scripts keep for their next run, such as sessions.

use super::disk::{StoreError, make_lasting, put, read, remove};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The values that a script saved with certain settings.
#[derive(Debug)]
pub struct Saved {
    path: PathBuf,
    content: Content,
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct Content {
    /// With which settings they were saved.
    mark: String,
    values: BTreeMap<String, String>,
}

impl Saved {
    /// Reads the file. What was saved with other settings, or cannot be read, counts as nothing.
    pub fn open(path: PathBuf, mark: &str) -> Result<Self, StoreError> {
        let bytes = read(&path)?.unwrap_or_default();
        let content = serde_json::from_slice(&bytes).ok();
        let content = content.filter(|c: &Content| c.mark == mark);
        let content = content.unwrap_or_else(|| Content {
            mark: mark.to_owned(),
            ..Content::default()
        });
        Ok(Self { path, content })
    }

    /// A value.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.content.values.get(key).map(String::as_str)
    }

    /// Sets a value, or removes it; writes only what changes.
    pub fn set(&mut self, key: &str, value: Option<&str>) -> Result<(), StoreError> {
        if self.get(key) == value {
            return Ok(());
        }
        match value {
            Some(value) => self.content.values.insert(key.to_owned(), value.to_owned()),
            None => self.content.values.remove(key),
        };
        if self.content.values.is_empty() {
            return remove(&self.path);
        }
        if let Some(folder) = self.path.parent() {
            make_lasting(folder)?;
        }
        put(
            &self.path,
            &serde_json::to_vec(&self.content).unwrap_or_default(),
        )
    }
}
