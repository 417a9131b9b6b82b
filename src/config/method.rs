//! How a name is validated: a section's options, or those of the name's own `config domain`.

use super::reader::Reader;
use super::{Files, Global, provider};
use crate::dns::{Credentials, Descriptor};
use crate::types::{Domain, Identifier, Paths, nearest};
use crate::uci::Section;
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// One identifier of a certificate with the way it is validated.
#[derive(Clone, Debug)]
pub struct Name {
    /// The identifier.
    pub id: Identifier,
    /// How it is validated.
    pub validation: Validation,
}

/// A way to prove control over an identifier.
#[derive(Clone, Debug)]
pub enum Validation {
    /// http-01: a file below a web server's document root.
    Webroot {
        /// The document root.
        dir: PathBuf,
    },
    /// http-01: an own listener.
    Standalone {
        /// The address it listens on; `None`: all.
        address: Option<IpAddr>,
        /// Its port.
        port: u16,
    },
    /// tls-alpn-01: an own listener.
    Alpn {
        /// The address it listens on; `None`: all.
        address: Option<IpAddr>,
        /// Its port.
        port: u16,
    },
    /// dns-01.
    Dns(Arc<DnsMethod>),
    /// dns-01: the record's name is delegated to this router, which answers for it.
    Delegated {
        /// The address it listens on; `None`: all.
        address: Option<IpAddr>,
        /// Its port.
        port: u16,
        /// The name that is delegated instead of `_acme-challenge.<name>`.
        alias: Option<Domain>,
    },
    /// dns-01: the owner writes the records himself.
    Manual {
        /// Seconds to wait instead of looking the records up.
        wait: Option<Duration>,
        /// Where the record is written instead of `_acme-challenge.<name>`.
        alias: Option<Domain>,
    },
    /// dns-persist-01: the owner publishes a record once.
    Persist,
    /// No challenge is answered: the CA has validated the name beforehand.
    Beforehand,
}

impl Validation {
    /// The challenge type it answers (RFC 8555 section 8).
    pub fn challenge(&self) -> &'static str {
        match self {
            Self::Webroot { .. } | Self::Standalone { .. } => "http-01",
            Self::Alpn { .. } => "tls-alpn-01",
            Self::Dns(_) | Self::Delegated { .. } | Self::Manual { .. } => "dns-01",
            Self::Persist => "dns-persist-01",
            Self::Beforehand => "none",
        }
    }

    /// The value of `validation_method` that selects it.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Webroot { .. } => "webroot",
            Self::Standalone { .. } => "standalone",
            Self::Alpn { .. } => "alpn",
            Self::Dns(_) => "dns",
            Self::Delegated { .. } => "dns-delegated",
            Self::Manual { .. } => "dns-manual",
            Self::Persist => "dns-persist",
            Self::Beforehand => "none",
        }
    }

    /// True if wildcards can be validated so (RFC 8555 section 8.4).
    pub fn takes_wildcards(&self) -> bool {
        self.is_dns() || matches!(self, Self::Beforehand)
    }

    /// True if addresses can be validated so (RFC 8738 section 7).
    pub fn takes_addresses(&self) -> bool {
        !self.is_dns()
    }

    /// True if the CA looks at a record.
    pub fn is_dns(&self) -> bool {
        self.challenge() == "dns-01" || matches!(self, Self::Persist)
    }

    /// Where the record of dns-01 stands instead of `_acme-challenge.<name>`.
    pub fn alias(&self) -> Option<&Domain> {
        match self {
            Self::Dns(method) => method.alias.as_ref(),
            Self::Delegated { alias, .. } | Self::Manual { alias, .. } => alias.as_ref(),
            _ => None,
        }
    }
}

/// dns-01 through a provider module.
#[derive(Clone, Debug)]
pub struct DnsMethod {
    /// The section whose credentials are used: `provider NAME`, `cert NAME` or `domain NAME`.
    /// The journal of what was presented names it.
    pub source: String,
    /// The module.
    pub module: &'static Descriptor,
    /// Its settings.
    pub credentials: Credentials,
    /// Seconds to wait instead of looking the records up.
    pub wait: Option<Duration>,
    /// Where the record is written instead of `_acme-challenge.<name>`.
    pub alias: Option<Domain>,
}

