//! Orders, authorizations and challenges (RFC 8555 sections 7.1.3–7.1.5, 7.4, 7.5).

use super::client::{Client, JSON_MAX, check_url, location};
use super::error::AcmeError;
use super::problem::Problem;
use crate::keys::base64url;
use crate::types::{FromJson, Identifier, Members, Response, Timestamp};
use ring::digest;
use serde_json::{Value, json};
use std::time::Duration;

/// Tokens have at least 128 bits of entropy (section 8.1), which needs 22 characters; none of the
/// CAs uses more than 43.
const TOKEN_MAX: usize = 128;
/// The first pause between two looks at an order, and the longest that we choose ourselves.
const POLL_FIRST: Duration = Duration::from_millis(50);
const POLL_LAST: Duration = Duration::from_secs(5);

/// The status of an order, authorization or challenge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// The CA waits for us.
    #[default]
    Pending,
    /// An order whose authorizations are all valid.
    Ready,
    /// The CA is at work.
    Processing,
    /// Done.
    Valid,
    /// Failed.
    Invalid,
    /// Whatever else a CA says.
    Other(String),
}

impl Status {
    /// What a CA calls it; what RFC 8555 does not know is not repeated.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Processing => "processing",
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Other(_) => "unknown",
        }
    }
}

impl FromJson for Status {
    fn read(value: Value) -> Option<Self> {
        let text = String::read(value)?;
        Some(match text.as_str() {
            "pending" => Self::Pending,
            "ready" => Self::Ready,
            "processing" => Self::Processing,
            "valid" => Self::Valid,
            "invalid" => Self::Invalid,
            _ => Self::Other(text),
        })
    }
}

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its URL.
    pub url: String,
    /// How far it is.
    pub status: Status,
    /// When the CA forgets it, RFC 3339.
    pub expires: Option<String>,
    /// The authorizations' URLs.
    pub authorizations: Vec<String>,
    finalize: String,
    certificate: Option<String>,
    /// Why it failed.
    pub error: Option<Problem>,
    /// When the CA wants to be asked again.
    pub retry_after: Option<Timestamp>,
}

impl FromJson for Order {
    fn read(value: Value) -> Option<Self> {
        let mut members = Members::of(value);
        let read = Self {
            url: String::new(),
            status: members.must("status"),
            expires: members.may("expires"),
            authorizations: members.may("authorizations"),
            finalize: members.must("finalize"),
            certificate: members.may("certificate"),
            error: members.may("error"),
            retry_after: None,
        };
        members.made(read)
    }
}

impl Order {
    /// The URL of the certificate, once there is one.
    pub(super) fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }
}

/// The CA's question about one identifier.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// The identifier's type, and its value without `*.`.
    kind: String,
    value: String,
    /// How far it is.
    pub status: Status,
    /// The ways to answer.
    pub challenges: Vec<Challenge>,
    /// It is for the wildcard.
    pub wildcard: bool,
}

impl FromJson for Authorization {
    fn read(value: Value) -> Option<Self> {
        let mut members = Members::of(value);
        let mut identifier = Members::of(members.take("identifier"));
        let read = Self {
            kind: identifier.must("type"),
            value: identifier.must("value"),
            status: members.must("status"),
            challenges: members.may("challenges"),
            wildcard: members.may("wildcard"),
        };
        identifier.made(())?;
        members.made(read)
    }
}

impl Authorization {
    /// True if it is about this identifier.
    pub fn is_for(&self, id: &Identifier) -> bool {
        let value = &self.value;
        let (same, wildcard) = match id {
            Identifier::Dns(name) => {
                let same = value.eq_ignore_ascii_case(name.base());
                (same, name.is_wildcard())
            }
            // An IPv6 address has many forms (RFC 8738 section 3).
            Identifier::Ip(address) => (value.parse() == Ok(*address), false),
        };
        self.kind == id.kind() && same && self.wildcard == wildcard
    }

    /// The challenge of that type.
    pub fn challenge(&self, kind: &str) -> Option<&Challenge> {
        self.challenges.iter().find(|c| c.kind == kind)
    }
}

/// One way to answer an authorization.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// Its type, such as `http-01`.
    pub kind: String,
    url: String,
    /// How far it is.
    pub status: Status,
    token: String,
    /// dns-persist-01: the CA's names for itself, by the drafts' spellings, and its URL of the account.
    issuers: Vec<String>,
    issuers_renamed: Vec<String>,
    account: Option<String>,
    /// Why it failed.
    pub error: Option<Problem>,
}

impl FromJson for Challenge {
    fn read(value: Value) -> Option<Self> {
        let mut members = Members::of(value);
        let read = Self {
            kind: members.must("type"),
            url: members.must("url"),
            status: members.may("status"),
            token: members.may("token"),
            issuers: members.may("issuer-domain-names"),
            issuers_renamed: members.may("issuerDomainNames"),
            account: members.may("accounturi"),
            error: members.may("error"),
        };
        members.made(read)
    }
}

