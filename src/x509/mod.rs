//! Certificates, as far as certkeeper needs to read them (RFC 5280) and makes its own. To verify
//! signatures is the business of TLS.

mod chain;
pub(crate) mod make;
mod name;
mod order;
mod pile;
mod request;
mod weak;

pub use chain::{split_pem_chain, to_pem};
pub use order::{Chain, Unfit};
pub use pile::{Pile, PileError};
pub use request::Request;

use crate::keys::asn1::{Algorithm, Fields, constructed, plain};
use crate::keys::{PemError, PrivateKey};
use crate::types::{Domain, Identifier, KeyType, Timestamp};
use chain::{CHAIN_LENGTH, CHAIN_SIZE};
use der::asn1::ObjectIdentifier;
use der::{Tag, TagNumber, Tagged as _};
use name::Name;
use ring::digest::{SHA256, digest};
use std::fmt;
use std::net::IpAddr;

/// The extensions that are read (RFC 5280 section 4.2.1).
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const SUBJECT_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const READ: [ObjectIdentifier; 4] = [
    SUBJECT_ALT_NAME,
    BASIC_CONSTRAINTS,
    AUTHORITY_KEY_ID,
    SUBJECT_KEY_ID,
];

/// Tags within TBSCertificate (RFC 5280 section 4.1).
const VERSION: Tag = constructed(TagNumber::N0);
const ISSUER_UNIQUE_ID: Tag = plain(TagNumber::N1);
const SUBJECT_UNIQUE_ID: Tag = plain(TagNumber::N2);
const EXTENSIONS: Tag = constructed(TagNumber::N3);
/// Tags of GeneralName (RFC 5280 section 4.2.1.6).
const DNS_NAME: Tag = plain(TagNumber::N2);
const IP_ADDRESS: Tag = plain(TagNumber::N7);
/// keyIdentifier in AuthorityKeyIdentifier (RFC 5280 section 4.2.1.1).
const KEY_IDENTIFIER: Tag = plain(TagNumber::N0);

/// Why a certificate or chain was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum X509Error {
    /// The PEM is damaged.
    Pem(PemError),
    /// There is no certificate.
    NoCertificate,
    /// There is something else than a request; this is its label.
    NoRequest(String),
    /// There is something else in the chain; this is its label.
    Foreign(String),
    /// There is text around the certificates of a chain.
    Stray,
    /// The chain has too many certificates.
    TooMany,
    /// The chain has too many bytes.
    TooLarge,
    /// This part of the certificate is not readable.
    Unreadable(&'static str),
    /// This part of the request is not readable.
    UnreadableRequest(&'static str),
}

impl fmt::Display for X509Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pem(why) => write!(f, "the certificate is not readable as PEM: {why}"),
            Self::NoCertificate => {
                f.write_str("there is no certificate; it starts with '-----BEGIN CERTIFICATE-----'")
            }
            Self::NoRequest(label) => write!(f, "there is no request, but a '{label}'"),
            Self::Foreign(label) => {
                write!(f, "there may only be certificates, but here is a '{label}'")
            }
            Self::Stray => f.write_str("there may only be certificates, but here is other text"),
            Self::TooMany => write!(f, "there are more than {CHAIN_LENGTH} certificates"),
            Self::TooLarge => write!(f, "the certificates are larger than {CHAIN_SIZE} bytes"),
            Self::Unreadable(part) => write!(f, "the certificate's {part} is not readable"),
            Self::UnreadableRequest(part) => write!(f, "the request's {part} is not readable"),
        }
    }
}

impl std::error::Error for X509Error {}

/// What a certificate says. The fields are as it has them; [`Certificate::parse`] checks form alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate itself.
    pub der: Vec<u8>,
    /// The serial number: the INTEGER's content, a leading 00 kept (RFC 9773 section 4.1 wants it so).
    pub serial: Vec<u8>,
    /// Who issued it (RFC 4514).
    pub issuer: String,
    /// Whom it is about (RFC 4514); often empty.
    pub subject: String,
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid until.
    pub not_after: Timestamp,
    /// The DNS names and addresses in subjectAltName; other kinds, and DNS names that are no
    /// [`Domain`], are left out.
    pub names: Vec<Identifier>,
    /// keyIdentifier of authorityKeyIdentifier.
    pub authority_key_id: Option<Vec<u8>>,
    /// subjectKeyIdentifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// True if it may issue others.
    pub is_ca: bool,
    /// The public key: SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    issuer_name: String,
    key: Algorithm,
    /// How it is signed.
    signature: ObjectIdentifier,
}