impl DnsMethod {
    /// True if the provider keeps few values at a time.
    pub fn is_narrow(&self) -> bool {
        self.module.writes.slots() < usize::MAX
    }

    /// True if the few places of both are the same, whatever section names them.
    pub fn shares_places(&self, other: &Self) -> bool {
        self.is_narrow()
            && self.module.name == other.module.name
            && self.credentials == other.credentials
    }
}

/// The values of `validation_method`.
const METHODS: [&str; 8] = [
    "webroot",
    "standalone",
    "alpn",
    "dns",
    "dns-delegated",
    "dns-manual",
    "dns-persist",
    "none",
];

/// The options of a section that say how, as they stand.
#[derive(Clone, Default)]
pub(super) struct Raw {
    method: Option<String>,
    webroot: Option<PathBuf>,
    address: Option<IpAddr>,
    port: Option<u16>,
    provider: Option<String>,
    dns: Option<String>,
    credentials: Credentials,
    alias: Option<Domain>,
    wait: Option<u32>,
}

impl Raw {
    pub fn read(reader: &mut Reader<'_>, files: &Files<'_>, paths: &Paths) -> Self {
        let name = reader.section.name.clone().unwrap_or_default();
        Self {
            method: reader.text("validation_method"),
            webroot: reader.path("webroot", paths),
            address: address(reader),
            port: reader
                .number("listen_port", 1..=65535)
                .and_then(|n| u16::try_from(n).ok()),
            provider: reader.text("provider"),
            dns: reader.text("dns"),
            credentials: provider::credentials(reader, files, &name),
            alias: alias(reader),
            wait: reader.number("dns_wait", 0..=86_400),
        }
    }

    /// What a `config domain` leaves open comes from the certificate's section.
    fn over(self, base: &Raw) -> Raw {
        // A way of its own is whole: the certificate's provider does not mix with it.
        let own = self.method.is_some() || self.dns.is_some() || self.provider.is_some();
        let own = own || self.webroot.is_some();
        // The port of one listener is not that of the other.
        let listener = |raw: &Raw| match raw.method.as_deref() {
            Some("alpn") => 443,
            Some("dns-delegated") => 53,
            _ => 80,
        };
        let same = listener(&self) == listener(base);
        let base = if own {
            &Raw {
                address: base.address,
                port: base.port.filter(|_| same),
                wait: base.wait,
                ..Raw::default()
            }
        } else {
            base
        };
        Raw {
            method: self.method.or_else(|| base.method.clone()),
            webroot: self.webroot.or_else(|| base.webroot.clone()),
            address: self.address.or(base.address),
            port: self.port.or(base.port),
            provider: self.provider.or_else(|| base.provider.clone()),
            dns: self.dns.or_else(|| base.dns.clone()),
            credentials: if self.credentials.is_empty() {
                base.credentials.clone()
            } else {
                self.credentials
            },
            alias: self.alias.or_else(|| base.alias.clone()),
            wait: self.wait.or(base.wait),
        }
    }
}

fn address(reader: &mut Reader<'_>) -> Option<IpAddr> {
    let text = reader.text("listen_address")?;
    let address = text.parse();
    if address.is_err() {
        reader.wrong(
            "listen_address",
            &text,
            "an IPv4 or IPv6 address of this router is wanted",
        );
    }
    address.ok()
}

/// `calias d` writes to `_acme-challenge.d`, `dalias n` to `n` itself and wins.
fn alias(reader: &mut Reader<'_>) -> Option<Domain> {
    for (option, prefix) in [("dalias", ""), ("calias", "_acme-challenge.")] {
        if let Some(text) = reader.text(option) {
            let bare = text.strip_prefix("_acme-challenge.").unwrap_or(&text);
            return match Domain::parse(bare) {
                // The underscore is right in a record's name and wrong in a certificate's.
                Ok(name) if option == "dalias" && bare != text => Some(name.challenge()),
                Ok(name) if prefix.is_empty() => Some(name),
                Ok(name) => Some(name.challenge()),
                Err(e) => {
                    reader.wrong(option, &text, e.to_string());
                    None
                }
            };
        }
    }
    None
}

