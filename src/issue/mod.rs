//! One section's way: account → order → challenge → finalize → store → deploy; and the run that
//! takes all sections along it.

mod account;
mod ask;
mod certificate;
mod chain;
mod check;
mod clients;
mod deploy;
pub mod dnsapi;
mod document;
mod failure;
mod fallback;
mod import;
mod key;
mod leftover;
mod local;
mod netifd;
mod notify;
mod order;
mod orders;
mod persist;
mod places;
mod propagate;
mod provider;
mod request;
mod revoke;
mod rollback;
mod section;
mod solve;
mod trial;
mod upload;
mod view;
mod wan;
mod warnings;
mod ways;

pub use crate::net::Firewall;
pub use crate::status::DnsRecord;
pub use account::AccountStatus;
pub use check::{Finding, check};
pub use failure::{Failure, Retry};
pub use import::Live;
pub use netifd::resolve;
pub use notify::News;
pub use orders::{NameOrder, OrderStatus};
pub use request::Requested;
pub use revoke::{By, Revocation, Revoked, Stored};
pub use rollback::RolledBack;
pub use upload::Uploaded;
pub use view::{OPERATORS, operators};

use crate::config::{Cert, Config};
use crate::deploy as links;
use crate::plan::{self, Action, Task, Waiting, Wish, renewal};
use crate::status::{self, Recorder};
use crate::store::{Area, Queue, device_secret, secure};
use crate::types::{Clock, DnsServer, Held, Inventory, Paths, SectionName, Stage, Timestamp};
use clients::Clients;
use std::collections::HashSet;
use std::time::Duration;

/// What a run works with.
pub struct Engine<'a> {
    /// Where everything lies.
    pub paths: &'a Paths,
    /// What is wanted.
    pub config: &'a Config,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The clock is known to be right (set by NTP, or given).
    pub clock_is_set: bool,
    /// The firewall, where it is ours to change.
    pub firewall: Option<Firewall>,
    /// Who is asked about DNS where `dns_server` is not set: operators, each by several addresses.
    pub operators: Vec<Vec<DnsServer>>,
    /// Whoever shows the run as it goes.
    pub listener: status::record::Listener<'a>,
    /// Hears each request and how it was answered, where somebody debugs.
    pub trace: Option<Trace<'a>>,
}

/// Hears lines about single requests.
pub type Trace<'a> = &'a dyn Fn(&str);

/// How a task ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Done, with what was done.
    Done(String),
    /// Goes on later.
    Waiting(Timestamp, String),
    /// The section cannot run, and this is why.
    Unable(String),
    /// Failed; the next attempt may be at that time.
    Failed(Failure, Timestamp),
}

/// What a run did.
#[derive(Debug, Default)]
pub struct Report {
    /// The sections worked on, in order.
    pub outcomes: Vec<(SectionName, Outcome)>,
    /// Sections that are due but must wait.
    pub waiting: Vec<Waiting>,
    /// Sections that wait a little, and are to be gone on with once others have had their wish; true: by
    /// force, for nothing has been done yet.
    pub paused: Vec<(SectionName, bool)>,
    /// What was not due will be then, the first of all.
    pub next_due: Option<(Timestamp, SectionName)>,
    /// What others are to be told, once the lock is free.
    pub news: Vec<News>,
    /// The run was asked to stop.
    pub stopped: bool,
    /// It was a test: nothing goes on by itself.
    pub test: bool,
}

/// What lasts over the rounds of one run.
#[derive(Debug, Default)]
pub struct Rounds {
    queue: Option<Queue>,
    begun: HashSet<SectionName>,
}

impl Rounds {
    /// Of a run in which sections that wait let wishes pass that come meanwhile.
    pub fn with(queue: Queue) -> Self {
        Self {
            queue: Some(queue),
            ..Self::default()
        }
    }
}

/// How a pause ended.
enum Pause {
    Over,
    /// Somebody wishes for something.
    Wished,
    Stopped,
}

/// How far one step took a section.
pub(crate) enum Step {
    Done(String),
    Wait(Timestamp, String),
}

/// A longer wait ends the run; the next one goes on.
const WAIT_MAX: i64 = 60;

