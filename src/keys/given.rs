//! Private keys that somebody else made and this router is to serve with. They may be of kinds that
//! certkeeper does not make: RSA of any length.

use super::asn1::{Algorithm, Fields};
use super::pem::{self, Block};
use super::read::to_pkcs8;
use super::{KeyError, LABEL, PrivateKey};
use der::Tag;
use der::zeroize::Zeroizing;
use rsa::RsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};
use std::fmt;

/// The label of an encrypted key (RFC 7468 section 11).
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";

/// A private key that was handed over.
pub struct GivenKey {
    algorithm: Algorithm,
    pkcs8: Zeroizing<Vec<u8>>,
    spki: Vec<u8>,
}

impl GivenKey {
    /// Reads the key of a PEM block, which is one by its label.
    pub(crate) fn read(block: Block<'_>) -> Result<Self, KeyError> {
        let (algorithm, pkcs8) = to_pkcs8(block)?;
        let spki = match (algorithm, algorithm.key_type()) {
            // Not by ring, which would serve no other length and no small exponent.
            (Algorithm::Rsa(_), _) => RsaPrivateKey::from_pkcs8_der(&pkcs8)
                .ok()
                .filter(|key| key.validate().is_ok())
                .and_then(|key| key.to_public_key().to_public_key_der().ok())
                .ok_or(KeyError::Damaged)?
                .into_vec(),
            (_, Some(kind)) => PrivateKey::from_pkcs8(kind, pkcs8.clone())?.public_key_spki_der(),
            (other, None) => {
                return Err(KeyError::Kind {
                    found: other.to_string(),
                    allowed: "RSA, and EC on P-256, P-384 and P-521".into(),
                });
            }
        };
        Ok(Self {
            algorithm,
            pkcs8,
            spki,
        })
    }

    /// The key as PKCS#8 PEM, wiped when it is dropped.
    pub fn to_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(pem::encode(LABEL, &self.pkcs8))
    }

    /// The public key as SubjectPublicKeyInfo, DER.
    pub fn public_key_spki_der(&self) -> &[u8] {
        &self.spki
    }
}

impl From<&PrivateKey> for GivenKey {
    fn from(key: &PrivateKey) -> Self {
        let spki = key.public_key_spki_der();
        Self {
            algorithm: Algorithm::of_spki(&spki).expect("a key type of ours"),
            pkcs8: key.pkcs8.clone(),
            spki,
        }
    }
}

impl fmt::Debug for GivenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GivenKey({}, ***)", self.algorithm)
    }
}

/// The label that a key would have in PEM, by its DER; `None` if it looks like no key.
pub(crate) fn form(der: &[u8]) -> Option<&'static str> {
    let mut fields = Fields::of_sequence(der)?;
    let first = fields.any()?;
    let second = fields.any()?;
    match (der::Tagged::tag(&first), der::Tagged::tag(&second)) {
        // RFC 5208 section 5: version, algorithm, key.
        (Tag::Integer, Tag::Sequence) if fields.take(Tag::OctetString).is_some() => Some(LABEL),
        // RFC 5915 section 3: version, key.
        (Tag::Integer, Tag::OctetString) => Some("EC PRIVATE KEY"),
        // RFC 8017 appendix A.1.2: version, n, e, d, …
        (Tag::Integer, Tag::Integer) if fields.take(Tag::Integer).is_some() => {
            fields.take(Tag::Integer).map(|_| "RSA PRIVATE KEY")
        }
        // RFC 5208 section 6: algorithm, encrypted data, and nothing else.
        (Tag::Sequence, Tag::OctetString) if fields.is_finished() => Some(ENCRYPTED),
        _ => None,
    }
}
