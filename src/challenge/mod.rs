//! Answers to a CA's challenges (RFC 8555 section 8). Presenting is quick; waiting is the caller's;
//! taking back always happens, and is harmless when there is nothing left.

mod alpn;
mod by_hand;
mod caa;
mod datagram;
mod delegated;
mod dns01;
mod dns_persist;
mod door;
mod hello;
mod listener;
mod relay;
mod standalone;
mod view;
mod webroot;
mod zone;

pub use alpn::Alpn;
pub use by_hand::{ByHand, TTL};
pub use caa::Applicant;
pub use delegated::Delegated;
pub use dns_persist::Permission;
pub use dns01::Dns01;
pub use door::{DNS, Door, HTTP, Port, TLS};
pub use hello::Hello;
pub use standalone::{Standalone, token};
pub use view::{Chased, Delegation, Said, Seen, Spot, View};
pub use webroot::Webroot;

use crate::dns::{DnsError, TxtRecord};
use crate::types::{Identifier, Timestamp};
use std::fmt;
use std::path::PathBuf;

/// Where the CA looks for an http-01 answer (RFC 8555 section 8.3).
pub const WELL_KNOWN: &str = "/.well-known/acme-challenge/";

/// All that an answer can be made of.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Whom the CA asks about.
    pub id: Identifier,
    /// The challenge's token: base64url, checked.
    pub token: String,
    /// What http-01 serves, and tls-alpn-01 shows a digest of.
    pub key_authorization: String,
    /// What dns-01 publishes.
    pub txt_value: String,
    /// Where it publishes that.
    pub spot: Spot,
}

/// What presenting leaves on disk or at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Footprint {
    /// A file.
    File(PathBuf),
    /// A TXT record.
    Txt(TxtRecord),
}

/// Why a challenge cannot be answered.
#[derive(Clone, Debug)]
pub enum ChallengeError {
    /// The DNS provider.
    Dns(DnsError),
    /// The name of the record; what to do about it.
    Name(String, String),
    /// The listener's port.
    Port(String),
    /// The redirect to it.
    Firewall(String),
    /// The file below the document root; what to do about it.
    File(String, &'static str),
}

impl fmt::Display for ChallengeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(e) => e.fmt(f),
            Self::Port(text) | Self::Firewall(text) | Self::File(text, _) | Self::Name(text, _) => {
                f.write_str(text)
            }
        }
    }
}

impl ChallengeError {
    /// The DNS provider is not to be asked before then.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Dns(e) => e.until(),
            _ => None,
        }
    }
}

impl From<DnsError> for ChallengeError {
    fn from(e: DnsError) -> Self {
        Self::Dns(e)
    }
}

/// One way to answer challenges.
pub trait Solver {
    /// What [`Solver::present`] will leave, so that it can be written down before. `None`: nothing
    /// that outlives the process.
    fn footprint(&self, proof: &Proof) -> Option<Footprint>;

    /// Makes the answer visible. MUST be quick and MUST succeed if it is visible already.
    fn present(&mut self, proof: &Proof) -> Result<(), ChallengeError>;

    /// Waits until what was presented is visible, where somebody tells. MUST end within minutes.
    fn wait(&mut self) -> Result<(), ChallengeError> {
        Ok(())
    }

    /// Takes the answer back. MUST succeed if it is gone already.
    fn take_back(&mut self, proof: &Proof) -> Result<(), ChallengeError>;
}