impl<'a> Engine<'a> {
    /// The folder of a section.
    fn area(&self, cert: &Cert) -> Area {
        Area::new(self.paths, &cert.name, cert.staging)
    }

    fn is_linked(&self, cert: &Cert, held: &Held) -> bool {
        let acme = self.acme_names(cert);
        let intact = links::intact(self.paths, &cert.name, held.is_keyless(), &acme);
        intact && !self.is_displaced(cert)
    }

    /// What is held in a folder of a section. Who has lost his copies, a sysupgrade removes them with
    /// their folder, counts as one who was never told.
    fn held_in(&self, cert: &Cert, area: &Area) -> Held {
        let mut held = area.held();
        let keyless = held.is_keyless();
        if let Some(note) = &mut held.deployed {
            let exports = cert.deployment.exports.iter();
            for lost in exports.filter(|e| !links::has_copies(&cert.name, e, keyless)) {
                note.receivers.retain(|told| *told != lost.to_string());
            }
        }
        held
    }

    /// What is held for a section, the local CA's part and its links included.
    fn held(&self, cert: &Cert) -> Held {
        let mut held = self.held_in(cert, &self.area(cert));
        held.local = match cert.staging {
            false => self.local_leaf(cert, &held),
            true => {
                let public = Area::new(self.paths, &cert.name, false).held();
                self.local_leaf(cert, &public)
            }
        };
        // A test, or another value of option staging, may have left something. What an order there
        // waits with stays.
        let other = Area::new(self.paths, &cert.name, !cert.staging);
        let now = self.clock.now().0;
        held.presented |=
            other.has_presented() && other.held().order.is_none_or(|order| order.ready_at <= now);
        let served = held.local.in_use || !cert.staging && held.current.is_some();
        held.linked = !served || self.is_linked(cert, &held);
        held.renewal = status::ari::read(self.paths, &cert.name);
        held
    }

    /// What the store holds for all sections.
    pub fn inventory(&self) -> Inventory {
        self.inventory_of(&self.config.certs)
    }

    fn inventory_of(&self, certs: &[Cert]) -> Inventory {
        let held = certs.iter().map(|c| (c.name.clone(), self.held(c)));
        Inventory {
            sections: held.collect(),
            primary: links::primary(self.paths),
            secret: device_secret(self.paths),
        }
    }

    /// Does what is due or wished for. The caller holds the lock.
    pub fn renew(&self, wish: &Wish, rounds: &mut Rounds) -> Report {
        secure(self.paths);
        let mut inventory = self.inventory();
        let mut clients: Clients<'_> = Clients::default();
        let mut plan = plan::plan(self.config, &inventory, self.clock.now(), wish);
        if !plan.ask.is_empty() {
            self.ask(&plan.ask, &mut inventory, &mut clients);
            plan = plan::plan(self.config, &inventory, self.clock.now(), wish);
        }
        self.publish(&inventory);
        // What an earlier round has worked on was told then.
        plan.waiting.retain(|w| !rounds.begun.contains(&w.section));
        let mut report = Report {
            waiting: plan.waiting,
            next_due: self.next_due(&inventory),
            ..Report::default()
        };
        // Before anything asks for what a renamed section saved. What cannot be removed now waits.
        let _ = provider::forget_former(self);
        report.outcomes = self.clean_up_former();
        report
            .outcomes
            .extend(self.banned(&inventory, &plan.banned));
        self.close_ports();
        // A section that waits lets the others pass.
        let mut queue: Vec<(Task, Timestamp)> = plan
            .tasks
            .into_iter()
            .map(|t| (t, Timestamp(i64::MIN)))
            .collect();
        // The first that is ready, else the one that will be first.
        let next = |queue: &[(Task, Timestamp)], now| {
            let ready = queue.iter().position(|(_, at)| *at <= now);
            ready.or_else(|| (0..queue.len()).min_by_key(|i| queue[*i].1))
        };
        while let Some(index) = next(&queue, self.clock.now()) {
            match self.pause(queue[index].1, rounds) {
                Pause::Over => {}
                Pause::Wished => {
                    let left = queue.drain(..).map(|(task, _)| {
                        let force = wish.force && !rounds.begun.contains(&task.section);
                        (task.section, force)
                    });
                    report.paused = left.collect();
                    break;
                }
                Pause::Stopped => {
                    report.stopped = true;
                    break;
                }
            }
            let (task, _) = queue.remove(index);
            let Some(cert) = self.config.cert(task.section.as_str()) else {
                continue;
            };
            if let Some((other, until)) = self.comes_after(cert, &task) {
                let before = queue.iter().find(|(t, _)| t.section == other);
                match before.map(|(_, at)| at.max(&self.clock.now()).plus(1)) {
                    Some(at) => queue.push((task, at)),
                    None => {
                        let text = format!(
                            "'{other}' has its values at the same provider, which keeps few"
                        );
                        let until = until.max(self.clock.now().plus(WAIT_MAX));
                        let outcome = Outcome::Waiting(until, text);
                        report.outcomes.push((task.section, outcome));
                    }
                }
                continue;
            }
            let first = rounds.begun.insert(cert.name.clone());
            let (outcome, stopped) = self.work(cert, &task, &mut clients, first);
            match outcome {
                Outcome::Waiting(until, _) if until.since(self.clock.now()) <= WAIT_MAX => {
                    let action = Action::Resume;
                    queue.push((Task { action, ..task }, until));
                }
                outcome => report.outcomes.push((task.section, outcome)),
            }
            if stopped {
                report.stopped = true;
                break;
            }
        }
        if report.stopped {
            self.take_all_back(queue.into_iter().map(|(task, _)| task));
        }
        for (name, _) in &report.outcomes {
            if let Some(cert) = self.config.cert(name.as_str()) {
                inventory.sections.insert(name.clone(), self.held(cert));
            }
        }
        report.news = self.news(&inventory);
        report
    }

