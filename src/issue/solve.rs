//! Answers an order's challenges: present all, wait, tell the CA, watch, take all back.

mod ask;
mod read;

use super::failure::Failure;
use super::propagate::Published;
use super::section::Work;
use super::{leftover, persist, propagate, provider, view, ways};
use crate::acme::{Challenge, Order};
use crate::challenge::{Footprint, Permission, Proof, Solver};
use crate::config::{Name, Validation};
use crate::status::Recorder;
use crate::store::Presented;
use crate::types::{OrderNote, Stage, Timestamp};

/// How far the challenges are.
pub(super) enum Solved {
    /// The CA has decided.
    Order(Box<Order>),
    /// It goes on then; what lasts stays presented.
    Wait(Timestamp, String),
}

/// A challenge to answer.
struct Open<'a> {
    name: &'a Name,
    /// The authorization.
    url: &'a str,
    challenge: Challenge,
    answer: Option<Answer>,
}

/// What is presented for a challenge.
struct Answer {
    proof: Proof,
    solver: usize,
    footprint: Option<Footprint>,
}

/// Everything that answers the challenges of one order.
struct Answers<'a> {
    solvers: Vec<(&'a Validation, Box<dyn Solver + 'a>)>,
    open: Vec<Open<'a>>,
    /// Names wait for a place: their provider keeps few values at a time. They are validated when
    /// these are.
    more: bool,
    /// Records that the owner must have published.
    permissions: Vec<Permission>,
}

/// When the CA has seen enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// Once the order is decided: one name that fails is enough.
    Order,
    /// Once each name is.
    EachName,
}

/// Answers the challenges of an order: all at once, but those of a provider that keeps few values at a
/// time in turns, a turn a call. The order is pending after a turn that was not the last.
pub(super) fn authorize(
    work: &Work<'_, '_>,
    order: &Order,
    mut note: OrderNote,
    goal: Goal,
    record: &mut Recorder<'_>,
) -> Result<Solved, Failure> {
    record.enter(
        work.now(),
        Stage::Challenge,
        "reading what the CA wants to see",
    );
    let http = provider::transport(work.engine);
    let https = view::transport(work.engine);
    let view = view::open(work.engine, &https);
    let mut answers = read::read(work, order, &http, &view)?;
    persist::verify(work, &view, &answers.permissions, record)?;
    let planned: Vec<Presented> = answers.open.iter().filter_map(journal_entry).collect();
    let left = work.area.presented()?;
    let (mine, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|p| planned.contains(p));
    let mut kept = leftover::take_back(work.engine, &work.cert.name, others, &mut |text| {
        record.say(work.now(), text);
    });
    kept.extend(planned.iter().cloned());
    work.area.put_presented(&kept)?;
    kept.truncate(kept.len() - planned.len());
    // Records that a former step of this order wrote are still there; files may have gone with tmpfs.
    let still = |p: &Presented| note.ready_at > 0 && matches!(p, Presented::Txt { .. });
    let done: Vec<Presented> = mine.into_iter().filter(still).collect();
    let anew = |p: &Presented| matches!(p, Presented::Txt { .. }) && !done.contains(p);
    if planned.iter().any(anew) {
        // Records that are written anew are given time anew.
        note.take_back();
    }
    let solved = answers
        .present(work, &done, record)
        .and_then(|()| propagate::wait(work, &view, &answers.records(), &mut note, record))
        .and_then(|wait| match wait {
            Some(wait) => Ok(wait),
            None => answers.ask(work, &note, goal, record),
        });
    if !matches!(solved, Ok(Solved::Wait(..))) {
        if note.ready_at > 0 && (answers.more || solved.is_err()) {
            // What is taken back is not waited for. If this cannot be noted, it is.
            note.take_back();
            let _ = work.area.put_order(&note);
        }
        kept.extend(answers.take_back(work, record));
        if let Err(e) = work.area.put_presented(&kept) {
            record.say(
                work.now(),
                &format!("the note of what was presented stays: {e}"),
            );
        }
    }
    solved
}

/// What is written down before a challenge is answered.
fn journal_entry(open: &Open<'_>) -> Option<Presented> {
    let footprint = open.answer.as_ref()?.footprint.as_ref()?;
    Some(ways::entry(footprint, open.name))
}
impl Answers<'_> {
    /// Makes all answers visible before the first wait.
    fn present(
        &mut self,
        work: &Work<'_, '_>,
        done: &[Presented],
        record: &mut Recorder<'_>,
    ) -> Result<(), Failure> {
        for open in &self.open {
            let Some(answer) = &open.answer else { continue };
            if journal_entry(open).is_some_and(|entry| done.contains(&entry)) {
                continue;
            }
            let go_on = work.engine.clock.go_on();
            go_on.map_err(|e| work.failed(&e.into()))?;
            let (validation, solver) = &mut self.solvers[answer.solver];
            record.say(
                work.now(),
                &format!("presenting {} for {}", validation.challenge(), open.name.id),
            );
            solver
                .present(&answer.proof)
                .map_err(|e| Failure::of_challenge(validation, &e))
                .map_err(|f| about(&open.name.id.to_string(), f))?;
        }
        for (validation, solver) in &mut self.solvers {
            let waited = solver.wait();
            waited.map_err(|e| Failure::of_challenge(validation, &e))?;
        }
        Ok(())
    }

    /// The TXT records among the answers that DNS needs time for.
    fn records(&self) -> Vec<Published<'_>> {
        let all = self.open.iter().filter_map(|open| {
            let answer = open.answer.as_ref()?;
            match answer.footprint.as_ref()? {
                Footprint::Txt(txt) => Published::new(open.name, txt),
                Footprint::File(_) => None,
            }
        });
        all.collect()
    }
    /// Takes every answer back; returns what could not be.
    fn take_back(&mut self, work: &Work<'_, '_>, record: &mut Recorder<'_>) -> Vec<Presented> {
        let mut kept = Vec::new();
        for open in &self.open {
            let Some(answer) = &open.answer else { continue };
            if let Err(e) = self.solvers[answer.solver].1.take_back(&answer.proof) {
                let again = leftover::again(e.until());
                let text = format!("{}: taking the answer back: {e}; {again}", open.name.id);
                record.say(work.now(), &text);
                kept.extend(journal_entry(open).map(|p| p.not_before(e.until())));
            } else if let Validation::Manual { .. } = open.name.validation {
                let name = &answer.proof.spot.name;
                let text = format!("the TXT record {name} may be removed now");
                record.say(work.now(), &text);
            }
        }
        kept
    }
}

/// A failure with the name that it is about.
fn about(name: &str, failure: Failure) -> Failure {
    let mut failure = Failure {
        problem: format!("{name}: {}", failure.problem),
        ..failure
    };
    failure
        .names
        .insert(name.to_owned(), failure.problem.clone());
    failure
}
