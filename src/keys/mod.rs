//! Private keys: made, read, written, and used to sign.
//!
//! Who makes and uses keys of which type: see `signer`.

mod account;
pub(crate) mod asn1;
mod generate;
pub(crate) mod given;
pub(crate) mod pem;
mod read;
mod request;
mod signer;
mod subject;

pub use account::AccountKey;
pub use given::GivenKey;
pub use pem::{PemError, base64url, base64url_decode};
pub(crate) use request::general_name;
pub use subject::Subject;

use crate::types::{Identifier, KeyType};
use der::Encode as _;
use der::zeroize::Zeroizing;
use generate::{generate_ec, generate_p521, generate_rsa};
use read::read_pem;
use signer::{Maker, Signer};
use std::fmt;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

/// The label of PKCS#8 (RFC 7468 section 10), the one form that is written.
const LABEL: &str = "PRIVATE KEY";

/// Why a key could not be made, read or used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The kernel gave no random numbers.
    Random,
    /// The text is no PEM.
    Pem(PemError),
    /// The text holds no private key.
    Missing,
    /// The text holds more than one private key.
    Several,
    /// The key is encrypted.
    Encrypted,
    /// The key is of a kind that is not offered here.
    Kind {
        /// What it is.
        found: String,
        /// What is allowed.
        allowed: String,
    },
    /// An EC key without its public point, or without its curve.
    Incomplete(&'static str),
    /// The key's bytes are damaged, its parts do not belong together, or who would sign does not
    /// take them (ring: an RSA exponent below 65537; all: more than two primes).
    Damaged,
    /// A request without names.
    NoNames,
    /// The key did not sign.
    Sign,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => f.write_str("the kernel gave no random numbers"),
            Self::Pem(why) => write!(f, "the private key is not readable as PEM: {why}"),
            Self::Missing => f.write_str(
                "there is no private key; it starts with '-----BEGIN PRIVATE KEY-----', or with EC or RSA before PRIVATE",
            ),
            Self::Several => f.write_str("there is more than one private key"),
            Self::Encrypted => f.write_str(
                "the private key is encrypted; remove its passphrase with: openssl pkey -in OLD -out NEW",
            ),
            Self::Kind { found, allowed } => {
                write!(f, "the private key is {found}; allowed are {allowed}")
            }
            Self::Incomplete(what) => write!(f, "the private key comes without its {what}"),
            Self::Damaged => f.write_str(
                "the private key is damaged or unusual: its parts are not readable or do not belong together",
            ),
            Self::NoNames => f.write_str("a certificate request needs at least one name"),
            Self::Sign => f.write_str("the private key could not sign"),
        }
    }
}

impl std::error::Error for KeyError {}

impl From<PemError> for KeyError {
    fn from(error: PemError) -> Self {
        match error {
            PemError::Headers(_) => Self::Encrypted,
            other => Self::Pem(other),
        }
    }
}

/// The private key of a certificate.
pub struct PrivateKey {
    kind: KeyType,
    pkcs8: Zeroizing<Vec<u8>>,
    signer: Signer,
}

impl PrivateKey {
    /// Makes a new key. RSA takes its time: seconds to minutes on a small router, 8192 bits far more.
    pub fn generate(kind: KeyType) -> Result<Self, KeyError> {
        let pkcs8 = match Maker::of(kind) {
            Maker::Ec(algorithm) => generate_ec(algorithm)?,
            Maker::P521 => generate_p521()?,
            Maker::Rsa(bits) | Maker::LongRsa(bits) => generate_rsa(bits)?,
        };
        Self::from_pkcs8(kind, pkcs8)
    }

    /// Reads a PEM text: PKCS#8, SEC1 ("EC PRIVATE KEY") or PKCS#1 ("RSA PRIVATE KEY").
    /// Certificates, EC PARAMETERS and words around the key are passed over.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let (algorithm, pkcs8) = read_pem(text)?;
        let kind = algorithm.key_type().ok_or_else(|| KeyError::Kind {
            found: algorithm.to_string(),
            allowed: KeyType::ALL.map(KeyType::name).join(", "),
        })?;
        Self::from_pkcs8(kind, pkcs8)
    }

    fn from_pkcs8(kind: KeyType, pkcs8: Zeroizing<Vec<u8>>) -> Result<Self, KeyError> {
        let signer = Signer::open(kind, &pkcs8)?;
        Ok(Self {
            kind,
            pkcs8,
            signer,
        })
    }

    /// The key's type.
    pub fn kind(&self) -> KeyType {
        self.kind
    }

    /// The key as PKCS#8 PEM. The caller guards it, and wipes it if it matters.
    pub fn to_pem(&self) -> String {
        pem::encode(LABEL, &self.pkcs8)
    }

    /// The key as PKCS#8, DER.
    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public key as SubjectPublicKeyInfo, DER.
    pub fn public_key_spki_der(&self) -> Vec<u8> {
        request::public_key(self.kind, &self.signer)
            .and_then(|key| key.to_der())
            .expect("a public key fits into DER")
    }

    /// The public key with what names it.
    pub(crate) fn public_key_info(&self) -> der::Result<SubjectPublicKeyInfoOwned> {
        request::public_key(self.kind, &self.signer)
    }

    /// What names the signatures of [`PrivateKey::sign`].
    pub(crate) fn signature_algorithm(&self) -> AlgorithmIdentifierOwned {
        let [_, signature] = request::algorithms(self.kind);
        signature
    }

    /// Signs as certificates and requests are signed: ECDSA (DER) with the hash of the curve's
    /// size, or RSA PKCS#1 v1.5 with SHA-256.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.signer.sign(message)
    }

    /// A PKCS#10 request (RFC 2986), DER, for these names and nothing else; its subject is empty.
    pub fn csr(&self, identifiers: &[Identifier]) -> Result<Vec<u8>, KeyError> {
        self.csr_of(&Subject::default(), identifiers)
    }

    /// The same of a subject.
    pub fn csr_of(
        &self,
        subject: &Subject,
        identifiers: &[Identifier],
    ) -> Result<Vec<u8>, KeyError> {
        if identifiers.is_empty() {
            return Err(KeyError::NoNames);
        }
        request::request(self.kind, &self.signer, &subject.name, identifiers)
    }
}

/// A request as PEM (RFC 7468 section 7).
pub fn request_pem(der: &[u8]) -> String {
    pem::encode("CERTIFICATE REQUEST", der)
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, ***)", self.kind)
    }
}
