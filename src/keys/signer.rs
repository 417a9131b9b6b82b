//! Keys at work. ring signs wherever it can: its private operations take the same time whatever
//! the key, those of crate rsa do not (RUSTSEC-2023-0071). It knows neither P-521 nor RSA beyond
//! 4096 bits: these sign through the crates p521 and rsa, on hashes made by ring.

use super::KeyError;
use super::generate::{Random, open_ec};
use crate::types::KeyType;
use der::zeroize::Zeroizing;
use p521::ecdsa::signature::hazmat::RandomizedPrehashSigner as _;
use p521::ecdsa::{SigningKey, VerifyingKey};
use ring::digest::{SHA256, SHA512, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use rsa::{Pkcs1v15Sign, RsaPrivateKey};

/// What stands before a SHA-256 hash in a DigestInfo (RFC 8017 section 9.2 note 1).
const SHA256_PREFIX: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// Who does the work for a key type.
pub(super) enum Maker {
    /// ring, on this curve and with the hash of its size.
    Ec(&'static EcdsaSigningAlgorithm),
    /// Crate p521.
    P521,
    /// ring, but for the making, with a modulus of so many bits.
    Rsa(usize),
    /// Crate rsa.
    LongRsa(usize),
}

impl Maker {
    pub fn of(kind: KeyType) -> Self {
        match kind {
            KeyType::Ec256 => Self::Ec(&ECDSA_P256_SHA256_ASN1_SIGNING),
            KeyType::Ec384 => Self::Ec(&ECDSA_P384_SHA384_ASN1_SIGNING),
            KeyType::Ec521 => Self::P521,
            KeyType::Rsa2048 => Self::Rsa(2048),
            KeyType::Rsa3072 => Self::Rsa(3072),
            KeyType::Rsa4096 => Self::Rsa(4096),
            KeyType::Rsa8192 => Self::LongRsa(8192),
        }
    }
}

/// A key that signs. ring does not wipe its copy; the others do.
pub(super) enum Signer {
    Ec(Box<EcdsaKeyPair>),
    P521(Box<SigningKey>),
    Rsa(Box<RsaKeyPair>),
    LongRsa(Box<RsaPrivateKey>),
}

impl Signer {
    /// Opens a PKCS#8 document of that kind. Parts that do not belong together are noticed.
    pub fn open(kind: KeyType, pkcs8: &[u8]) -> Result<Self, KeyError> {
        match Maker::of(kind) {
            Maker::Ec(algorithm) => open_ec(algorithm, pkcs8).map(|key| Self::Ec(Box::new(key))),
            Maker::P521 => p521::SecretKey::from_pkcs8_der(pkcs8)
                .ok()
                .and_then(|key| SigningKey::from_bytes(&Zeroizing::new(key.to_bytes())).ok())
                .map(|key| Self::P521(Box::new(key)))
                .ok_or(KeyError::Damaged),
            Maker::Rsa(_) => RsaKeyPair::from_pkcs8(pkcs8)
                .map(|key| Self::Rsa(Box::new(key)))
                .map_err(|_| KeyError::Damaged),
            // Crate rsa passes over the parts that it can compute; web servers use them.
            Maker::LongRsa(_) => RsaPrivateKey::from_pkcs8_der(pkcs8)
                .ok()
                .filter(|key| key.to_pkcs8_der().is_ok_and(|der| der.as_bytes() == pkcs8))
                .map(|key| Self::LongRsa(Box::new(key)))
                .ok_or(KeyError::Damaged),
        }
    }

    /// The public key as it stands in a SubjectPublicKeyInfo: an uncompressed point (RFC 5480
    /// section 2.2) or an RSAPublicKey (RFC 8017 appendix A.1.1).
    pub fn public_key(&self) -> Vec<u8> {
        match self {
            Self::Ec(key) => key.public_key().as_ref().to_vec(),
            Self::P521(key) => VerifyingKey::from(&**key)
                .to_encoded_point(false)
                .as_bytes()
                .to_vec(),
            Self::Rsa(key) => key.public_key().as_ref().to_vec(),
            Self::LongRsa(key) => key
                .to_public_key()
                .to_pkcs1_der()
                .expect("a modulus of this length fits into DER")
                .into_vec(),
        }
    }

    /// Signs: ECDSA (DER) with the hash of the curve's size, or RSA PKCS#1 v1.5 with SHA-256.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match self {
            Self::Ec(key) => key
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| KeyError::Sign),
            Self::P521(key) => key
                .sign_prehash_with_rng(&mut Random::new()?, digest(&SHA512, message).as_ref())
                .map(|signature| signature.to_der().as_bytes().to_vec())
                .map_err(|_| KeyError::Sign),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map(|()| signature)
                    .map_err(|_| KeyError::Sign)
            }
            Self::LongRsa(key) => {
                let scheme = Pkcs1v15Sign {
                    hash_len: Some(SHA256.output_len()),
                    prefix: SHA256_PREFIX.into(),
                };
                // With random numbers the base is blinded, so that its timing tells little.
                key.sign_with_rng(
                    &mut Random::new()?,
                    scheme,
                    digest(&SHA256, message).as_ref(),
                )
                .map_err(|_| KeyError::Sign)
            }
        }
    }
}
