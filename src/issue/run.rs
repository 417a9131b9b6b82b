//! The run that takes all sections along their way.

use super::clients::Clients;
use super::notify::News;
use super::task::Outcome;
use super::{Engine, Firewall, provider};
use crate::plan::{self, Action, Task, Waiting, Wish};
use crate::status::{self, Document, Recorder};
use crate::store::{Queue, Wanted, secure};
use crate::types::{Inventory, SectionName, Timestamp};
use std::collections::HashSet;
use std::time::Duration;

/// A longer wait ends the run; the next one goes on.
const WAIT_MAX: i64 = 60;

/// What a run did.
#[derive(Debug, Default)]
pub struct Report {
    /// The sections worked on, in order.
    pub outcomes: Vec<(SectionName, Outcome)>,
    /// Sections that are due but must wait.
    pub waiting: Vec<Waiting>,
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
    paused: Vec<Paused>,
}

/// What waits while others have their wish.
#[derive(Debug)]
struct Paused {
    task: Task,
    /// From when on it can go on.
    at: Timestamp,
    /// The configuration that it is of.
    fingerprint: String,
}

impl Rounds {
    /// Of a run in which sections that wait let wishes pass that come meanwhile.
    pub fn with(queue: Queue) -> Self {
        Self {
            queue: Some(queue),
            ..Self::default()
        }
    }

    /// True while something waits for others to have had their wish.
    pub fn is_paused(&self) -> bool {
        !self.paused.is_empty()
    }

    /// True while that may be a part of this wish.
    pub fn holds(&self, wish: &Wanted) -> bool {
        let section = wish.section.as_ref();
        let is_of = |paused: &Paused| section.is_none_or(|s| *s == paused.task.section);
        self.paused.iter().any(is_of)
    }
}

/// How a pause ended.
enum Pause {
    Over,
    /// Somebody wishes for something.
    Wished,
    Stopped,
}

/// Tasks, and from when on each can go on. One that waits lets the others pass.
struct Waitlist(Vec<(Task, Timestamp)>);

impl Waitlist {
    /// The first that is ready, else the one that will be first; and from when on.
    fn next(&self, now: Timestamp) -> Option<(usize, Timestamp)> {
        let ready = self.0.iter().position(|(_, at)| *at <= now);
        let index = ready.or_else(|| (0..self.0.len()).min_by_key(|i| self.0[*i].1))?;
        Some((index, self.0[index].1))
    }

    /// From when on a section can go on, if it is there.
    fn ready_at(&self, section: &SectionName) -> Option<Timestamp> {
        let task = self.0.iter().find(|(task, _)| task.section == *section);
        task.map(|(_, at)| *at)
    }
}

