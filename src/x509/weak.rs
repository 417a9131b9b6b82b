//! What is too weak by now to be relied on.

use super::Certificate;
use crate::keys::asn1::Algorithm;
use der::asn1::ObjectIdentifier;

/// RSA below this many bits has been refused by public CAs since 2014, and is by TLS libraries.
const RSA_BITS: usize = 2048;

/// Signatures with hashes that can be forged (RFC 3279, RFC 9155).
const BROKEN: [(ObjectIdentifier, &str); 5] = [
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.4"),
        "RSA with MD5",
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"),
        "RSA with SHA-1",
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.14.3.2.29"),
        "RSA with SHA-1",
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"),
        "ECDSA with SHA-1",
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.10040.4.3"),
        "DSA with SHA-1",
    ),
];

impl Certificate {
    /// Why clients may refuse it for weakness. Nobody looks at the signature of a root.
    pub fn weakness(&self) -> Option<String> {
        let broken = BROKEN.iter().find(|(oid, _)| *oid == self.signature);
        if let Some((_, how)) = broken.filter(|_| !self.is_self_issued()) {
            return Some(format!("is signed by {how}, which can be forged"));
        }
        match self.key {
            Algorithm::Rsa(bits) if bits < RSA_BITS => Some(format!(
                "has a key of {bits} bits (RSA), and {RSA_BITS} are the least"
            )),
            _ => None,
        }
    }

    /// True if issuer and subject are one, as with roots and certificates signed by their own key.
    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }
}
