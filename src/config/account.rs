//! Accounts: `config account` sections and presets used by name.

use super::reader::Reader;
use super::{Files, Global};
use crate::acme::ca::{Eab, PRESETS, Preset, preset};
use crate::types::{Paths, nearest};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// An account at one CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The section's name, or the preset's.
    pub name: String,
    /// The directory's URL.
    pub directory: String,
    /// The CA, if it is one that we know.
    pub preset: Option<&'static str>,
    /// The CA's own name, or the host of its directory.
    pub ca: String,
    /// Root certificates of a private CA.
    pub ca_file: Option<PathBuf>,
    /// Contact.
    pub email: Option<String>,
    /// A public CA: certifies no local names.
    pub public: bool,
}

/// What is read of an account before a certificate asks for it, and what was made of it.
pub(super) struct Accounts<'a> {
    files: &'a Files<'a>,
    global: &'a Global,
    paths: &'a Paths,
    made: HashMap<(String, bool), Result<Arc<Account>, String>>,
}

impl<'a> Accounts<'a> {
    pub fn new(files: &'a Files<'a>, global: &'a Global, paths: &'a Paths) -> Self {
        Self {
            files,
            global,
            paths,
            made: HashMap::new(),
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

    fn make(&self, name: &str, staging: bool, reader: &mut Reader<'_>) -> Option<Account> {
        let Some(section) = self.files.get("account", name) else {
            return match preset(name) {
                Some(ca) => self.known(name, ca, staging, "account", None, reader),
                None => {
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
                    None
                }
            };
        };
        reader.within(section, |own| self.own(name, staging, own))
    }

    fn own(&self, name: &str, staging: bool, own: &mut Reader<'_>) -> Option<Account> {
        if !name
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-')
        {
            own.fail("an account's name has letters, digits, - and _");
        }
        let email = own.email("email");
        let ca_file = own.path("ca_file", self.paths);
        for option in ["eab_kid", "eab_hmac_key"] {
            if own.text(option).is_some() {
                own.wrong(option, "***", NO_EAB);
            }
        }
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
        if let Some(url) = own.text("acme_server") {
            let known = ca.as_deref().and_then(preset);
            if staging {
                own.wrong(
                    "acme_server",
                    &url,
                    "no staging server is known for it; leave 'staging' out, or give the staging server an account of its own",
                );
                return None;
            }
            let host = url
                .strip_prefix("https://")
                .and_then(|r| r.split('/').next());
            let Some(host) = host.filter(|h| !h.is_empty() && !url.contains(['@', ' '])) else {
                let text = "the https:// URL of an ACME directory is wanted, without user name";
                own.wrong("acme_server", &url, text);
                return None;
            };
            if known.is_some_and(|k| k.eab == Eab::Required) {
                own.wrong("ca", known.map_or("", |k| k.name), NO_EAB);
            }
            return Some(Account {
                name: name.to_owned(),
                directory: url.clone(),
                preset: known.map(|k| k.name),
                ca: known.map_or_else(|| host.to_owned(), |k| k.title.to_owned()),
                ca_file,
                email: email.or_else(|| self.global.account_email.clone()),
                public: known.is_some(),
            });
        }
        let Some(ca) = ca else {
            own.fail(
                "option ca (a name from `certkeeper cas`) or option acme_server (a URL) is wanted",
            );
            return None;
        };
        let known = preset(&ca)?;
        let account = self.known(name, known, staging, "ca", email, own)?;
        Some(Account { ca_file, ..account })
    }

    fn known(
        &self,
        name: &str,
        ca: &'static Preset,
        staging: bool,
        option: &str,
        email: Option<String>,
        reader: &mut Reader<'_>,
    ) -> Option<Account> {
        if let Some(ended) = ca.ended {
            reader.wrong(option, ca.name, ended);
            return None;
        }
        let used = match (staging, ca.staging) {
            (false, _) => ca,
            (true, Some(other)) => preset(other)?,
            (true, None) if ca.name.ends_with("-staging") => ca,
            (true, None) => {
                reader.wrong(
                    option,
                    ca.name,
                    "this CA has no staging server; leave 'staging' out",
                );
                return None;
            }
        };
        if used.eab == Eab::Required {
            reader.wrong(option, ca.name, NO_EAB);
            return None;
        }
        if used.directory.is_empty() {
            reader.wrong(option, ca.name, used.note);
            return None;
        }
        Some(Account {
            name: name.to_owned(),
            directory: used.directory.to_owned(),
            preset: Some(used.name),
            ca: used.title.to_owned(),
            ca_file: None,
            email: email.or_else(|| self.global.account_email.clone()),
            public: true,
        })
    }
}

const NO_EAB: &str = "external account binding is not in this version; letsencrypt works without, \
                      and so does any acme_server that asks for none";
