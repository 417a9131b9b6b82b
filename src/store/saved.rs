//! `saved/<section>.json`: what acme.sh's scripts keep for their next run, such as sessions.

use super::disk::{StoreError, make_lasting, put, read, remove, rename};
use crate::types::{FromJson, Paths, ToJson, json_members};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;

/// The values that a script saved with certain settings.
#[derive(Debug)]
pub struct Saved {
    path: PathBuf,
    content: Content,
}

#[derive(Debug, Default)]
struct Content {
    /// With which settings they were saved.
    mark: String,
    values: BTreeMap<String, String>,
}

json_members!(Content { mark, values });

impl Saved {
    /// Reads the file. What was saved with other settings, or cannot be read, counts as nothing.
    pub fn open(path: PathBuf, mark: &str) -> Result<Self, StoreError> {
        let bytes = read(&path)?.unwrap_or_default();
        let content = Content::parse(&bytes).filter(|c: &Content| c.mark == mark);
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
        put(&self.path, &self.content.text())
    }
}

/// Removes what was saved for sections that are no longer `known`, unless one of `heirs` has the same
/// settings (their mark) and has saved nothing: it is the same section under another name.
pub fn forget_saved(
    paths: &Paths,
    known: impl Fn(&str) -> bool,
    heirs: &HashMap<String, PathBuf>,
) -> Result<(), StoreError> {
    let Ok(files) = fs::read_dir(paths.saved_folder()) else {
        return Ok(());
    };
    for path in files.flatten().map(|f| f.path()) {
        let stem = path.file_stem().and_then(|s| s.to_str());
        let section = stem.and_then(|s| s.split_once('-'));
        if section.is_none_or(|(_, name)| known(name)) {
            continue;
        }
        let content = Content::parse(&read(&path)?.unwrap_or_default());
        let heir = content.and_then(|c| heirs.get(&c.mark));
        match heir.filter(|heir| !heir.exists()) {
            Some(heir) => rename(&path, heir)?,
            None => remove(&path)?,
        }
    }
    Ok(())
}
