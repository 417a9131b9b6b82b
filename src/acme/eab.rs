//! Accounts elsewhere that an ACME account belongs to (RFC 8555 section 7.3.4).

use super::client::JSON_MAX;
use super::error::AcmeError;
use super::problem::Problem;
use crate::keys::base64url_decode;
use crate::types::{Method, Request, Secret, Timestamp, Transport, read_json, shown};
use serde_json::Value;
use std::fmt;

/// No CA's key identifier is longer.
const KID_MAX: usize = 512;
/// No CA's word for an error is longer.
const WORD_MAX: usize = 80;

/// What a CA hands out for an account elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Binding {
    /// The key identifier.
    pub kid: String,
    /// The key that vouches.
    pub(super) mac_key: Vec<u8>,
}

impl Binding {
    /// The key is base64url, with or without padding; `None` if it is not.
    pub fn new(kid: &str, hmac_key: &Secret) -> Option<Self> {
        let mac_key = base64url_decode(hmac_key.expose().trim())?;
        let plain = kid.len() <= KID_MAX && kid.bytes().all(|c| c.is_ascii_graphic());
        let usable = !mac_key.is_empty() && !kid.is_empty() && plain;
        usable.then(|| Self {
            kid: kid.to_owned(),
            mac_key,
        })
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Binding({}, ***)", self.kid)
    }
}

/// The binding that a CA hands out for an e-mail address, as ZeroSSL does at `endpoint`.
pub fn by_email(
    transport: &dyn Transport,
    now: Timestamp,
    endpoint: &str,
    email: &str,
) -> Result<Binding, AcmeError> {
    let body = format!("email={}", form_encoded(email));
    let reply = transport.call(&Request {
        method: Method::Post,
        url: endpoint,
        headers: &[("content-type", "application/x-www-form-urlencoded")],
        body: body.as_bytes(),
        max_reply: JSON_MAX,
    })?;
    // ZeroSSL's reply: both values, or an error.
    let said = read_json(&reply.body).unwrap_or_default();
    if let (Some(kid), Some(key)) = (said["eab_kid"].as_str(), said["eab_hmac_key"].as_str())
        && let Some(binding) = Binding::new(kid, &Secret::new(key))
    {
        return Ok(binding);
    }
    Err(AcmeError::Problem {
        problem: Box::new(refusal(reply.status, &said["error"], email)),
        status: reply.status,
        retry_after: reply.retry_after(now),
    })
}

/// ZeroSSL's errors as ACME's. Its codes as seen in 2022 to 2024: 2900 and 2901 are about the
/// address, which may have no `+` (acme.sh issue 4429, zerossl issue 11); 2977 is about one that
/// was barred (dnsacme issue 42).
fn refusal(status: u16, error: &Value, email: &str) -> Problem {
    if !error.is_object() {
        let text = format!(
            "asked for an external account, it answered with HTTP status {status} and no account"
        );
        return Problem::new("serverInternal", text);
    }
    let kind = error["type"].as_str().unwrap_or_default();
    let code = error["code"].as_i64().unwrap_or_default();
    let word = shown(kind, WORD_MAX);
    match kind {
        "missing_email" | "invalid_email" => Problem::new(
            "invalidContact",
            format!("it gives no external account for {email}: {word}, code {code}"),
        ),
        _ => Problem::new(
            "externalAccountRequired",
            format!("it gives no external account for {email}: {word}, code {code}"),
        ),
    }
}

/// A value in a form (application/x-www-form-urlencoded).
fn form_encoded(text: &str) -> String {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"-._*".contains(&c);
    let one = |c: u8| match plain(c) {
        true => char::from(c).to_string(),
        false => format!("%{c:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_with_and_without_padding() {
        for text in ["c2VjcmV0cw", "c2VjcmV0cw==", " c2VjcmV0cw== "] {
            let binding = Binding::new("kid", &Secret::new(text)).expect(text);
            assert_eq!(binding.mac_key, b"secrets", "{text}");
            assert_eq!(format!("{binding:?}"), "Binding(kid, ***)");
        }
        for text in ["", "==", "no base64", "c2Vj+mV0"] {
            assert_eq!(Binding::new("kid", &Secret::new(text)), None, "{text}");
        }
        for kid in ["", "k 1", "k\u{202e}1", &"k".repeat(513)] {
            assert_eq!(Binding::new(kid, &Secret::new("c2VjcmV0cw")), None);
        }
    }

    #[test]
    fn addresses_are_encoded_for_the_form() {
        assert_eq!(form_encoded("me+x@example.org"), "me%2Bx%40example.org");
    }
}
