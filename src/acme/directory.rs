//! The directory (RFC 8555 section 7.1.1).

use super::client::{JSON_MAX, check_url, fetch};
use super::error::AcmeError;
use crate::types::{Clock, FromJson, Members, Timestamp, Transport};
use serde_json::Value;
use std::collections::BTreeSet;

/// Where a CA's resources are, and what it says of itself.
#[derive(Clone, Debug)]
pub struct Directory {
    pub(super) new_nonce: String,
    pub(super) new_account: String,
    pub(super) new_order: String,
    pub(super) key_change: Option<String>,
    /// Where certificates are revoked; some CAs have no such place.
    pub(super) revoke_cert: Option<String>,
    /// Renewal information (RFC 9773); `None` where the CA gives none.
    pub(super) renewal_info: Option<String>,
    /// What it says of itself.
    pub meta: Meta,
    /// The CA's clock, from the reply's Date.
    pub date: Option<Timestamp>,
}

impl FromJson for Directory {
    fn read(value: Value) -> Option<Self> {
        let mut members = Members::of(value);
        let read = Self {
            new_nonce: members.must("newNonce"),
            new_account: members.must("newAccount"),
            new_order: members.must("newOrder"),
            key_change: members.may("keyChange"),
            revoke_cert: members.may("revokeCert"),
            renewal_info: members.may("renewalInfo"),
            meta: members.may("meta"),
            date: None,
        };
        members.made(read)
    }
}

/// The directory's metadata; whatever else stands there is passed over.
#[derive(Clone, Debug, Default)]
pub struct Meta {
    /// The terms' URL.
    pub terms_of_service: Option<String>,
    /// The names by which CAA records allow the CA.
    pub caa_identities: Vec<String>,
    /// Registration wants an external account.
    pub external_account_required: bool,
    /// Profiles by name (draft-ietf-acme-profiles).
    pub profiles: BTreeSet<String>,
}

impl FromJson for Meta {
    fn read(value: Value) -> Option<Self> {
        let mut members = Members::of(value);
        let profiles = match members.take("profiles") {
            Value::Object(all) => all.into_iter().map(|(name, _)| name).collect(),
            _ => BTreeSet::new(),
        };
        let read = Self {
            terms_of_service: members.may("termsOfService"),
            caa_identities: members.may("caaIdentities"),
            external_account_required: members.may("externalAccountRequired"),
            profiles,
        };
        members.made(read)
    }
}

impl Directory {
    /// True if accounts can be given other keys (RFC 8555 section 7.3.5).
    pub fn changes_keys(&self) -> bool {
        self.key_change.is_some()
    }

    /// True if the CA says when it wants certificates renewed (RFC 9773).
    pub fn has_renewal_info(&self) -> bool {
        self.renewal_info.is_some()
    }

    /// Fetches a CA's directory.
    pub fn fetch(
        transport: &dyn Transport,
        clock: &dyn Clock,
        url: &str,
    ) -> Result<Self, AcmeError> {
        let reply = fetch(transport, clock, url, JSON_MAX)?;
        let mut directory = Self::parse(&reply.body).ok_or_else(|| {
            AcmeError::Protocol(format!("{url} is no ACME directory: check the URL"))
        })?;
        for resource in [
            &directory.new_nonce,
            &directory.new_account,
            &directory.new_order,
        ] {
            check_url(resource)?;
        }
        // Certificates come without it.
        directory.renewal_info = directory.renewal_info.filter(|u| check_url(u).is_ok());
        directory.date = reply.header("date").and_then(Timestamp::parse_http_date);
        Ok(directory)
    }
}
