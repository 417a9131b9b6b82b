//! Whether names lead to this router.

use super::super::Engine;
use super::super::netifd::Interface;
use super::Found;
use crate::challenge::View;
use crate::config::{Name, Validation};
use crate::net::{Data, RecordType, lookup_host};
use crate::types::{Identifier, local_address};
use std::net::IpAddr;

/// Who is asked on a port needs an address that the CA finds; dns-01 needs none.
pub(super) fn name(
    engine: &Engine<'_>,
    view: &View<'_>,
    name: &Name,
    interfaces: &[Interface],
    found: Found<'_>,
) {
    use Validation::{Alpn, Standalone, Webroot};
    let domain = match (&name.id, &name.validation) {
        (Identifier::Dns(domain), Webroot { .. } | Standalone { .. } | Alpn { .. }) => {
            domain.base()
        }
        _ => return,
    };
    let given = !engine.config.global.dns_servers.is_empty();
    let here = match given {
        true => Err(String::new()),
        false => lookup_host(domain),
    };
    let seen = match view.is_blind() {
        true => here.clone(),
        false => addresses(view, domain).or_else(|why| match &here {
            // Without a view of the Internet what is seen here is all there is.
            Ok(here) if why.is_none() => Ok(here.clone()),
            _ => Err(why.unwrap_or_else(|| format!("{domain} has no address"))),
        }),
    };
    match (seen, here) {
        (Ok(seen), here) => {
            let (ok, mut text) = compared(domain, &seen, interfaces);
            if let Ok(here) = here.as_deref()
                && !here.iter().any(|a| seen.contains(a))
            {
                text += &format!(
                    "; in this network to {}: a local zone or entry answers here",
                    list(here)
                );
            }
            found("name", ok, text);
        }
        (Err(why), Ok(here)) if here.iter().all(|a| local_address(*a).is_some()) => {
            let above = domain.split_once('.').map_or(domain, |(_, rest)| rest);
            let text = format!(
                "{why}; in this network alone it leads to {} — a name that is forwarded here, as a captive portal's is, \
                 needs no public address with a wildcard: *.{above} by validation_method dns",
                list(&here)
            );
            found("name", false, text);
        }
        (Err(why), _) => found(
            "name",
            false,
            format!(
                "{why} — make an A or AAAA record that leads to this router, or use validation_method dns"
            ),
        ),
    }
}

/// Whether all addresses of a name lead here. A CA may choose any of them.
fn compared(domain: &str, addresses: &[IpAddr], interfaces: &[Interface]) -> (bool, String) {
    let text = format!("{domain} resolves to {}", list(addresses));
    let wan: Vec<&Interface> = interfaces.iter().filter(|i| i.is_wan).collect();
    let known: Vec<IpAddr> = wan.iter().flat_map(|i| i.public()).collect();
    // Behind another router nothing can be said of IPv4; IPv6 is not translated.
    let told = |a: &&IpAddr| !wan.is_empty() && (a.is_ipv6() || known.iter().any(IpAddr::is_ipv4));
    let elsewhere = |a: &&IpAddr| !interfaces.iter().any(|i| i.has(**a));
    let wrong: Vec<IpAddr> = addresses.iter().filter(elsewhere).copied().collect();
    let sure: Vec<IpAddr> = wrong.iter().filter(told).copied().collect();
    if !sure.is_empty() {
        let text = format!(
            "{text}, but {} is none of this router's (its WAN has {}): the CA asks there. Correct the record (A, AAAA), \
             unless what is there passes the CA's question on to this router",
            list(&sure),
            if known.is_empty() {
                "no public address".into()
            } else {
                list(&known)
            }
        );
        return (false, text);
    }
    match (wan.is_empty(), wrong.is_empty()) {
        (true, _) => (true, text),
        (_, true) => (true, format!("{text}, which is this router")),
        (_, false) => {
            let text = format!(
                "{text}; the WAN has no such public address to compare it with: what is before this router must pass the \
                 CA's question on"
            );
            (true, text)
        }
    }
}

fn list(all: &[IpAddr]) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.join(" ")
}

/// The addresses of a name; `None`: nobody could be asked.
fn addresses(view: &View<'_>, domain: &str) -> Result<Vec<IpAddr>, Option<String>> {
    let mut addresses = Vec::new();
    let mut asked = false;
    for kind in [RecordType::A, RecordType::Aaaa] {
        let Ok(answer) = view.ask(domain, kind) else {
            continue;
        };
        asked = true;
        addresses.extend(answer.answers.iter().filter_map(|r| match r.data {
            Data::Addr(address) => Some(address),
            _ => None,
        }));
    }
    match addresses.is_empty() {
        true => Err(asked.then(|| format!("the nameservers have no address for {domain}"))),
        false => Ok(addresses),
    }
}
