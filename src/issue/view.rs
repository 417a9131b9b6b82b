//! Who is asked about DNS, and where records of dns-01 stand.

use super::Engine;
use super::clients::{Http, client};
use crate::challenge::{ChallengeError, Delegation, Spot, View};
use crate::config::{Name, Validation};
use crate::net::{Limits, Roots, nameservers};
use crate::types::{DnsServer, Domain};
use std::time::Duration;

/// Operators who see the Internet from many places, each by several addresses: no DNS is needed to
/// reach them, and their certificates hold the addresses.
pub const OPERATORS: &str = "https://1.1.1.1/dns-query,https://[2606:4700:4700::1111]/dns-query \
                             https://8.8.8.8/dns-query,https://[2001:4860:4860::8888]/dns-query";

/// One that answers does so at once, and there are others.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(3),
    call: Duration::from_secs(5),
};

/// Reads operators: blanks between them, commas between the addresses of one.
pub fn operators(text: &str) -> Vec<Vec<DnsServer>> {
    let addresses = |word: &str| word.split(',').filter_map(DnsServer::parse).collect();
    text.split_whitespace().map(addresses).collect()
}

/// The HTTP client for operators.
pub(super) fn transport<'e>(engine: &Engine<'e>) -> Http<'e> {
    let roots = Roots::Bundle(engine.config.global.ca_bundle.clone());
    client(engine, roots, false, LIMITS)
}

/// By the servers of `dns_server`, else by the operators; the machine's own nameservers come last.
pub(super) fn open<'a>(engine: &Engine<'_>, https: &'a Http<'_>) -> View<'a> {
    let given = &engine.config.global.dns_servers;
    if !given.is_empty() {
        return View::given(given, https);
    }
    let last = nameservers(&engine.paths.at("/etc/resolv.conf"));
    View::new(&engine.operators, last, https)
}

/// Where the record that answers for a name stands; of no meaning where DNS is not what the CA looks
/// at.
pub(super) fn spot_of(view: &View<'_>, name: &Name) -> Result<Spot, ChallengeError> {
    let validation = &name.validation;
    let Some(domain) = name
        .id
        .domain()
        .filter(|_| validation.challenge() == "dns-01")
    else {
        return Ok(Spot::default());
    };
    let own = domain.challenge();
    let name = match validation.alias() {
        Some(alias) => alias.to_string(),
        None => view.follow(own.as_str()).map_err(|chased| {
            let remedy = "mend the CNAME records, or name the record's place in calias or dalias";
            ChallengeError::Name(chased.to_string(), remedy.to_owned())
        })?,
    };
    let mut nameservers = Vec::new();
    if let Validation::Delegated { .. } = validation {
        match view.delegation(&name) {
            Delegation::To(them) => nameservers = them,
            Delegation::Unknown => nameservers.push(domain.base().to_owned()),
            Delegation::Missing(zone) => {
                let text =
                    format!("{name} is not delegated: the zone {zone} answers for it itself");
                return Err(ChallengeError::Name(text, delegate(&name, domain)));
            }
        }
    }
    Ok(Spot { name, nameservers })
}

/// An error about a name, with its remedy.
pub(super) fn explained(error: &ChallengeError) -> String {
    match error {
        ChallengeError::Name(text, remedy) => format!("{text} — {remedy}"),
        other => other.to_string(),
    }
}

/// The record that delegates a name to this router.
fn delegate(name: &str, domain: &Domain) -> String {
    let host = domain.base();
    format!(
        "publish in that zone: {name}. IN NS {host}. — where {host} does not lead to this router, another name that does"
    )
}
