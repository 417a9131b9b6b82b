//! DNS over HTTPS (RFC 8484): what nobody on the way reads or answers instead.

use super::dns_types::Answer;
use super::dns_wire::Question;
use crate::types::{Method, Request, Transport};
use std::io;

/// The media type of a message in DNS wire format (RFC 8484 section 6).
const MESSAGE: &str = "application/dns-message";
/// No message is longer (RFC 1035 section 4.2.2).
const MAX_MESSAGE: usize = 65_535;

/// Asks the server at that URL.
pub(super) fn ask(http: &dyn Transport, url: &str, question: Question<'_>) -> io::Result<Answer> {
    // Zero, so that caches on the way are of use (RFC 8484 section 4.1).
    let question = Question { id: 0, ..question };
    let reply = http.call(&Request {
        method: Method::Post,
        url,
        headers: &[("Content-Type", MESSAGE), ("Accept", MESSAGE)],
        body: &question.encode().unwrap_or_default(),
        max_reply: MAX_MESSAGE,
    });
    let reply = reply.map_err(|e| io::Error::other(e.to_string()))?;
    if !reply.ok() {
        let text = format!("it answers HTTP {}", reply.status);
        return Err(io::Error::other(text));
    }
    let answer = question.decode(&reply.body);
    answer.map_err(|_| io::Error::other("what came is no DNS answer"))
}
