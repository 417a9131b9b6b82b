//! Configuration: UCI sections become a typed, checked [`Config`].
//!
//! Every mistake names file, section, option, value and what is allowed. A section with a mistake
//! is left out; the others stay.

mod account;
mod accounts;
mod cert;
mod csr;
mod deployment;
mod external;
mod files;
mod fingerprint;
mod firewall;
mod fits;
mod global;
mod identifiers;
pub mod import;
mod interfaces;
mod keys;
mod method;
mod mistake;
mod notify;
mod provider;
mod reader;
mod schema;
mod secrets;
mod tested;

pub use account::Account;
pub use cert::Cert;
pub use csr::Csr;
pub use external::External;
pub use firewall::{Zone, zones};
pub use global::{Global, LocalCa};
pub use interfaces::Interface;
pub use method::{DnsMethod, Name, Validation};
pub use mistake::Mistake;
pub use notify::Notify;
pub use secrets::SecretNames;

use crate::acme::ca::preset;
use crate::types::{Paths, SectionName};
use crate::uci::{self, Section};
use files::Files;
use reader::Reader;
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// The main file, as users know it.
const MAIN: &str = "/etc/config/certkeeper";
/// The file of secrets.
const SECRETS: &str = "/etc/config/certkeeper_secrets";

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// What holds for all sections.
    pub global: Global,
    /// The sections that can run, in the order of the file.
    pub certs: Vec<Cert>,
    /// The names of all sections of the main file, whatever they are.
    pub sections: HashSet<String>,
    /// `config cert` sections that cannot run, with the first mistake of each.
    pub broken: Vec<(SectionName, String)>,
    /// Those of these that are switched off or tests.
    pub unserved: BTreeSet<SectionName>,
    /// The section that `domain.crt` and `domain.key` point to.
    pub primary: Option<SectionName>,
    /// Accounts by name and whether they are of the CA's staging server: those that certificates
    /// use, and those that have a section.
    accounts: accounts::Made,
    /// Which secrets are set in their file.
    pub secrets: SecretNames,
    /// What is wrong or doubtful, in the order found.
    pub mistakes: Vec<Mistake>,
}

impl Config {
    /// The section of that name, if it can run.
    pub fn cert(&self, name: &str) -> Option<&Cert> {
        self.certs.iter().find(|c| c.name.as_str() == name)
    }

    /// True if the file has a `config cert` section of that name, able to run or not.
    pub fn knows(&self, name: &str) -> bool {
        self.cert(name).is_some() || self.broken.iter().any(|(n, _)| n.as_str() == name)
    }

    /// Every section's name, able to run or not.
    pub fn names(&self) -> impl Iterator<Item = &SectionName> {
        self.certs
            .iter()
            .map(|c| &c.name)
            .chain(self.broken.iter().map(|(n, _)| n))
    }

    /// Every account that certificates use or that has a section, as far as it can be used.
    pub fn accounts(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.accounts.values().filter_map(|made| made.as_ref().ok())
    }

    /// The account of that name: a section's or a preset's; or why it cannot be used. `None`: there
    /// is no such account.
    pub fn account(&self, name: &str, staging: bool) -> Option<Result<Arc<Account>, String>> {
        if let Some(made) = self.accounts.get(&(name.to_owned(), staging)) {
            return Some(made.clone());
        }
        let made = account::of_preset(name, preset(name)?, staging, &self.global);
        Some(made.map(Arc::new))
    }

    /// True if a mistake keeps something from running.
    pub fn has_errors(&self) -> bool {
        self.mistakes.iter().any(|m| !m.warning)
    }
}

/// Why there is no configuration at all.
#[derive(Debug)]
pub enum LoadError {
    /// No file.
    Missing(PathBuf),
    /// The file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// libuci would refuse the file.
    Syntax(PathBuf, uci::ParseError),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(
                f,
                "{} does not exist. Make it with:\n\n  touch {}\n  uci set certkeeper.global=certkeeper\n  \
                 uci set certkeeper.global.accept_tos=1\n  \
                 uci commit certkeeper\n  certkeeper add www.example.org --apply",
                path.display(),
                path.display()
            ),
            Self::Unreadable(path, e) => write!(f, "{}: {e}", path.display()),
            Self::Syntax(path, e) => write!(
                f,
                "{}: {e}. The file is not read further and nothing was changed; `uci show {}` fails on it too",
                path.display(),
                path.file_name().unwrap_or_default().display()
            ),
        }
    }
}

/// Reads both files below the root.
pub fn load(paths: &Paths) -> Result<Config, LoadError> {
    load_with(paths, Vec::new())
}

