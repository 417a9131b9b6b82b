//! When a certificate is due for renewal.

use crate::config::Cert;
use crate::types::{Meta, Timestamp};
use ring::digest;

/// Renewal times of a fleet spread over this part of the lifetime.
const SPREAD: i64 = 30;

/// The time from which a certificate is to be renewed: `renew_before` days before its end, but at
/// most half its lifetime; else after two thirds of it, after half of it where it lives less than
/// ten days, earlier by up to a thirtieth so that certificates of one day do not bunch.
pub fn due(cert: &Cert, meta: &Meta) -> Timestamp {
    let life = meta.lifetime();
    let end = Timestamp(meta.not_after);
    if let Some(days) = cert.renew_before {
        return end.plus(-Timestamp::days(days.into()).min(life / 2));
    }
    let kept = if life < super::SHORT_LIVED {
        life / 2
    } else {
        life / 3 * 2
    };
    Timestamp(meta.not_before).plus(kept - spread(meta, life / SPREAD))
}

/// A number below `width` that differs by certificate and stays the same for one: its serial
/// number is random, so nothing needs to be stored.
fn spread(meta: &Meta, width: i64) -> i64 {
    let hash = digest::digest(&digest::SHA256, meta.serial.as_bytes());
    let mut first = [0; 4];
    first.copy_from_slice(&hash.as_ref()[..4]);
    // Widths stay below 2^63 / 2^32 for lifetimes of 2,000 years.
    let fraction = i64::from(u32::from_be_bytes(first));
    let width = width.clamp(0, i64::from(i32::MAX));
    (width * fraction) >> 32
}
