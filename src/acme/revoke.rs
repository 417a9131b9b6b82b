//! Revocation (RFC 8555 section 7.6).

use super::client::{Client, JSON_MAX};
use super::error::AcmeError;
use crate::keys::base64url;
use crate::types::Reason;
use serde_json::json;

impl Client<'_> {
    /// Revokes a certificate (DER): as the account, or by the certificate's own key where that is the
    /// client's and no account is used.
    pub fn revoke(&self, certificate: &[u8], reason: Reason) -> Result<(), AcmeError> {
        let Some(url) = &self.directory.revoke_cert else {
            let text = "the CA's directory names no place for revocations (revokeCert)";
            return Err(AcmeError::Protocol(text.into()));
        };
        let mut payload = json!({ "certificate": base64url(certificate) });
        if reason != Reason::Unspecified {
            payload["reason"] = reason.code().into();
        }
        self.post(url, &payload.to_string(), JSON_MAX).map(drop)
    }
}
