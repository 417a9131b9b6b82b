//! What a room that talks HTTP is handed: a [`Transport`] and a [`Clock`].
//! The room `net` implements both; tests may implement them too.

use super::Timestamp;
use std::fmt;
use std::time::Duration;

/// The request methods that certkeeper uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read a resource.
    Get,
    /// Read its headers.
    Head,
    /// Send a body.
    Post,
    /// Replace a resource.
    Put,
    /// Change a part of a resource.
    Patch,
    /// Remove a resource.
    Delete,
}

/// One HTTP request.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Its method.
    pub method: Method,
    /// An absolute http or https URL.
    pub url: &'a str,
    /// Headers beyond User-Agent, Host and Content-Length, which the transport sets.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; empty for none.
    pub body: &'a [u8],
    /// A longer reply is refused with [`TransportError::TooLarge`].
    pub max_reply: usize,
}

/// One HTTP reply, whatever its status.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header names in lower case with their values, in order; values that are not UTF-8 are left out.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of that (lower case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// Every header of that (lower case) name.
    pub fn headers_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// When it may be asked again (RFC 9110 section 10.2.3).
    pub fn retry_after(&self, now: Timestamp) -> Option<Timestamp> {
        let text = self.header("retry-after")?.trim();
        match text.parse::<i64>() {
            Ok(seconds) => Some(now.plus(seconds.max(0))),
            Err(_) => Timestamp::parse_http_date(text),
        }
    }

    /// True for 2xx.
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Why no reply came. The texts name the host, not the whole URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// The URL cannot be used.
    BadUrl(String),
    /// The host's name did not resolve.
    Resolve(String),
    /// No address of the host took the connection.
    Connect(String),
    /// The TLS handshake failed: certificate not trusted, expired, wrong name.
    Tls(String),
    /// No reply in time.
    Timeout(String),
    /// The connection ended before the reply was whole.
    Broken(String),
    /// The reply is larger than the caller allows.
    TooLarge(String),
    /// The roots could not be loaded.
    Roots(String),
}

impl TransportError {
    /// True where the same request may succeed within seconds.
    pub fn passing(&self) -> bool {
        matches!(self, Self::Broken(_))
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadUrl(t)
            | Self::Resolve(t)
            | Self::Connect(t)
            | Self::Tls(t)
            | Self::Timeout(t)
            | Self::Broken(t)
            | Self::TooLarge(t)
            | Self::Roots(t) => f.write_str(t),
        }
    }
}

/// Sends requests. MUST keep connections alive, MUST NOT follow redirects, MUST bound every wait
/// (QUALITY: connect 10 s, call 30 s).
pub trait Transport {
    /// Sends one request and reads the whole reply.
    fn call(&self, request: &Request<'_>) -> Result<Response, TransportError>;
}

/// SIGTERM or SIGINT came while waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

/// Tells the time and waits.
pub trait Clock {
    /// Seconds since the epoch, as the device believes.
    fn now(&self) -> Timestamp;

    /// Tells whether the run was asked to stop; nothing new is begun then.
    fn go_on(&self) -> Result<(), Interrupted>;

    /// Waits; ends early with [`Interrupted`] when the run was asked to stop.
    fn sleep(&self, time: Duration) -> Result<(), Interrupted>;
}
