//! A request (PKCS#10) for a certificate that is got elsewhere, with a key that waits for it.

use super::Engine;
use super::failure::Failure;
use crate::config::Cert;
use crate::keys::{PrivateKey, Subject, request_pem};
use crate::store::Area;
use crate::types::{Identifier, KeyType, State};

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    /// The request, PEM.
    pub pem: String,
    /// The type of its key.
    pub key_type: KeyType,
    /// The key of an earlier request is used again.
    pub again: bool,
}

impl Engine<'_> {
    /// Makes a request for a section's names. Its key is kept until the certificate is uploaded; the
    /// key of an earlier request is used again unless `anew`. The caller holds the lock.
    pub fn request(
        &self,
        cert: &Cert,
        subject: &Subject,
        anew: bool,
    ) -> Result<Requested, Failure> {
        if cert.csr.is_some() {
            return Err(Failure::new(
                State::InternalError,
                "the section has a request of its own (option csr), whose key is kept elsewhere",
                "give that to the CA, or leave option csr out",
            ));
        }
        let area = Area::new(self.paths, &cert.name, false);
        let kept = area.requested_key()?.filter(|_| !anew);
        let key = match &kept {
            Some(pem) => PrivateKey::from_pem(&String::from_utf8_lossy(pem)).map_err(|e| {
                let text = format!("the key of the earlier request: {e}");
                Failure::new(State::InternalError, text, "--new-key makes another")
            })?,
            None => {
                let key = PrivateKey::generate(cert.key_type)?;
                area.put_requested_key(&key.to_pem())?;
                key
            }
        };
        let ids: Vec<Identifier> = cert.names.iter().map(|n| n.id.clone()).collect();
        Ok(Requested {
            pem: request_pem(&key.csr_of(subject, &ids)?),
            key_type: key.kind(),
            again: kept.is_some(),
        })
    }
}
