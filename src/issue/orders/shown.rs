//! What is shown of an order under way.

use super::super::Engine;
use super::super::leftover::BY_HAND;
use crate::acme::Status;
use crate::challenge::TTL;
use crate::config::Account;
use crate::status::DnsRecord;
use crate::store::{Area, Presented, sections};
use crate::types::{OrderNote, SectionName, json_members};
use std::collections::BTreeMap;

/// An order under way.
#[derive(Clone, Debug, Default)]
pub struct OrderStatus {
    /// Whose it is.
    pub section: String,
    /// At the CA's staging server.
    pub staging: bool,
    /// How far it is (RFC 8555 section 7.1.6), as the CA said last.
    pub status: String,
    /// Its URL.
    pub url: String,
    /// When it was made.
    pub created: i64,
    /// When the CA forgets it, if it said so.
    pub expires: Option<i64>,
    /// The account's name.
    pub account: String,
    /// The CA's name.
    pub ca: String,
    /// What it is for.
    pub names: Vec<NameOrder>,
    /// What is published for it in DNS, as far as it is known.
    pub records: Vec<DnsRecord>,
}

json_members!(OrderStatus {
    section, staging, status, url, created, account, ca, names, records
} some { expires });

/// One name of an order.
#[derive(Clone, Debug, Default)]
pub struct NameOrder {
    /// The identifier.
    pub name: String,
    /// How it is validated; empty where the configuration no longer says so.
    pub method: String,
    /// How far its authorization is, if the CA was asked.
    pub status: Option<String>,
    /// What the CA has against it.
    pub problem: Option<String>,
}

json_members!(NameOrder { name, method } some { status, problem });

/// What the CA says of one name: its authorization's status, and what it has against it.
pub(in crate::issue) type Said = BTreeMap<String, (String, Option<String>)>;

impl Engine<'_> {
    /// The orders under way, of all sections or of these; the CA is not asked.
    pub fn orders(&self, wanted: &[SectionName]) -> Vec<OrderStatus> {
        let names = sections(self.paths).into_iter();
        let mut names: Vec<SectionName> = names
            .filter(|name| wanted.is_empty() || wanted.contains(name))
            .collect();
        names.sort();
        let both = names.iter().flat_map(|name| [(name, false), (name, true)]);
        both.filter_map(|(name, staging)| {
            let area = Area::new(self.paths, name, staging);
            let note = area.held().order?;
            Some(self.order_status(name, staging, &note, &Said::new()))
        })
        .collect()
    }

    pub(super) fn order_status(
        &self,
        section: &SectionName,
        staging: bool,
        note: &OrderNote,
        said: &Said,
    ) -> OrderStatus {
        let cert = self.config.cert(section.as_str());
        let known = self.config.accounts();
        let known = known.filter(|a| a.directory == note.directory);
        let ca = known.map(|a| a.ca.clone()).next();
        let names = note.names.iter().map(|name| {
            let own = cert.and_then(|c| c.names.iter().find(|n| n.id.to_string() == *name));
            let (status, problem) = said.get(name).cloned().unzip();
            NameOrder {
                name: name.clone(),
                method: own.map_or_else(String::new, |n| n.validation.method().to_owned()),
                status,
                problem: problem.flatten(),
            }
        });
        let names = names.collect();
        OrderStatus {
            section: section.to_string(),
            staging,
            status: match note.status.as_str() {
                "" => Status::Pending.name().to_owned(),
                status => status.to_owned(),
            },
            url: note.url.clone(),
            created: note.created,
            expires: Some(note.expires).filter(|t| *t > 0),
            account: note.account.clone(),
            ca: ca.unwrap_or_else(|| Account::former(&note.account, &note.directory).ca),
            names,
            records: self.records(section, staging, note, said),
        }
    }

    /// What was published, by the journal of what is to be taken back.
    pub(in crate::issue) fn records(
        &self,
        section: &SectionName,
        staging: bool,
        note: &OrderNote,
        said: &Said,
    ) -> Vec<DnsRecord> {
        let ready = note.ready && note.ready_at <= self.clock.now().0;
        let valid = |name: &str| said.get(name).is_some_and(|s| s.0 == Status::Valid.name());
        let presented = Area::new(self.paths, section, staging).presented();
        let records = presented.unwrap_or_default().into_iter();
        records
            .filter_map(|entry| match entry {
                Presented::Txt {
                    name,
                    value,
                    of,
                    module,
                    ..
                } => Some(DnsRecord {
                    status: match (valid(&of), ready) {
                        (true, _) => "valid",
                        (false, true) => "ready",
                        (false, false) => "not_ready",
                    }
                    .to_owned(),
                    domain: name,
                    kind: "TXT".to_owned(),
                    ttl: (module == BY_HAND).then_some(TTL),
                    value,
                }),
                Presented::File { .. } => None,
            })
            .collect()
    }
}
