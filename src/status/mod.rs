//! What users see: one document a section in tmpfs, and the log of its last run.

pub mod ari;
mod prometheus;
pub mod record;
mod syslog;

pub use prometheus::prometheus;
pub use record::{Recorder, read_log};
pub use syslog::syslog;

use crate::types::{FromJson, Paths, RenewalInfo, SectionName, Stage, State, ToJson, json_members};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

/// `/var/run/certkeeper/status/<section>.json`. Times are seconds since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The section.
    pub section: String,
    /// How it fares.
    pub state: State,
    /// The state in words.
    pub label: String,
    /// Each name with its own state.
    pub names: Vec<NameStatus>,
    /// `domain.crt` and `domain.key` lead here.
    pub primary: bool,
    /// Where the certificate in use comes from: acme, staging, upload, local; empty: there is none.
    pub source: String,
    /// The section's other certificate, whose key is of the other kind, if there are two.
    pub other_key: Option<String>,
    /// The account's name: the one of the certificate in use, else the first to be asked.
    pub account: String,
    /// The CA's name.
    pub ca: String,
    /// The certificate in use.
    pub certificate: Option<CertificateStatus>,
    /// When the next attempt is planned, if one is.
    pub next: Option<i64>,
    /// Where a run is, while one is at work.
    pub stage: Option<Stage>,
    /// The last attempt, if there was one.
    pub last_attempt: Option<AttemptStatus>,
    /// What is published in DNS for the order under way, or is to be published by hand.
    pub records: Vec<DnsRecord>,
    /// What deserves a look although all goes on.
    pub warnings: Vec<String>,
    /// Who is to have the certificate: `service nginx`, `export /srv/tls`, `hook mail`.
    pub used_by: Vec<String>,
    /// Whose configuration names its files: `nginx (/etc/nginx/nginx.conf)`. It is looked for where
    /// somebody asks, so the document in tmpfs has none.
    pub named_in: Vec<String>,
    /// When they were told of the one in use, if they were.
    pub deployed: Option<i64>,
    /// The names of the credentials that are set; never their values.
    pub secrets: Vec<String>,
}

json_members!(Document {
    section, state, label, names, primary, source, account, ca
} some {
    other_key, certificate, next, stage, last_attempt, records, warnings, used_by, named_in, deployed, secrets
});

impl Document {
    /// The last attempt, if it failed.
    pub fn failed(&self) -> Option<&AttemptStatus> {
        let last = self.last_attempt.as_ref();
        last.filter(|a| !a.problem.is_empty())
    }
}

/// A record in DNS that a CA looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsRecord {
    /// Its name.
    pub domain: String,
    /// Its type.
    pub kind: String,
    /// How long it may be kept, in seconds; the provider's own time where nothing is set.
    pub ttl: Option<u32>,
    /// Its value.
    pub value: String,
    /// not_ready: it is not shown yet; ready: the CA may look; valid: it has seen it.
    pub status: String,
}

json_members!(DnsRecord { domain, kind = "type", ttl, value, status });

impl fmt::Display for DnsRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ttl = self.ttl.map(|ttl| format!("{ttl} ")).unwrap_or_default();
        let status = self.status.replace('_', " ");
        let (domain, kind, value) = (&self.domain, &self.kind, &self.value);
        write!(f, "{domain} {ttl}{kind} \"{value}\": {status}")
    }
}

/// One name of a section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameStatus {
    /// The identifier.
    pub name: String,
    /// How it is validated, in the words of `validation_method`.
    pub method: String,
    /// How it fares.
    pub state: State,
    /// What the CA has against it.
    pub problem: Option<String>,
}

json_members!(NameStatus { name, method, state } some { problem });

/// The certificate in use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateStatus {
    /// The number of the version.
    pub version: u64,
    /// Who issued it.
    pub issuer: String,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// Its key's kind.
    pub key_type: String,
    /// SHA-256, hexadecimal.
    pub fingerprint: String,
    /// Start of validity.
    pub not_before: i64,
    /// End of validity.
    pub not_after: i64,
    /// The account that it comes from.
    pub account: String,
    /// The accounts that were to be asked first, each with why it was not the one.
    pub instead_of: BTreeMap<String, String>,
    /// When it is to be renewed; nothing where its section is wrong.
    pub due: Option<i64>,
    /// What the CA says about that (RFC 9773), if it says anything.
    pub ari: Option<RenewalInfo>,
}

json_members!(CertificateStatus {
    version, issuer, serial, key_type, fingerprint, not_before, not_after, account
} some { instead_of, due, ari });

/// The last attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttemptStatus {
    /// How it ended.
    pub state: State,
    /// Where it ended.
    pub stage: Stage,
    /// What happened; empty if it succeeded.
    pub problem: String,
    /// What to do.
    pub remedy: String,
    /// When it was.
    pub at: i64,
    /// When the next one may be.
    pub next: Option<i64>,
}

json_members!(AttemptStatus { state, stage, problem, remedy, at } some { next });

/// Reads a section's document; `None` if there is none or it is damaged.
pub fn read(paths: &Paths, section: &SectionName) -> Option<Document> {
    Document::parse(&fs::read(paths.status(section)).ok()?)
}

/// Writes a section's document if it differs from what stands there. Trouble with tmpfs must not
/// keep a certificate from being renewed, so it is not an error.
pub fn write(paths: &Paths, section: &SectionName, document: &Document) {
    let text = document.text();
    let path = paths.status(section);
    if !fs::read(&path).is_ok_and(|old| old == text) {
        put(&path, &text);
    }
}

/// Replaces a file in tmpfs by one rename, if tmpfs takes it.
fn put(path: &Path, text: &[u8]) {
    if let Some(folder) = path.parent() {
        let _ = fs::create_dir_all(folder);
    }
    let beside = path.with_extension("new");
    if fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, path))
        .is_err()
    {
        let _ = fs::remove_file(&beside);
    }
}

/// Removes what is kept of sections that are no longer configured.
pub fn forget_others<'a>(paths: &Paths, known: impl Iterator<Item = &'a SectionName>) {
    let known: std::collections::HashSet<&str> = known.map(SectionName::as_str).collect();
    for folder in ["status", "log", "ari"] {
        let entries = fs::read_dir(paths.run().join(folder)).into_iter().flatten();
        for entry in entries.flatten() {
            let name = entry.file_name();
            let section = name.to_str().unwrap_or_default();
            let section = section.split('.').next().unwrap_or_default();
            if !known.contains(section) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}
