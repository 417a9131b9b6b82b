//! One task of a section: begun, done, and noted how it ended.

use super::clients::Clients;
use super::failure::{Failure, Retry};
use super::{Engine, fallback, warnings};
use crate::config::Cert;
use crate::plan::{Action, Task};
use crate::status::{self, Recorder};
use crate::store::Area;
use crate::types::{Inventory, SectionName, Stage, Timestamp};

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

/// How far one step took a section.
pub(crate) enum Step {
    Done(String),
    Wait(Timestamp, String),
}

impl<'a> Engine<'a> {
    /// Takes one section a step further and shows it. `first`: this run has not worked on it yet.
    pub(super) fn work(
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
    pub(super) fn begin(&self, cert: &Cert, task: &Task, first: bool) -> Recorder<'a> {
        let before = self.document(cert);
        let mut record = Recorder::start(self.paths, &cert.name, before, self.listener, first);
        let text = format!("{}: {}", describe(task.action), task.reason);
        record.say(self.clock.now(), &text);
        record
    }

    /// Notes how a task ended.
    pub(super) fn end(
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
    pub(super) fn note(
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
    pub(super) fn banned(
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
