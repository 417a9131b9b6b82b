//! One reply of the scripted CA: what a good CA would say, for a case to twist, and how it gets on
//! the wire.

use serde_json::{Value, json};
use std::io::{self, Write};
use std::time::Duration;

/// What a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Directory,
    Nonce,
    Account,
    /// What the CA says of an account that it has.
    OneAccount,
    /// Hands out an account elsewhere for an e-mail address.
    External,
    Order,
    Authz,
    Challenge,
    Poll,
    Finalize,
    Certificate,
    /// Renewal information (RFC 9773), where it is offered.
    Renewal,
    /// A URL that no good CA of ours hands out.
    Elsewhere,
}

/// Each step of an issuance, in order.
pub const STEPS: [Step; 9] = [
    Step::Directory,
    Step::Nonce,
    Step::Account,
    Step::Order,
    Step::Authz,
    Step::Challenge,
    Step::Poll,
    Step::Finalize,
    Step::Certificate,
];

/// How a reply gets on the wire.
#[derive(Clone, Debug)]
pub enum Way {
    /// Whole, and the connection stays.
    Whole,
    /// Nothing comes, and the connection stays.
    Freeze,
    /// Half of it comes, and the connection stays.
    HalfThenFreeze,
    /// Half of it comes, then an orderly end.
    HalfThenClose,
    /// Half of it comes, then RST.
    HalfThenReset,
    /// RST instead of a reply.
    Reset,
    /// An end in TLS instead of a reply.
    Close,
    /// Half of it comes, nothing for that long, then an orderly end.
    LateClose(Duration),
    /// A byte, a pause, a byte.
    Drip(Duration),
    /// These bytes instead, then an orderly end.
    Raw(Vec<u8>),
    /// The first bytes, then the others again and again, until nobody reads any more.
    Flood(Vec<u8>, Vec<u8>),
    /// TLS tickets without any data, until nobody reads any more. Not by [`send`].
    Tickets,
    /// TLS key updates without any data, until nobody reads any more.
    KeyUpdates,
}

/// A reply that a case may change before it is sent.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub way: Way,
}

impl Reply {
    /// A JSON document.
    pub fn json(status: u16, value: &Value) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: value.to_string().into_bytes(),
            way: Way::Whole,
        }
    }

    /// The chain in PEM.
    pub fn pem(text: &str) -> Self {
        let mut reply = Self::json(200, &Value::Null);
        reply.header("Content-Type", "application/pem-certificate-chain");
        reply.body = text.into();
        reply
    }

    /// Sets a header.
    pub fn header(&mut self, name: &str, value: &str) {
        self.without(name);
        self.headers.push((name.into(), value.into()));
    }

    /// Removes a header.
    pub fn without(&mut self, name: &str) {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    /// Changes the JSON document.
    pub fn edit(&mut self, change: impl FnOnce(&mut Value)) {
        let mut value = serde_json::from_slice(&self.body).unwrap();
        change(&mut value);
        self.body = value.to_string().into_bytes();
    }

    /// Sets a member of the JSON document.
    pub fn set(&mut self, name: &str, value: Value) {
        self.edit(|v| v[name] = value);
    }

    /// Removes a member of the JSON document.
    pub fn unset(&mut self, name: &str) {
        self.edit(|v| drop(v.as_object_mut().unwrap().remove(name)));
    }

    /// A problem document instead.
    pub fn problem(&mut self, status: u16, kind: &str, detail: &str) {
        self.status = status;
        self.header("Content-Type", "application/problem+json");
        let kind = format!("urn:ietf:params:acme:error:{kind}");
        self.body = json!({"type": kind, "detail": detail}).to_string().into();
    }

    /// A page for people instead.
    pub fn page(&mut self, status: u16) {
        self.status = status;
        self.header("Content-Type", "text/html");
        self.body = b"<!doctype html><title>\x1b[31mBusy</title>".to_vec();
    }

    fn bytes(&self, head_alone: bool) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} Said\r\n", self.status).into_bytes();
        let length = ("Content-Length".to_owned(), self.body.len().to_string());
        for (name, value) in self.headers.iter().chain([&length]) {
            text.extend(format!("{name}: {value}\r\n").bytes());
        }
        text.extend(b"\r\n");
        if !head_alone {
            text.extend(&self.body);
        }
        text
    }
}

/// What the connection of a reply can do beyond taking bytes.
pub trait Line: Write {
    /// An orderly end in TLS.
    fn end(&mut self) -> io::Result<()>;
    /// RST.
    fn reset(&mut self) -> io::Result<()>;
    /// New keys, and nothing encrypted with them.
    fn update_keys(&mut self) -> io::Result<()>;
    /// True until the CA ends: a pause of about that length.
    fn pause(&self, length: Duration) -> bool;
}

/// Puts a reply on the wire. True if the connection stays.
pub fn send(reply: &Reply, head_alone: bool, line: &mut dyn Line) -> io::Result<bool> {
    let bytes = reply.bytes(head_alone);
    let half = &bytes[..bytes.len() / 2];
    let freeze = |line: &dyn Line| while line.pause(Duration::from_millis(50)) {};
    match &reply.way {
        Way::Whole => {
            line.write_all(&bytes)?;
            line.flush()?;
            return Ok(true);
        }
        Way::Freeze => freeze(line),
        Way::HalfThenFreeze => {
            line.write_all(half)?;
            line.flush()?;
            freeze(line);
        }
        Way::HalfThenClose => {
            line.write_all(half)?;
            line.end()?;
        }
        Way::HalfThenReset => {
            line.write_all(half)?;
            line.flush()?;
            // Or the reset would overtake it.
            line.pause(Duration::from_millis(50));
            line.reset()?;
        }
        Way::Reset => line.reset()?,
        Way::Close => line.end()?,
        Way::LateClose(time) => {
            line.write_all(half)?;
            line.flush()?;
            line.pause(*time);
            line.end()?;
        }
        Way::Drip(pause) => {
            for byte in bytes {
                line.write_all(&[byte])?;
                line.flush()?;
                if !line.pause(*pause) {
                    break;
                }
            }
        }
        Way::Raw(bytes) => {
            line.write_all(bytes)?;
            line.end()?;
        }
        Way::Flood(first, again) => {
            line.write_all(first)?;
            // Ten megabytes a second, so that other tests get on.
            while line.pause(Duration::from_millis(1)) {
                line.write_all(again)?;
                line.flush()?;
            }
        }
        Way::Tickets => {}
        Way::KeyUpdates => {
            while line.pause(Duration::ZERO) {
                line.update_keys()?;
            }
        }
    }
    Ok(false)
}
