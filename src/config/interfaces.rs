//! `@IFACE` in `list domains`: the addresses of a logical interface. Which those are the
//! configuration does not say; they come as arguments.

use super::cert::Cert;
use super::method::{Name, Validation};
use super::mistake::Mistake;
use super::reader::Reader;
use super::{Config, MAIN};
use crate::types::{Identifier, SectionName};
use std::net::IpAddr;

/// An interface whose addresses a certificate is to name.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Its name, as netifd knows it.
    pub name: String,
    /// How its addresses are validated.
    pub validation: Validation,
}

/// No name of an interface is longer that certkeeper asks for.
const NAME_MAX: usize = 64;

/// The name behind the `@` of a word of `list domains`.
pub(super) fn name(reader: &mut Reader<'_>, word: &str) -> Option<String> {
    let name = word.strip_prefix('@')?;
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.');
    let fits = !name.is_empty() && name.len() <= NAME_MAX && name.bytes().all(plain);
    if !fits {
        let allowed = "the name of an interface of /etc/config/network is wanted, such as @wan";
        reader.wrong("domains", word, allowed);
    }
    fits.then(|| name.to_owned())
}

/// The interfaces with their way, which must be one for addresses.
pub(super) fn read(
    reader: &mut Reader<'_>,
    names: Vec<String>,
    way: Option<&Validation>,
) -> Vec<Interface> {
    let mut interfaces = Vec::new();
    for name in names {
        let Some(validation) = way.cloned() else {
            continue;
        };
        let word = format!("@{name}");
        if reader.section.get("csr").is_some() {
            let text = "option csr says which addresses the certificate has; write them out";
            reader.wrong("domains", &word, text);
        } else if !validation.takes_addresses() {
            reader.wrong("domains", &word, super::identifiers::ADDRESS_WAYS);
        }
        interfaces.push(Interface { name, validation });
    }
    interfaces
}

impl Config {
    /// True if a section names an interface.
    pub fn names_interfaces(&self) -> bool {
        self.certs.iter().any(|c| !c.interfaces.is_empty())
    }

    /// Puts addresses in the place of interfaces. `now`: those that an interface has; `before`: those
    /// that a section's certificate has, which stay while an interface is down. A section that is left
    /// without any cannot run.
    pub fn with_addresses(
        &mut self,
        now: impl Fn(&str) -> Result<Vec<IpAddr>, String>,
        before: impl Fn(&Cert) -> Vec<IpAddr>,
    ) {
        let mut without = Vec::new();
        for cert in &mut self.certs {
            for Interface { name, validation } in std::mem::take(&mut cert.interfaces) {
                let found = now(&name).or_else(|why| match before(cert) {
                    all if all.is_empty() => Err(why),
                    all => Ok(all),
                });
                let found = found.unwrap_or_else(|why| {
                    without.push((cert.name.clone(), format!("@{name}: {why}")));
                    Vec::new()
                });
                for address in found {
                    let id = Identifier::Ip(address.to_canonical());
                    if cert.names.iter().all(|n| n.id != id) {
                        let validation = validation.clone();
                        cert.names.push(Name { id, validation });
                    }
                }
            }
        }
        let broken = |name: &SectionName| without.iter().any(|(n, _)| n == name);
        self.certs.retain(|c| !broken(&c.name));
        for (name, why) in without {
            if self.knows(name.as_str()) {
                continue;
            }
            self.mistakes.push(Mistake {
                section: Some(format!("cert '{name}'")),
                option: Some("domains".into()),
                ..Mistake::in_file(MAIN, why.clone())
            });
            self.broken.push((name, why));
        }
    }
}
