//! The device's secret: random, made once.

use super::disk::{StoreError, make_lasting, put};
use crate::types::{Paths, Secret};
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt::Write as _;
use std::fs;

/// Its length in bytes.
const LENGTH: usize = 32;

/// The secret; empty as long as there is none.
pub fn device_secret(paths: &Paths) -> Secret {
    let text = fs::read_to_string(paths.device_secret());
    Secret::new(text.unwrap_or_default())
}

/// Makes the secret, if there is none.
pub fn make_device_secret(paths: &Paths) -> Result<(), StoreError> {
    let path = paths.device_secret();
    let mut bytes = [0; LENGTH];
    if path.exists() || SystemRandom::new().fill(&mut bytes).is_err() {
        return Ok(());
    }
    let mut text = String::with_capacity(2 * LENGTH);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    make_lasting(&paths.state())?;
    put(&path, text.as_bytes())
}
