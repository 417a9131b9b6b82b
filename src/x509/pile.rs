//! Certificates and keys as their owners have them: in PEM or DER, in one file or several, in any
//! order, with other things between.

use super::{Certificate, Unfit, X509Error};
use crate::keys::asn1::Fields;
use crate::keys::given::form;
use crate::keys::pem::{self, Block};
use crate::keys::{GivenKey, KeyError, PemError};
use crate::types::shown;
use der::Tag;
use der::asn1::ObjectIdentifier;
use der::zeroize::Zeroizing;
use std::fmt;

/// What a text must hold to be PEM.
const BEGIN: &[u8] = b"-----BEGIN ";
/// The labels of certificates (RFC 7468 section 5.1).
const CERTIFICATE: [&str; 2] = ["CERTIFICATE", "X509 CERTIFICATE"];
/// pkcs7-data and pkcs7-signedData (RFC 2315 section 14).
const PKCS7_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const PKCS7_SIGNED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");

/// What was found in files so far.
#[derive(Debug, Default)]
pub struct Pile {
    pub(super) certificates: Vec<Certificate>,
    pub(super) keys: Vec<GivenKey>,
    /// How much was found, what was found twice included.
    found: usize,
}

/// Why a file was not taken. `Display` says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PileError {
    file: String,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Key(KeyError),
    Certificate(X509Error),
    Pem(PemError),
    Pkcs7(&'static str),
    Pkcs12,
    Request,
    Nothing,
}

impl fmt::Display for PileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = shown(&self.file, 200);
        match &self.what {
            What::Key(KeyError::Encrypted) => write!(
                f,
                "{file}: the private key is encrypted; `openssl pkey -in {file} -out NEW` writes it without its \
                 passphrase"
            ),
            What::Key(why) => write!(f, "{file}: {why}"),
            What::Certificate(why) => write!(f, "{file}: {why}"),
            What::Pem(why) => write!(f, "{file}: it is not readable as PEM: {why}"),
            What::Pkcs7(form) => write!(
                f,
                "{file}: it is in the form PKCS#7; `openssl pkcs7 {form}-in {file} -print_certs -out NEW` makes PEM of it"
            ),
            What::Pkcs12 => write!(
                f,
                "{file}: it is in the form PKCS#12; `openssl pkcs12 -in {file} -nodes -out NEW` makes PEM of it, with \
                 certificate, chain and key in one file"
            ),
            What::Request => write!(
                f,
                "{file}: it holds a request (CSR); upload the certificate that the CA made of it"
            ),
            What::Nothing => write!(
                f,
                "{file}: there is neither a certificate nor a private key in it, in PEM or DER"
            ),
        }
    }
}

impl std::error::Error for PileError {}

impl Pile {
    /// Adds what a file holds; `file` names it in messages.
    pub fn add(&mut self, file: &str, bytes: &[u8]) -> Result<(), PileError> {
        let before = self.found;
        let fail = |what| PileError {
            file: file.to_owned(),
            what,
        };
        let rest = if bytes.windows(BEGIN.len()).any(|w| w == BEGIN) {
            let text = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
            self.add_pem(text.trim_start_matches('\u{feff}'))
        } else {
            self.add_der(bytes)
        };
        let rest = rest.map_err(fail)?;
        match self.found > before {
            true => Ok(()),
            false => Err(fail(rest.unwrap_or(What::Nothing))),
        }
    }

    /// True if there is a private key.
    pub fn has_key(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The first certificate that is no CA's, else the first.
    pub fn leaf(&self) -> Option<&Certificate> {
        let all = &self.certificates;
        all.iter().find(|c| !c.is_ca).or(all.first())
    }

    /// The key among these, which must be that of the certificate.
    pub fn key_of(&self, certificate: &Certificate) -> Result<Option<&GivenKey>, Unfit> {
        let of_it = |k: &&GivenKey| k.public_key_spki_der() == certificate.spki;
        match (self.keys.iter().find(of_it), self.keys.is_empty()) {
            (None, false) => Err(Unfit::other_key([certificate])),
            (found, _) => Ok(found),
        }
    }

    /// Adds a key that is known already.
    pub fn add_key(&mut self, key: GivenKey) {
        self.keys.push(key);
        self.found += 1;
    }

    /// Adds all certificates and keys of a text; what there is else.
    fn add_pem(&mut self, text: &str) -> Result<Option<What>, What> {
        let (blocks, _) = pem::blocks(text).map_err(|why| match why {
            // RFC 1421's headers, as OpenSSL wrote them up to version 0.9.
            PemError::Headers(label) if label.ends_with("PRIVATE KEY") => {
                What::Key(KeyError::Encrypted)
            }
            why => What::Pem(why),
        })?;
        let mut rest = None;
        for block in blocks {
            match block.label {
                label if CERTIFICATE.contains(&label) => self.add_certificate(&block.der)?,
                label if label.ends_with("PRIVATE KEY") => {
                    self.add_key(GivenKey::read(block).map_err(What::Key)?);
                }
                "PKCS7" | "CMS" => rest = Some(What::Pkcs7("")),
                label if label.ends_with("CERTIFICATE REQUEST") => rest = Some(What::Request),
                _ => {}
            }
        }
        Ok(rest)
    }

    /// Adds the certificate or key that these bytes are; what they are else.
    fn add_der(&mut self, bytes: &[u8]) -> Result<Option<What>, What> {
        if let Some(label) = form(bytes) {
            let der = Zeroizing::new(bytes.to_vec());
            self.add_key(GivenKey::read(Block { label, der }).map_err(What::Key)?);
            return Ok(None);
        }
        let other = foreign(bytes);
        if other.is_none() && Fields::of_sequence(bytes).is_some() {
            self.add_certificate(bytes)?;
        }
        Ok(other)
    }

    fn add_certificate(&mut self, der: &[u8]) -> Result<(), What> {
        let read = Certificate::parse(der).map_err(What::Certificate)?;
        self.found += 1;
        if !self.certificates.iter().any(|c| c.der == read.der) {
            self.certificates.push(read);
        }
        Ok(())
    }
}

/// What DER is that is neither certificate nor key.
fn foreign(der: &[u8]) -> Option<What> {
    let fields = || Fields::of_sequence(der);
    if fields()?.oid() == Some(PKCS7_SIGNED) {
        return Some(What::Pkcs7("-inform DER "));
    }
    // PFX (RFC 7292 section 4): version, then a ContentInfo.
    let mut pfx = fields()?;
    let content = pfx.take(Tag::Integer).and_then(|_| pfx.open(Tag::Sequence));
    if content
        .and_then(|mut c| c.oid())
        .is_some_and(|oid| oid == PKCS7_DATA || oid == PKCS7_SIGNED)
    {
        return Some(What::Pkcs12);
    }
    // CertificationRequestInfo (RFC 2986 section 4.1) has a version of 0 and a name where a
    // certificate of version 1 has its serial number and an algorithm.
    let mut info = fields()?.open(Tag::Sequence)?;
    let version = info.take(Tag::Integer)?;
    let name_is_first = info.open(Tag::Sequence)?.oid().is_none();
    (version == [0] && name_is_first).then_some(What::Request)
}