impl Certificate {
    /// Reads one certificate. Any bytes may come: what is not readable is refused by name.
    pub fn parse(der: &[u8]) -> Result<Self, X509Error> {
        let bad = |part| move || X509Error::Unreadable(part);
        let mut outer = Fields::of_sequence(der).ok_or_else(bad("outer form"))?;
        let mut tbs = outer.open(Tag::Sequence).ok_or_else(bad("outer form"))?;
        outer
            .take(Tag::Sequence)
            .and_then(|_| outer.take(Tag::BitString))
            .filter(|_| outer.is_finished())
            .ok_or_else(bad("signature"))?;

        tbs.take_if(VERSION).ok_or_else(bad("version"))?;
        let serial = tbs
            .take(Tag::Integer)
            .filter(|content| !content.is_empty())
            .ok_or_else(bad("serial number"))?;
        let signature = tbs
            .open(Tag::Sequence)
            .and_then(|mut algorithm| algorithm.oid())
            .ok_or_else(bad("signature algorithm"))?;
        let issuer = tbs
            .open(Tag::Sequence)
            .and_then(Name::read)
            .ok_or_else(bad("issuer"))?;
        let mut validity = tbs.open(Tag::Sequence).ok_or_else(bad("validity"))?;
        let not_before = read_time(&mut validity).ok_or_else(bad("notBefore"))?;
        let not_after = read_time(&mut validity).ok_or_else(bad("notAfter"))?;
        let subject = tbs
            .open(Tag::Sequence)
            .and_then(Name::read)
            .ok_or_else(bad("subject"))?;
        let spki = tbs.raw().ok_or_else(bad("public key"))?;
        let key = Algorithm::of_spki(spki).ok_or_else(bad("public key"))?;
        let extensions = tbs
            .take_if(ISSUER_UNIQUE_ID)
            .and_then(|_| tbs.take_if(SUBJECT_UNIQUE_ID))
            .and_then(|_| tbs.take_if(EXTENSIONS))
            .filter(|_| tbs.is_finished())
            .ok_or_else(bad("list of extensions"))?;

        let mut certificate = Self {
            der: der.to_vec(),
            serial: serial.to_vec(),
            issuer_name: issuer
                .common_name
                .or(issuer.organization)
                .unwrap_or_else(|| issuer.text.clone()),
            issuer: issuer.text,
            subject: subject.text,
            not_before,
            not_after,
            names: Vec::new(),
            authority_key_id: None,
            subject_key_id: None,
            is_ca: false,
            spki: spki.to_vec(),
            key,
            signature,
        };
        if let Some(list) = extensions {
            certificate.read_extensions(list)?;
        }
        Ok(certificate)
    }

    /// Reads Extensions (RFC 5280 section 4.1.2.9), which holds each at most once.
    fn read_extensions(&mut self, list: &[u8]) -> Result<(), X509Error> {
        let bad = |part| move || X509Error::Unreadable(part);
        let list_bad = bad("list of extensions");
        let mut list = Fields::of_sequence(list).ok_or_else(list_bad)?;
        let mut seen = [false; READ.len()];
        while !list.is_finished() {
            let (id, value) = list
                .open(Tag::Sequence)
                .and_then(read_extension)
                .ok_or_else(list_bad)?;
            let Some(known) = READ.iter().position(|read| read.as_bytes() == id) else {
                continue;
            };
            if std::mem::replace(&mut seen[known], true) {
                return Err(list_bad());
            }
            match READ[known] {
                SUBJECT_ALT_NAME => {
                    self.names = read_names(value).ok_or_else(bad("subjectAltName"))?;
                }
                BASIC_CONSTRAINTS => {
                    self.is_ca = Fields::of_sequence(value)
                        .and_then(|mut fields| fields.take_if(Tag::Boolean))
                        .ok_or_else(bad("basicConstraints"))?
                        .is_some_and(|content| matches!(content, [value] if *value != 0));
                }
                SUBJECT_KEY_ID => {
                    self.subject_key_id = Fields::new(value)
                        .and_then(|mut fields| fields.take(Tag::OctetString))
                        .map(|id| Some(id.to_vec()))
                        .ok_or_else(bad("subjectKeyIdentifier"))?;
                }
                _ => {
                    self.authority_key_id = Fields::of_sequence(value)
                        .and_then(|mut fields| fields.take_if(KEY_IDENTIFIER))
                        .ok_or_else(bad("authorityKeyIdentifier"))?
                        .map(<[u8]>::to_vec);
                }
            }
        }
        Ok(())
    }

