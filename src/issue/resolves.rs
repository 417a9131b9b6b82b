//! What `check` says of names and records in DNS.

use super::netifd::Interface;
use super::{Engine, view};
use crate::challenge::{Applicant, Delegation, Seen, View};
use crate::config::{Cert, Name, Validation};
use crate::dns::TxtRecord;
use crate::net::{Data, Rcode, RecordType, Resolver, lookup_host, nameservers};
use crate::store::AccountStore;
use crate::types::{Domain, Identifier, few, local_address};
use std::net::IpAddr;
use std::time::Duration;

/// How often a test record is looked for, a second apart.
const LOOKS: u32 = 10;

type Found<'a> = &'a mut dyn FnMut(&'static str, bool, String);

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

/// Whether the owners of the names let the CA issue (RFC 8659).
pub(super) fn caa(
    engine: &Engine<'_>,
    view: &View<'_>,
    cert: &Cert,
    issuers: &[String],
    found: Found<'_>,
) {
    if view.is_blind() || issuers.is_empty() {
        return;
    }
    let account = AccountStore::new(engine.paths, &cert.account.name, &cert.account.directory);
    let url = account.note().ok().flatten().map(|note| note.url);
    let mut allowed = Vec::new();
    for name in &cert.names {
        let Some(domain) = name.id.domain() else {
            continue;
        };
        let applicant = Applicant {
            issuers,
            account: url.as_deref(),
            method: name.validation.challenge(),
            wildcard: domain.is_wildcard(),
        };
        match refused(view, domain, &applicant) {
            None => allowed.push(domain.as_str()),
            Some(why) => found("caa", false, format!("{domain}: {why}")),
        }
    }
    if !allowed.is_empty() {
        let text = format!(
            "CAA lets {} issue for {}",
            issuers[0],
            few(allowed.into_iter())
        );
        found("caa", true, text);
    }
}

fn refused(view: &View<'_>, domain: &Domain, applicant: &Applicant<'_>) -> Option<String> {
    let mut at = domain.base();
    // The first that has any counts (RFC 8659 section 3).
    loop {
        let answer = match view.ask(at, RecordType::Caa) {
            Ok(answer) => answer,
            Err(_) if view.is_given() && at != domain.base() => return None,
            Err(why) => {
                return Some(format!(
                    "CAA of {at} cannot be looked up ({why}) — a CA that cannot either does not issue"
                ));
            }
        };
        let mut records = answer.answers.iter();
        if records.any(|r| r.kind == RecordType::Caa) {
            let why = applicant.refused(&answer.answers)?;
            return Some(format!(
                "CAA of {at}: {why} — publish there: {at}. IN CAA 0 issue \"{}\"",
                applicant.issuers[0]
            ));
        }
        at = at.split_once('.')?.1;
    }
}

/// Whether a name leads where calias or dalias put its record: the CA knows nothing of them.
pub(super) fn alias(view: &View<'_>, name: &Name, found: Found<'_>) {
    let (Some(alias), Some(domain)) = (name.validation.alias(), name.id.domain()) else {
        return;
    };
    let (own, alias) = (domain.challenge(), alias.as_str());
    let led = match view.follow(own.as_str()) {
        Err(chased) => chased.to_string(),
        Ok(end) if end == alias => return,
        Ok(end) if end != own.as_str() => format!("{own} leads to {end}"),
        Ok(_) if view.tells_cname(own.as_str()) => format!("{own} is no CNAME"),
        // Nobody can be asked.
        Ok(_) => return,
    };
    let text = format!(
        "{led}, but the record is written at {alias} (calias, dalias) — publish: {own}. IN CNAME {alias}."
    );
    found(name.validation.method(), false, text);
}

/// Whether a name that this router is to answer for is delegated to it.
pub(super) fn delegated(view: &View<'_>, name: &Name, found: Found<'_>) {
    let Validation::Delegated { .. } = name.validation else {
        return;
    };
    let topic = name.validation.method();
    match view::spot_of(view, name) {
        Err(e) => found(topic, false, view::explained(&e)),
        Ok(spot) => {
            let (own, to) = (&spot.name, spot.nameservers.join(", "));
            match view.delegation(own) {
                Delegation::To(_) => found(topic, true, format!("{own} is delegated to {to}")),
                _ => found(
                    topic,
                    true,
                    format!(
                        "nobody tells whether {own} is delegated; it is to be: {own}. IN NS {to}."
                    ),
                ),
            }
        }
    }
}

/// Whether the Internet shows a test record; an error says why it never will.
pub(super) fn shown(
    engine: &Engine<'_>,
    view: &View<'_>,
    txt: &TxtRecord,
) -> Result<String, (String, String)> {
    if view.is_blind() {
        return Ok(String::new());
    }
    let disturbed = match view.disturbed(&txt.name) {
        Some(why) => {
            format!(" (port 53 is intercepted on the way: {why}; DNS over HTTPS is asked instead)")
        }
        None => String::new(),
    };
    let mut who = String::new();
    for round in 0..LOOKS {
        if round > 0 && engine.clock.sleep(Duration::from_secs(1)).is_err() {
            break;
        }
        match view.shows(txt) {
            Seen::Shown => return Ok(format!("; all nameservers show it{disturbed}")),
            Seen::NotYet(server, _) => who = server,
            Seen::Unknown(why) => {
                return Ok(format!(
                    "; whether it is shown is not known: {why}{disturbed}"
                ));
            }
        }
    }
    let name = &txt.name;
    let remedy = format!(
        "in the public zone make {name} a CNAME to a name in a zone that the Internet sees, and name that in dalias"
    );
    let local = match shadow(engine, view, txt) {
        Some(Shadow::Written) => {
            let text = format!(
                "{name} is written, but {who} does not show it: a local zone shadows the public one"
            );
            return Err((text, remedy));
        }
        Some(Shadow::Other(zone)) => {
            format!(
                "; in this network a local zone shadows {zone}: if the record was written there, {remedy}"
            )
        }
        None => String::new(),
    };
    Ok(format!(
        "; but not all nameservers show it yet ({who} does not): publishing takes longer, or they do not serve the zone\
         {local}{disturbed}"
    ))
}

/// This network's nameservers see another zone than the Internet does.
enum Shadow {
    /// The record stands in it.
    Written,
    /// The record need not; the public zone.
    Other(String),
}

fn shadow(engine: &Engine<'_>, view: &View<'_>, txt: &TxtRecord) -> Option<Shadow> {
    let local = Resolver::new(nameservers(&engine.paths.at("/etc/resolv.conf")));
    let ask = |name: &str, kind| {
        let answer = local.query(name, kind, true).ok()?;
        // A server in trouble says nothing of zones.
        matches!(answer.rcode, Rcode::NoError | Rcode::NxDomain).then_some(answer)
    };
    let shown = ask(&txt.name, RecordType::Txt)?;
    let mut data = shown.answers.iter().map(|r| &r.data);
    if data.any(|d| matches!(d, Data::Text(text) if text == txt.value.as_bytes())) {
        return Some(Shadow::Written);
    }
    let host = txt.name.trim_start_matches("_acme-challenge.");
    let zone = |answer: crate::net::Answer| {
        let all = answer.answers.into_iter().chain(answer.authority);
        let mut soa = all.filter_map(|r| match r.data {
            Data::Soa { primary, .. } => Some((r.name, primary)),
            _ => None,
        });
        soa.next()
    };
    let here = zone(ask(host, RecordType::Soa)?);
    let public = zone(view.ask(host, RecordType::Soa).ok()?)?;
    let (zone, primary) = &public;
    (here.as_ref() != Some(&public)).then(|| Shadow::Other(format!("{zone} (of {primary})")))
}
