//! What a CA says about the renewal of a certificate (RFC 9773).

use super::Timestamp;
use serde::{Deserialize, Serialize};

/// The time within which a CA suggests to renew (section 4.2), in seconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its begin.
    pub start: i64,
    /// Its end, after the begin.
    pub end: i64,
}

/// `ari/<section>` in tmpfs: what the CA said last, and when it is asked again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RenewalInfo {
    /// The certificate: [`super::Meta::cert_id`].
    pub cert_id: String,
    /// When it suggests to renew, if it ever said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Where it says why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation_url: Option<String>,
    /// Why the last question was in vain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Not asked again before.
    pub ask_at: i64,
}

impl RenewalInfo {
    /// No CA is given more time until the next question, whatever its Retry-After says.
    pub const ASK_LATEST: i64 = Timestamp::days(1);

    /// True if it is time to ask. A clock that was set back must not put it off for ever.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let left = Timestamp(self.ask_at).since(now);
        left <= 0 || left > Self::ASK_LATEST
    }
}
