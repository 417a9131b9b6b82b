//! Private keys: made, read, written, and used to sign.
//!
//! EC keys are ring's. RSA keys are made by crate rsa, which ring cannot do, and used by ring:
//! its private operations take the same time whatever the key (RUSTSEC-2023-0071).

mod account;
pub(crate) mod asn1;
mod generate;
pub(crate) mod pem;
mod read;

pub use account::AccountKey;
pub use pem::{PemError, base64url, base64url_decode};

use crate::types::{Identifier, KeyType};
use der::zeroize::Zeroizing;
use generate::{generate_ec, generate_rsa, open_ec};
use rcgen::{CertificateParams, DistinguishedName, PublicKeyData, SanType, SigningKey};
use read::read_pem;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RsaKeyPair};
use std::fmt;

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
    /// The key's bytes are damaged, its parts do not belong together, or ring does not take them
    /// (an RSA exponent below 65537, more than two primes).
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

/// The key as ring uses it. ring does not wipe its copy.
enum Signer {
    Ec(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>),
}

/// What each key type means to ring, rcgen and rsa.
enum Recipe {
    /// The curve with its hash, and what names both in a request.
    Ec(
        &'static EcdsaSigningAlgorithm,
        &'static rcgen::SignatureAlgorithm,
    ),
    /// The length of the modulus in bits.
    Rsa(usize),
}

impl Recipe {
    fn of(kind: KeyType) -> Self {
        match kind {
            KeyType::Ec256 => Self::Ec(
                &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
                &rcgen::PKCS_ECDSA_P256_SHA256,
            ),
            KeyType::Ec384 => Self::Ec(
                &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
                &rcgen::PKCS_ECDSA_P384_SHA384,
            ),
            KeyType::Rsa2048 => Self::Rsa(2048),
            KeyType::Rsa3072 => Self::Rsa(3072),
            KeyType::Rsa4096 => Self::Rsa(4096),
        }
    }
}

impl PrivateKey {
    /// Makes a new key. RSA takes its time: seconds to minutes on a small router.
    pub fn generate(kind: KeyType) -> Result<Self, KeyError> {
        let pkcs8 = match Recipe::of(kind) {
            Recipe::Ec(algorithm, _) => generate_ec(algorithm)?,
            Recipe::Rsa(bits) => generate_rsa(bits)?,
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
        let signer = match Recipe::of(kind) {
            Recipe::Ec(algorithm, _) => Signer::Ec(Box::new(open_ec(algorithm, &pkcs8)?)),
            Recipe::Rsa(_) => RsaKeyPair::from_pkcs8(&pkcs8)
                .map(|key| Signer::Rsa(Box::new(key)))
                .map_err(|_| KeyError::Damaged)?,
        };
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

    /// The public key as SubjectPublicKeyInfo, DER.
    pub fn public_key_spki_der(&self) -> Vec<u8> {
        self.subject_public_key_info()
    }

    /// Signs as certificates and requests are signed: ECDSA (DER) with the hash of the curve's
    /// size, or RSA PKCS#1 v1.5 with SHA-256.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match &self.signer {
            Signer::Ec(key) => key
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| KeyError::Sign),
            Signer::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(
                    &signature::RSA_PKCS1_SHA256,
                    &random,
                    message,
                    &mut signature,
                )
                .map_err(|_| KeyError::Sign)?;
                Ok(signature)
            }
        }
    }

    /// A PKCS#10 request (RFC 2986), DER, for these names and nothing else; its subject is empty.
    pub fn csr(&self, identifiers: &[Identifier]) -> Result<Vec<u8>, KeyError> {
        if identifiers.is_empty() {
            return Err(KeyError::NoNames);
        }
        let mut params = CertificateParams::default();
        // rcgen's default is CN "rcgen self signed cert".
        params.distinguished_name = DistinguishedName::new();
        params.subject_alt_names = identifiers
            .iter()
            .map(|identifier| match identifier {
                Identifier::Dns(name) => name.as_str().try_into().map(SanType::DnsName),
                Identifier::Ip(address) => Ok(SanType::IpAddress(*address)),
            })
            // A Domain is ASCII, so all that can fail below is the signature.
            .collect::<Result<_, rcgen::Error>>()
            .map_err(|_| KeyError::Sign)?;
        params
            .serialize_request(self)
            .map(|request| request.der().to_vec())
            .map_err(|_| KeyError::Sign)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, ***)", self.kind)
    }
}

impl PublicKeyData for PrivateKey {
    fn der_bytes(&self) -> &[u8] {
        match &self.signer {
            Signer::Ec(key) => key.public_key().as_ref(),
            Signer::Rsa(key) => key.public_key().as_ref(),
        }
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        match Recipe::of(self.kind) {
            Recipe::Ec(_, signature) => signature,
            Recipe::Rsa(_) => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl SigningKey for PrivateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        PrivateKey::sign(self, message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
