//! Accounts: `config account` sections and presets used by name.

use super::account::{Account, complete, directory, host, of_preset};
use super::mistake::Mistake;
use super::reader::Reader;
use super::{Files, Global, external};
use crate::acme::ca::{PRESETS, Preset, preset};
use crate::types::{Paths, nearest};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Accounts by name and staging: what was made of each, or why it cannot be used.
pub(super) type Made = BTreeMap<(String, bool), Result<Arc<Account>, String>>;

/// What is read of an account before a certificate asks for it, and what was made of it.
pub(super) struct Accounts<'a> {
    files: &'a Files<'a>,
    global: &'a Global,
    paths: &'a Paths,
    made: Made,
}

impl<'a> Accounts<'a> {
    pub fn new(files: &'a Files<'a>, global: &'a Global, paths: &'a Paths) -> Self {
        Self {
            files,
            global,
            paths,
            made: Made::new(),
        }
    }

    /// The account of that name for a certificate, its staging counterpart if asked.
    pub fn get(
        &mut self,
        name: &str,
        staging: bool,
        reader: &mut Reader<'_>,
    ) -> Option<Arc<Account>> {
        let key = (name.to_owned(), staging);
        if let Some(made) = self.made.get(&key) {
            return match made {
                Ok(account) => Some(account.clone()),
                Err(why) => {
                    reader.inherit(why);
                    None
                }
            };
        }
        let before = reader.failed.take();
        let account = self.make(name, staging, reader).map(Arc::new);
        let outcome = match (&account, &reader.failed) {
            (Some(account), None) => Ok(account.clone()),
            (_, why) => Err(why.clone().unwrap_or_else(|| format!("account '{name}'"))),
        };
        reader.failed = before.or(reader.failed.take());
        let account = outcome.clone().ok();
        // A mistake in the account's own section is told once, one in the certificate's each time.
        if account.is_some() || self.files.get("account", name).is_some() {
            self.made.insert(key, outcome);
        }
        account
    }

    /// All that were made, with those that no certificate asked for. What is wrong with these keeps
    /// nothing from running.
    pub fn finish(mut self, mistakes: &mut Vec<Mistake>) -> Made {
        let sections = self.files.main.iter().filter(|s| s.kind == "account");
        for section in sections {
            let Some(name) = section.name.as_deref() else {
                continue;
            };
            for staging in [false, true] {
                let mut unused = Vec::new();
                self.get(name, staging, &mut Reader::new(section, &mut unused));
                // That there is no staging server matters to nobody then.
                if !staging {
                    mistakes.extend(unused.into_iter().map(Mistake::warning));
                }
            }
        }
        self.made
    }

    fn make(&self, name: &str, staging: bool, reader: &mut Reader<'_>) -> Option<Account> {
        if let Some(section) = self.files.get("account", name) {
            return reader.within(section, |own| self.own(name, staging, own));
        }
        let Some(ca) = preset(name) else {
            let known = self.files.main.iter().filter(|s| s.kind == "account");
            let known = known.filter_map(|s| s.name.as_deref());
            let meant = nearest(name, known.chain(PRESETS.iter().map(|p| p.name)));
            let meant = meant.map(|m| format!("; did you mean '{m}'?"));
            reader.wrong(
                "account",
                name,
                format!(
                    "neither a 'config account' section nor a known CA (`certkeeper cas` lists them){}",
                    meant.unwrap_or_default()
                ),
            );
            return None;
        };
        of_preset(name, ca, staging, self.global).map_or_else(
            |why| {
                reader.wrong("account", name, why);
                None
            },
            Some,
        )
    }

    fn own(&self, name: &str, staging: bool, own: &mut Reader<'_>) -> Option<Account> {
        if !name
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-')
        {
            own.fail("an account's name has letters, digits, - and _");
        }
        let ca_file = own.path("ca_file", self.paths);
        let email = own.email("email");
        let email = email.or_else(|| self.global.account_email.clone());
        let given = external::read(own, self.files, name);
        let (used, directory) = self.server(staging, own)?;
        let ca = match used {
            Some(used) => used.title,
            None => host(&directory)?,
        };
        let account = Account {
            section: true,
            staging,
            preset: used.map(|used| used.name),
            ca_file,
            email,
            external: given,
            public: used.is_some(),
            ..Account::plain(name, &directory, ca)
        };
        match complete(account) {
            Ok(account) => Some(account),
            Err(why) => {
                own.fail(why);
                None
            }
        }
    }

    /// The CA and the directory that a section names.
    fn server(
        &self,
        staging: bool,
        own: &mut Reader<'_>,
    ) -> Option<(Option<&'static Preset>, String)> {
        let ca = own.text("ca");
        if let Some(ca) = ca.as_deref().filter(|ca| preset(ca).is_none()) {
            let meant = nearest(ca, PRESETS.iter().map(|p| p.name));
            let meant = meant.map(|m| format!("; did you mean '{m}'?"));
            own.wrong(
                "ca",
                ca,
                format!(
                    "not a known CA; `certkeeper cas` lists them, acme_server takes any other{}",
                    meant.unwrap_or_default()
                ),
            );
            return None;
        }
        let known = ca.as_deref().and_then(preset);
        let test = own.text("staging_server");
        let Some(url) = own.text("acme_server") else {
            if let Some(test) = &test {
                let text = "it counts beside acme_server alone: of the CAs known by name the staging server is known, too";
                own.warn("staging_server", Some(test), text);
            }
            let Some(known) = known else {
                own.fail(
                    "option ca (a name from `certkeeper cas`) or option acme_server (a URL) is wanted",
                );
                return None;
            };
            return match directory(known, staging) {
                Ok(used) => Some((Some(used), used.directory.to_owned())),
                Err(why) => {
                    own.wrong("ca", known.name, why);
                    None
                }
            };
        };
        if let Some((known, ended)) = known.and_then(|k| Some((k, k.ended?))) {
            own.wrong("ca", known.name, ended);
            return None;
        }
        for (option, url) in [
            ("acme_server", Some(&url)),
            ("staging_server", test.as_ref()),
        ] {
            if let Some(bad) = url.filter(|url| host(url).is_none()) {
                let text = "the https:// URL of an ACME directory is wanted, without user name";
                own.wrong(option, bad, text);
                return None;
            }
        }
        if test.as_ref() == Some(&url) {
            let text = "that is acme_server itself, and no test would be one; name the CA's staging server, or leave it out";
            own.wrong("staging_server", &url, text);
            return None;
        }
        match (staging, test) {
            (false, _) => Some((known, url)),
            (true, Some(test)) => Some((known, test)),
            (true, None) => {
                let text = "no staging server is known for it; name it in option staging_server, or leave 'staging' out";
                own.wrong("acme_server", &url, text);
                None
            }
        }
    }
}
