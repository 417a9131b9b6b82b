//! Private keys as others wrote them, turned into PKCS#8.

use super::asn1::{self, Algorithm, Fields};
use super::pem::{self, Block};
use super::{KeyError, LABEL};
use der::asn1::{AnyRef, ObjectIdentifier};
use der::zeroize::Zeroizing;
use der::{SecretDocument, Tag};
use rsa::pkcs8::PrivateKeyInfo;
use rsa::pkcs8::spki::AlgorithmIdentifierRef;

/// `parameters` in an ECPrivateKey (RFC 5915 section 3).
const EC_CURVE: Tag = asn1::constructed(der::TagNumber::N0);
/// `publicKey` there.
const EC_POINT: Tag = asn1::constructed(der::TagNumber::N1);

/// Reads the one private key of a PEM text: its kind, and its bytes as PKCS#8.
pub(super) fn read_pem(text: &str) -> Result<(Algorithm, Zeroizing<Vec<u8>>), KeyError> {
    let (blocks, _) = pem::blocks(text)?;
    let mut keys = blocks
        .into_iter()
        .filter(|block| block.label.ends_with(LABEL));
    let key = keys.next().ok_or(KeyError::Missing)?;
    if keys.next().is_some() {
        return Err(KeyError::Several);
    }
    to_pkcs8(key)
}

/// Reads a private key in the form that its label says.
pub(super) fn to_pkcs8(block: Block<'_>) -> Result<(Algorithm, Zeroizing<Vec<u8>>), KeyError> {
    let pkcs8 = match block.label {
        LABEL => block.der,
        "EC PRIVATE KEY" => wrap_sec1(&block.der)?,
        "RSA PRIVATE KEY" => wrap(asn1::RSA, AnyRef::NULL, &block.der)?,
        "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
        other => {
            return Err(KeyError::Kind {
                found: format!("in the form '{other}'"),
                allowed: format!("{LABEL}, EC {LABEL}, RSA {LABEL}"),
            });
        }
    };
    let algorithm = algorithm_of(&pkcs8).ok_or(KeyError::Damaged)?;
    if let Algorithm::Ec(_) = algorithm {
        // The point is optional in the format, but ring needs it; so it is wanted on every curve.
        let [_, point] = open_pkcs8(&pkcs8)
            .and_then(|(_, mut key)| open_sec1(&mut key))
            .ok_or(KeyError::Damaged)?;
        point.ok_or(KeyError::Incomplete("public point"))?;
    }
    Ok((algorithm, pkcs8))
}

/// The fields of a PKCS#8 document (RFC 5208 section 5): algorithm and key.
fn open_pkcs8(pkcs8: &[u8]) -> Option<(Fields<'_>, Fields<'_>)> {
    let mut fields = Fields::of_sequence(pkcs8)?;
    fields.take(Tag::Integer)?;
    let algorithm = fields.open(Tag::Sequence)?;
    Some((algorithm, fields.open(Tag::OctetString)?))
}

/// The kind of a PKCS#8 document's key.
fn algorithm_of(pkcs8: &[u8]) -> Option<Algorithm> {
    let (identifier, mut key) = open_pkcs8(pkcs8)?;
    Algorithm::read(identifier, || {
        // RSAPrivateKey (RFC 8017 appendix A.1.2): version, modulus, …
        let mut key = key.open(Tag::Sequence)?;
        key.take(Tag::Integer)?;
        key.take(Tag::Integer)
    })
}

/// The optional fields of an ECPrivateKey (RFC 5915 section 3): curve and public point.
fn open_sec1<'a>(key: &mut Fields<'a>) -> Option<[Option<&'a [u8]>; 2]> {
    let mut fields = key.open(Tag::Sequence)?;
    fields.take(Tag::Integer)?;
    fields.take(Tag::OctetString)?;
    Some([fields.take_if(EC_CURVE)?, fields.take_if(EC_POINT)?])
}

/// Wraps an ECPrivateKey, which names its curve itself.
fn wrap_sec1(sec1: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let [curve, _] = Fields::new(sec1)
        .and_then(|mut key| open_sec1(&mut key))
        .ok_or(KeyError::Damaged)?;
    let curve = curve
        .and_then(|named| Fields::new(named)?.oid())
        .ok_or(KeyError::Incomplete("curve's name"))?;
    wrap(asn1::EC, AnyRef::from(&curve), sec1)
}

/// Wraps a key as PKCS#8.
fn wrap(
    oid: ObjectIdentifier,
    parameters: AnyRef<'_>,
    key: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let algorithm = AlgorithmIdentifierRef {
        oid,
        parameters: Some(parameters),
    };
    SecretDocument::try_from(PrivateKeyInfo::new(algorithm, key))
        .map(|document| document.to_bytes())
        .map_err(|_| KeyError::Damaged)
}
