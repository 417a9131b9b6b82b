//! What a room that changes DNS by RFC 2136 is handed: a [`Nameserver`].
//! The room `net` implements it; tests may implement it too.

use super::{Secret, Timestamp};

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
