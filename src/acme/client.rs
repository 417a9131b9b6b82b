//! Requests with nonces and retries.

use super::directory::Directory;
use super::error::AcmeError;
use super::jws::{self, KeyId};
use super::problem::Problem;
use crate::keys::AccountKey;
use crate::types::{Clock, Method, Request, Response, Timestamp, Transport};
use std::cell::RefCell;
use std::net::Ipv6Addr;
use std::time::Duration;

/// A longer JSON document is refused.
pub(super) const JSON_MAX: usize = 256 * 1024;
/// How often a rejected nonce is replaced (RFC 8555 section 6.5).
const NONCE_TRIES: u32 = 10;
/// How often a broken connection is made anew, and the pause before.
const BREAK_TRIES: u32 = 3;
const BREAK_PAUSE: Duration = Duration::from_secs(2);
/// Nothing is begun again after so many seconds; with the transport's own limit of 30 no request
/// keeps a run longer than a minute.
const BREAK_WINDOW: i64 = 28;
/// A URL or nonce of the CA is not longer than this.
const WORD_MAX: usize = 2048;

/// An unauthenticated GET, which RFC 8555 allows for the directory alone.
pub(super) fn fetch(
    transport: &dyn Transport,
    clock: &dyn Clock,
    url: &str,
    max_reply: usize,
) -> Result<Response, AcmeError> {
    let reply = persist(clock, clock.now(), || {
        Ok(transport.call(&Request {
            method: Method::Get,
            url,
            headers: &[],
            body: b"",
            max_reply,
        })?)
    })?;
    if reply.ok() {
        Ok(reply)
    } else {
        Err(refusal(&reply, clock.now()))
    }
}

/// Makes a broken connection anew, for a while since `begun`.
fn persist(
    clock: &dyn Clock,
    begun: Timestamp,
    mut call: impl FnMut() -> Result<Response, AcmeError>,
) -> Result<Response, AcmeError> {
    let mut broken = 0;
    loop {
        clock.go_on()?;
        match call() {
            Err(AcmeError::Transport(e))
                if e.passing()
                    && broken < BREAK_TRIES
                    && clock.now().since(begun) < BREAK_WINDOW =>
            {
                broken += 1;
                clock.sleep(BREAK_PAUSE)?;
            }
            done => return done,
        }
    }
}

/// URLs that a CA hands out must be https, of a sane length, and lead to a server.
pub(super) fn check_url(url: &str) -> Result<(), AcmeError> {
    wrong_url(url).map_or(Ok(()), |what| {
        Err(AcmeError::Protocol(format!(
            "the CA sent a URL {what}; certkeeper does not follow it"
        )))
    })
}

/// What is wrong with a URL.
fn wrong_url(url: &str) -> Option<&'static str> {
    let Some(rest) = url.strip_prefix("https://") else {
        return Some("that is not https");
    };
    if url.len() > WORD_MAX || !url.bytes().all(|c| c.is_ascii_graphic()) {
        return Some("that is too long or has odd characters");
    }
    let server = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if server.contains('@') {
        return Some("with a user name");
    }
    let (host, port) = match server.rfind(':') {
        Some(at) if !server.ends_with(']') => (&server[..at], &server[at + 1..]),
        _ => (server, "443"),
    };
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"-._".contains(&c);
    let named = !host.is_empty() && host.bytes().all(plain);
    let literal = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let numbered = literal.is_some_and(|h| h.parse::<Ipv6Addr>().is_ok());
    if !named && !numbered {
        return Some("without a host name");
    }
    match port.parse::<u16>() {
        Ok(1..) => None,
        _ => Some("with a port that does not exist"),
    }
}

/// The URL of what a request made.
pub(super) fn location(reply: &Response, what: &str) -> Result<String, AcmeError> {
    let url = reply.header("location").ok_or_else(|| {
        AcmeError::Protocol(format!("the CA sent no URL (Location) of the new {what}"))
    })?;
    check_url(url)?;
    Ok(url.to_owned())
}

