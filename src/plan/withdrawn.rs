//! What becomes of a section whose certificate its owner took out of use.

use super::due::{Due, due};
use crate::config::Cert;
use crate::types::{Held, Secret, Timestamp, Version};

/// What serves in the place of a version that was rolled back is renewed when this part of its
/// lifetime is left: late, for the next one may be like the one that was not wanted, but in time.
const LAST_PART: i64 = 10;

/// From when on a version is to be renewed.
pub fn renewal(cert: &Cert, held: &Held, version: &Version, secret: &Secret) -> Due {
    let newer = held.versions.iter().filter(|v| v.number > version.number);
    let rolled_back = newer.into_iter().any(|v| held.rolled_back(v).is_some());
    if rolled_back && held.rolled_back(version).is_none() {
        let end = Timestamp(version.meta.not_after);
        return Due {
            at: end.plus(-version.meta.lifetime() / LAST_PART),
            suggested: false,
        };
    }
    due(cert, &version.meta, held.renewal.as_ref(), secret)
}

/// Why there is nothing that could be used.
pub(super) fn missing(held: &Held) -> &'static str {
    match held.versions.first() {
        Some(newest) if held.is_revoked(newest) => "the former certificate was revoked",
        _ => "there is no certificate yet",
    }
}
