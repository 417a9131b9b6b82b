//! OpenWrt's `/etc/config/acme` in certkeeper's own options.
//!
//! ```text
//! config acme    account_email debug state_dir
//! config cert    enabled domains validation_method listen_port dns credentials calias dalias dns_wait key_type
//!                acme_server staging days cert_profile; of earlier versions: webroot keylength standalone
//!                use_staging tls acme_uri acme_staging_url update_uhttpd update_nginx update_haproxy
//! ```

use super::account::{Account, host};
use super::reader::{plain, switch};
use crate::acme::ca::PRESETS;
use crate::types::{KeyType, SectionName};
use crate::uci::{Section, UciOption, Value};

/// Where acme.sh keeps its state unless `state_dir` says otherwise.
const STATE: &str = "/etc/acme";
/// No lifetime is taken for longer where no certificate tells: what `days` is counted from.
const LIFETIME: i64 = 90;

/// What the whole file says.
#[derive(Debug)]
pub struct Imported {
    /// Contact of all accounts.
    pub email: Option<String>,
    /// Say more.
    pub debug: bool,
    /// Where acme.sh keeps its state.
    pub state: String,
    /// The certificates.
    pub certs: Vec<ImportedCert>,
}

/// One certificate.
#[derive(Debug)]
pub struct ImportedCert {
    /// The section there, as `uci` is told of it.
    pub from: String,
    /// It is switched on there.
    pub enabled: bool,
    /// The section here.
    pub name: String,
    /// The first name, by which acme.sh's folder is called.
    pub main: String,
    /// The key is on a curve: acme.sh's folder ends in `_ecc`.
    pub ecc: bool,
    /// Renewed so many days after it was issued.
    days: Option<i64>,
    /// The CA's directory; none where acme.sh has a name for it that is not known here.
    pub directory: Option<String>,
    /// Options of the section here; those of a list have an entry each.
    options: Vec<(&'static str, String)>,
    /// `NAME=value` of each credential.
    pub credentials: Vec<String>,
    /// What could not be taken.
    pub notes: Vec<String>,
}

/// Options that are taken as they are.
const SAME: [&str; 7] = [
    "listen_port",
    "dns",
    "calias",
    "dalias",
    "dns_wait",
    "cert_profile",
    "webroot",
];
/// Options that become others.
const OTHERS: [&str; 15] = [
    "enabled",
    "domains",
    "credentials",
    "validation_method",
    "key_type",
    "keylength",
    "acme_server",
    "acme_uri",
    "acme_staging_url",
    "staging",
    "use_staging",
    "days",
    "standalone",
    "tls",
    "state_dir",
];
/// Services that earlier versions told of a certificate.
const SERVICES: [&str; 3] = ["uhttpd", "nginx", "haproxy"];
/// acme.sh's names of CAs, and ours; the last: its staging server.
const CAS: [(&str, &str, bool); 10] = [
    ("letsencrypt", "letsencrypt", false),
    ("letsencrypt.org", "letsencrypt", false),
    ("letsencrypt_test", "letsencrypt", true),
    ("letsencrypttest", "letsencrypt", true),
    ("zerossl", "zerossl", false),
    ("sslcom", "sslcom-rsa", false),
    ("google", "google", false),
    ("googletest", "google-staging", false),
    ("google_test", "google-staging", false),
    ("actalis", "actalis", false),
];

/// Reads the file.
pub fn import(file: &[Section]) -> Imported {
    let global = file.iter().find(|s| s.kind == "acme");
    let text = |name| global.and_then(|s| plain(s, name));
    let mut all = Imported {
        email: text("account_email"),
        debug: text("debug").is_some_and(|t| switch(&t) == Some(true)),
        state: text("state_dir").unwrap_or_else(|| STATE.into()),
        certs: Vec::new(),
    };
    for (index, section) in file.iter().filter(|s| s.kind == "cert").enumerate() {
        let used = |name: &str| all.certs.iter().any(|c| c.name == name);
        all.certs.push(cert(section, index, used));
    }
    all
}

/// A section there.
struct Old<'a>(&'a Section);

