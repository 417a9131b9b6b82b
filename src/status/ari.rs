//! What CAs said about renewals (RFC 9773): lost with tmpfs, since they are asked again.

use super::put;
use crate::types::{FromJson, Paths, RenewalInfo, SectionName, ToJson};
use std::fs;

/// What is noted for a section; `None` if there is nothing, or it is damaged.
pub fn read(paths: &Paths, section: &SectionName) -> Option<RenewalInfo> {
    RenewalInfo::parse(&fs::read(paths.ari(section)).ok()?)
}

/// Notes what a CA said.
pub fn write(paths: &Paths, section: &SectionName, info: &RenewalInfo) {
    put(&paths.ari(section), &info.text());
}
