//! New keys.

use super::KeyError;
use der::zeroize::Zeroizing;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{EcdsaKeyPair, EcdsaSigningAlgorithm};
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::rand_core::{self, CryptoRng, RngCore};

/// A new EC key, as PKCS#8.
pub(super) fn generate_ec(
    algorithm: &'static EcdsaSigningAlgorithm,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new())
        .map(|document| Zeroizing::new(document.as_ref().to_vec()))
        .map_err(|_| KeyError::Random)
}

/// Hands a PKCS#8 document of the right curve to ring, which compares point and private part.
pub(super) fn open_ec(
    algorithm: &'static EcdsaSigningAlgorithm,
    pkcs8: &[u8],
) -> Result<EcdsaKeyPair, KeyError> {
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8, &SystemRandom::new()).map_err(|_| KeyError::Damaged)
}

/// A new key on P-521, as PKCS#8.
pub(super) fn generate_p521() -> Result<Zeroizing<Vec<u8>>, KeyError> {
    p521::SecretKey::random(&mut Random::new()?)
        .to_pkcs8_der()
        .map(|document| document.to_bytes())
        .map_err(|_| KeyError::Damaged)
}

/// A new RSA key with the exponent 65537, as PKCS#8.
pub(super) fn generate_rsa(bits: usize) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    rsa::RsaPrivateKey::new(&mut Random::new()?, bits)
        .ok()
        .and_then(|key| key.to_pkcs8_der().ok())
        .map(|document| document.to_bytes())
        .ok_or(KeyError::Damaged)
}

/// ring's random numbers in the form that the crates rsa and p521 take.
pub(super) struct Random(SystemRandom);

impl Random {
    /// Asks once for an answer: the search for primes cannot take a no.
    pub fn new() -> Result<Self, KeyError> {
        let random = SystemRandom::new();
        random.fill(&mut [0]).map_err(|_| KeyError::Random)?;
        Ok(Self(random))
    }
}

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0
            .fill(bytes)
            .expect("the kernel gave random numbers a moment ago");
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Random {}
