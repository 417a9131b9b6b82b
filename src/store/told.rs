//! `told.json`: see [`Told`].

use super::disk::{StoreError, remove};
use super::section::Area;
use crate::types::{ToJson, Told};

pub(super) const FILE: &str = "told.json";

impl Area {
    /// Notes who was told of what; what has not changed is not written.
    pub fn put_told(&self, told: &Told) -> Result<(), StoreError> {
        let noted: Told = self.json(FILE).unwrap_or_default();
        if noted == *told {
            return Ok(());
        }
        match *told == Told::default() {
            true => remove(&self.dir().join(FILE)),
            false => self.put_json(FILE, &told.text()),
        }
    }
}
