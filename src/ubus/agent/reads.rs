//! Questions that a command answers at once. A flood of them starts a few commands, not a flood.

use super::args::Refusal;
use super::child::{Child, Program};
use super::command::Command;
use super::reply;
use crate::ubus::blob::Table;
use crate::ubus::message::Call;
use std::collections::VecDeque;
use std::mem;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// Who asks has an answer by then, whatever it is.
const LIMIT: Duration = Duration::from_millis(900);
/// Commands at work at once.
const CHILDREN_MAX: usize = 4;
/// Different questions that wait, and callers of all of them.
const WAITING_MAX: usize = 32;
const CALLS_MAX: usize = 1024;

/// One question, and all who asked it before it was begun.
struct Read {
    command: Command,
    calls: Vec<Call>,
    child: Option<Child>,
    end: Instant,
}

/// An answer for all who asked.
pub(super) struct Answered {
    pub command: Command,
    pub calls: Vec<Call>,
    pub outcome: Result<Table, Refusal>,
}

/// The questions that are not answered yet, oldest first.
#[derive(Default)]
pub(super) struct Reads(VecDeque<Read>);

impl Reads {
    /// Asks, unless too many do.
    pub fn ask(&mut self, command: Command, call: Call) -> Result<(), Refusal> {
        let calls: usize = self.0.iter().map(|r| r.calls.len()).sum();
        let full = self.0.len() >= WAITING_MAX;
        if calls >= CALLS_MAX {
            return Err(busy());
        }
        // An answer that was begun before may be older than what the caller has done since.
        let mut waiting = self.0.iter_mut().filter(|r| !r.works());
        match waiting.find(|r| r.command == command) {
            Some(same) => same.calls.push(call),
            None if full => return Err(busy()),
            None => self.0.push_back(Read {
                command,
                calls: vec![call],
                child: None,
                end: Instant::now() + LIMIT,
            }),
        }
        Ok(())
    }

    /// Begins what waits, and hands out what can be answered.
    pub fn turn(&mut self, program: &Program) -> Vec<Answered> {
        let now = Instant::now();
        let mut answered = Vec::new();
        // What has ended makes room first.
        self.answer(&mut answered, |read| read.outcome(now));
        let mut free = CHILDREN_MAX.saturating_sub(self.0.iter().filter(|r| r.works()).count());
        self.answer(&mut answered, |read| {
            if read.works() || free == 0 {
                return None;
            }
            free -= 1;
            read.begin(program).err().map(Err)
        });
        answered
    }

    /// Takes out those that have an outcome.
    fn answer(
        &mut self,
        answered: &mut Vec<Answered>,
        mut outcome: impl FnMut(&mut Read) -> Option<Result<Table, Refusal>>,
    ) {
        for mut read in mem::take(&mut self.0) {
            match outcome(&mut read) {
                Some(outcome) => answered.push(Answered {
                    command: read.command,
                    calls: read.calls,
                    outcome,
                }),
                None => self.0.push_back(read),
            }
        }
    }

    /// When the next one has waited long enough.
    pub fn end(&self) -> Option<Instant> {
        self.0.iter().map(|r| r.end).min()
    }

    /// What there is to be heard of.
    pub fn ends(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.0
            .iter()
            .filter_map(|r| r.child.as_ref())
            .flat_map(Child::ends)
    }

    /// Nobody waits for an answer any more.
    pub fn forget(&mut self) {
        for child in self.0.drain(..).filter_map(|r| r.child) {
            end(child);
        }
    }
}

impl Read {
    fn works(&self) -> bool {
        self.child.is_some()
    }

    fn begin(&mut self, program: &Program) -> Result<(), Refusal> {
        let child = Child::start(program, &self.command, false).map_err(|e| {
            let text = format!("certkeeper cannot be started: {e}");
            Refusal::new(
                "failed",
                text,
                "see whether memory is short, then ask again",
            )
        })?;
        self.child = Some(child);
        Ok(())
    }

    /// The answer, or that there will be none; `None` as long as it may come.
    fn outcome(&mut self, now: Instant) -> Option<Result<Table, Refusal>> {
        if let Some(child) = &mut self.child {
            let mut unheard = VecDeque::new();
            child.hear(&mut unheard);
            if let Some(ended) = child.ended(&mut unheard) {
                return Some(reply::document(&ended));
            }
        }
        if now < self.end {
            return None;
        }
        if let Some(child) = self.child.take() {
            end(child);
        }
        Some(Err(busy()))
    }
}

/// It only looked: nothing is lost by ending it.
fn end(mut child: Child) {
    child.kill();
}

fn busy() -> Refusal {
    Refusal::new(
        "busy",
        "the router is busy with other work",
        "ask again in a few seconds",
    )
}
