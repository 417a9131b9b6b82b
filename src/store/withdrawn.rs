//! `withdrawn.json`: the versions of a section that are not to be used.

use super::disk::{StoreError, remove};
use super::section::Area;
use crate::types::{ToJson, Withdrawn};

const FILE: &str = "withdrawn.json";
/// Entries that are kept: far more than versions are.
const KEPT: usize = 10;

impl Area {
    /// What is noted; damaged counts as nothing.
    pub(super) fn withdrawn(&self) -> Vec<Withdrawn> {
        self.json(FILE).unwrap_or_default()
    }

    /// Takes a version out of use.
    pub fn withdraw(&self, entry: Withdrawn) -> Result<(), StoreError> {
        let mut list = self.withdrawn();
        list.retain(|w| w.fingerprint != entry.fingerprint);
        list.push(entry);
        let old = list.len().saturating_sub(KEPT);
        self.put_withdrawn(&list[old..])
    }

    /// A version that was rolled back may be used again; one that is revoked never may.
    pub fn readmit(&self, fingerprint: &str) -> Result<(), StoreError> {
        let mut list = self.withdrawn();
        list.retain(|w| w.fingerprint != fingerprint || w.revoked.is_some());
        self.put_withdrawn(&list)
    }

    /// The section may get another certificate after a revocation.
    pub fn lift_ban(&self) -> Result<(), StoreError> {
        let mut list = self.withdrawn();
        list.iter_mut().for_each(|w| w.ban = None);
        self.put_withdrawn(&list)
    }

    fn put_withdrawn(&self, list: &[Withdrawn]) -> Result<(), StoreError> {
        if self.withdrawn() == list {
            return Ok(());
        }
        match list {
            [] => remove(&self.dir().join(FILE)),
            some => self.put_json(FILE, &some.text()),
        }
    }
}
