//! Orders under way: looked at, gone on with and given up by hand. `renew` does all of it by itself.

use super::account::Registry;
use super::certificate::{download, finalize};
use super::clients::Clients;
use super::failure::Failure;
use super::leftover::BY_HAND;
use super::order::is_gone;
use super::section::{Work, rejected};
use super::{Engine, Step};
use crate::acme::{Order, Status};
use crate::challenge::TTL;
use crate::config::{Account, Cert};
use crate::plan;
use crate::status::{self, DnsRecord, Recorder};
use crate::store::{Area, Presented, sections};
use crate::types::{OrderNote, SectionName, Stage, State, json_members};
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
pub(super) type Said = BTreeMap<String, (String, Option<String>)>;

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

    fn order_status(
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
    pub(super) fn records(
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

    /// Asks the CA how far an order is. One that it has given up is forgotten, and told as a failure.
    /// The caller holds the lock.
    pub fn refresh_order(&self, cert: &Cert) -> Result<OrderStatus, Failure> {
        self.with_order(cert, |work, order, note, _| {
            let mut said = Said::new();
            for url in order.authorizations.iter().take(cert.names.len()) {
                let authorization = work.client.authorization(url);
                let authorization = authorization.map_err(|e| work.failed(&e))?;
                let name = cert.names.iter().find(|n| authorization.is_for(&n.id));
                let Some(name) = name else { continue };
                let mut problems = authorization
                    .challenges
                    .iter()
                    .filter_map(|c| c.error.as_ref());
                let problem = problems.next().map(ToString::to_string);
                let status = authorization.status.name().to_owned();
                said.insert(name.id.to_string(), (status, problem));
            }
            if order.status == Status::Invalid {
                work.area.drop_order()?;
                return Err(rejected(work, &order));
            }
            Ok(self.order_status(&cert.name, cert.staging, &note, &said))
        })
    }

    /// Sends the request for a certificate whose order is ready. The caller holds the lock.
    pub fn finalize_order(&self, cert: &Cert) -> Result<OrderStatus, Failure> {
        self.with_order(cert, |work, order, note, record| {
            fits(work, &note)?;
            if order.status != Status::Ready {
                return Err(not_now(cert, &order, "ready"));
            }
            let order = finalize(work, &order, record)?;
            let note = self.noted(work, &order, note)?;
            Ok(self.order_status(&cert.name, cert.staging, &note, &Said::new()))
        })
    }

    /// Fetches the certificate of a valid order, stores it and puts it into use. The caller holds the
    /// lock.
    pub fn download_order(&self, cert: &Cert) -> Result<String, Failure> {
        self.with_order(cert, |work, order, note, record| {
            fits(work, &note)?;
            if order.status != Status::Valid {
                return Err(not_now(cert, &order, "valid"));
            }
            match download(work, &order, &note, record)? {
                Step::Done(text) | Step::Wait(_, text) => Ok(text),
            }
        })
    }

    /// Forgets the orders of a section and takes back what is presented for them; how many there
    /// were. The CA lets them expire. The caller holds the lock.
    pub fn delete_orders(
        &self,
        section: &SectionName,
        tell: &mut dyn FnMut(&str),
    ) -> Result<usize, Failure> {
        let (_, kept) = self.clean_areas(section, tell)?;
        let mut count = 0;
        for staging in [false, true] {
            let area = Area::new(self.paths, section, staging);
            if area.held().order.is_some() {
                area.drop_order()?;
                count += 1;
            }
        }
        if let Some(cert) = self.config.cert(section.as_str()) {
            status::write(self.paths, section, &self.document(cert));
        }
        match kept {
            0 => Ok(count),
            _ => Err(Failure::new(
                State::Deferred,
                format!("{count} orders are forgotten, but {kept} answers could not be taken back"),
                "the next runs try again",
            )),
        }
    }

    /// Does something with the order of a section as the CA has it now.
    fn with_order<T>(
        &self,
        cert: &Cert,
        act: impl FnOnce(&Work<'_, '_>, Order, OrderNote, &mut Recorder<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let area = self.area(cert);
        let Some(note) = area.held().order else {
            return Err(Failure::new(
                State::NotChecked,
                format!("section '{}' has no order under way", cert.name),
                format!(
                    "`certkeeper renew {}` makes one when it is due, with --force at once",
                    cert.name
                ),
            ));
        };
        let Some(account) = plan::account_of(cert, &note) else {
            return Err(other(cert, &format!("at another CA ({})", note.directory)));
        };
        let before = self.document(cert);
        let mut record = Recorder::start(self.paths, &cert.name, before, self.listener, true);
        let done = self.with_answer(&cert.at(account), &area, note, &mut record, act);
        status::write(self.paths, &cert.name, &self.document(cert));
        done
    }

    /// Asks the order's CA for it first.
    fn with_answer<T>(
        &self,
        cert: &Cert,
        area: &Area,
        note: OrderNote,
        record: &mut Recorder<'_>,
        act: impl FnOnce(&Work<'_, '_>, Order, OrderNote, &mut Recorder<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let account = &cert.account;
        let connected = Clients::default().connect(self, account)?;
        let registry = Registry::new(self, &connected, account);
        let client = registry.client(&mut |text| {
            record.enter(self.clock.now(), Stage::Account, text);
        })?;
        if client.account() != Some(note.account_url.as_str()) {
            return Err(other(cert, "of another account"));
        }
        let work = Work {
            engine: self,
            cert,
            instead_of: &note.instead_of.clone(),
            area,
            connected: &connected,
            client,
        };
        record.enter(work.now(), Stage::Order, "asking for the order");
        let order = match work.client.order(&note.url) {
            Err(e) if is_gone(&e) => {
                area.drop_order()?;
                return Err(Failure::new(
                    State::Invalid,
                    format!(
                        "{} does not have the order any more, so it is forgotten",
                        account.ca
                    ),
                    format!("`certkeeper renew {}` makes another", cert.name),
                ));
            }
            order => order.map_err(|e| work.failed(&e))?,
        };
        let note = self.noted(&work, &order, note)?;
        act(&work, order, note, record)
    }

    /// Notes how far the order is.
    fn noted(
        &self,
        work: &Work<'_, '_>,
        order: &Order,
        note: OrderNote,
    ) -> Result<OrderNote, Failure> {
        let status = order.status.name();
        if note.status == status {
            return Ok(note);
        }
        let note = OrderNote {
            status: status.to_owned(),
            ..note
        };
        work.area.put_order(&note)?;
        Ok(note)
    }
}

/// An order that is for something else than what is wanted is not gone on with.
fn fits(work: &Work<'_, '_>, note: &OrderNote) -> Result<(), Failure> {
    match plan::resumable(work.cert, note, work.now()) {
        true => Ok(()),
        false => Err(other(
            work.cert,
            "for something else than the section wants now, or at its end",
        )),
    }
}

fn other(cert: &Cert, what: &str) -> Failure {
    Failure::new(
        State::Invalid,
        format!("the order of section '{}' is {what}", cert.name),
        format!(
            "`certkeeper order delete {}` forgets it; the next run makes another",
            cert.name
        ),
    )
}

fn not_now(cert: &Cert, order: &Order, wanted: &str) -> Failure {
    let section = &cert.name;
    let (status, remedy) = (
        order.status.name(),
        match order.status {
            Status::Pending => format!(
                "`certkeeper renew {section}` answers its challenges; `order refresh {section}` tells what it waits for"
            ),
            Status::Ready => {
                format!("`certkeeper order finalize {section}` sends the request first")
            }
            Status::Processing => {
                "the CA is making the certificate: try again in a minute".to_owned()
            }
            Status::Valid => {
                format!("`certkeeper order download {section}` fetches the certificate")
            }
            _ => format!("`certkeeper order refresh {section}` tells more"),
        },
    );
    Failure::new(
        State::Deferred,
        format!("the order is {status}, not {wanted}"),
        remedy,
    )
}
