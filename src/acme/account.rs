//! Accounts (RFC 8555 section 7.3).

use super::client::{AcmeError, Client, JSON_MAX, location};
use serde_json::{Map, Value, json};

/// What a new account is made with.
#[derive(Clone, Copy, Debug)]
pub struct Registration<'a> {
    /// Contact address.
    pub email: Option<&'a str>,
    /// The owner agreed to the terms.
    pub terms_agreed: bool,
}

impl Registration<'_> {
    fn contact(&self) -> Value {
        match self.email {
            Some(email) => json!([format!("mailto:{email}")]),
            None => json!([]),
        }
    }
}

impl Client<'_> {
    /// Makes an account of the client's key, or finds the one that the key has already
    /// (section 7.3.1), and uses it from then on. Returns its URL.
    pub fn register(&mut self, registration: Registration<'_>) -> Result<String, AcmeError> {
        self.use_account(None);
        let mut payload = Map::new();
        if registration.email.is_some() {
            payload.insert("contact".into(), registration.contact());
        }
        if registration.terms_agreed {
            payload.insert("termsOfServiceAgreed".into(), true.into());
        }
        let payload = Value::Object(payload).to_string();
        let reply = self.post(&self.directory.new_account, &payload, JSON_MAX)?;
        let url = location(&reply, "account")?;
        self.use_account(Some(url.clone()));
        Ok(url)
    }

    /// Changes the account's contact (section 7.3.2).
    pub fn update_contact(&self, registration: Registration<'_>) -> Result<(), AcmeError> {
        let url = self.account().unwrap_or_default();
        let payload = json!({ "contact": registration.contact() }).to_string();
        self.post(url, &payload, JSON_MAX).map(drop)
    }
}
