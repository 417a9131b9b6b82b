//! The account at a CA: found by its key, registered, kept up to date.

mod manage;
mod rollover;
mod words;

pub use manage::AccountStatus;
pub(super) use words::{external_wanted, refused, terms_changed};

use super::Engine;
use super::clients::Connected;
use super::failure::Failure;
use crate::acme::account::Registration;
use crate::acme::eab::{self, Binding};
use crate::acme::{self, AcmeError, Client};
use crate::config::{Account, External};
use crate::keys::AccountKey;
use crate::store::{AccountNote, AccountStore};
use crate::types::{AccountState, shown};

/// Hears what is being done.
pub(super) type Tell<'t> = &'t mut dyn FnMut(&str);

/// A CA's URLs are shown up to this length.
const SHOWN: usize = 200;

/// All that a request about an account needs.
pub(super) struct Registry<'a, 'e> {
    engine: &'a Engine<'e>,
    connected: &'a Connected<'e>,
    account: &'a Account,
    store: AccountStore,
}

impl<'a, 'e> Registry<'a, 'e> {
    pub fn new(engine: &'a Engine<'e>, connected: &'a Connected<'e>, account: &'a Account) -> Self {
        Self {
            engine,
            connected,
            account,
            store: AccountStore::new(engine.paths, &account.name, &account.directory),
        }
    }

    /// A client that signs for the account; it is registered if there is none.
    pub fn client(&self, tell: Tell<'_>) -> Result<Client<'a>, Failure> {
        let Some(key) = self.store.key()? else {
            self.ready()?;
            let key = AccountKey::generate()?;
            self.store.put_key(&key.to_pem())?;
            let mut client = self.unregistered(key);
            self.register(&mut client, tell)?;
            return Ok(client);
        };
        let mut client = self.unregistered(AccountKey::from_pem(&String::from_utf8_lossy(&key))?);
        let note = self.note()?;
        if let Some(note) = &note {
            words::usable(self.account, note.state)?;
            client.use_account(Some(note.url.clone()));
        }
        rollover::settle(self, &mut client, tell)?;
        match note {
            None => self.find(&mut client, tell)?,
            Some(note) if note.email != self.account.email => {
                tell("telling the CA the new contact");
                self.update(&mut client, note, tell)?;
            }
            Some(note) if note.state == AccountState::Pending => {
                let state = client.account_state().map_err(|e| self.refused(&e))?;
                self.keep(&AccountNote { state, ..note })?;
                words::usable(self.account, state)?;
            }
            Some(_) => {}
        }
        Ok(client)
    }

    fn unregistered(&self, key: AccountKey) -> Client<'a> {
        self.connected.client(self.engine.clock, key)
    }

    /// What is known of the account.
    fn note(&self) -> Result<Option<AccountNote>, Failure> {
        let note = self.store.note()?;
        Ok(note.filter(|note| note.directory == self.account.directory))
    }

    fn keep(&self, note: &AccountNote) -> Result<(), Failure> {
        Ok(self.store.put_note(note)?)
    }

    /// What a registration needs of the owner: the terms accepted, the account elsewhere named.
    pub fn ready(&self) -> Result<(), Failure> {
        let meta = &self.connected.directory.meta;
        if let Some(link) = self.terms()
            && !self.engine.config.global.accept_tos
        {
            return Err(words::terms_open(self.account, &link));
        }
        match &self.account.external {
            External::Given {
                kid,
                hmac_key: None,
            } => Err(words::key_missing(self.account, kid)),
            External::None if meta.external_account_required => {
                Err(words::external_missing(self.account))
            }
            _ => Ok(()),
        }
    }

    /// The link to the CA's terms.
    fn terms(&self) -> Option<String> {
        let link = self.connected.directory.meta.terms_of_service.as_ref();
        link.map(|link| shown(link, SHOWN))
    }

    /// Whether the account can be used, or made by the next run.
    pub fn check(&self) -> Result<(), Failure> {
        match self.note()? {
            Some(note) => words::usable(self.account, note.state),
            None => self.ready(),
        }
    }