impl<'a> Engine<'a> {
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
        if self.look_back(&plan.tasks, &mut inventory) {
            plan = plan::plan(self.config, &inventory, self.clock.now(), wish);
        }
        let documents = self.publish(&inventory);
        // What an earlier round has worked on was told then.
        plan.waiting.retain(|w| !rounds.begun.contains(&w.section));
        let mut report = Report {
            waiting: plan.waiting,
            next_due: self.next_due(&inventory, &documents),
            ..Report::default()
        };
        // Before anything asks for what a renamed section saved. What cannot be removed now waits.
        let _ = provider::forget_former(self);
        report.outcomes = self.clean_up_former();
        report
            .outcomes
            .extend(self.banned(&inventory, &plan.banned));
        self.close_ports();
        // Who is asked for anew is not gone on with beside that.
        let anew = |paused: &Paused| plan.tasks.iter().any(|t| t.section == paused.task.section);
        rounds.paused.retain(|paused| !anew(paused));
        let tasks = plan.tasks.into_iter();
        let tasks = Waitlist(tasks.map(|t| (t, Timestamp(i64::MIN))).collect());
        self.work_off(tasks, wish.force, rounds, &mut clients, &mut report);
        self.sum_up(&mut inventory, &mut report);
        report
    }

    /// Goes on with what has waited for others to have their wish. The caller holds the lock.
    pub fn go_on(&self, rounds: &mut Rounds) -> Report {
        let mut inventory = self.inventory();
        let documents = self.publish(&inventory);
        let mut report = Report {
            next_due: self.next_due(&inventory, &documents),
            ..Report::default()
        };
        let (same, changed): (Vec<_>, Vec<_>) = rounds.paused.drain(..).partition(|paused| {
            let cert = self.config.cert(paused.task.section.as_str());
            cert.is_some_and(|cert| cert.fingerprint == paused.fingerprint)
        });
        let until = self.clock.now().plus(WAIT_MAX);
        report.outcomes.extend(changed.into_iter().map(|paused| {
            let text = "its configuration has changed meanwhile".to_owned();
            (paused.task.section, Outcome::Waiting(until, text))
        }));
        let tasks = Waitlist(same.into_iter().map(|p| (p.task, p.at)).collect());
        self.work_off(tasks, false, rounds, &mut Clients::default(), &mut report);
        self.sum_up(&mut inventory, &mut report);
        report
    }

    /// Finds out what others are to be told of a round.
    fn sum_up(&self, inventory: &mut Inventory, report: &mut Report) {
        for (name, _) in &report.outcomes {
            if let Some(cert) = self.config.cert(name.as_str()) {
                inventory.sections.insert(name.clone(), self.held(cert));
            }
        }
        report.news = self.news(inventory);
    }

    /// Takes section by section a step further until none is left that can go on soon.
    fn work_off(
        &self,
        mut tasks: Waitlist,
        force: bool,
        rounds: &mut Rounds,
        clients: &mut Clients<'a>,
        report: &mut Report,
    ) {
        while let Some((index, at)) = tasks.next(self.clock.now()) {
            match self.pause(at, rounds) {
                Pause::Over => {}
                Pause::Wished => {
                    for (task, at) in tasks.0 {
                        self.put_off(task, at, rounds);
                    }
                    return;
                }
                Pause::Stopped => {
                    report.stopped = true;
                    break;
                }
            }
            let (task, _) = tasks.0.remove(index);
            let Some(cert) = self.config.cert(task.section.as_str()) else {
                continue;
            };
            if let Some((other, until)) = self.comes_after(cert, &task) {
                let now = self.clock.now();
                let paused = rounds.paused.iter().find(|p| p.task.section == other);
                let paused = paused.map(|p| p.at);
                if let Some(at) = tasks.ready_at(&other) {
                    tasks.0.push((task, at.max(now).plus(1)));
                } else if let Some(at) = paused {
                    self.put_off(task, at.max(now).plus(1), rounds);
                } else {
                    let until = until.max(now.plus(WAIT_MAX));
                    let again = if force { "; ask for it again then" } else { "" };
                    let text = format!(
                        "'{other}' has its values at the same provider, which keeps few{again}"
                    );
                    let outcome = Outcome::Waiting(until, text);
                    report.outcomes.push((task.section, outcome));
                }
                continue;
            }
            let first = rounds.begun.insert(cert.name.clone());
            let (outcome, stopped) = self.work(cert, &task, clients, first);
            match outcome {
                Outcome::Waiting(until, _) if until.since(self.clock.now()) <= WAIT_MAX => {
                    let action = Action::Resume;
                    tasks.0.push((Task { action, ..task }, until));
                }
                outcome => report.outcomes.push((task.section, outcome)),
            }
            if stopped {
                report.stopped = true;
                break;
            }
        }
        if report.stopped {
            let paused = rounds.paused.drain(..).map(|paused| paused.task);
            self.take_all_back(tasks.0.into_iter().map(|(task, _)| task).chain(paused));
        }
    }

    /// Keeps a task until others have had their wish.
    fn put_off(&self, task: Task, at: Timestamp, rounds: &mut Rounds) {
        if let Some(cert) = self.config.cert(task.section.as_str()) {
            let fingerprint = cert.fingerprint.clone();
            rounds.paused.push(Paused {
                task,
                at,
                fingerprint,
            });
        }
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
    fn next_due(
        &self,
        inventory: &Inventory,
        documents: &[Document],
    ) -> Option<(Timestamp, SectionName)> {
        let certs = self.config.certs.iter().zip(documents);
        let renewed = certs.filter(|(c, _)| c.enabled && c.auto_update);
        let first = renewed.filter_map(|(cert, document)| {
            let held = inventory.held(&cert.name);
            let banned = held.ban(&cert.fingerprint).is_some();
            held.current().filter(|_| !banned)?;
            let due = document.certificate.as_ref()?.due?;
            Some((Timestamp(due), &cert.name))
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
}
