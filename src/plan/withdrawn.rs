//! What becomes of a section whose certificate its owner took out of use.

use super::due::due;
use crate::config::Cert;
use crate::types::{Held, Timestamp, Version};

/// What serves in the place of a version that was rolled back is renewed when this part of its
/// lifetime is left: late, for the next one may be like the one that was not wanted, but in time.
const LAST_PART: i64 = 10;

/// From when on a version is to be renewed.
pub fn renewal(cert: &Cert, held: &Held, version: &Version) -> Timestamp {
    let newer = held.versions.iter().filter(|v| v.number > version.number);
    let rolled_back = newer.into_iter().any(|v| held.rolled_back(v).is_some());
    if rolled_back && held.rolled_back(version).is_none() {
        let end = Timestamp(version.meta.not_after);
        return end.plus(-version.meta.lifetime() / LAST_PART);
    }
    due(cert, &version.meta)
}

/// Why a section needs another certificate as time passes. `newest`: the newest valid one, or one
/// that has expired.
pub(super) fn overdue(
    cert: &Cert,
    held: &Held,
    newest: &Version,
    now: Timestamp,
) -> Option<String> {
    let in_place = held
        .rolled_back(newest)
        .and_then(|_| held.newest_usable(now));
    let serving = in_place.unwrap_or(newest);
    let end = Timestamp(serving.meta.not_after);
    if now > end {
        return Some(format!("it expired on {end}"));
    }
    let due = renewal(cert, held, serving);
    (now >= due).then(|| format!("it is due since {due}"))
}

/// Why there is nothing that could be used.
pub(super) fn missing(held: &Held) -> &'static str {
    match held.versions.first() {
        Some(newest) if held.is_revoked(newest) => "the former certificate was revoked",
        _ => "there is no certificate yet",
    }
}