impl Challenge {
    /// The CA's names for itself (draft-ietf-acme-dns-persist section 3.1).
    pub fn issuers(&self) -> &[String] {
        match self.issuers.is_empty() {
            true => &self.issuers_renamed,
            false => &self.issuers,
        }
    }

    /// The account as the CA wants it named in a record, if it says so.
    pub fn account_uri(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The token. It becomes a file's name, so nothing but base64url may stand in it.
    pub fn token(&self) -> Result<&str, AcmeError> {
        let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        if self.token.is_empty() || self.token.len() > TOKEN_MAX || !self.token.bytes().all(plain) {
            return Err(AcmeError::Protocol(
                "the CA sent a token that is not base64url; certkeeper does not use it".into(),
            ));
        }
        Ok(&self.token)
    }
}

impl Client<'_> {
    /// Asks for a certificate (section 7.4), the successor of the one named by its [`super::ari::cert_id`]
    /// (RFC 9773 section 5).
    pub fn new_order(
        &self,
        identifiers: &[Identifier],
        profile: Option<&str>,
        replaces: Option<&str>,
    ) -> Result<Order, AcmeError> {
        let list: Vec<Value> = identifiers
            .iter()
            .map(|id| json!({"type": id.kind(), "value": id.to_string()}))
            .collect();
        let mut payload = json!({ "identifiers": list });
        if let Some(profile) = profile {
            payload["profile"] = profile.into();
        }
        if let Some(former) = replaces {
            payload["replaces"] = former.into();
        }
        let reply = self.post(&self.directory.new_order, &payload.to_string(), JSON_MAX)?;
        let url = location(&reply, "order")?;
        self.order_from(&url, &reply)
    }

    /// Reads an order.
    pub fn order(&self, url: &str) -> Result<Order, AcmeError> {
        let reply = self.get(url, JSON_MAX)?;
        self.order_from(url, &reply)
    }

    fn order_from(&self, url: &str, reply: &Response) -> Result<Order, AcmeError> {
        check_url(url)?;
        let mut order: Order = read(reply, "order")?;
        order.url = url.to_owned();
        order.retry_after = reply.retry_after(self.now());
        Ok(order)
    }

    /// Reads an authorization (section 7.5).
    pub fn authorization(&self, url: &str) -> Result<Authorization, AcmeError> {
        let reply = self.get(url, JSON_MAX)?;
        read(&reply, "authorization")
    }

    /// Gives an authorization up (section 7.5.2).
    pub fn deactivate_authorization(&self, url: &str) -> Result<(), AcmeError> {
        let payload = json!({"status": "deactivated"}).to_string();
        self.post(url, &payload, JSON_MAX).map(drop)
    }

    /// Tells the CA that a challenge is answered (section 7.5.1).
    pub fn answer(&self, challenge: &Challenge) -> Result<(), AcmeError> {
        self.post(&challenge.url, "{}", JSON_MAX).map(drop)
    }

    /// Sends the CSR (section 7.4).
    pub fn finalize(&self, order: &Order, csr: &[u8]) -> Result<Order, AcmeError> {
        let payload = json!({ "csr": base64url(csr) }).to_string();
        let reply = self.post(&order.finalize, &payload, JSON_MAX)?;
        self.order_from(&order.url, &reply)
    }

    /// Reads the order until it leaves the given states: at once, then in growing intervals, or
    /// when Retry-After says. `Err` holds the order as last seen when `until` would pass first.
    pub fn wait(
        &self,
        url: &str,
        busy: &[Status],
        until: Timestamp,
    ) -> Result<Result<Order, Order>, AcmeError> {
        let mut pause = POLL_FIRST;
        loop {
            let order = self.order(url)?;
            if !busy.contains(&order.status) {
                return Ok(Ok(order));
            }
            let now = self.now();
            let asked = order
                .retry_after
                .map(|at| at.since(now).max(0).unsigned_abs());
            let next = asked.map_or(pause, |seconds| pause.max(Duration::from_secs(seconds)));
            let left = Duration::from_secs(until.since(now).max(0).unsigned_abs());
            if next >= left {
                // It is not asked before it wants to, but may look at us until then.
                self.sleep(left)?;
                return Ok(Err(order));
            }
            self.sleep(next)?;
            pause = (pause * 2).min(POLL_LAST);
        }
    }

    /// What the CA expects to find for a token (section 8.1).
    pub fn key_authorization(&self, token: &str) -> String {
        format!("{token}.{}", self.key().thumbprint())
    }

    /// The value of the TXT record for a token (section 8.4).
    pub fn txt_value(&self, token: &str) -> String {
        let text = self.key_authorization(token);
        base64url(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
    }
}

fn read<T: FromJson>(reply: &Response, what: &str) -> Result<T, AcmeError> {
    T::parse(&reply.body)
        .ok_or_else(|| AcmeError::Protocol(format!("the CA's reply is not an {what} (RFC 8555)")))
}
