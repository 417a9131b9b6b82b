//! When a certificate is due for renewal.

use crate::config::Cert;
use crate::types::{Meta, RenewalInfo, Secret, Timestamp, Window};
use ring::hmac;

/// Renewals by the lifetime alone spread over this part of it.
const SPREAD: i64 = 30;
/// Less than this part of the lifetime is left: it is urgent.
const URGENT: i64 = 20;
/// Cron starts a run each hour: what would come due before the next one is due now.
const NEXT_RUN: i64 = 3600;

/// When a certificate is to be renewed, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The time.
    pub at: Timestamp,
    /// It is the time that the CA suggests (RFC 9773).
    pub suggested: bool,
}

impl Due {
    /// True if the run of now is the one to renew.
    pub fn has_come(&self, now: Timestamp) -> bool {
        let ahead = if self.suggested { NEXT_RUN } else { 0 };
        now.plus(ahead) >= self.at
    }
}

/// The time from which a certificate is to be renewed: a moment in the window that the CA suggests;
/// where it suggests none, after two thirds of the lifetime, after half of it where that is below
/// ten days, earlier by up to a thirtieth. `renew_before` replaces these two thirds, but a CA that
/// suggests an earlier time has its way. No CA's time counts once it is urgent.
pub fn due(cert: &Cert, meta: &Meta, info: Option<&RenewalInfo>, secret: &Secret) -> Due {
    let by_option = renew_before(cert, meta).map(|b| Timestamp(meta.not_after).plus(-b));
    let window = info.filter(|i| is_about(i, meta)).and_then(|i| i.window);
    let Some(window) = window else {
        return Due {
            at: by_option.unwrap_or_else(|| moment(secret, meta, last_third(meta))),
            suggested: false,
        };
    };
    let suggested = moment(secret, meta, window);
    let latest = by_option.unwrap_or_else(|| urgent(meta));
    Due {
        at: suggested.min(latest),
        suggested: suggested <= latest,
    }
}

/// `renew_before` in seconds, which is at most half the lifetime.
fn renew_before(cert: &Cert, meta: &Meta) -> Option<i64> {
    let days = cert.renew_before?;
    Some(Timestamp::days(days.into()).min(meta.lifetime() / 2))
}

/// From then on less than a twentieth of the lifetime is left.
pub fn urgent(meta: &Meta) -> Timestamp {
    Timestamp(meta.not_after).plus(-(meta.lifetime() / URGENT))
}

/// True if the CA was asked about this certificate, not a former one.
pub fn is_about(info: &RenewalInfo, meta: &Meta) -> bool {
    meta.cert_id.as_ref() == Some(&info.cert_id)
}

/// When a certificate is renewed whose CA suggests nothing.
fn last_third(meta: &Meta) -> Window {
    let life = meta.lifetime();
    let kept = if life < super::SHORT_LIVED {
        life / 2
    } else {
        life / 3 * 2
    };
    let end = Timestamp(meta.not_before).plus(kept);
    Window {
        start: end.plus(-(life / SPREAD)).0,
        end: end.0,
    }
}

/// A moment in the window: always the same for one certificate on one device, and another for
/// others, so that they do not bunch.
fn moment(secret: &Secret, meta: &Meta, window: Window) -> Timestamp {
    let Window { start, end } = window;
    let id = meta.cert_id.as_ref().unwrap_or(&meta.serial);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let tag = hmac::sign(&key, format!("{id} {start} {end}").as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&tag.as_ref()[..8]);
    let width = i128::from(end.saturating_sub(start).max(0));
    let offset = (width * i128::from(u64::from_be_bytes(first))) >> 64;
    // Less than the width, which is an i64.
    Timestamp(start).plus(i64::try_from(offset).unwrap_or_default())
}