/// Turns a section's options into a way, or notes what is wrong with them.
pub(super) fn resolve(
    reader: &mut Reader<'_>,
    raw: &Raw,
    files: &Files<'_>,
    global: &Global,
) -> Option<Validation> {
    let by_dns = raw.dns.is_some() || raw.provider.is_some();
    let method = raw.method.as_deref().unwrap_or(match () {
        () if by_dns => "dns",
        () if raw.webroot.is_some() => "webroot",
        () => "standalone",
    });
    match method {
        "webroot" => Some(Validation::Webroot {
            dir: raw
                .webroot
                .clone()
                .unwrap_or_else(|| global.webroot.clone()),
        }),
        "standalone" => Some(Validation::Standalone {
            address: raw.address,
            port: raw.port.unwrap_or(80),
        }),
        "alpn" => Some(Validation::Alpn {
            address: raw.address,
            port: raw.port.unwrap_or(443),
        }),
        "dns" => dns(reader, raw, files).map(|m| Validation::Dns(Arc::new(m))),
        "dns-delegated" => Some(Validation::Delegated {
            address: raw.address,
            port: raw.port.unwrap_or(53),
            alias: raw.alias.clone(),
        }),
        "dns-manual" => Some(Validation::Manual {
            wait: raw.wait.map(|s| Duration::from_secs(s.into())),
            alias: raw.alias.clone(),
        }),
        "dns-persist" => Some(Validation::Persist),
        "none" => Some(Validation::Beforehand),
        _ => {
            let meant = nearest(method, METHODS);
            let meant = meant.map(|m| format!("; did you mean '{m}'?"));
            let [all @ .., end] = METHODS;
            let listed = format!("{} or {end}", all.join(", "));
            let text = format!("{listed} is wanted{}", meant.unwrap_or_default());
            reader.wrong("validation_method", method, text);
            None
        }
    }
}

fn dns(reader: &mut Reader<'_>, raw: &Raw, files: &Files<'_>) -> Option<DnsMethod> {
    let Some(provider) = &raw.provider else {
        let Some(module) = &raw.dns else {
            reader.fail("validation_method dns wants option dns (`certkeeper providers`) or option provider");
            return None;
        };
        let module = provider::find(reader, files.paths, module)?;
        let section = reader.section;
        let credentials = provider::complete(reader, section, module, &raw.credentials)?;
        return Some(method(section, module, credentials, raw));
    };
    let Some(section) = files.get("provider", provider) else {
        reader.wrong(
            "provider",
            provider,
            "there is no 'config provider' section of that name",
        );
        return None;
    };
    reader.within(section, |own| {
        let Some(module) = own.text("dns") else {
            own.fail("option dns is wanted: the provider's module (`certkeeper providers`)");
            return None;
        };
        let module = provider::find(own, files.paths, &module)?;
        let given = provider::credentials(own, files, provider);
        let credentials = provider::complete(own, section, module, &given)?;
        Some(method(section, module, credentials, raw))
    })
}

fn method(
    section: &Section,
    module: &'static Descriptor,
    credentials: Credentials,
    raw: &Raw,
) -> DnsMethod {
    DnsMethod {
        source: source(section),
        module,
        credentials,
        wait: raw.wait.map(|s| Duration::from_secs(s.into())),
        alias: raw.alias.clone(),
    }
}

fn source(section: &Section) -> String {
    format!(
        "{} {}",
        section.kind,
        section.name.as_deref().unwrap_or_default()
    )
}

/// The ways of names that have one of their own, by `config domain`.
pub(super) fn own_ways(
    reader: &mut Reader<'_>,
    ids: &[Identifier],
    base: &Raw,
    files: &Files<'_>,
    global: &Global,
    paths: &Paths,
) -> HashMap<Identifier, Option<Validation>> {
    let mut ways = HashMap::new();
    let cert = reader.section.name.as_deref().unwrap_or_default();
    for section in files.domains_of(cert) {
        reader.within(section, |own| {
            let name = own.text("name").unwrap_or_default();
            match Identifier::parse(&name) {
                Err(e) => own.wrong("name", &name, e.to_string()),
                Ok(id) if !ids.contains(&id) => {
                    let text = "the name is not among this section's domains";
                    own.wrong("name", &name, text);
                }
                Ok(id) if ways.contains_key(&id) => {
                    own.wrong(
                        "name",
                        &name,
                        "another 'config domain' section is for it already",
                    );
                }
                Ok(id) => {
                    let raw = Raw::read(own, files, paths).over(base);
                    ways.insert(id, resolve(own, &raw, files, global));
                }
            }
        });
    }
    ways
}
