//! What a certificate is for: its identifiers, each with its way.

use super::csr::{self, Csr};
use super::interfaces;
use super::method::{Name, Validation};
use super::reader::Reader;
use crate::types::{Domain, Identifier};
use std::collections::HashMap;

/// What an address is validated by.
pub(super) const ADDRESS_WAYS: &str =
    "an address needs validation_method standalone, webroot or alpn (RFC 8738)";
/// Names per certificate: what the strictest of the large CAs takes (Let's Encrypt).
const NAMES_MAX: usize = 100;

/// The identifiers of `list domains`, and its interfaces by name.
pub(super) fn read(
    reader: &mut Reader<'_>,
    by_dns: bool,
    csr: Option<&Csr>,
) -> (Vec<Identifier>, Vec<String>) {
    let mut words = reader.words("domains");
    if let Some(csr) = csr.filter(|_| words.is_empty()) {
        words = csr.names.iter().map(ToString::to_string).collect();
    }
    if words.is_empty() {
        reader.fail(
            "list domains is empty: name what the certificate is for, such as www.example.org",
        );
    }
    let (mut ids, mut interfaces): (Vec<Identifier>, Vec<String>) = Default::default();
    let auto = reader.flag("auto_names", false);
    for word in words {
        if word.starts_with('@') {
            let name = interfaces::name(reader, &word);
            interfaces.extend(name.filter(|n| !interfaces.contains(n)));
            continue;
        }
        let id = match Identifier::parse(&word) {
            Ok(id) => id,
            Err(e) => {
                reader.wrong("domains", &word, e.to_string());
                continue;
            }
        };
        let extra = id
            .domain()
            .filter(|d| auto && !d.is_wildcard())
            .and_then(|d| {
                let prefix = if by_dns { "*." } else { "www." };
                let bare = !d.as_str().starts_with("www.");
                bare.then(|| Domain::parse(&format!("{prefix}{d}")).ok())
                    .flatten()
            });
        for id in [Some(id), extra.map(Identifier::Dns)].into_iter().flatten() {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    if ids.len() > NAMES_MAX {
        reader.fail(format!(
            "{} names; a certificate has at most {NAMES_MAX}",
            ids.len()
        ));
    }
    if let Some(csr) = csr {
        csr::check_names(reader, csr, &ids);
    }
    (ids, interfaces)
}

/// Gives each identifier its way and says where they do not fit.
pub(super) fn validated(
    reader: &mut Reader<'_>,
    ids: Vec<Identifier>,
    way: Option<Validation>,
    mut own: HashMap<Identifier, Option<Validation>>,
) -> Vec<Name> {
    let mut names = Vec::new();
    for id in ids {
        let Some(validation) = own.remove(&id).unwrap_or_else(|| way.clone()) else {
            continue;
        };
        match &id {
            Identifier::Dns(d) if d.is_wildcard() && !validation.takes_wildcards() => reader.wrong(
                "domains",
                d.as_str(),
                "a wildcard needs validation_method dns (RFC 8555 section 8.3, RFC 8737 section 3)",
            ),
            Identifier::Ip(ip) if !validation.takes_addresses() => {
                reader.wrong("domains", &ip.to_string(), ADDRESS_WAYS)
            }
            _ => {}
        }
        names.push(Name { id, validation });
    }
    names
}
