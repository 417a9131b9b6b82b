//! Signed requests (RFC 8555 section 6.2, RFC 7515): flattened JSON, ES256.

use crate::keys::{AccountKey, base64url};
use serde_json::json;

/// What identifies the key: the whole key before the account exists, its URL after.
pub(super) enum KeyId<'a> {
    Jwk,
    Account(&'a str),
}

/// The body of a request. `payload` is JSON text; empty for POST-as-GET (section 6.3).
pub(super) fn sign(
    key: &AccountKey,
    id: &KeyId<'_>,
    url: &str,
    nonce: &str,
    payload: &str,
) -> String {
    let id = match id {
        KeyId::Jwk => format!("\"jwk\":{}", key.jwk()),
        KeyId::Account(account) => format!("\"kid\":{}", json!(account)),
    };
    let header = format!(
        r#"{{"alg":"{}",{id},"nonce":{},"url":{}}}"#,
        key.alg(),
        json!(nonce),
        json!(url)
    );
    let protected = base64url(header.as_bytes());
    let payload = base64url(payload.as_bytes());
    let signature = base64url(&key.sign(format!("{protected}.{payload}").as_bytes()));
    format!(r#"{{"protected":"{protected}","payload":"{payload}","signature":"{signature}"}}"#)
}
