//! Says early what a CA would refuse: names, keys, profiles.

use super::account::Account;
use super::interfaces::Interface;
use super::method::Name;
use super::reader::Reader;
use crate::acme::ca::{Preset, those_that};
use crate::types::{Identifier, KeyType, local_address};

/// Compares what a certificate asks for with what is known of its CA.
pub(super) fn check(
    reader: &mut Reader<'_>,
    account: &Account,
    names: &[Name],
    keys: &[KeyType],
    profile: Option<&str>,
) {
    if account.public {
        local_names(reader, names);
    }
    let Some(ca) = account.facts() else {
        return;
    };
    for key in keys {
        if ca.keys.is_empty() || ca.keys.contains(key) {
            continue;
        }
        let all: Vec<&str> = ca.keys.iter().map(|k| k.name()).collect();
        let all = all.join(" ");
        let others = those_that(|p| p.keys.contains(key));
        let text = format!("{} signs {all}{}", ca.title, or(&others, "signs it"));
        reader.wrong("key_type", key.name(), text);
    }
    let offered = ca.profile(profile);
    if let Some(profile) = profile
        && offered.is_none()
        && !ca.profiles.is_empty()
    {
        let all: Vec<&str> = ca.profiles.iter().map(|p| p.name).collect();
        let text = format!("the profiles of {} are {}", ca.title, all.join(" "));
        reader.wrong("cert_profile", profile, text);
    }
    if let Some(profile) = profile
        && let Some(limit) = offered.map(|p| p.names).filter(|n| names.len() > *n)
    {
        let all = names.len();
        let text = format!("{all} names; under it a certificate has at most {limit}");
        reader.wrong("cert_profile", profile, text);
    }
    for name in names {
        let refused = match &name.id {
            Identifier::Ip(_) => address(ca, offered.is_none_or(|p| p.ips)),
            Identifier::Dns(d) if d.is_wildcard() && !ca.wildcards => {
                let others = those_that(|p| p.wildcards);
                Some(format!(
                    "{} certifies no wildcards{}",
                    ca.title,
                    or(&others, "does")
                ))
            }
            Identifier::Dns(_) => None,
        };
        if let Some(text) = refused {
            reader.wrong("domains", &name.id.to_string(), text);
        }
    }
}

/// The same for interfaces, whose addresses are not known yet.
pub(super) fn check_interfaces(
    reader: &mut Reader<'_>,
    account: &Account,
    interfaces: &[Interface],
    profile: Option<&str>,
) {
    let Some(ca) = account.facts() else {
        return;
    };
    let covered = ca.profile(profile).is_none_or(|p| p.ips);
    for interface in interfaces {
        if let Some(text) = address(ca, covered) {
            reader.wrong("domains", &format!("@{}", interface.name), text);
        }
    }
}

/// Why an address is refused. `covered`: the profile that is asked for certifies addresses, as far
/// as is known.
fn address(ca: &Preset, covered: bool) -> Option<String> {
    if ca.ips == Some(false) {
        let others = those_that(|p| p.ips == Some(true));
        let text = format!("{} certifies no addresses{}", ca.title, or(&others, "does"));
        return Some(text);
    }
    let with: Vec<&str> = ca
        .profiles
        .iter()
        .filter(|p| p.ips)
        .map(|p| p.name)
        .collect();
    (!covered).then(|| {
        format!(
            "{} certifies addresses under its profile {} alone: set option cert_profile '{}'",
            ca.title,
            with.join(" or "),
            with.first().unwrap_or(&"")
        )
    })
}

/// The CAs that do what another one does not.
fn or(others: &[&str], does: &str) -> String {
    match others {
        [] => "; a CA of your own (acme_server) may".to_owned(),
        all => format!("; {does}: {}", all.join(" ")),
    }
}

/// Names and addresses that no public CA certifies.
fn local_names(reader: &mut Reader<'_>, names: &[Name]) {
    for name in names {
        let why = match &name.id {
            Identifier::Dns(d) => d.local_reason().map(|(suffix, why)| {
                format!("names below .{suffix} ({why}); use a name that you own")
            }),
            Identifier::Ip(ip) => {
                local_address(*ip).map(|why| format!("it ({why}); use a public address"))
            }
        };
        if let Some(why) = why {
            let text = format!("no public CA certifies {why}, or a private CA (acme_server)");
            reader.wrong("domains", &name.id.to_string(), text);
        }
    }
}
