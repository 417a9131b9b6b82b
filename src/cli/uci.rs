//! Changes of the configuration that a command makes.

pub(super) use crate::store::uci::Change;

use super::{Ended, Exit, Result};
use crate::store::uci;
use crate::types::Paths;
use crate::uci::{Section, parse};
use std::fs;
use std::path::Path;

/// The sections of a file, as they stand.
pub(super) fn read(path: &Path) -> Result<Vec<Section>> {
    let text = fs::read(path).map_err(|e| {
        let hint = "`certkeeper add` makes a section first";
        Ended(Exit::Usage, format!("{}: {e}; {hint}", path.display()))
    })?;
    parse(&text).map_err(|e| Ended(Exit::Usage, format!("{}: {e}", path.display())))
}

/// Makes all changes to a file, or none: see [`uci::apply`].
pub(super) fn apply(paths: &Paths, changes: &[Change], file: &Path, mode: u32) -> Result<()> {
    uci::apply(paths, changes, file, mode).map_err(|text| Ended(Exit::Failed, text))
}
