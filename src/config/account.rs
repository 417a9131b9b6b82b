//! An account at a CA, and what the CA asks of it.

use super::Global;
use super::external::{self, External};
use crate::acme::ca::{Eab, PRESETS, Preset, preset};
use std::path::PathBuf;

/// An account at one CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The section's name, or the preset's.
    pub name: String,
    /// It has a `config account` section.
    pub section: bool,
    /// It is the one at the CA's staging server that `option staging` asks for.
    pub staging: bool,
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
    /// The account elsewhere that it belongs to.
    pub external: External,
    /// A public CA: certifies no local names.
    pub public: bool,
}

impl Account {
    /// What is used where a section names none.
    pub const DEFAULT: &'static str = "letsencrypt";

    /// An account whose section is gone, by what is known of it.
    pub fn former(name: &str, directory: &str) -> Self {
        let known = PRESETS.iter().find(|p| p.directory == directory);
        let known = known.filter(|p| !p.directory.is_empty());
        let ca = known.map_or_else(|| host(directory).unwrap_or(directory), |p| p.title);
        Self {
            preset: known.map(|p| p.name),
            public: known.is_some(),
            ..Self::plain(name, directory, ca)
        }
    }

    pub(super) fn plain(name: &str, directory: &str, ca: &str) -> Self {
        Self {
            name: name.to_owned(),
            section: false,
            staging: false,
            directory: directory.to_owned(),
            preset: None,
            ca: ca.to_owned(),
            ca_file: None,
            email: None,
            external: External::None,
            public: false,
        }
    }

    /// The words that name it for `certkeeper account`.
    pub fn words(&self) -> String {
        let switch = if self.staging { " --staging" } else { "" };
        format!("{}{switch}", self.name)
    }

    /// The facts of its CA, if it is one that we know.
    pub fn facts(&self) -> Option<&'static Preset> {
        preset(self.preset?)
    }
}

/// The server of an https URL that an account may have.
pub(super) fn host(url: &str) -> Option<&str> {
    let host = url.strip_prefix("https://")?.split('/').next()?;
    (!host.is_empty() && !url.contains(['@', ' '])).then_some(host)
}

/// The account of a preset that is used by name; or why it cannot be.
pub(super) fn of_preset(
    name: &str,
    ca: &'static Preset,
    staging: bool,
    global: &Global,
) -> Result<Account, String> {
    let used = directory(ca, staging)?;
    let account = Account {
        staging,
        preset: Some(used.name),
        email: global.account_email.clone(),
        public: true,
        ..Account::plain(name, used.directory, used.title)
    };
    complete(account)
}

/// The server of a CA that has one of its own for all customers, or why there is none.
pub(super) fn directory(ca: &'static Preset, staging: bool) -> Result<&'static Preset, String> {
    if let Some(ended) = ca.ended {
        return Err(ended.to_owned());
    }
    let used = match (staging, ca.staging.and_then(preset)) {
        (false, _) => ca,
        (true, Some(other)) if other.eab == Eab::Required => {
            return Err(format!(
                "its staging server wants an external account of its own: name an account whose option ca is '{}'",
                other.name
            ));
        }
        (true, Some(other)) => other,
        (true, None) if ca.name.ends_with("-staging") => ca,
        (true, None) => {
            return Err("this CA has no staging server; leave 'staging' out".to_owned());
        }
    };
    match used.directory {
        "" => Err(format!(
            "{}: set it in a 'config account' section",
            used.note
        )),
        _ => Ok(used),
    }
}

/// What the CA asks of everybody who registers: an e-mail address, an account elsewhere.
pub(super) fn complete(account: Account) -> Result<Account, String> {
    let Some(ca) = account.facts() else {
        return Ok(account);
    };
    let external = external::complete(&account, ca)?;
    if ca.email && account.email.is_none() {
        let place = match account.section {
            true => format!("{}.email", account.name),
            false => "global.account_email".to_owned(),
        };
        return Err(format!(
            "{} makes no account without an e-mail address: `uci set certkeeper.{place}='me@example.org'` and \
             `uci commit certkeeper` give it one; letsencrypt needs none",
            ca.title
        ));
    }
    Ok(Account {
        external,
        ..account
    })
}
