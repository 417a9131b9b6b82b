//! The keys that sign ACME requests (RFC 7515).

use super::asn1::Fields;
use super::signer::Signer;
use super::{KeyError, PrivateKey, base64url};
use crate::types::KeyType;
use der::Tag;
use ring::digest::{SHA256, digest};
use std::fmt;

/// The key of an ACME account. Those made here are P-256, whose ES256 every CA must take (RFC 8555
/// section 6.2); an account that another client made keeps its own.
pub struct AccountKey(PrivateKey);

impl AccountKey {
    /// Makes a new key.
    pub fn generate() -> Result<Self, KeyError> {
        PrivateKey::generate(KeyType::Ec256).map(Self)
    }

    /// Reads a PEM text in the forms of [`PrivateKey::from_pem`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        PrivateKey::from_pem(text).and_then(Self::of)
    }

    /// Has this key sign; that of a certificate does so for its revocation (RFC 8555 section 7.6). One
    /// whose file is damaged may be read and still not sign, which is found out here.
    pub fn of(key: PrivateKey) -> Result<Self, KeyError> {
        key.sign(b"")?;
        Ok(Self(key))
    }

    /// The key as PKCS#8 PEM. The caller guards it, and wipes it if it matters.
    pub fn to_pem(&self) -> String {
        self.0.to_pem()
    }

    /// What stands as `alg` in a JWS header (RFC 7518 section 3.1).
    pub fn alg(&self) -> &'static str {
        match self.0.kind() {
            KeyType::Ec256 => "ES256",
            KeyType::Ec384 => "ES384",
            KeyType::Ec521 => "ES512",
            KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 | KeyType::Rsa8192 => "RS256",
        }
    }

    /// The public key as JSON, its members in the order that a thumbprint wants (RFC 7638 section 3).
    pub fn jwk(&self) -> String {
        let public = self.signer().public_key();
        match curve(self.0.kind()) {
            Some((name, _)) => jwk_of_point(name, &public),
            None => jwk_of_rsa(&public).expect("the signer wrote an RSAPublicKey"),
        }
    }

    /// The thumbprint with SHA-256 (RFC 7638), base64url: the second half of a key authorization.
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.jwk())
    }

    /// Signs as a JWS is signed: r and s, as long as the curve's order each (RFC 7518 section 3.4), or
    /// RSA PKCS#1 v1.5 (section 3.3).
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature = self
            .signer()
            .sign(message)
            .expect("it has signed before, or is of a kind that always does");
        match curve(self.0.kind()) {
            Some((_, size)) => {
                plain(&signature, size).expect("the signer wrote an Ecdsa-Sig-Value")
            }
            None => signature,
        }
    }

    fn signer(&self) -> &Signer {
        &self.0.signer
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountKey({}, ***)", self.thumbprint())
    }
}

/// A curve's name and the length of its order in bytes (RFC 7518 section 6.2.1.1).
fn curve(kind: KeyType) -> Option<(&'static str, usize)> {
    match kind {
        KeyType::Ec256 => Some(("P-256", 32)),
        KeyType::Ec384 => Some(("P-384", 48)),
        KeyType::Ec521 => Some(("P-521", 66)),
        KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 | KeyType::Rsa8192 => None,
    }
}

/// The JWK of an uncompressed point: 04, x, y (RFC 7518 section 6.2.1).
fn jwk_of_point(curve: &str, point: &[u8]) -> String {
    let coordinates = point.get(1..).unwrap_or_default();
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    format!(
        r#"{{"crv":"{curve}","kty":"EC","x":"{}","y":"{}"}}"#,
        base64url(x),
        base64url(y)
    )
}

/// The JWK of an RSAPublicKey (RFC 7518 section 6.3.1).
fn jwk_of_rsa(public: &[u8]) -> Option<String> {
    let mut fields = Fields::of_sequence(public)?;
    let [n, e] = [fields.take(Tag::Integer)?, fields.take(Tag::Integer)?];
    Some(format!(
        r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
        base64url(without_zeros(e)),
        base64url(without_zeros(n))
    ))
}

/// An ECDSA signature without its DER (RFC 3279 section 2.2.3): r and s, filled up to this length.
fn plain(signature: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut fields = Fields::of_sequence(signature)?;
    let mut plain = Vec::with_capacity(2 * size);
    for _ in ["r", "s"] {
        let number = without_zeros(fields.take(Tag::Integer)?);
        plain.resize(plain.len() + size.checked_sub(number.len())?, 0);
        plain.extend_from_slice(number);
    }
    Some(plain)
}

/// A positive INTEGER's content as a number: no zeros before it.
fn without_zeros(integer: &[u8]) -> &[u8] {
    let zeros = integer.iter().take_while(|b| **b == 0).count();
    &integer[zeros..]
}

/// The thumbprint of a JWK that has no members but the required ones, in order.
fn thumbprint(jwk: &str) -> String {
    base64url(digest(&SHA256, jwk.as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::base64url_decode;

    /// RFC 7638's own example is RSA; RFC 9449 has one on P-256 (section 4.2 the key, 6.1 its thumbprint).
    #[test]
    fn thumbprint_of_rfc_9449() {
        let x = "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs";
        let y = "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA";
        let mut point = vec![4];
        point.extend(base64url_decode(x).expect("x"));
        point.extend(base64url_decode(y).expect("y"));
        let jwk = jwk_of_point("P-256", &point);
        assert_eq!(
            jwk,
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
        );
        assert_eq!(
            thumbprint(&jwk),
            "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
        );
    }

    #[test]
    fn signatures_are_filled_up() {
        // r = 0x80, s = 1
        let der = [0x30, 7, 2, 2, 0, 0x80, 2, 1, 1];
        assert_eq!(plain(&der, 4), Some(vec![0, 0, 0, 0x80, 0, 0, 0, 1]));
        assert_eq!(plain(&der, 0), None);
        for kind in [KeyType::Ec256, KeyType::Ec384, KeyType::Ec521] {
            let key = AccountKey(PrivateKey::generate(kind).expect("a key"));
            let size = curve(kind).expect("a curve").1;
            assert_eq!(key.sign(b"what is signed").len(), 2 * size, "{kind}");
        }
    }

    /// RFC 7638 section 3.1, its modulus read out of a made-up RSAPublicKey.
    #[test]
    fn rsa_keys_have_n_and_e() {
        let der = [0x30, 9, 2, 2, 0, 0xc1, 2, 3, 1, 0, 1];
        let want = r#"{"e":"AQAB","kty":"RSA","n":"wQ"}"#;
        assert_eq!(jwk_of_rsa(&der).as_deref(), Some(want));
        assert_eq!(jwk_of_rsa(&[]), None);
    }
}