/// Reads both files below the root; sections that are not saved yet take the place of those of
/// their name.
pub fn load_with(paths: &Paths, unsaved: Vec<Section>) -> Result<Config, LoadError> {
    let mut main = read(paths.config())?.ok_or_else(|| LoadError::Missing(paths.config()))?;
    for section in unsaved {
        match main.iter_mut().find(|s| s.name == section.name) {
            Some(saved) => *saved = section,
            None => main.push(section),
        }
    }
    let secrets = read(paths.secrets())?.unwrap_or_default();
    let mut config = build(&main, &secrets, paths);
    for note in [uncommitted(paths), readable_secrets(paths)] {
        config.mistakes.extend(note);
    }
    Ok(config)
}

fn read(path: PathBuf) -> Result<Option<Vec<Section>>, LoadError> {
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(LoadError::Unreadable(path, e)),
    };
    uci::parse(&text)
        .map(Some)
        .map_err(|e| LoadError::Syntax(path, e))
}

/// `uci set` without `uci commit` leaves its change in a delta file that no other program sees.
fn uncommitted(paths: &Paths) -> Vec<Mistake> {
    ["certkeeper", "certkeeper_secrets"]
        .into_iter()
        .filter(|name| {
            let delta = std::fs::metadata(paths.uci_delta_dir().join(name));
            delta.is_ok_and(|m| m.len() > 0)
        })
        .map(|name| {
            Mistake::in_file(
                MAIN,
                format!(
                    "uci holds changes of '{name}' that are not committed, so they do not count yet; \
                     see them with `uci changes {name}`, put them in force with `uci commit {name}`"
                ),
            )
            .warning()
        })
        .collect()
}

fn readable_secrets(paths: &Paths) -> Vec<Mistake> {
    use std::os::unix::fs::MetadataExt;
    let open = std::fs::metadata(paths.secrets()).is_ok_and(|m| m.mode() & 0o077 != 0);
    open.then(|| {
        let text = format!("others on this device can read it; `chmod 600 {SECRETS}` closes it");
        Mistake::in_file(SECRETS, text).warning()
    })
    .into_iter()
    .collect()
}

/// Turns sections into a configuration.
fn build(main: &[Section], secrets: &[Section], paths: &Paths) -> Config {
    let mut mistakes = Vec::new();
    for (sections, file) in [(main, MAIN), (secrets, SECRETS)] {
        let before = mistakes.len();
        schema::review(sections, file == SECRETS, &mut mistakes);
        // Sections of an unknown type do not tell which file they are in.
        for mistake in &mut mistakes[before..] {
            mistake.file = file;
        }
    }
    let files = Files::new(main, secrets, paths);
    let global = global::read(&files, paths, &mut mistakes);
    let mut accounts = accounts::Accounts::new(&files, &global, paths);
    let (mut certs, mut broken) = (Vec::new(), Vec::new());
    let mut unserved = BTreeSet::new();
    let mut uhttpd = None;
    let mut primary = None;
    for (index, section) in main.iter().filter(|s| s.kind == "cert").enumerate() {
        let mut reader = Reader::new(section, &mut mistakes);
        let Some(name) = cert::section_name(&mut reader, index) else {
            continue;
        };
        if reader.flag("primary", false) {
            // Also where the section cannot run: a slip must not hand domain.crt to another one.
            cert::check_primary(&mut reader, primary.as_ref());
            primary.get_or_insert_with(|| name.clone());
        }
        match cert::read(
            name.clone(),
            &mut reader,
            &files,
            &global,
            &mut accounts,
            paths,
        ) {
            Ok(mut cert) => {
                deployment::check_uhttpd(&mut reader, &mut uhttpd, &mut cert);
                let second = cert.second();
                certs.push(cert);
                certs.extend(second);
            }
            Err(why) => {
                if !reader.flag("enabled", true) || reader.flag("staging", false) {
                    unserved.insert(name.clone());
                }
                broken.push((name, why));
            }
        }
    }
    cert::stray_domains(&files, &mut mistakes);
    let accounts = accounts.finish(&mut mistakes);
    // What several sections refer to is read with each of them, and told once.
    let mut told = HashSet::new();
    mistakes.retain(|m| told.insert(m.to_string()));
    let first = || {
        let served = |c: &&Cert| c.enabled && !c.staging && c.csr.is_none();
        certs.iter().find(served)
    };
    let primary = primary.or_else(|| first().map(|c| c.name.clone()));
    Config {
        global,
        certs,
        sections: main.iter().filter_map(|s| s.name.clone()).collect(),
        broken,
        unserved,
        primary,
        accounts,
        secrets: secrets::names(secrets),
        mistakes,
    }
}

#[cfg(test)]
mod tests;
