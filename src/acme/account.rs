//! Accounts (RFC 8555 section 7.3).

use super::client::{Client, JSON_MAX, location};
use super::eab::Binding;
use super::error::AcmeError;
use super::jws::{self, KeyId};
use crate::keys::AccountKey;
use crate::types::{AccountState, Response, read_json};
use serde_json::{Map, Value, json};

/// What a new account is made with.
#[derive(Clone, Copy, Debug)]
pub struct Registration<'a> {
    /// Contact address.
    pub email: Option<&'a str>,
    /// The owner agreed to the terms.
    pub terms_agreed: bool,
    /// The account elsewhere that it shall belong to.
    pub binding: Option<&'a Binding>,
}

/// An account that the CA has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its URL.
    pub url: String,
    /// How it fares.
    pub state: AccountState,
}

/// What a CA says of an account, as far as it matters.
fn state(reply: &Response) -> AccountState {
    let document = read_json(&reply.body).unwrap_or_default();
    AccountState::of(document["status"].as_str().unwrap_or_default())
}

fn contact(email: Option<&str>) -> Value {
    email.map_or_else(|| json!([]), |email| json!([format!("mailto:{email}")]))
}

impl Client<'_> {
    /// Makes an account of the client's key, or finds the one that the key has already
    /// (section 7.3.1), and uses it from then on.
    pub fn register(&mut self, registration: Registration<'_>) -> Result<Account, AcmeError> {
        let mut payload = Map::new();
        if registration.email.is_some() {
            payload.insert("contact".into(), contact(registration.email));
        }
        if registration.terms_agreed {
            payload.insert("termsOfServiceAgreed".into(), true.into());
        }
        if let Some(binding) = registration.binding {
            let url = &self.directory.new_account;
            let jws = jws::vouch(&binding.kid, &binding.mac_key, url, &self.key().jwk());
            let jws = read_json(jws.as_bytes()).unwrap_or_default();
            payload.insert("externalAccountBinding".into(), jws);
        }
        self.new_account(&Value::Object(payload))
    }

    /// Finds the account that the client's key has (section 7.3.1), and uses it from then on.
    pub fn find(&mut self) -> Result<Account, AcmeError> {
        self.new_account(&json!({"onlyReturnExisting": true}))
    }

    fn new_account(&mut self, payload: &Value) -> Result<Account, AcmeError> {
        self.use_account(None);
        let url = &self.directory.new_account;
        let reply = self.post(url, &payload.to_string(), JSON_MAX)?;
        let url = location(&reply, "account")?;
        self.use_account(Some(url.clone()));
        Ok(Account {
            url,
            state: state(&reply),
        })
    }

    /// Changes the account's contact (section 7.3.2).
    pub fn update_contact(&self, email: Option<&str>) -> Result<AccountState, AcmeError> {
        self.change(&json!({ "contact": contact(email) }))
    }

    /// Ends the account for good (section 7.3.6).
    pub fn deactivate(&self) -> Result<AccountState, AcmeError> {
        self.change(&json!({"status": "deactivated"}))
    }

    fn change(&self, what: &Value) -> Result<AccountState, AcmeError> {
        let url = self.account().unwrap_or_default();
        let reply = self.post(url, &what.to_string(), JSON_MAX)?;
        Ok(state(&reply))
    }

    /// What the CA says of the account, if it knows the client's key for it.
    pub fn account_state(&self) -> Result<AccountState, AcmeError> {
        let reply = self.get(self.account().unwrap_or_default(), JSON_MAX)?;
        Ok(state(&reply))
    }

    /// Gives the account another key (section 7.3.5). The client signs with the old one still.
    pub fn change_key(&self, new: &AccountKey) -> Result<(), AcmeError> {
        let url = self.directory.key_change.as_deref().unwrap_or_default();
        let account = self.account().unwrap_or_default();
        let payload = format!(
            r#"{{"account":{},"oldKey":{}}}"#,
            json!(account),
            self.key().jwk()
        );
        let inner = jws::sign(new, &KeyId::Jwk, url, None, &payload);
        self.post(url, &inner, JSON_MAX).map(drop)
    }
}
