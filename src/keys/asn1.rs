//! Reading DER (X.690) field by field, and what a key's AlgorithmIdentifier means.
//! Nothing here recurses: callers open one level at a time, as deep as their format goes.

use crate::types::KeyType;
use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Reader, SliceReader, Tag, TagNumber, Tagged};
use std::fmt;

/// rsaEncryption (RFC 8017 appendix A).
pub(crate) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// id-ecPublicKey (RFC 5480 section 2.1.1).
pub(crate) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// secp256r1 (RFC 5480 section 2.1.1.1), as are the next.
pub(crate) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// secp384r1.
pub(crate) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// secp521r1.
pub(crate) const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The tag of a context-specific field that holds others: EXPLICIT, or IMPLICIT of a SEQUENCE.
pub(crate) const fn constructed(number: TagNumber) -> Tag {
    Tag::ContextSpecific {
        constructed: true,
        number,
    }
}

/// The tag of a context-specific field that is IMPLICIT and plain.
pub(crate) const fn plain(number: TagNumber) -> Tag {
    Tag::ContextSpecific {
        constructed: false,
        number,
    }
}

/// The fields of a constructed value, in order.
pub(crate) struct Fields<'a>(SliceReader<'a>);

impl<'a> Fields<'a> {
    /// The fields within these content bytes.
    pub fn new(content: &'a [u8]) -> Option<Self> {
        SliceReader::new(content).ok().map(Self)
    }

    /// The fields of the one SEQUENCE that these bytes are.
    pub fn of_sequence(bytes: &'a [u8]) -> Option<Self> {
        let mut outer = Self::new(bytes)?;
        let inner = outer.open(Tag::Sequence)?;
        outer.is_finished().then_some(inner)
    }

    /// The next field.
    pub fn any(&mut self) -> Option<AnyRef<'a>> {
        self.0.decode().ok()
    }

    /// The content of the next field, which has this tag.
    pub fn take(&mut self, tag: Tag) -> Option<&'a [u8]> {
        self.any().filter(|f| f.tag() == tag).map(AnyRef::value)
    }

    /// The content of the next field if it has this tag, else `Some(None)` and nothing is read.
    pub fn take_if(&mut self, tag: Tag) -> Option<Option<&'a [u8]>> {
        match self.0.peek_tag() {
            Ok(next) if next == tag => self.take(tag).map(Some),
            _ => Some(None),
        }
    }

    /// The fields of the next field, which has this tag.
    pub fn open(&mut self, tag: Tag) -> Option<Fields<'a>> {
        Self::new(self.take(tag)?)
    }

    /// The object identifier that comes next.
    pub fn oid(&mut self) -> Option<ObjectIdentifier> {
        ObjectIdentifier::from_bytes(self.take(Tag::ObjectIdentifier)?).ok()
    }

    /// The next field with its tag and length.
    pub fn raw(&mut self) -> Option<&'a [u8]> {
        self.0.tlv_bytes().ok()
    }

    /// True when all was read.
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

/// The kind of a key, offered by certkeeper or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// RSA, with the modulus' length in bits.
    Rsa(usize),
    /// ECDSA on this named curve.
    Ec(ObjectIdentifier),
    /// Anything else.
    Other(ObjectIdentifier),
}

impl Algorithm {
    /// Reads an AlgorithmIdentifier's fields. RSA's do not tell its size: `modulus` does.
    pub fn read<'k>(
        mut identifier: Fields<'_>,
        modulus: impl FnOnce() -> Option<&'k [u8]>,
    ) -> Option<Self> {
        match identifier.oid()? {
            RSA => Some(Self::Rsa(bits(modulus()?))),
            // Parameters written out in place of a name end here: RFC 5480 forbids them.
            EC => identifier.oid().map(Self::Ec),
            other => Some(Self::Other(other)),
        }
    }

    /// Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
    pub fn of_spki(spki: &[u8]) -> Option<Self> {
        let mut fields = Fields::of_sequence(spki)?;
        let identifier = fields.open(Tag::Sequence)?;
        let (unused, key) = fields.take(Tag::BitString)?.split_first()?;
        Self::read(identifier, || {
            let mut key = Fields::of_sequence(key).filter(|_| *unused == 0)?;
            key.take(Tag::Integer)
        })
        .filter(|_| fields.is_finished())
    }

    /// The key type, if it is one of ours.
    pub fn key_type(self) -> Option<KeyType> {
        match self {
            Self::Ec(P256) => Some(KeyType::Ec256),
            Self::Ec(P384) => Some(KeyType::Ec384),
            Self::Ec(P521) => Some(KeyType::Ec521),
            Self::Rsa(2048) => Some(KeyType::Rsa2048),
            Self::Rsa(3072) => Some(KeyType::Rsa3072),
            Self::Rsa(4096) => Some(KeyType::Rsa4096),
            Self::Rsa(8192) => Some(KeyType::Rsa8192),
            _ => None,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
            Self::Ec(P256) => f.write_str("EC P-256"),
            Self::Ec(P384) => f.write_str("EC P-384"),
            Self::Ec(P521) => f.write_str("EC P-521"),
            Self::Ec(curve) => write!(f, "EC on curve {curve}"),
            Self::Other(ED25519) => f.write_str("Ed25519"),
            Self::Other(oid) => write!(f, "algorithm {oid}"),
        }
    }
}

/// The length in bits of an INTEGER's content, which is not negative.
fn bits(integer: &[u8]) -> usize {
    let zeros = integer.iter().take_while(|b| **b == 0).count();
    match integer.get(zeros) {
        Some(first) => (integer.len() - zeros) * 8 - first.leading_zeros() as usize,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_bits() {
        for (bytes, want) in [
            (&[] as &[u8], 0),
            (&[0], 0),
            (&[1], 1),
            (&[0, 0x80], 8),
            (&[0x7f, 0xff], 15),
            (&[0, 0xff, 0], 16),
        ] {
            assert_eq!(bits(bytes), want, "{bytes:?}");
        }
    }

    #[test]
    fn optional_fields_are_left_alone() {
        // INTEGER 5, NULL
        let mut fields = Fields::new(&[2, 1, 5, 5, 0]).expect("fields");
        assert_eq!(fields.take_if(Tag::Null), Some(None));
        assert_eq!(fields.take_if(Tag::Integer), Some(Some(&[5u8] as &[u8])));
        assert_eq!(fields.raw(), Some(&[5u8, 0] as &[u8]));
        assert!(fields.is_finished() && fields.any().is_none());
        for damaged in [&[5u8] as &[u8], &[5, 0x80], &[5, 1]] {
            let mut fields = Fields::new(damaged).expect("fields");
            assert_eq!(fields.take_if(Tag::Null), None, "{damaged:?}");
        }
    }

    #[test]
    fn refuses_what_is_not_der() {
        for bytes in [
            &[] as &[u8],
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81, 1, 0],
            &[0x30, 0, 0],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1],
            &[0x31, 0],
        ] {
            assert!(Fields::of_sequence(bytes).is_none(), "{bytes:?}");
        }
        assert!(Fields::of_sequence(&[0x30, 0]).is_some());
    }
}