    /// Finds the account that the key has: a reply was lost, or the note.
    fn find(&self, client: &mut Client<'_>, tell: Tell<'_>) -> Result<(), Failure> {
        tell(&format!(
            "looking for the key's account at {}",
            self.account.ca
        ));
        match client.find() {
            Ok(found) => self.registered(&found, None),
            Err(e) if e.is_definite() => self.register(client, tell),
            Err(e) => Err(self.refused(&e)),
        }
    }

    /// Makes an account of the client's key.
    pub fn register(&self, client: &mut Client<'_>, tell: Tell<'_>) -> Result<(), Failure> {
        self.ready()?;
        let binding = self.binding(tell)?;
        tell(&format!("registering with {}", self.account.ca));
        let made = client.register(Registration {
            email: self.account.email.as_deref(),
            terms_agreed: self.engine.config.global.accept_tos,
            binding: binding.as_ref(),
        });
        match made {
            Ok(made) => self.registered(&made, binding.as_ref()),
            Err(e) if e.is_definite() => self.declined(client, binding.as_ref(), &e),
            Err(e) => Err(self.refused(&e)),
        }
    }

    /// The CA said no. If an earlier reply was lost, it has the account all the same, and what was
    /// handed out for one use is used; else a key without account is of no use.
    fn declined(
        &self,
        client: &mut Client<'_>,
        binding: Option<&Binding>,
        error: &AcmeError,
    ) -> Result<(), Failure> {
        match client.find() {
            Ok(found) => return self.registered(&found, binding),
            Err(e) if e.is_definite() && self.store.note()?.is_none() => self.store.forget()?,
            Err(_) => {}
        }
        Err(words::not_registered(self.account, error))
    }

    /// What the account elsewhere is proven with.
    fn binding(&self, tell: Tell<'_>) -> Result<Option<Binding>, Failure> {
        match (&self.account.external, &self.account.email) {
            (
                External::Given {
                    kid,
                    hmac_key: Some(key),
                },
                _,
            ) => Ok(Binding::new(kid, key)),
            (External::ByEmail { endpoint }, Some(email)) => {
                let ca = &self.account.ca;
                tell(&format!("asking {ca} for an external account of {email}"));
                let now = self.engine.clock.now();
                let made = eab::by_email(&self.connected.transport, now, endpoint, email);
                made.map(Some).map_err(|e| self.refused(&e))
            }
            _ => Ok(None),
        }
    }

    /// Keeps what the CA said of the account.
    fn registered(
        &self,
        account: &acme::Account,
        binding: Option<&Binding>,
    ) -> Result<(), Failure> {
        words::usable(self.account, account.state)?;
        let eab_kid = match (&self.account.external, binding) {
            (_, Some(binding)) => Some(binding.kid.clone()),
            (External::Given { kid, .. }, None) => Some(kid.clone()),
            _ => None,
        };
        self.keep(&AccountNote {
            url: account.url.clone(),
            directory: self.account.directory.clone(),
            email: self.account.email.clone(),
            created: self.engine.clock.now().0,
            state: account.state,
            terms: self.terms(),
            eab_kid,
        })
    }

    /// Tells the CA the contact (RFC 8555 section 7.3.2).
    fn update(
        &self,
        client: &mut Client<'_>,
        note: AccountNote,
        tell: Tell<'_>,
    ) -> Result<(), Failure> {
        match client.update_contact(self.account.email.as_deref()) {
            Ok(state) => self.keep(&AccountNote {
                email: self.account.email.clone(),
                state,
                ..note
            }),
            // The CA lost the account (staging servers do); the key makes it again.
            Err(e) if e.kind() == "accountDoesNotExist" => self.register(client, tell),
            Err(e) => Err(self.refused(&e)),
        }
    }

    /// Notes it where the CA says that the account has ended.
    pub fn look_for_end(&self, error: &AcmeError) -> Result<(), Failure> {
        if !words::is_ended(error) {
            return Ok(());
        }
        if let Some(note) = self.note()? {
            let state = AccountState::Deactivated;
            self.keep(&AccountNote { state, ..note })?;
        }
        Err(self.refused(error))
    }

    fn refused(&self, error: &AcmeError) -> Failure {
        refused(self.account, error)
    }
}
