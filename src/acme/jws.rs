//! Signed requests (RFC 8555 section 6.2, RFC 7515): flattened JSON, ES256; HS256 where an external
//! account signs.

use crate::keys::{AccountKey, base64url};
use ring::hmac;
use serde_json::json;

/// What identifies the key: the whole key before the account exists, its URL after.
pub(super) enum KeyId<'a> {
    Jwk,
    Account(&'a str),
}

/// The body of a request. `payload` is JSON text; empty for POST-as-GET (section 6.3). Only what is
/// itself the payload of a request has no nonce (section 7.3.5).
pub(super) fn sign(
    key: &AccountKey,
    id: &KeyId<'_>,
    url: &str,
    nonce: Option<&str>,
    payload: &str,
) -> String {
    let id = match id {
        KeyId::Jwk => format!("\"jwk\":{}", key.jwk()),
        KeyId::Account(account) => format!("\"kid\":{}", json!(account)),
    };
    let nonce = nonce.map(|nonce| format!(r#","nonce":{}"#, json!(nonce)));
    let header = format!(
        r#"{{"alg":"{}",{id}{},"url":{}}}"#,
        key.alg(),
        nonce.unwrap_or_default(),
        json!(url)
    );
    flattened(&header, payload, |text| key.sign(text))
}

/// An external account vouches for an account key (section 7.3.4).
pub(super) fn vouch(kid: &str, mac_key: &[u8], url: &str, jwk: &str) -> String {
    let header = json!({"alg": "HS256", "kid": kid, "url": url}).to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, mac_key);
    flattened(&header, jwk, |text| {
        hmac::sign(&key, text).as_ref().to_vec()
    })
}

fn flattened(header: &str, payload: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let protected = base64url(header.as_bytes());
    let payload = base64url(payload.as_bytes());
    let signature = base64url(&sign(format!("{protected}.{payload}").as_bytes()));
    format!(r#"{{"protected":"{protected}","payload":"{payload}","signature":"{signature}"}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key and the result of RFC 7515 appendix A.1, whose header has line ends of its own: only
    /// the way from text to signature is compared.
    #[test]
    fn hs256_of_rfc_7515() {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let key = crate::keys::base64url_decode(key).expect("a key");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let header = "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}";
        let payload =
            "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
        let signed = flattened(header, payload, |text| {
            hmac::sign(&key, text).as_ref().to_vec()
        });
        assert!(
            signed.ends_with(r#""signature":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}"#),
            "{signed}"
        );
    }
}
