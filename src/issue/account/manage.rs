//! What an owner does with accounts: look, register, tell the contact, change the key, end, forget.

use super::{Registry, rollover, words};
use crate::config::{Account, External};
use crate::issue::Engine;
use crate::issue::clients::Clients;
use crate::issue::failure::Failure;
use crate::store::{AccountNote, AccountStore};
use crate::types::{AccountState, SectionName, State};
use std::sync::Arc;

/// An account as it stands here. The CA is not asked.
#[derive(Debug)]
pub struct AccountStatus {
    /// The account; of one that is no longer configured what is left.
    pub account: Arc<Account>,
    /// It is configured.
    pub configured: bool,
    /// It has files here: a key at least.
    pub kept: bool,
    /// What the CA said of it, once it is registered.
    pub note: Option<AccountNote>,
    /// The sections that name it.
    pub sections: Vec<SectionName>,
    store: AccountStore,
}

impl AccountStatus {
    /// How it fares.
    pub fn state(&self) -> AccountState {
        let note = self.note.as_ref();
        note.map_or(AccountState::Pending, |note| note.state)
    }
}

impl<'e> Engine<'e> {
    /// Every account: those that are configured, then those that are kept all the same.
    pub fn accounts(&self) -> Vec<AccountStatus> {
        let mut all = Vec::new();
        let stored = AccountStore::all(self.paths);
        for account in self.config.accounts() {
            let store = AccountStore::new(self.paths, &account.name, &account.directory);
            let certs = self.config.certs.iter();
            let sections: Vec<SectionName> = certs
                .filter(|cert| cert.accounts().any(|listed| listed == account))
                .map(|cert| cert.name.clone())
                .collect();
            let kept = stored.iter().any(|(_, s)| *s == store);
            // A staging server that nobody asks for is no account.
            if account.staging && sections.is_empty() && !kept {
                continue;
            }
            all.push(AccountStatus {
                account: account.clone(),
                configured: true,
                kept,
                note: store.note().ok().flatten(),
                sections,
                store,
            });
        }
        for (name, store) in stored {
            if all.iter().any(|known| known.store == store) {
                continue;
            }
            let note = store.note().ok().flatten();
            let directory = note.as_ref().map_or("", |note| note.directory.as_str());
            all.push(AccountStatus {
                account: Arc::new(Account::former(&name, directory)),
                configured: false,
                kept: true,
                note,
                sections: Vec::new(),
                store,
            });
        }
        all
    }

    /// Says that a secret has done its work: an account elsewhere is proven once.
    pub(in crate::issue) fn spare_key(&self, account: &Account) -> Option<String> {
        let External::Given {
            hmac_key: Some(_), ..
        } = &account.external
        else {
            return None;
        };
        let name = &account.name;
        let store = AccountStore::new(self.paths, name, &account.directory);
        store.note().ok().flatten()?;
        Some(format!(
            "account '{name}' is registered, so eab_hmac_key is no longer needed: \
             `uci delete certkeeper_secrets.{name}.eab_hmac_key` and `uci commit certkeeper_secrets` remove it"
        ))
    }

    /// Registers an account, or finds it; the note tells of it.
    pub fn register_account(
        &self,
        account: &Account,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Option<AccountNote>, Failure> {
        self.with(account, |registry| {
            registry.client(tell)?;
            registry.note()
        })
    }

    /// Tells the CA the contact that is configured, whether it changed or not.
    pub fn update_account(
        &self,
        account: &Account,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), Failure> {
        self.with(account, |registry| {
            let note = registered(registry)?;
            let mut client = registry.client(tell)?;
            match note.email == account.email {
                true => registry.update(&mut client, note, tell),
                // It was told on the way.
                false => Ok(()),
            }
        })
    }

    /// Gives an account another key.
    pub fn change_account_key(
        &self,
        account: &Account,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), Failure> {
        if account.facts().is_some_and(|ca| !ca.rollover) {
            return Err(words::keys_stay(account));
        }
        self.with(account, |registry| {
            registered(registry)?;
            let mut client = registry.client(tell)?;
            rollover::change(registry, &mut client, tell)
        })
    }

    /// Ends an account at the CA (RFC 8555 section 7.3.6).
    pub fn deactivate_account(
        &self,
        account: &Account,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), Failure> {
        self.with(account, |registry| {
            registered(registry)?;
            let client = registry.client(tell)?;
            tell("telling the CA that the account ends");
            match client.deactivate() {
                // The first reply was lost, or somebody else ended it.
                Err(e) if !words::is_ended(&e) => Err(registry.refused(&e)),
                _ => registry.keep(&AccountNote {
                    state: AccountState::Deactivated,
                    ..registered(registry)?
                }),
            }
        })
    }

    /// Forgets an account here; the CA is not told.
    pub fn forget_account(&self, status: &AccountStatus) -> Result<(), Failure> {
        Ok(status.store.forget()?)
    }

    fn with<T>(
        &self,
        account: &Account,
        work: impl FnOnce(&Registry<'_, 'e>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let connected = Clients::default().connect(self, account)?;
        work(&Registry::new(self, &connected, account))
    }
}

/// What is known of an account that must be registered.
fn registered(registry: &Registry<'_, '_>) -> Result<AccountNote, Failure> {
    let account = registry.account;
    registry.note()?.ok_or_else(|| {
        let text = format!(
            "account '{}' is not registered with {} yet",
            account.name, account.ca
        );
        let remedy = format!("`certkeeper account register {}` does it", account.words());
        Failure::new(State::NotChecked, text, remedy)
    })
}
