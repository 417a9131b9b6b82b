//! The zone that a name is in, and the nameservers that are its authorities.

use super::view::{Delegation, names};
use crate::net::{
    Answer, Data, Over, Rcode, RecordType, ResolveError, Resolver, ask_each, ask_one,
};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

/// Nameservers of a zone that are asked; no zone has many more (13 fit a reply of 512 bytes).
const SERVERS_MAX: usize = 13;
/// Zones below each other on the way to a name.
const CUTS_MAX: usize = 5;
/// Where nameservers answer.
const PORT: u16 = 53;

/// A zone whose authorities answer.
pub(super) struct Zone {
    pub name: String,
    /// Those that were reached.
    pub servers: Vec<SocketAddr>,
    /// How they were.
    over: Over,
}

/// What is known of a name's authorities.
#[derive(Clone)]
pub(super) enum Place {
    Zone(Rc<Zone>),
    /// Somebody answers in their place.
    Disturbed(String),
    /// The name is delegated to those who do not answer.
    Silent,
    /// They are not known, or not reached.
    Unknown,
}

/// Somebody who sees the Internet. Who did not answer once is not asked again.
pub(super) struct Operator<'a> {
    resolver: Resolver<'a>,
    trouble: RefCell<Option<String>>,
}

impl<'a> Operator<'a> {
    pub fn new(resolver: Resolver<'a>) -> Self {
        Self {
            resolver,
            trouble: RefCell::default(),
        }
    }

    /// It answered, or was never asked.
    pub fn is_well(&self) -> bool {
        self.trouble.borrow().is_none()
    }

    pub fn ask(&self, name: &str, kind: RecordType) -> Result<Answer, String> {
        if let Some(trouble) = self.trouble.borrow().as_ref() {
            return Err(trouble.clone());
        }
        let answer = self.resolver.query(name, kind, true);
        answer.map_err(|e| {
            let trouble = e.to_string();
            if matches!(e, ResolveError::Unanswered(_)) {
                self.trouble.replace(Some(trouble.clone()));
            }
            trouble
        })
    }
}

impl fmt::Display for Operator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.resolver.fmt(f)
    }
}

/// Finds zones.
pub(super) struct Zones<'a> {
    /// Those who know, the most trusted first.
    pub known: Vec<Operator<'a>>,
    places: RefCell<HashMap<String, Place>>,
}

/// What an authority says of a name.
enum Said {
    /// It is one.
    Own,
    /// Others are, below this zone.
    Below(String, Vec<String>),
}

impl<'a> Zones<'a> {
    pub fn new(known: Vec<Operator<'a>>) -> Self {
        Self {
            known,
            places: RefCell::default(),
        }
    }

    /// What the first who answers says.
    pub fn ask(&self, name: &str, kind: RecordType) -> Result<Answer, String> {
        let mut trouble = "no nameserver is known".to_owned();
        for operator in &self.known {
            match operator.ask(name, kind) {
                Ok(answer) if matches!(answer.rcode, Rcode::NoError | Rcode::NxDomain) => {
                    return Ok(answer);
                }
                Ok(answer) => trouble = format!("{operator} answers {}", answer.rcode),
                Err(e) => trouble = e,
            }
        }
        Err(trouble)
    }

    /// The authorities of a name. What was found once is not looked for again.
    pub fn place(&self, name: &str) -> Place {
        if let Some(known) = self.places.borrow().get(name) {
            return known.clone();
        }
        let found = self.find(name);
        self.places
            .borrow_mut()
            .insert(name.to_owned(), found.clone());
        found
    }

    fn find(&self, name: &str) -> Place {
        let mut place = self.above(name);
        for _ in 0..CUTS_MAX {
            let Place::Zone(zone) = &place else { break };
            match zone.said(name) {
                Some(Said::Below(below, servers)) => {
                    place = match self.zone(&below, &servers, None) {
                        Place::Unknown => Place::Silent,
                        place => place,
                    }
                }
                _ => break,
            }
        }
        place
    }

    /// Whom the zone above a name has it delegated to; `None`: its authorities are not reached.
    pub fn delegation(&self, name: &str) -> Option<Delegation> {
        let mut place = self.above(name);
        for _ in 0..CUTS_MAX {
            let Place::Zone(zone) = &place else {
                return None;
            };
            match zone.said(name)? {
                Said::Own => return Some(Delegation::Missing(zone.name.clone())),
                Said::Below(below, servers) if below == name => {
                    return Some(Delegation::To(servers));
                }
                // Whoever is to answer for the zone above it is silent: this router, as long as no CA looks.
                Said::Below(below, servers) => match self.zone(&below, &servers, None) {
                    Place::Unknown => return Some(Delegation::To(servers)),
                    found => place = found,
                },
            }
        }
        None
    }