impl Old<'_> {
    fn text(&self, name: &str) -> Option<String> {
        plain(self.0, name).filter(|t| !t.is_empty())
    }

    fn on(&self, name: &str) -> bool {
        self.text(name).is_some_and(|t| switch(&t) == Some(true))
    }
}

fn cert(section: &Section, index: usize, used: impl Fn(&str) -> bool) -> ImportedCert {
    let old = Old(section);
    let mut notes = Vec::new();
    let domains = words(section, "domains");
    let main = domains.first().cloned().unwrap_or_default();
    let mut options: Vec<(&'static str, String)> = Vec::new();
    let enabled = old.text("enabled").is_none() || old.on("enabled");
    if !enabled {
        options.push(("enabled", "0".into()));
    }
    options.extend(domains.into_iter().map(|d| ("domains", d)));
    options.push(("validation_method", method(&old)));
    for name in SAME {
        options.extend(old.text(name).map(|value| (name, value)));
    }
    // Both are not allowed together there either.
    if old.text("dalias").is_some() {
        options.retain(|(name, _)| *name != "calias");
    }
    let key = old.text("keylength").or_else(|| old.text("key_type"));
    let kind = key.as_ref().and_then(|k| k.parse::<KeyType>().ok());
    options.extend(key.map(|k| ("key_type", kind.map_or(k, |k| k.name().into()))));
    let (account, directory, staging) = server(&old);
    if staging {
        options.push(("staging", "1".into()));
    }
    options.extend(account.map(|a| ("account", a)));
    for service in SERVICES {
        if old.on(&format!("update_{service}")) {
            options.push(("service", service.into()));
        }
    }
    let days = old.text("days").and_then(|d| d.parse().ok());
    if old.text("days").is_some() && days.is_none() {
        notes.push("option days is no number".into());
    }
    for UciOption { name, .. } in &section.options {
        let service = name.strip_prefix("update_");
        let known = SAME.contains(&name.as_str())
            || OTHERS.contains(&name.as_str())
            || service.is_some_and(|s| SERVICES.contains(&s));
        if !known {
            notes.push(format!("option {name} has no counterpart"));
        }
    }
    ImportedCert {
        from: section
            .name
            .clone()
            .unwrap_or_else(|| format!("@cert[{index}]")),
        enabled,
        name: name(section, &main, used),
        ecc: !kind.is_some_and(KeyType::is_rsa),
        main,
        days,
        directory,
        options,
        credentials: credentials(section),
        notes,
    }
}

/// The name here, the same each time: `uci` names files by it.
fn name(section: &Section, main: &str, used: impl Fn(&str) -> bool) -> String {
    let own = section.name.as_deref();
    let own = own.and_then(|n| SectionName::parse(n).ok());
    let first = own.unwrap_or_else(|| SectionName::suggest(main));
    if !used(first.as_str()) {
        return first.to_string();
    }
    let mut others = (2..).map(|n| first.numbered(n));
    let free = others.find(|n| !used(n.as_str()));
    free.unwrap_or(first).to_string()
}

/// As OpenWrt's init script guesses where nothing is said.
fn method(old: &Old<'_>) -> String {
    old.text("validation_method").unwrap_or_else(|| {
        let guessed = match () {
            () if old.text("dns").is_some() => "dns",
            () if old.on("tls") => "alpn",
            () if old.on("standalone") => "standalone",
            () => "webroot",
        };
        guessed.into()
    })
}

/// The account here, the CA's directory, and whether it is a staging server.
fn server(old: &Old<'_>) -> (Option<String>, Option<String>, bool) {
    let former = old.text("staging").is_none() && old.on("use_staging");
    let mut staging = old.on("staging") || former;
    let asked = old.text("acme_server").or_else(|| match staging {
        true => old.text("acme_staging_url"),
        false => old.text("acme_uri"),
    });
    let of = |name: &str| PRESETS.iter().find(|p| p.name == name);
    let (account, url) = match asked {
        None => (Account::DEFAULT.to_owned(), None),
        // Who names the server gets that, whatever `staging` says.
        Some(server) if server.contains("://") => {
            staging = false;
            let known = PRESETS.iter().find(|p| p.directory == server);
            match known {
                Some(p) => (p.name.to_owned(), None),
                None => (format!("acme_{}", sanitized(&server)), Some(server)),
            }
        }
        Some(server) => {
            let folded = server.to_ascii_lowercase();
            let known = CAS.iter().find(|(theirs, ..)| *theirs == folded);
            staging = known.is_some_and(|(_, _, test)| *test);
            (known.map_or(server, |(_, ours, _)| (*ours).into()), None)
        }
    };
    let preset = of(&account).map(|p| match (staging, p.staging.and_then(of)) {
        (true, Some(test)) => test.directory,
        _ => p.directory,
    });
    let directory = url.or_else(|| preset.map(str::to_owned));
    let named = Some(account).filter(|a| a != Account::DEFAULT);
    (named, directory, staging)
}

/// A server's name as a part of a section's.
fn sanitized(url: &str) -> String {
    let name = host(url).unwrap_or("server");
    SectionName::suggest(name).to_string()
}

fn words(section: &Section, name: &str) -> Vec<String> {
    let entries = section.get(name).map(|o| o.value.entries());
    let texts = entries.into_iter().flatten();
    let texts: Vec<_> = texts.map(|v| String::from_utf8_lossy(v)).collect();
    let words = texts.iter().flat_map(|t| t.split_whitespace());
    words.map(str::to_owned).collect()
}

/// `NAME=value`, without the quotes that a shell needs there.
fn credentials(section: &Section) -> Vec<String> {
    let entries = section.get("credentials").map(|o| o.value.entries());
    let pair = |v: &Vec<u8>| {
        let text = String::from_utf8(v.clone()).ok()?;
        let (name, value) = text.split_once('=')?;
        let bare = ['"', '\''].into_iter();
        let bare = bare.map(|q| value.trim().strip_prefix(q)?.strip_suffix(q));
        let value = bare.flatten().next().unwrap_or(value.trim());
        Some(format!("{}={value}", name.trim()))
    };
    entries.into_iter().flatten().filter_map(pair).collect()
}

impl ImportedCert {
    /// Its names, the first of all first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let domains = self.options.iter().filter(|(name, _)| *name == "domains");
        domains.map(|(_, value)| value.as_str())
    }

    /// The section's options. `lifetime`: days that the live certificate lives, if there is one.
    pub fn options(&self, lifetime: Option<i64>) -> Vec<(&'static str, String)> {
        let mut options = self.options.clone();
        // acme.sh counts from the issuance, certkeeper back from the end.
        let left = self.days.map(|d| lifetime.unwrap_or(LIFETIME) - d);
        let left = left.filter(|left| (1..=366).contains(left));
        options.extend(left.map(|left| ("renew_before", left.to_string())));
        options
    }

    /// The server of its account, where that is no known CA: it gets a `config account` section.
    pub fn own_account(&self) -> Option<(&str, &str)> {
        let account = self.options.iter().find(|(name, _)| *name == "account");
        let own = account.filter(|(_, name)| name.starts_with("acme_"))?;
        Some((own.1.as_str(), self.directory.as_deref()?))
    }

    /// The section as the reader of the configuration takes it, its credentials included.
    pub fn section(&self, lifetime: Option<i64>) -> Section {
        let mut options: Vec<UciOption> = Vec::new();
        let mut add = |name: &str, value: String| match options.iter_mut().find(|o| o.name == name)
        {
            Some(UciOption {
                value: Value::List(all),
                ..
            }) => all.push(value.into_bytes()),
            _ => options.push(UciOption {
                name: name.to_owned(),
                line: 0,
                value: Value::List(vec![value.into_bytes()]),
            }),
        };
        for (name, value) in self.options(lifetime) {
            add(name, value);
        }
        for pair in &self.credentials {
            add("credentials", pair.clone());
        }
        Section {
            kind: "cert".into(),
            name: Some(self.name.clone()),
            line: 0,
            options,
        }
    }
}
