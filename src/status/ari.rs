//! What CAs said about renewals (RFC 9773): lost with tmpfs, since they are asked again.

use super::put;
use crate::types::{Paths, RenewalInfo, SectionName};
use std::fs;

/// What is noted for a section; `None` if there is nothing, or it is damaged.
pub fn read(paths: &Paths, section: &SectionName) -> Option<RenewalInfo> {
    serde_json::from_slice(&fs::read(paths.ari(section)).ok()?).ok()
}

/// Notes what a CA said.
pub fn write(paths: &Paths, section: &SectionName, info: &RenewalInfo) {
    if let Ok(text) = serde_json::to_vec(info) {
        put(&paths.ari(section), &text);
    }
}
