//! What stands in the places of links and is not ours: its owner's word alone has it replaced.

use super::links;
use crate::store::{Area, StoreError, read};
use crate::types::{Paths, SectionName};
use std::path::PathBuf;

/// Puts a section's links in the places that something else holds, and keeps that in the section's
/// folder. Returns the places.
pub fn adopt(
    paths: &Paths,
    section: &SectionName,
    area: &Area,
) -> Result<Vec<PathBuf>, StoreError> {
    let mut places = Vec::new();
    for link in links::foreign(paths, section) {
        if let (Some(bytes), Some(name)) = (read(&link.path)?, link.path.file_name()) {
            area.keep_replaced(name, &bytes)?;
        }
        link.put()?;
        places.push(link.path);
    }
    Ok(places)
}
