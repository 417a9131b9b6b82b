//! One piece of work, from the wish to its outcome.

use super::args::Refusal;
use super::child::{Child, Ended, Program};
use super::command::Command;
use super::reply;
use crate::ubus::blob::{Table, Value};
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// How soon a command is tried again that found another run (cron's) at work, and how often.
const AGAIN: Duration = Duration::from_secs(2);
const TRIES: u32 = 300;
/// A command's exit code then.
const BUSY: i32 = 3;
/// A command's exit code when nothing failed but something waits.
const DEFERRED: i32 = 4;

/// Whoever is told when a job begins or ends.
pub(super) type Tell<'a> = &'a mut dyn FnMut(Table);

/// How a job fares.
enum State {
    /// It waits for its turn, not to come before a time.
    Queued(Option<Instant>),
    /// A command works on it.
    Running(Box<Child>),
    /// A command works on it and has been asked to end.
    Stopping(Box<Child>),
    /// It has ended.
    Ended(&'static str, Option<Ended>),
}

/// One job.
pub(super) struct Job {
    pub number: u32,
    pub command: Command,
    method: &'static str,
    state: State,
    tries: u32,
    progress: VecDeque<String>,
}

impl Job {
    pub fn new(number: u32, method: &'static str, command: Command) -> Self {
        Self {
            number,
            command,
            method,
            state: State::Queued(None),
            tries: 0,
            progress: VecDeque::new(),
        }
    }

    pub fn waits(&self) -> bool {
        matches!(self.state, State::Queued(_))
    }

    pub fn works(&self) -> bool {
        matches!(self.state, State::Running(_) | State::Stopping(_))
    }

    pub fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended(..))
    }

    /// The same wish is fulfilled with this one.
    pub fn takes_along(&self, command: &Command) -> bool {
        let goes_on = matches!(self.state, State::Queued(_) | State::Running(_));
        goes_on && self.command == *command
    }

    /// When it may begin, if that is not now.
    pub fn not_before(&self) -> Option<Instant> {
        match self.state {
            State::Queued(not_before) => not_before,
            _ => None,
        }
    }

    /// Bytes that are kept of it.
    pub fn kept(&self) -> usize {
        match &self.state {
            State::Ended(_, Some(ended)) => ended.document.as_ref().map_or(0, Vec::len),
            _ => 0,
        }
    }

    /// Has a command begin with it.
    pub fn begin(&mut self, program: &Program, tell: Tell<'_>) {
        self.tries += 1;
        self.progress.clear();
        match Child::start(program, &self.command, true) {
            Ok(child) => {
                self.state = State::Running(Box::new(child));
                tell(self.brief());
            }
            Err(e) => {
                self.progress
                    .push_back(format!("certkeeper cannot be started: {e}"));
                self.end("failed", None, tell);
            }
        }
    }

    /// Hears what its command says, and notices its end.
    pub fn hear(&mut self, tell: Tell<'_>) {
        let (State::Running(child) | State::Stopping(child)) = &mut self.state else {
            return;
        };
        child.hear(&mut self.progress);
        let Some(ended) = child.ended(&mut self.progress) else {
            return;
        };
        let stopping = matches!(self.state, State::Stopping(_));
        let word = match ended.code {
            Ok(BUSY) if !stopping && self.tries < TRIES => {
                self.state = State::Queued(Some(Instant::now() + AGAIN));
                return;
            }
            Ok(0) => "done",
            Ok(_) | Err(_) if stopping => "cancelled",
            Ok(DEFERRED) => "deferred",
            Ok(_) | Err(_) => "failed",
        };
        self.end(word, Some(ended), tell);
    }

    fn end(&mut self, word: &'static str, ended: Option<Ended>, tell: Tell<'_>) {
        self.command.input = None;
        self.state = State::Ended(word, ended);
        tell(self.brief());
    }

    /// Asks it to end. A command takes back what it has presented; asked twice it ends at once.
    pub fn stop(&mut self, tell: Tell<'_>) {
        match std::mem::replace(&mut self.state, State::Queued(None)) {
            State::Queued(_) => self.end("cancelled", None, tell),
            State::Running(child) | State::Stopping(child) => {
                child.stop();
                self.state = State::Stopping(child);
            }
            ended => self.state = ended,
        }
    }

    /// What there is to be heard of.
    pub fn ends(&self) -> Vec<BorrowedFd<'_>> {
        match &self.state {
            State::Running(child) | State::Stopping(child) => child.ends().collect(),
            _ => Vec::new(),
        }
    }

    /// Which one it is, and how it fares.
    pub fn brief(&self) -> Table {
        let state = match self.state {
            State::Queued(_) => "queued",
            State::Running(_) => "running",
            State::Stopping(_) => "stopping",
            State::Ended(word, _) => word,
        };
        let mut brief = vec![
            ("job".to_owned(), i64::from(self.number).into()),
            ("method".to_owned(), self.method.into()),
            ("state".to_owned(), state.into()),
        ];
        let section = self.command.section.as_deref();
        brief.extend(section.map(|s| ("section".to_owned(), s.into())));
        brief
    }

    /// All that is known of it.
    pub fn whole(&self) -> Result<Table, Refusal> {
        let mut whole = self.brief();
        let lines = self.progress.iter().map(|line| line.as_str().into());
        whole.push(("progress".to_owned(), Value::Array(lines.collect())));
        if let State::Ended(_, Some(ended)) = &self.state {
            let code = ended.code.unwrap_or_else(|signal| 128 + signal);
            whole.push(("exit".to_owned(), Value::Int32(code)));
            whole.push(match reply::document(ended).and_then(reply::fitting) {
                Ok(document) => ("document".to_owned(), Value::Table(document)),
                Err(refusal) => ("error".to_owned(), refusal.value()),
            });
        }
        reply::fitting(whole)
    }
}
