//! Public keys and requests in DER. Crate x509-cert writes them for all keys: rcgen has no P-521
//! without aws-lc-rs, takes no algorithm from outside, and is larger.

use super::signer::Signer;
use super::{KeyError, asn1};
use crate::types::{Identifier, KeyType};
use der::Encode as _;
use der::asn1::{Any, BitString, Ia5String, ObjectIdentifier, OctetString, SetOfVec};
use std::net::IpAddr;
use x509_cert::ext::AsExtension as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;
use x509_cert::request::{CertReq, CertReqInfo, ExtensionReq, Version};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

/// ecdsa-with-SHA256 (RFC 5758 section 3.2), as are the next.
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
/// sha256WithRSAEncryption (RFC 8017 appendix A.2.4).
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

/// What names a key (RFC 3279 section 2.3) and its signatures: for ECDSA without parameters
/// (RFC 5758 section 3.2), for RSA with NULL (RFC 4055 section 5).
pub(super) fn algorithms(kind: KeyType) -> [AlgorithmIdentifierOwned; 2] {
    let (curve, signature) = match kind {
        KeyType::Ec256 => (asn1::P256, ECDSA_SHA256),
        KeyType::Ec384 => (asn1::P384, ECDSA_SHA384),
        KeyType::Ec521 => (asn1::P521, ECDSA_SHA512),
        KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 | KeyType::Rsa8192 => {
            return [asn1::RSA, RSA_SHA256].map(|oid| AlgorithmIdentifierOwned {
                oid,
                parameters: Some(Any::null()),
            });
        }
    };
    [(asn1::EC, Some(Any::from(curve))), (signature, None)]
        .map(|(oid, parameters)| AlgorithmIdentifierOwned { oid, parameters })
}

/// The public key with what names it.
pub(super) fn public_key(kind: KeyType, signer: &Signer) -> der::Result<SubjectPublicKeyInfoOwned> {
    let [algorithm, _] = algorithms(kind);
    Ok(SubjectPublicKeyInfoOwned {
        algorithm,
        subject_public_key: BitString::from_bytes(&signer.public_key())?,
    })
}

/// A signed PKCS#10 request (RFC 2986), DER.
pub(super) fn request(
    kind: KeyType,
    signer: &Signer,
    subject: &Name,
    identifiers: &[Identifier],
) -> Result<Vec<u8>, KeyError> {
    let info = describe(kind, signer, subject, identifiers).map_err(|_| KeyError::Sign)?;
    let signed = info.to_der().map_err(|_| KeyError::Sign)?;
    let signature = signer.sign(&signed)?;
    let [_, algorithm] = algorithms(kind);
    BitString::from_bytes(&signature)
        .and_then(|signature| {
            let request = CertReq {
                info,
                algorithm,
                signature,
            };
            request.to_der()
        })
        .map_err(|_| KeyError::Sign)
}

/// What is signed. Names are ASCII and all is short, so nothing fails here.
fn describe(
    kind: KeyType,
    signer: &Signer,
    subject: &Name,
    identifiers: &[Identifier],
) -> der::Result<CertReqInfo> {
    let names: Vec<GeneralName> = identifiers
        .iter()
        .map(general_name)
        .collect::<der::Result<_>>()?;
    let extension = SubjectAltName(names).to_extension(subject, &[])?;
    let mut attributes = SetOfVec::new();
    attributes.insert(ExtensionReq(vec![extension]).try_into()?)?;
    Ok(CertReqInfo {
        version: Version::V1,
        subject: subject.clone(),
        public_key: public_key(kind, signer)?,
        attributes,
    })
}

pub(crate) fn general_name(identifier: &Identifier) -> der::Result<GeneralName> {
    match identifier {
        Identifier::Dns(name) => Ia5String::new(name.as_str()).map(GeneralName::DnsName),
        Identifier::Ip(address) => match address {
            IpAddr::V4(v4) => OctetString::new(v4.octets()),
            IpAddr::V6(v6) => OctetString::new(v6.octets()),
        }
        .map(GeneralName::IpAddress),
    }
}
