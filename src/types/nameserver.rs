//! Servers of DNS: those that answer, and what a room that changes DNS by RFC 2136 is handed, a
//! [`Nameserver`]. The room `net` implements it; tests may implement it too.

use super::{Secret, Timestamp};
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// A server that answers questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsServer {
    /// Over UDP and TCP.
    At(SocketAddr),
    /// Over HTTPS (RFC 8484), by its URL.
    Https(String),
}

impl DnsServer {
    /// Reads `9.9.9.9`, `2620:fe::fe`, `[2620:fe::fe]:53` or `https://9.9.9.9/dns-query`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix("https://") {
            let plain = text.bytes().all(|c| c.is_ascii_graphic() && c != b'@');
            let whole = plain && !rest.starts_with('/') && rest.contains('/');
            return whole.then(|| Self::Https(text.to_owned()));
        }
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        let usual = |ip: IpAddr| SocketAddr::new(ip, 53);
        let address = text.parse().ok();
        address
            .or_else(|| bare.parse().ok().map(usual))
            .map(Self::At)
    }
}

impl fmt::Display for DnsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(address) if address.port() == 53 => address.ip().fmt(f),
            Self::At(address) => address.fmt(f),
            Self::Https(url) => f.write_str(url),
        }
    }
}

/// A key that signs messages (RFC 8945).
#[derive(Clone, Debug)]
pub struct TsigKey {
    /// Its name, as the server has it.
    pub name: String,
    /// `hmac-sha256`, …
    pub algorithm: String,
    /// The secret in base64.
    pub secret: Secret,
}

/// A TXT value to be made there or gone.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// The zone.
    pub zone: &'a str,
    /// The record's name.
    pub name: &'a str,
    /// Its value.
    pub value: &'a str,
    /// How long it may be kept; `None`: the value goes.
    pub ttl: Option<u32>,
    /// Who signs, and when.
    pub key: Option<(&'a TsigKey, Timestamp)>,
}

/// Why an update was not made. The texts hold no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateError {
    /// The key cannot be used.
    Key(String),
    /// The server does not take the key.
    Denied(String),
    /// No server answered.
    Unreachable(String),
    /// The server said no.
    Refused(String),
}

/// Asks and updates a nameserver, by host and port. MUST bound every wait.
pub trait Nameserver {
    /// The zone of the server that holds the name; `None`: it has none.
    fn zone(&self, server: (&str, u16), name: &str) -> Result<Option<String>, UpdateError>;

    /// Makes one change.
    fn update(&self, server: (&str, u16), update: &Update<'_>) -> Result<(), UpdateError>;
}
