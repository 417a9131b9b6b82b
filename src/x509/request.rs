//! Certificate requests of others (PKCS#10, RFC 2986), as far as certkeeper needs to read them.

use super::name::Name;
use super::{SUBJECT_ALT_NAME, X509Error, hex, read_extension, read_names};
use crate::keys::asn1::{Algorithm, Fields, constructed};
use crate::keys::pem;
use crate::types::{Domain, Identifier, KeyType};
use der::asn1::ObjectIdentifier;
use der::{Tag, TagNumber};
use ring::digest::{SHA256, digest};

/// The label of a request (RFC 7468 section 7), and the one of old.
const LABELS: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];
/// `attributes` in CertificationRequestInfo.
const ATTRIBUTES: Tag = constructed(TagNumber::N0);
/// extensionRequest (RFC 2985 section 5.4.2).
const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");

/// A request that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The request, DER.
    pub der: Vec<u8>,
    /// What it asks for: the DNS names and addresses of subjectAltName, and the common name where that
    /// is a DNS name.
    pub names: Vec<Identifier>,
    /// The public key: SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    key: Algorithm,
}

impl Request {
    /// Reads PEM or DER.
    pub fn read(bytes: &[u8]) -> Result<Self, X509Error> {
        if bytes.first() == Some(&0x30) {
            return Self::parse(bytes);
        }
        let text = String::from_utf8_lossy(bytes);
        let (blocks, _) = pem::blocks(&text).map_err(X509Error::Pem)?;
        let request = blocks.iter().find(|b| LABELS.contains(&b.label));
        match (request, blocks.first()) {
            (Some(block), _) => Self::parse(&block.der),
            (None, Some(other)) => Err(X509Error::NoRequest(other.label.to_owned())),
            (None, None) => Err(X509Error::NoRequest("other text".into())),
        }
    }

    fn parse(der: &[u8]) -> Result<Self, X509Error> {
        let bad = |part| move || X509Error::UnreadableRequest(part);
        let mut outer = Fields::of_sequence(der).ok_or_else(bad("outer form"))?;
        let mut info = outer.open(Tag::Sequence).ok_or_else(bad("outer form"))?;
        info.take(Tag::Integer).ok_or_else(bad("version"))?;
        let subject = info
            .open(Tag::Sequence)
            .and_then(Name::read)
            .ok_or_else(bad("subject"))?;
        let spki = info.raw().ok_or_else(bad("public key"))?;
        let key = Algorithm::of_spki(spki).ok_or_else(bad("public key"))?;
        let attributes = info.take_if(ATTRIBUTES).ok_or_else(bad("attributes"))?;
        let mut names = read_attributes(attributes.unwrap_or_default())
            .ok_or_else(bad("list of extensions"))?;
        let common = subject.common_name.and_then(|n| Domain::parse(&n).ok());
        let common = common.map(Identifier::Dns);
        names.extend(common.filter(|n| !names.contains(n)));
        Ok(Self {
            der: der.to_vec(),
            names,
            spki: spki.to_vec(),
            key,
        })
    }

    /// The type of its key, if CAs may take it from us.
    pub fn key_type(&self) -> Option<KeyType> {
        self.key.key_type()
    }

    /// Its key in words.
    pub fn key_description(&self) -> String {
        self.key.to_string()
    }

    /// What its key is known by: SHA-256 over the public key, hexadecimal.
    pub fn key_id(&self) -> String {
        hex(digest(&SHA256, &self.spki).as_ref(), "")
    }
}

/// The names in the attributes of a request.
fn read_attributes(attributes: &[u8]) -> Option<Vec<Identifier>> {
    let mut attributes = Fields::new(attributes)?;
    let mut names = Vec::new();
    while !attributes.is_finished() {
        let mut attribute = attributes.open(Tag::Sequence)?;
        if attribute.oid()? != EXTENSION_REQUEST {
            continue;
        }
        let mut extensions = attribute.open(Tag::Set)?.open(Tag::Sequence)?;
        while !extensions.is_finished() {
            let (id, value) = extensions.open(Tag::Sequence).and_then(read_extension)?;
            if id == SUBJECT_ALT_NAME.as_bytes() {
                names.extend(read_names(value)?);
            }
        }
    }
    Some(names)
}
