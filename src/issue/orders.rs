//! Orders under way: looked at, gone on with and given up by hand. `renew` does all of it by itself.

mod shown;

pub use shown::{NameOrder, OrderStatus};

pub(super) use shown::Said;

use super::account::Registry;
use super::certificate::{download, finalize};
use super::clients::Clients;
use super::failure::Failure;
use super::order::is_gone;
use super::section::{Work, rejected};
use super::{Engine, Step};
use crate::acme::{Order, Status};
use crate::config::Cert;
use crate::plan;
use crate::status::{self, Recorder};
use crate::store::Area;
use crate::types::{OrderNote, SectionName, Stage, State};

impl Engine<'_> {
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
