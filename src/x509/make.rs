//! Certificates of our own making (RFC 5280 section 4.1).

use crate::keys::{KeyError, PrivateKey};
use crate::types::Timestamp;
use der::asn1::{BitString, GeneralizedTime, ObjectIdentifier, SetOfVec, UtcTime, Utf8StringRef};
use der::{DateTime, Encode as _};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::time::Duration;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::ext::Extension;
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};
use x509_cert::{TbsCertificate, Version};

/// commonName (X.520).
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// Octets of a serial number: at most 20 (section 4.1.2.2).
const SERIAL: usize = 16;

/// What is to stand in a certificate, besides its key.
pub(crate) struct Draft {
    pub issuer: Name,
    pub subject: Name,
    pub begin: Timestamp,
    pub end: Timestamp,
    pub extensions: Vec<Extension>,
}

impl Draft {
    /// The certificate of `key`, signed by `by`, DER.
    pub fn sign(self, key: &PrivateKey, by: &PrivateKey) -> Result<Vec<u8>, KeyError> {
        let mut serial = [0; SERIAL];
        SystemRandom::new()
            .fill(&mut serial)
            .map_err(|_| KeyError::Random)?;
        // Positive, and without a leading zero.
        serial[0] = serial[0] & 0x7f | 0x40;
        let algorithm = by.signature_algorithm();
        let tbs = || -> der::Result<TbsCertificate> {
            Ok(TbsCertificate {
                version: Version::V3,
                serial_number: SerialNumber::new(&serial)?,
                signature: algorithm.clone(),
                issuer: self.issuer,
                validity: Validity {
                    not_before: time(self.begin)?,
                    not_after: time(self.end)?,
                },
                subject: self.subject,
                subject_public_key_info: key.public_key_info()?,
                issuer_unique_id: None,
                subject_unique_id: None,
                extensions: Some(self.extensions),
            })
        };
        let tbs = tbs().map_err(|_| KeyError::Sign)?;
        let signature = by.sign(&tbs.to_der().map_err(|_| KeyError::Sign)?)?;
        BitString::from_bytes(&signature)
            .and_then(|signature| {
                let certificate = x509_cert::Certificate {
                    tbs_certificate: tbs,
                    signature_algorithm: algorithm.clone(),
                    signature,
                };
                certificate.to_der()
            })
            .map_err(|_| KeyError::Sign)
    }
}

/// UTCTime until 2049, GeneralizedTime after (section 4.1.2.5).
fn time(at: Timestamp) -> der::Result<Time> {
    let seconds = Duration::from_secs(at.0.max(0).unsigned_abs());
    let date = DateTime::from_unix_duration(seconds)?;
    Ok(match UtcTime::from_date_time(date) {
        Ok(utc) => Time::UtcTime(utc),
        Err(_) => Time::GeneralTime(GeneralizedTime::from_date_time(date)),
    })
}

/// A name of a common name alone.
pub(crate) fn common_name(name: &str) -> der::Result<Name> {
    let part = AttributeTypeAndValue {
        oid: COMMON_NAME,
        value: Utf8StringRef::new(name)?.into(),
    };
    let mut set = SetOfVec::new();
    set.insert(part)?;
    Ok(RdnSequence(vec![RelativeDistinguishedName(set)]))
}
