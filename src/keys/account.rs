//! The key of an ACME account.

use super::{KeyError, LABEL, base64url, generate_ec, open_ec, pem, read_pem};
use crate::types::KeyType;
use der::zeroize::Zeroizing;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use std::fmt;

/// The key of an ACME account: P-256, whose ES256 every CA must take (RFC 8555 section 6.2).
pub struct AccountKey {
    pkcs8: Zeroizing<Vec<u8>>,
    /// The key as ring uses it. ring does not wipe its copy.
    signer: EcdsaKeyPair,
}

impl AccountKey {
    /// Makes a new key.
    pub fn generate() -> Result<Self, KeyError> {
        Self::from_pkcs8(generate_ec(&ECDSA_P256_SHA256_FIXED_SIGNING)?)
    }

    /// Reads a PEM text in the forms of [`PrivateKey::from_pem`](super::PrivateKey::from_pem).
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let (algorithm, pkcs8) = read_pem(text)?;
        if algorithm.key_type() != Some(KeyType::Ec256) {
            return Err(KeyError::Kind {
                found: algorithm.to_string(),
                allowed: format!("EC P-256 ({}) for an account", KeyType::Ec256),
            });
        }
        Self::from_pkcs8(pkcs8)
    }

    fn from_pkcs8(pkcs8: Zeroizing<Vec<u8>>) -> Result<Self, KeyError> {
        let signer = open_ec(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8)?;
        Ok(Self { pkcs8, signer })
    }

    /// The key as PKCS#8 PEM. The caller guards it, and wipes it if it matters.
    pub fn to_pem(&self) -> String {
        pem::encode(LABEL, &self.pkcs8)
    }

    /// What stands as `alg` in a JWS header (RFC 7518 section 3.1).
    pub fn alg(&self) -> &'static str {
        "ES256"
    }

    /// The public key as JSON, its members in the order that a thumbprint wants (RFC 7638 section 3).
    pub fn jwk(&self) -> String {
        jwk(self.signer.public_key().as_ref())
    }

    /// The thumbprint with SHA-256 (RFC 7638), base64url: the second half of a key authorization.
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.jwk())
    }

    /// Signs as a JWS is signed: r and s, 32 bytes each (RFC 7518 section 3.4).
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.signer
            .sign(&SystemRandom::new(), message)
            .expect("the kernel gave random numbers when the key was opened")
            .as_ref()
            .to_vec()
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountKey({}, ***)", self.thumbprint())
    }
}

/// The JWK of an uncompressed point: 04, x, y (RFC 7518 section 6.2.1).
fn jwk(point: &[u8]) -> String {
    let coordinates = point.get(1..).unwrap_or_default();
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    format!(
        r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
        base64url(x),
        base64url(y)
    )
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
        let jwk = jwk(&point);
        assert_eq!(
            jwk,
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
        );
        assert_eq!(
            thumbprint(&jwk),
            "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
        );
    }
}