    /// The serial number in upper-case hex without a leading 00. A negative one, which RFC 5280
    /// section 4.1.2.2 forbids, is shown as its bytes stand.
    pub fn serial_hex(&self) -> String {
        match self.serial.as_slice() {
            [0, rest @ ..] if !rest.is_empty() => hex(rest, ""),
            all => hex(all, ""),
        }
    }

    /// The issuer in short: its common name, else its organization, else all of it.
    pub fn issuer_name(&self) -> &str {
        &self.issuer_name
    }

    /// The subject in short: its first name, else all of the subject.
    pub fn shown_name(&self) -> String {
        let first = self.names.first().map(ToString::to_string);
        first.unwrap_or_else(|| self.subject.clone())
    }

    /// The type of its key, if certkeeper makes such keys.
    pub fn key_type(&self) -> Option<KeyType> {
        self.key.key_type()
    }

    /// Its key in words: `EC P-256`, `RSA 1024`.
    pub fn key_description(&self) -> String {
        self.key.to_string()
    }

    /// The SHA-256 fingerprint, upper-case hex with colons.
    pub fn fingerprint(&self) -> String {
        hex(digest(&SHA256, &self.der).as_ref(), ":")
    }
}

/// True if the certificate is about this key.
pub fn key_matches(certificate: &Certificate, key: &PrivateKey) -> bool {
    certificate.spki == key.public_key_spki_der()
}

/// True if each wanted name stands in the certificate, letter by letter: `*.example.org` does
/// not stand for `www.example.org` here, as a configuration that names both wants both.
pub fn covers(certificate: &Certificate, wanted: &[Identifier]) -> bool {
    wanted.iter().all(|name| certificate.names.contains(name))
}

/// Reads an Extension (RFC 5280 section 4.1): its identifier and value; critical or not is one to us.
fn read_extension<'a>(mut fields: Fields<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let id = fields.take(Tag::ObjectIdentifier)?;
    fields.take_if(Tag::Boolean)?;
    let value = fields.take(Tag::OctetString)?;
    fields.is_finished().then_some((id, value))
}

/// Reads a Time (RFC 5280 section 4.1.2.5): UTCTime `YYMMDDHHMMSSZ` or GeneralizedTime `YYYY…`.
fn read_time(fields: &mut Fields<'_>) -> Option<Timestamp> {
    let time = fields.any()?;
    let text = std::str::from_utf8(time.value()).ok()?;
    let digits = text.strip_suffix('Z')?;
    digits.bytes().all(|c| c.is_ascii_digit()).then_some(())?;
    let full = match (time.tag(), digits.len()) {
        (Tag::UtcTime, 12) if digits < "50" => format!("20{digits}"),
        (Tag::UtcTime, 12) => format!("19{digits}"),
        (Tag::GeneralizedTime, 14) => digits.to_owned(),
        _ => return None,
    };
    Timestamp::parse_rfc3339(&format!(
        "{}-{}-{}T{}:{}:{}Z",
        full.get(..4)?,
        full.get(4..6)?,
        full.get(6..8)?,
        full.get(8..10)?,
        full.get(10..12)?,
        full.get(12..)?
    ))
}

/// Reads the GeneralNames of subjectAltName (RFC 5280 section 4.2.1.6).
fn read_names(value: &[u8]) -> Option<Vec<Identifier>> {
    let mut fields = Fields::of_sequence(value)?;
    let mut names = Vec::new();
    while !fields.is_finished() {
        let name = fields.any()?;
        match name.tag() {
            DNS_NAME => names.extend(read_domain(name.value())),
            IP_ADDRESS => names.push(Identifier::Ip(read_address(name.value())?)),
            _ => {}
        }
    }
    Some(names)
}

/// A dNSName that is one without the liberties that [`Domain::parse`] allows people.
fn read_domain(bytes: &[u8]) -> Option<Identifier> {
    let text = std::str::from_utf8(bytes).ok()?;
    Domain::parse(text)
        .ok()
        .filter(|domain| domain.as_str().eq_ignore_ascii_case(text))
        .map(Identifier::Dns)
}

/// The 4 or 16 bytes of an iPAddress.
fn read_address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
    }
}

/// Upper-case hex with something between the bytes.
fn hex(bytes: &[u8], between: &str) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    digits.join(between)
}
