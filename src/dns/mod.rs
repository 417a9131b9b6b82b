//! DNS providers: each writes and removes TXT records through one provider's API.
//!
//! A provider is one file with a [`Descriptor`] and a [`Provider`]; the table in [`modules`] is its
//! one other mention. Help texts, checks of the configuration, forms and README.md come from the
//! descriptor. What several have in common is in `common`. acme.sh's scripts ([`script`]) are providers,
//! too: their descriptors are read from the files.

mod common;
mod descriptor;
mod error;

mod acme_dns;
mod akamai;
mod cloudflare;
mod desec;
mod digitalocean;
mod duckdns;
mod dynu;
mod exec;
mod gandi;
mod hetzner;
mod httpreq;
mod ovh;
mod powerdns;
mod redact;
mod rfc2136;
mod route53;
pub mod script;
mod unknown;

pub use descriptor::{Descriptor, Field, WriteClass};
pub use error::DnsError;
pub use unknown::unknown;

use crate::types::{Clock, Nameserver, Paths, Secret, Transport, shown};
use std::collections::BTreeMap;

/// A TXT record: the absolute name without trailing dot, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxtRecord {
    /// The record's name, such as `_acme-challenge.example.org`.
    pub name: String,
    /// Its value, unquoted.
    pub value: String,
}

/// Writes and removes TXT records.
pub trait Provider {
    /// Makes a value there, or gone. MUST keep the name's other values (but see
    /// [`WriteClass::Slots`]); MUST succeed if it is as wanted already.
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError>;

    /// Waits until the nameservers have what was changed, where the provider tells. MUST end within
    /// minutes, whatever it tells.
    fn wait(&self) -> Result<(), DnsError> {
        Ok(())
    }
}

/// The settings of a provider, by field name.
pub type Credentials = BTreeMap<String, Secret>;

/// What a provider is handed.
pub struct Context<'a> {
    /// Which provider it is.
    pub descriptor: &'static Descriptor,
    /// The settings, checked against the descriptor.
    pub credentials: Credentials,
    /// The HTTP client.
    pub http: &'a dyn Transport,
    /// Sends updates of DNS (RFC 2136).
    pub nameserver: &'a dyn Nameserver,
    /// The time, and pauses.
    pub clock: &'a dyn Clock,
}

impl Context<'_> {
    /// The text of a field, without blanks around; its default if it is not set.
    fn text(&self, name: &str) -> &str {
        let set = self.credentials.get(name).map(|s| s.expose().trim());
        let field = self.descriptor.field(name);
        set.filter(|text| !text.is_empty())
            .or(field.and_then(|f| f.default))
            .unwrap_or_default()
    }

    /// The URL of a field, without a last slash.
    fn url(&self, name: &'static str, example: &str) -> Result<&str, DnsError> {
        let url = self.text(name).trim_end_matches('/');
        if url.starts_with("http://") || url.starts_with("https://") {
            return Ok(url);
        }
        let message = format!("a URL is wanted, such as {example}");
        Err(DnsError::setting(name, message))
    }

    /// The number of seconds in a field.
    fn seconds(&self, name: &'static str) -> Result<u32, DnsError> {
        let wanted = || DnsError::setting(name, "a number of seconds is wanted, such as 60");
        self.text(name).parse().map_err(|_| wanted())
    }

    /// A text from outside, without any of our secrets. Names that are no field may hold one, too.
    fn redacted(&self, text: &str) -> String {
        redacted(self.descriptor, &self.credentials, text)
    }
}

/// A text without any secret of these settings.
fn redacted(descriptor: &Descriptor, settings: &Credentials, text: &str) -> String {
    let all = settings.iter().map(|(name, s)| (name, s.expose().trim()));
    let public = |name: &str, value: &str| descriptor.field(name).is_some_and(|f| !f.hides(value));
    let secrets = all.filter(|(name, value)| !public(name, value));
    redact::redacted(secrets.map(|(_, secret)| secret), text)
}

/// The last lines of what a program said, to stand behind a message.
fn last_lines(said: &str, count: usize) -> String {
    let lines = said.lines().rev().filter(|l| !l.trim().is_empty());
    let mut last: Vec<String> = lines.take(count).map(|l| shown(l, 200)).collect();
    last.reverse();
    match last.is_empty() {
        true => String::new(),
        false => format!(": {}", last.join("; ")),
    }
}

/// A provider with its constructor.
pub struct Module {
    /// What it is.
    pub descriptor: &'static Descriptor,
    /// Makes one from its settings.
    pub open: for<'a> fn(Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError>,
}

/// Every provider, by name.
pub fn modules() -> &'static [Module] {
    &[
        acme_dns::MODULE,
        akamai::MODULE,
        cloudflare::MODULE,
        desec::MODULE,
        digitalocean::MODULE,
        duckdns::MODULE,
        dynu::MODULE,
        exec::MODULE,
        gandi::MODULE,
        hetzner::MODULE,
        httpreq::MODULE,
        ovh::MODULE,
        powerdns::MODULE,
        rfc2136::MODULE,
        route53::MODULE,
    ]
}

/// The module that this name or alias selects.
pub fn find(name: &str) -> Option<&'static Module> {
    let name = name.trim().to_ascii_lowercase();
    modules()
        .iter()
        .find(|m| m.descriptor.name == name || m.descriptor.aliases.contains(&name.as_str()))
}

/// What this name selects: a script of the owner's own, a module, or another script.
pub fn choose(paths: &Paths, name: &str) -> Option<&'static Descriptor> {
    let name = name.trim();
    script::find(paths, name, true)
        .or_else(|| Some(find(name)?.descriptor))
        .or_else(|| script::find(paths, name, false))
}

/// Every module, and every script that its name selects.
pub fn all(paths: &Paths) -> Vec<&'static Descriptor> {
    let modules = modules().iter().map(|m| m.descriptor);
    let scripts = script::all(paths).into_iter();
    let chosen = |d: &Descriptor| choose(paths, d.name).is_some_and(Descriptor::is_script);
    modules.chain(scripts.filter(|d| chosen(d))).collect()
}

#[cfg(test)]
mod tests;
