//! Opens DNS providers for the methods of the configuration.

use super::Engine;
use super::clients::{Http, http};
use crate::config::{DnsMethod, Validation};
use crate::dns::script::{self, Host, Script};
use crate::dns::{self, Context, DnsError, Provider};
use crate::net::{Roots, Updater};
use crate::store::{StoreError, forget_saved};
use std::collections::HashMap;

/// The HTTP client for providers. Some serve plain HTTP in the owner's network (PowerDNS).
pub fn transport<'e>(engine: &Engine<'e>) -> Http<'e> {
    http(
        engine,
        Roots::Bundle(engine.config.global.ca_bundle.clone()),
        true,
    )
}

/// The provider of a method.
pub fn open<'a>(
    engine: &Engine<'a>,
    method: &DnsMethod,
    http: &'a Http<'_>,
) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let credentials = method.credentials.clone();
    if method.module.is_script() {
        let host = Host::here(engine.paths, &engine.config.global.ca_bundle)?;
        let saved = engine.paths.saved(&method.source);
        let script = Script::open(engine.paths, method.module, credentials, saved, host)?;
        return Ok(Box::new(script));
    }
    let module = dns::find(method.module.name)
        .ok_or_else(|| DnsError::Refused(format!("there is no module {}", method.module.name)))?;
    (module.open)(Context {
        descriptor: module.descriptor,
        credentials,
        http,
        nameserver: &Updater,
        clock: engine.clock,
    })
}

/// What scripts saved for sections that are gone goes, too: sessions, accounts. A configuration without
/// certificates may have been lost, and takes nothing with it.
pub fn forget_former(engine: &Engine<'_>) -> Result<(), StoreError> {
    let config = engine.config;
    if config.certs.is_empty() {
        return Ok(());
    }
    let mut heirs = HashMap::new();
    for name in config.certs.iter().flat_map(|c| &c.names) {
        if let Validation::Dns(method) = &name.validation
            && method.module.is_script()
        {
            let mark = script::mark(method.module, &method.credentials);
            heirs.insert(mark, engine.paths.saved(&method.source));
        }
    }
    let known = |name: &str| config.sections.contains(name);
    forget_saved(engine.paths, known, &heirs)
}
