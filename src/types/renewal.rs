//! What a CA says about the renewal of a certificate (RFC 9773).

use super::{Timestamp, json_members};

/// The time within which a CA suggests to renew (section 4.2), in seconds since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Its begin.
    pub start: i64,
    /// Its end, after the begin.
    pub end: i64,
}

json_members!(Window { start, end });

/// `ari/<section>` in tmpfs: what the CA said last, and when it is asked again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RenewalInfo {
    /// The certificate: [`super::Meta::cert_id`].
    pub cert_id: String,
    /// When it suggests to renew, if it ever said.
    pub window: Option<Window>,
    /// Where it says why.
    pub explanation_url: Option<String>,
    /// Why the last question was in vain.
    pub problem: Option<String>,
    /// Not asked again before.
    pub ask_at: i64,
}

json_members!(RenewalInfo { cert_id, ask_at } some { window, explanation_url, problem });

impl RenewalInfo {
    /// No CA is given more time until the next question, whatever its Retry-After says.
    pub const ASK_LATEST: i64 = Timestamp::days(1);

    /// True if it is time to ask. A clock that was set back must not put it off for ever.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let left = Timestamp(self.ask_at).since(now);
        left <= 0 || left > Self::ASK_LATEST
    }
}