    /// Waits until then, unless somebody comes.
    fn pause(&self, until: Timestamp, rounds: &Rounds) -> Pause {
        loop {
            let left = until.since(self.clock.now()).max(0);
            if left > 0 && rounds.queue.as_ref().is_some_and(Queue::has_wishes) {
                return Pause::Wished;
            }
            let slice = Duration::from_secs(left.unsigned_abs().min(1));
            if self.clock.sleep(slice).is_err() {
                return Pause::Stopped;
            }
            if left <= 1 {
                return Pause::Over;
            }
        }
    }

    /// The section that is due first, and when.
    fn next_due(&self, inventory: &Inventory) -> Option<(Timestamp, SectionName)> {
        let certs = self.config.certs.iter();
        let renewed = certs.filter(|c| c.enabled && c.auto_update);
        let first = renewed.filter_map(|cert| {
            let held = inventory.held(&cert.name);
            let banned = held.ban(&cert.fingerprint).is_some();
            let current = held.current().filter(|_| !banned)?;
            let due = renewal(cert, held, current, &inventory.secret);
            Some((due.at, &cert.name))
        });
        first.min().map(|(at, name)| (at, name.clone()))
    }

    /// Closes what a killed run left open. If that fails it closes by itself, and a redirect that is
    /// needed tells why.
    fn close_ports(&self) {
        let _ = self.firewall.as_ref().map(Firewall::clear);
    }

    /// A run that is asked to stop while sections wait leaves nothing presented.
    fn take_all_back(&self, waiting: impl Iterator<Item = Task>) {
        for task in waiting {
            let Some(cert) = self.config.cert(task.section.as_str()) else {
                continue;
            };
            let area = self.area(cert);
            if !area.held().presented {
                continue;
            }
            let before = self.document(cert);
            let mut record = Recorder::start(self.paths, &cert.name, before, self.listener, false);
            record.say(self.clock.now(), "the run was asked to stop");
            if let Err(failure) = self.clean_up(cert, &mut record) {
                record.say(self.clock.now(), &failure.problem);
            }
            status::write(self.paths, &cert.name, &self.document(cert));
        }
    }

