//! DNS as the Internet sees it: the authorities of a zone, asked without anybody between; where
//! somebody is, operators that are asked over HTTPS.

use super::zone::{Operator, Place, Zones};
use crate::dns::TxtRecord;
use crate::net::{Answer, Data, Rcode, RecordType, Resolver};
use crate::types::{DnsServer, Transport, few};
use std::fmt;
use std::net::SocketAddr;

/// CNAMEs behind a name that are followed; CAs follow about as many (unbound: 11).
const CNAMES_MAX: usize = 10;

/// Who is asked.
pub struct View<'a> {
    /// So many of those who know are not this machine's own.
    operators: usize,
    /// The owner named them: their answers count, whatever authorities say.
    given: bool,
    zones: Zones<'a>,
}

/// What somebody says of a name.
pub struct Said {
    /// Who.
    pub who: String,
    /// The answer, or why there is none.
    pub answer: Result<Answer, String>,
    /// An answer is owed: others do not do for it.
    pub must: bool,
}

/// How a record is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// By all who were asked.
    Shown,
    /// Not yet by that server; what it does instead, to be followed by the name.
    NotYet(String, Option<String>),
    /// Nobody could be asked.
    Unknown(String),
}

/// Where the record of a challenge stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// The name behind all CNAMEs.
    pub name: String,
    /// The nameservers that the name is delegated to; empty: none, or nobody knows.
    pub nameservers: Vec<String>,
}

/// Who answers for a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delegation {
    /// These nameservers, by their names.
    To(Vec<String>),
    /// That zone's own nameservers: nothing is delegated.
    Missing(String),
    /// Nobody could be asked.
    Unknown,
}

/// Names lead to each other without an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chased(Vec<String>);

impl fmt::Display for Chased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain = self.0.join(" → ");
        match self.0.len() > CNAMES_MAX + 1 {
            true => write!(
                f,
                "more than {CNAMES_MAX} CNAMEs follow each other: {chain}"
            ),
            false => write!(f, "the CNAMEs go round in a circle: {chain}"),
        }
    }
}

impl<'a> View<'a> {
    /// A view by operators, each by one of its addresses; `last` is asked about zones where none of
    /// them answers.
    pub fn new(
        operators: &[Vec<DnsServer>],
        last: Vec<SocketAddr>,
        https: &'a dyn Transport,
    ) -> Self {
        let over = operators.iter();
        let over = over.map(|servers| Resolver::over(servers.clone(), https));
        let last = (!last.is_empty()).then(|| Resolver::new(last));
        let known = over.chain(last).map(Operator::new);
        Self {
            operators: operators.len(),
            given: false,
            zones: Zones::new(known.collect()),
        }
    }

    /// A view by the servers that the owner named.
    pub fn given(servers: &[DnsServer], https: &'a dyn Transport) -> Self {
        let each: Vec<_> = servers.iter().map(|s| vec![s.clone()]).collect();
        Self {
            given: true,
            ..Self::new(&each, Vec::new(), https)
        }
    }

    /// Nobody is known that could be asked.
    pub fn is_blind(&self) -> bool {
        self.zones.known.is_empty()
    }

    /// The owner named who is asked: servers that may know their own zones alone.
    pub fn is_given(&self) -> bool {
        self.given
    }

    fn operators(&self) -> &[Operator<'a>] {
        &self.zones.known[..self.operators]
    }

    /// What somebody who sees the Internet answers.
    pub fn ask(&self, name: &str, kind: RecordType) -> Result<Answer, String> {
        self.zones.ask(name, kind)
    }

    /// Why the authorities of a name cannot be asked directly, if somebody answers in their place.
    pub fn disturbed(&self, name: &str) -> Option<String> {
        match self.zones.place(name) {
            Place::Disturbed(why) => Some(why),
            _ => None,
        }
    }

    /// Whether a TXT record is seen.
    pub fn shows(&self, record: &TxtRecord) -> Seen {
        let (mut shown, mut troubles) = (false, Vec::new());
        for Said { who, answer, must } in self.each(&record.name) {
            match answer {
                Ok(answer) if has(&answer, record) => shown = true,
                Ok(answer) => {
                    let mut data = answer.answers.iter().map(|r| &r.data);
                    let others = data.any(|d| matches!(d, Data::Text(_)));
                    let instead = match answer.rcode {
                        Rcode::NoError | Rcode::NxDomain => {
                            others.then(|| "shows another value at".to_owned())
                        }
                        trouble => Some(format!("answers {trouble} for")),
                    };
                    return Seen::NotYet(who, instead);
                }
                Err(_) if must => return Seen::NotYet(who, None),
                Err(why) => troubles.push(why),
            }
        }
        match shown {
            true => Seen::Shown,
            false => Seen::Unknown(few(troubles.iter().map(String::as_str))),
        }
    }

