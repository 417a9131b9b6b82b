//! DNS providers: each writes and removes TXT records through one provider's API.
//!
//! A provider is one file with a [`Descriptor`] and a [`Provider`]; the table in [`modules`] is its
//! one other mention. Help texts, checks of the configuration and the forms come from the descriptor.

mod exec;
mod httpreq;
mod powerdns;

use crate::types::{Secret, Transport};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How a provider's API changes a name that holds several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteClass {
    /// Each value is a record of its own.
    PerValue,
    /// All values of a name are written together: read, change, write.
    WholeSet,
}

impl WriteClass {
    /// The class in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::PerValue => "one record a value",
            Self::WholeSet => "all values of a name at once",
        }
    }
}

/// One credential or setting of a provider.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The name in `list credentials 'NAME=value'`.
    pub name: &'static str,
    /// What a person calls it.
    pub label: &'static str,
    /// It must not be shown, and belongs in certkeeper_secrets.
    pub secret: bool,
    /// The value used when it is left out; `None`: it must be given.
    pub default: Option<&'static str>,
}

/// What everybody needs to know about a provider.
#[derive(Debug)]
pub struct Descriptor {
    /// The name for `option dns`.
    pub name: &'static str,
    /// Other names that select it, acme.sh's among them.
    pub aliases: &'static [&'static str],
    /// The provider's own name.
    pub title: &'static str,
    /// Where its API is documented.
    pub docs: &'static str,
    /// Its credentials and settings.
    pub fields: &'static [Field],
    /// How it writes.
    pub writes: WriteClass,
    /// How long publishing takes where nothing tells; used without `dns_wait` and `dns_server`.
    pub settle: Duration,
    /// It starts a program that takes further settings: names that are no field are passed on.
    pub open: bool,
}

/// A TXT record: the absolute name without trailing dot, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxtRecord {
    /// The record's name, such as `_acme-challenge.example.org`.
    pub name: String,
    /// Its value, unquoted.
    pub value: String,
}

/// Why a record was not written or removed. Texts hold no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsError {
    /// The provider does not take the credentials.
    Credentials(String),
    /// The provider has no zone for the name.
    NoZone(String),
    /// A setting cannot be used.
    Setting {
        /// The field's name.
        field: &'static str,
        /// What is allowed.
        message: String,
    },
    /// The provider was not reached.
    Unreachable(String),
    /// The provider answered something else than done.
    Refused(String),
}

impl fmt::Display for DnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting { field, message } => write!(f, "{field}: {message}"),
            Self::Credentials(t) | Self::NoZone(t) | Self::Unreachable(t) | Self::Refused(t) => {
                f.write_str(t)
            }
        }
    }
}

/// Writes and removes TXT records.
pub trait Provider {
    /// Adds a value. MUST keep the name's other values; MUST succeed if the value is there already.
    fn add(&self, record: &TxtRecord) -> Result<(), DnsError>;

    /// Removes a value. MUST keep the name's other values; MUST succeed if it is gone already.
    fn remove(&self, record: &TxtRecord) -> Result<(), DnsError>;
}

/// The settings of a provider, by field name.
pub type Credentials = BTreeMap<String, Secret>;

/// What a provider is handed.
pub struct Context<'a> {
    /// The settings, checked against the descriptor.
    pub credentials: Credentials,
    /// The HTTP client.
    pub http: &'a dyn Transport,
}

impl Context<'_> {
    /// The text of a field; its default if it is not set.
    fn text(&self, descriptor: &Descriptor, name: &'static str) -> &str {
        let default = || {
            let field = descriptor.fields.iter().find(|f| f.name == name);
            field.and_then(|f| f.default).unwrap_or_default()
        };
        self.credentials
            .get(name)
            .map_or_else(default, Secret::expose)
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
    &[exec::MODULE, httpreq::MODULE, powerdns::MODULE]
}

/// The module that this name or alias selects.
pub fn find(name: &str) -> Option<&'static Module> {
    let name = name.trim().to_ascii_lowercase();
    modules()
        .iter()
        .find(|m| m.descriptor.name == name || m.descriptor.aliases.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_descriptor_is_whole() {
        let mut names: Vec<&str> = Vec::new();
        for module in modules() {
            let d = module.descriptor;
            names.push(d.name);
            names.extend(d.aliases);
            assert!(
                !d.title.is_empty() && d.docs.starts_with("https://"),
                "{}",
                d.name
            );
            for field in d.fields {
                assert!(!field.label.is_empty(), "{}.{}", d.name, field.name);
                assert!(
                    !(field.secret && field.default.is_some_and(|d| !d.is_empty())),
                    "{}.{}: a secret has no default",
                    d.name,
                    field.name
                );
            }
            assert!(find(d.name).is_some());
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "two modules share a name");
    }
}