    /// The zone above a name. The name itself is not asked for: whoever keeps answers would remember
    /// that it is not there, or that its nameservers do not answer yet.
    fn above(&self, name: &str) -> Place {
        let above = |name: &'_ str| name.split_once('.').map_or(0, |(label, _)| label.len() + 1);
        let mut host = &name[above(name)..];
        while host.starts_with('_') {
            host = &host[above(host)..];
        }
        loop {
            let answer = self.ask(host, RecordType::Soa).ok();
            let all = answer
                .iter()
                .flat_map(|a| a.answers.iter().chain(&a.authority));
            let soa = all.filter_map(|r| match &r.data {
                // Of a name that is a CNAME the answer tells of the other's zone.
                Data::Soa { primary, .. } if is_below(host, &r.name) => Some((&r.name, primary)),
                _ => None,
            });
            if let Some((zone, primary)) = soa.into_iter().next()
                && zone != "."
            {
                let Ok(answer) = self.ask(zone, RecordType::Ns) else {
                    return Place::Unknown;
                };
                return self.zone(zone, &names(&answer.answers, zone), Some(primary));
            }
            match above(host) {
                0 => return Place::Unknown,
                label => host = &host[label..],
            }
        }
    }

    /// A zone by its nameservers, those of them that answer as its authorities. `primary`: what those
    /// who know say that its SOA record holds.
    fn zone(&self, zone: &str, nameservers: &[String], primary: Option<&String>) -> Place {
        let servers = self.addresses(nameservers);
        match authorities(zone, &servers, Over::Udp, primary) {
            found @ Place::Zone(_) => found,
            // Who answers in their place, or shuts the port, may let TCP pass.
            place => match authorities(zone, &servers, Over::Tcp, primary) {
                found @ Place::Zone(_) => found,
                _ => place,
            },
        }
    }

    /// The addresses of nameservers.
    fn addresses(&self, nameservers: &[String]) -> Vec<SocketAddr> {
        let mut addresses = Vec::new();
        for name in nameservers.iter().take(SERVERS_MAX) {
            for kind in [RecordType::A, RecordType::Aaaa] {
                let answer = self.ask(name, kind);
                let records = answer.map(|a| a.answers).unwrap_or_default();
                let found = records.iter().filter_map(|r| match r.data {
                    Data::Addr(address) => Some(address),
                    _ => None,
                });
                addresses.extend(found.map(|ip: IpAddr| SocketAddr::new(ip, PORT)));
            }
        }
        addresses.sort_unstable();
        addresses.dedup();
        addresses.truncate(2 * SERVERS_MAX);
        addresses
    }
}

/// A zone's authorities among servers: those that answer as such.
fn authorities(zone: &str, servers: &[SocketAddr], over: Over, primary: Option<&String>) -> Place {
    let answers = ask_each(servers, over, zone, RecordType::Soa);
    let (mut right, mut wrong) = (Vec::new(), None);
    for (server, answer) in servers.iter().zip(answers) {
        let Some(answer) = answer else { continue };
        let own = answer.answers.iter().find_map(|r| match &r.data {
            Data::Soa { primary, .. } if r.name == zone => Some(primary),
            _ => None,
        });
        match (answer.rcode, own) {
            (Rcode::NoError, Some(own))
                if answer.authoritative && primary.is_none_or(|p| p == own) =>
            {
                right.push(*server);
            }
            // A server that does not serve the zone: others do.
            (Rcode::Refused | Rcode::ServFail, _) => {}
            (_, Some(other)) if answer.authoritative => {
                wrong = Some(format!(
                    "{} shows another zone {zone} (of {other})",
                    server.ip()
                ));
            }
            _ => {
                wrong = Some(format!(
                    "{} answers for {zone} without authority",
                    server.ip()
                ));
            }
        }
    }
    match (right.is_empty(), wrong) {
        (false, _) => Place::Zone(Rc::new(Zone {
            name: zone.to_owned(),
            servers: right,
            over,
        })),
        (true, Some(why)) => Place::Disturbed(why),
        (true, None) => Place::Unknown,
    }
}

impl Zone {
    /// What each of the authorities answers, in their order.
    pub fn ask_each(&self, name: &str, kind: RecordType) -> Vec<Option<Answer>> {
        ask_each(&self.servers, self.over, name, kind)
    }

    /// What one of the authorities answers.
    pub fn ask(&self, name: &str, kind: RecordType) -> Option<Answer> {
        let mut servers = self.servers.iter();
        servers.find_map(|server| {
            let answer = ask_one(*server, self.over, name, kind);
            answer.filter(|a| a.rcode != Rcode::ServFail)
        })
    }

    fn said(&self, name: &str) -> Option<Said> {
        let answer = self.ask(name, RecordType::Txt)?;
        // A referral (RFC 1034 section 4.3.2, step 3b).
        let cut = answer
            .authority
            .iter()
            .find(|r| r.kind == RecordType::Ns && r.name != self.name && is_below(name, &r.name));
        Some(match cut {
            Some(cut) if !answer.authoritative && answer.answers.is_empty() => {
                Said::Below(cut.name.clone(), names(&answer.authority, &cut.name))
            }
            _ => Said::Own,
        })
    }
}

/// True if a name is the other, or below it.
fn is_below(name: &str, above: &str) -> bool {
    let rest = name.strip_suffix(above);
    above == "." || rest.is_some_and(|r| r.is_empty() || r.ends_with('.'))
}