    /// What all who are asked say of a name's TXT records: its authorities, or where they are not
    /// reached, operators; those that the owner named instead, if he did.
    pub fn each(&self, name: &str) -> Vec<Said> {
        if !self.given
            && let Place::Zone(zone) = self.zones.place(name)
        {
            let answers = zone.ask_each(name, RecordType::Txt);
            let said = |(server, answer): (&SocketAddr, Option<Answer>)| {
                let who = server.ip().to_string();
                let own = answer.filter(|a| a.authoritative);
                let answer = own.ok_or_else(|| format!("{who} does not answer as an authority"));
                let must = true;
                Said { who, answer, must }
            };
            return zone.servers.iter().zip(answers).map(said).collect();
        }
        let ask = |operators: &[Operator<'_>]| -> Vec<Said> {
            let said = operators.iter().map(|operator| Said {
                who: operator.to_string(),
                answer: operator.ask(name, RecordType::Txt),
                must: self.given,
            });
            said.collect()
        };
        match self.operators() {
            // The first was asked for CNAMEs before the record was there, which it may remember: it is
            // asked if no other answers.
            [first, others @ ..] if !self.given && !others.is_empty() => {
                let said = ask(others);
                match said.iter().any(|s| s.answer.is_ok()) {
                    true => said,
                    false => ask(std::slice::from_ref(first)),
                }
            }
            all => ask(all),
        }
    }

    /// The name at the end of all CNAMEs.
    pub fn follow(&self, name: &str) -> Result<String, Chased> {
        let mut chain = vec![name.to_owned()];
        while let Some(next) = chain.last().and_then(|last| self.cname(last)) {
            let round = chain.contains(&next);
            chain.push(next);
            if round || chain.len() > CNAMES_MAX + 1 {
                return Err(Chased(chain));
            }
        }
        Ok(chain.pop().unwrap_or_default())
    }

    /// True if somebody tells whether there is a CNAME at a name.
    pub fn tells_cname(&self, name: &str) -> bool {
        self.at(name).is_some()
    }

    fn cname(&self, name: &str) -> Option<String> {
        let all = self.at(name)?.answers.into_iter();
        let mut own = all.filter(|r| r.name == name);
        own.find_map(|r| match r.data {
            Data::Name(target) if r.kind == RecordType::Cname => Some(target),
            _ => None,
        })
    }

    /// What is said of the CNAME at a name.
    fn at(&self, name: &str) -> Option<Answer> {
        // Whoever keeps answers is not asked about what is not there yet: he would remember.
        match self.zones.place(name) {
            Place::Zone(zone) => zone.ask(name, RecordType::Cname),
            // Beside NS there is no CNAME (RFC 1034 section 3.6.2).
            Place::Silent => None,
            Place::Disturbed(_) | Place::Unknown => self.ask(name, RecordType::Cname).ok(),
        }
    }

    /// Whom a name is delegated to.
    pub fn delegation(&self, name: &str) -> Delegation {
        match self.zones.delegation(name) {
            Some(delegation) => delegation,
            // Behind somebody who answers in their place the operators know, if anybody does.
            None => match self.ask(name, RecordType::Ns) {
                Ok(answer) => match names(&answer.answers, name) {
                    none if none.is_empty() => Delegation::Unknown,
                    to => Delegation::To(to),
                },
                Err(_) => Delegation::Unknown,
            },
        }
    }

    /// How many operators see a record, of those who answer at all.
    pub fn operators_see(&self, record: &TxtRecord) -> (usize, usize) {
        let well = self.operators().iter().filter(|o| o.is_well());
        let seen = well.map(|operator| {
            let answer = operator.ask(&record.name, RecordType::Txt);
            answer.is_ok_and(|a| has(&a, record))
        });
        let seen: Vec<bool> = seen.collect();
        (seen.iter().filter(|seen| **seen).count(), seen.len())
    }
}

fn has(answer: &Answer, record: &TxtRecord) -> bool {
    let mut data = answer.answers.iter().map(|r| &r.data);
    let fine = answer.rcode == Rcode::NoError;
    fine && data.any(|d| matches!(d, Data::Text(text) if text == record.value.as_bytes()))
}

/// The nameservers of a name.
pub(super) fn names(records: &[crate::net::Record], of: &str) -> Vec<String> {
    let own = records.iter().filter(|r| r.name == of);
    let names = own.filter_map(|r| match (&r.data, r.kind) {
        (Data::Name(name), RecordType::Ns) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}