    /// Takes one section a step further and shows it. `first`: this run has not worked on it yet.
    fn work(
        &self,
        cert: &Cert,
        task: &Task,
        clients: &mut Clients<'a>,
        first: bool,
    ) -> (Outcome, bool) {
        let area = self.area(cert);
        let mut record = self.begin(cert, task, first);
        if matches!(task.action, Action::Issue | Action::Resume)
            && let Err(e) = area.lift_ban()
        {
            let text = format!("the note of the revocation stays: {e}");
            record.say(self.clock.now(), &text);
        }
        let step = match task.action {
            Action::Cleanup => self.clean_up(cert, &mut record),
            Action::Deploy => self.put_into_use(cert, &area, &mut record, false),
            Action::Retry => self.put_into_use(cert, &area, &mut record, true),
            Action::Local => self.serve_local(cert, &mut record, |round| round.run()),
            Action::Forget => self.forget(&area),
            Action::Issue | Action::Resume => {
                fallback::advance(self, cert, task, clients, &mut record)
            }
        };
        let stopped = matches!(&step, Err(failure) if failure.retry == Retry::Stopped);
        (self.end(cert, &area, task, step, record), stopped)
    }

    /// Opens the record of a task.
    fn begin(&self, cert: &Cert, task: &Task, first: bool) -> Recorder<'a> {
        let before = self.document(cert);
        let mut record = Recorder::start(self.paths, &cert.name, before, self.listener, first);
        let text = format!("{}: {}", describe(task.action), task.reason);
        record.say(self.clock.now(), &text);
        record
    }

    /// Notes how a task ended.
    fn end(
        &self,
        cert: &Cert,
        area: &Area,
        task: &Task,
        step: Result<Step, Failure>,
        mut record: Recorder<'_>,
    ) -> Outcome {
        let outcome = match step {
            Ok(Step::Done(text)) => {
                record.enter(self.clock.now(), Stage::Done, &text);
                Outcome::Done(text)
            }
            Ok(Step::Wait(until, text)) => {
                record.say(self.clock.now(), &format!("{text}; goes on at {until}"));
                Outcome::Waiting(until, text)
            }
            Err(failure) => self.failed(cert, area, task.action, failure, &mut record),
        };
        status::write(self.paths, &cert.name, &self.document(cert));
        outcome
    }

    /// Notes a failure, unless it says nothing about the next issuance.
    fn failed(
        &self,
        cert: &Cert,
        area: &Area,
        action: Action,
        failure: Failure,
        record: &mut Recorder<'_>,
    ) -> Outcome {
        let aside = matches!(action, Action::Cleanup | Action::Local);
        let counts = !aside && failure.retry != Retry::Stopped;
        let next = self.note(cert, area, &failure, record, counts);
        Outcome::Failed(failure, next)
    }

    /// Says why a section did not get further, and notes it if it `counts`; when the next attempt is.
    fn note(
        &self,
        cert: &Cert,
        area: &Area,
        failure: &Failure,
        record: &mut Recorder<'_>,
        counts: bool,
    ) -> Timestamp {
        let now = self.clock.now();
        record.say(now, &format!("{} — {}", failure.problem, failure.remedy));
        let attempt = failure.attempt(cert, &area.held(), record.stage(), now);
        if counts && let Err(e) = area.put_attempt(&attempt) {
            record.say(now, &format!("the failure could not be noted: {e}"));
        }
        Timestamp(attempt.next)
    }

    /// What was asked for and is not done without `--force`.
    fn banned(
        &self,
        inventory: &Inventory,
        sections: &[SectionName],
    ) -> Vec<(SectionName, Outcome)> {
        let why = |name: &SectionName| {
            let cert = self.config.cert(name.as_str())?;
            warnings::banned(cert, inventory.held(name))
        };
        let told = |name: &SectionName| Some((name.clone(), Outcome::Unable(why(name)?)));
        sections.iter().filter_map(told).collect()
    }

    /// Drops what is noted of work that nobody wants any more.
    fn forget(&self, area: &Area) -> Result<Step, Failure> {
        area.finish_work()?;
        Ok(Step::Done(
            "the certificate in use is the one that is wanted".into(),
        ))
    }
}

fn describe(action: Action) -> &'static str {
    match action {
        Action::Cleanup => "cleaning up",
        Action::Resume => "going on",
        Action::Issue => "getting a certificate",
        Action::Deploy => "deploying",
        Action::Retry => "trying once more",
        Action::Local => "serving a local certificate",
        Action::Forget => "tidying up",
    }
}
