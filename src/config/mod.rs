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
mod fingerprint;
mod firewall;
mod fits;
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
pub use interfaces::Interface;
pub use method::{DnsMethod, Name, Validation};
pub use mistake::Mistake;
pub use notify::Notify;
pub use secrets::SecretNames;

use crate::acme::ca::preset;
use crate::types::{DnsServer, Paths, SectionName};
use crate::uci::{self, Section};
use reader::Reader;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// The main file, as users know it.
const MAIN: &str = "/etc/config/certkeeper";
/// The file of secrets.
const SECRETS: &str = "/etc/config/certkeeper_secrets";

/// `config certkeeper 'global'`.
#[derive(Clone, Debug)]
pub struct Global {
    /// 0 stops everything.
    pub enabled: bool,
    /// The owner agrees to the terms of the CAs that are used.
    pub accept_tos: bool,
    /// Contact for accounts that name none.
    pub account_email: Option<String>,
    /// Document root of the web server on port 80.
    pub webroot: PathBuf,
    /// Nameservers that challenge records are looked up at.
    pub dns_servers: Vec<DnsServer>,
    /// The firewall's zone that is the WAN; `None`: those with a default route.
    pub wan_zone: Option<String>,
    /// Roots for CAs and DNS providers.
    pub ca_bundle: PathBuf,
    /// The router's own CA.
    pub local_ca: LocalCa,
    /// Those who listen to the events of OpenWrt's acme hear of each certificate.
    pub acme_hotplug: bool,
    /// Who is told when a section fails.
    pub notify: Vec<Notify>,
    /// Say more.
    pub debug: bool,
}

/// The router's own CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalCa {
    /// It serves until the public CA has issued.
    pub enabled: bool,
    /// The root's name; without, one made of the host's.
    pub name: Option<String>,
    /// How long a root is good.
    pub days: i64,
}

/// Ten years: clients are told of a root by hand.
const ROOT_DAYS: i64 = 3650;

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

/// The sections of both files by type and name.
struct Files<'a> {
    paths: &'a Paths,
    main: &'a [Section],
    index: HashMap<(&'a str, &'a str), &'a Section>,
    globals: Vec<&'a Section>,
    domains: Vec<&'a Section>,
    /// Places in `domains` by the certificate that they are for.
    by_cert: HashMap<String, Vec<usize>>,
}

impl<'a> Files<'a> {
    fn new(main: &'a [Section], secrets: &'a [Section], paths: &'a Paths) -> Self {
        let named = |s: &'a Section| Some(((s.kind.as_str(), s.name.as_deref()?), s));
        let secrets = secrets.iter().filter(|s| s.kind == "secret");
        let of = |kind: &str| main.iter().filter(|s| s.kind == kind).collect::<Vec<_>>();
        let domains = of("domain");
        let mut by_cert: HashMap<_, Vec<_>> = HashMap::new();
        for (at, section) in domains.iter().enumerate() {
            if let Some(cert) = reader::plain(section, "cert") {
                by_cert.entry(cert).or_default().push(at);
            }
        }
        Self {
            paths,
            main,
            index: main.iter().chain(secrets).filter_map(named).collect(),
            globals: of("certkeeper"),
            domains,
            by_cert,
        }
    }

    /// The `config domain` sections of a certificate.
    fn domains_of(&self, cert: &str) -> impl Iterator<Item = &'a Section> {
        let places = self.by_cert.get(cert).into_iter().flatten();
        places.map(|at| self.domains[*at])
    }

    fn get(&self, kind: &str, name: &str) -> Option<&'a Section> {
        self.index.get(&(kind, name)).copied()
    }
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
    let global = global(&files, paths, &mut mistakes);
    let mut accounts = accounts::Accounts::new(&files, &global, paths);
    let (mut certs, mut broken) = (Vec::new(), Vec::new());
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
            Err(why) => broken.push((name, why)),
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
        primary,
        accounts,
        secrets: secrets::names(secrets),
        mistakes,
    }
}

fn global(files: &Files<'_>, paths: &Paths, mistakes: &mut Vec<Mistake>) -> Global {
    let none = Section {
        kind: "certkeeper".into(),
        name: Some("global".into()),
        line: 0,
        options: Vec::new(),
    };
    let section = files.globals.first().copied();
    let mut reader = Reader::new(section.unwrap_or(&none), mistakes);
    Global {
        enabled: reader.flag("enabled", true),
        accept_tos: reader.flag("accept_tos", false),
        account_email: reader.email("account_email"),
        webroot: reader
            .path("webroot", paths)
            .unwrap_or_else(|| paths.at("/var/run/acme/challenge")),
        dns_servers: dns_servers(&mut reader),
        wan_zone: wan_zone(&mut reader),
        ca_bundle: reader
            .path("ca_bundle", paths)
            .unwrap_or_else(|| paths.at("/etc/ssl/certs/ca-certificates.crt")),
        local_ca: LocalCa {
            enabled: reader.flag("local_ca", true),
            name: local_ca_name(&mut reader),
            days: reader
                .number("local_ca_days", 1..=36_500)
                .map_or(ROOT_DAYS, i64::from),
        },
        acme_hotplug: reader.flag("acme_hotplug", false),
        notify: notify::read(&mut reader, files),
        debug: reader.flag("debug", false),
    }
}

fn wan_zone(reader: &mut Reader<'_>) -> Option<String> {
    let name = reader.text("wan_zone")?;
    let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
    if name.bytes().all(plain) {
        return Some(name);
    }
    let wanted = "the name of a zone in /etc/config/firewall is wanted, such as wan";
    reader.wrong("wan_zone", &name, wanted);
    None
}

/// No common name is longer (RFC 5280 appendix A.1, ub-common-name).
const NAME_MAX: usize = 64;

fn local_ca_name(reader: &mut Reader<'_>) -> Option<String> {
    let name = reader.text("local_ca_name")?;
    let fits = name.chars().count() <= NAME_MAX && !name.contains(char::is_control);
    if !fits {
        let allowed = format!("up to {NAME_MAX} characters on one line are wanted");
        reader.wrong("local_ca_name", &name, allowed);
    }
    fits.then_some(name)
}

fn dns_servers(reader: &mut Reader<'_>) -> Vec<DnsServer> {
    let mut servers = Vec::new();
    for word in reader.words("dns_server") {
        match DnsServer::parse(&word) {
            Some(server) => servers.push(server),
            None => reader.wrong(
                "dns_server",
                &word,
                "an address is wanted: 9.9.9.9, 9.9.9.9:53, 2620:fe::fe or [2620:fe::fe]:53; or the URL of a \
                 server for DNS over HTTPS: https://9.9.9.9/dns-query",
            ),
        }
    }
    servers
}

#[cfg(test)]
mod tests;