/// The URL of a reply's link with that relation (RFC 8288).
fn linked(reply: &Response, relation: &str) -> Option<String> {
    let links = reply.headers_of("link").flat_map(|h| h.split(','));
    let named = |parameters: &str| {
        let mut rels = parameters
            .split(';')
            .filter_map(|p| p.trim().strip_prefix("rel="));
        rels.any(|rel| rel.trim_matches('"') == relation)
    };
    let mut found = links.filter_map(|link| {
        let (url, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        named(parameters).then(|| url.to_owned())
    });
    found.next()
}

/// The error of a reply that is not 2xx.
fn refusal(reply: &Response, now: Timestamp) -> AcmeError {
    let mut problem = Problem::parse(&reply.body).unwrap_or_else(|| {
        let what = match reply.status {
            300..400 => "it redirects, which ACME does not",
            500..600 => "it is out of order at the moment",
            _ => "no ACME problem document came with it",
        };
        Problem::new(
            "",
            format!("the CA answered with HTTP status {}: {what}", reply.status),
        )
    });
    problem.see_also(linked(reply, "terms-of-service"));
    AcmeError::Problem {
        problem: Box::new(problem),
        status: reply.status,
        retry_after: reply.retry_after(now),
    }
}

/// Nonces that a CA sent and nobody used yet; any account may use them.
pub type Nonces = RefCell<Vec<String>>;

/// A CA with the account that asks it.
pub struct Client<'a> {
    /// Its directory.
    pub directory: &'a Directory,
    nonces: &'a Nonces,
    transport: &'a dyn Transport,
    clock: &'a dyn Clock,
    key: AccountKey,
    account: Option<String>,
}

impl<'a> Client<'a> {
    /// A client that has no account yet.
    pub fn new(
        directory: &'a Directory,
        nonces: &'a Nonces,
        transport: &'a dyn Transport,
        clock: &'a dyn Clock,
        key: AccountKey,
    ) -> Self {
        Self {
            directory,
            nonces,
            transport,
            clock,
            key,
            account: None,
        }
    }

    /// The account's key.
    pub fn key(&self) -> &AccountKey {
        &self.key
    }

    /// Signs with another key from then on; returns the one before.
    pub fn use_key(&mut self, key: AccountKey) -> AccountKey {
        std::mem::replace(&mut self.key, key)
    }

    /// The account's URL, once there is one.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// Signs what follows for this account; `None` forgets it.
    pub fn use_account(&mut self, url: Option<String>) {
        self.account = url;
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn sleep(&self, time: Duration) -> Result<(), AcmeError> {
        Ok(self.clock.sleep(time)?)
    }

    /// POST-as-GET (RFC 8555 section 6.3).
    pub(super) fn get(&self, url: &str, max_reply: usize) -> Result<Response, AcmeError> {
        self.post(url, "", max_reply)
    }

    /// A signed POST; anything but 2xx is an error. A rejected nonce is replaced at once, a broken
    /// connection made anew: the nonce keeps the CA from doing a thing twice.
    pub(super) fn post(
        &self,
        url: &str,
        payload: &str,
        max_reply: usize,
    ) -> Result<Response, AcmeError> {
        check_url(url)?;
        let begun = self.now();
        let mut rejected = 0;
        loop {
            let reply = persist(self.clock, begun, || {
                let nonce = self.nonce()?;
                let id = self.account.as_deref().map_or(KeyId::Jwk, KeyId::Account);
                let body = jws::sign(&self.key, &id, url, Some(&nonce), payload);
                self.send(Method::Post, url, body.as_bytes(), max_reply)
            })?;
            if reply.ok() {
                return Ok(reply);
            }
            let error = refusal(&reply, self.now());
            let late = self.now().since(begun) >= BREAK_WINDOW;
            if error.kind() != "badNonce" || rejected == NONCE_TRIES || late {
                return Err(error);
            }
            rejected += 1;
        }
    }

    fn send(
        &self,
        method: Method,
        url: &str,
        body: &[u8],
        max_reply: usize,
    ) -> Result<Response, AcmeError> {
        let reply = self.transport.call(&Request {
            method,
            url,
            headers: &[("content-type", "application/jose+json")],
            body,
            max_reply,
        })?;
        // Every reply may bring a nonce, an error's too (RFC 8555 section 6.5).
        if let Some(nonce) = reply.header("replay-nonce") {
            let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
            if !nonce.is_empty() && nonce.len() <= WORD_MAX && nonce.bytes().all(plain) {
                self.nonces.borrow_mut().push(nonce.to_owned());
            }
        }
        Ok(reply)
    }

    fn nonce(&self) -> Result<String, AcmeError> {
        let kept = self.nonces.borrow_mut().pop();
        if let Some(nonce) = kept {
            return Ok(nonce);
        }
        let reply = self.send(Method::Head, &self.directory.new_nonce, b"", JSON_MAX)?;
        if !reply.ok() {
            return Err(refusal(&reply, self.now()));
        }
        let nonce = self.nonces.borrow_mut().pop();
        nonce.ok_or_else(|| AcmeError::Protocol("the CA sent no usable nonce".into()))
    }
}
