//! Answers an order's challenges: present all, wait, tell the CA, watch, take all back.

use super::clients::Http;
use super::failure::Failure;
use super::propagate::Published;
use super::section::{WATCH, Watched, Work, rejected, watch};
use super::{leftover, persist, propagate, provider, view, ways};
use crate::acme::{AcmeError, Challenge, Order, Status};
use crate::challenge::{Footprint, Permission, Proof, Solver, View};
use crate::config::{Name, Validation};
use crate::status::Recorder;
use crate::store::Presented;
use crate::types::{OrderNote, Stage, State, Timestamp, few, shown};
use std::collections::HashSet;
use std::time::Duration;

/// The pause between two looks at a name's authorization.
const LOOK: Duration = Duration::from_secs(1);
/// An account's URL is shown up to this length.
const URL_MAX: usize = 200;

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
    let mut answers = read(work, order, &http, &view)?;
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

/// Reads the authorizations and finds a solver for each that is open.
fn read<'a>(
    work: &Work<'a, '_>,
    order: &'a Order,
    http: &'a Http<'_>,
    view: &View<'_>,
) -> Result<Answers<'a>, Failure> {
    let cert = work.cert;
    if order.authorizations.len() > cert.names.len() {
        let text = "the order has more authorizations than names".to_owned();
        return Err(work.failed(&AcmeError::Protocol(text)));
    }
    let mut answers = Answers {
        solvers: Vec::new(),
        open: Vec::new(),
        more: false,
        permissions: Vec::new(),
    };
    let mut asked = HashSet::new();
    let mut unknown = Vec::new();
    // A CA may list them in another order each time; turns must stay the same.
    let mut authorizations: Vec<&String> = order.authorizations.iter().collect();
    authorizations.sort();
    for url in authorizations {
        let authorization = work
            .client
            .authorization(url)
            .map_err(|e| work.failed(&e))?;
        let name = cert.names.iter().find(|n| authorization.is_for(&n.id));
        let Some(name) = name else {
            let text = "the order asks about a name that was not ordered".to_owned();
            return Err(work.failed(&AcmeError::Protocol(text)));
        };
        asked.insert(&name.id);
        match authorization.status {
            Status::Valid => continue,
            Status::Pending => {}
            // The order cannot become ready any more.
            _ => {
                work.area.drop_order()?;
                return Err(rejected(work, order));
            }
        }
        if let Validation::Beforehand = name.validation {
            unknown.push(name);
            continue;
        }
        let kind = name.validation.challenge();
        let Some(challenge) = authorization.challenge(kind) else {
            // Another order may offer other ways.
            work.area.drop_order()?;
            let offered = authorization.challenges.iter();
            let remedy = match few(offered.map(|c| c.kind.as_str())) {
                none if none.is_empty() => {
                    "it offers no way at all; the next runs ask again".to_owned()
                }
                all => format!("it offers {all}: set validation_method accordingly"),
            };
            let text = format!(
                "{}: {} does not offer {kind} for it",
                name.id, cert.account.ca
            );
            return Err(Failure::new(State::Invalid, text, remedy));
        };
        let answer = match answers.solver(work, &name.validation, http)? {
            Some(solver) if answers.is_full(solver) => {
                answers.more = true;
                continue;
            }
            Some(solver) => Some(answers.answer(work, view, name, challenge, solver)?),
            None => {
                let wanted = persist::wanted(work, name, challenge)?;
                if !answers.permissions.contains(&wanted) {
                    answers.permissions.push(wanted);
                }
                None
            }
        };
        answers.open.push(Open {
            name,
            url,
            challenge: challenge.clone(),
            answer,
        });
    }
    if let Some(name) = cert.names.iter().find(|n| !asked.contains(&n.id)) {
        let text = format!("the order has no authorization for {}", name.id);
        return Err(work.failed(&AcmeError::Protocol(text)));
    }
    match unknown.is_empty() {
        true => Ok(answers),
        false => Err(not_beforehand(work, &unknown)?),
    }
}

/// The CA wants names validated that it was to know already.
fn not_beforehand(work: &Work<'_, '_>, names: &[&Name]) -> Result<Failure, Failure> {
    // Once it knows them another order is ready at once.
    work.area.drop_order()?;
    let ca = &work.cert.account.ca;
    let list: Vec<String> = names.iter().map(|n| n.id.to_string()).collect();
    let text = format!(
        "{ca} has not validated {} for this account beforehand",
        few(list.iter().map(String::as_str))
    );
    let account = work.client.account().unwrap_or_default();
    let remedy = format!(
        "have it validated there for the account {}, or name a way to do it here: validation_method none answers no challenge",
        shown(account, URL_MAX)
    );
    let mut failure = Failure::new(State::Invalid, text, remedy);
    for name in list {
        let problem = "not validated beforehand".to_owned();
        failure.names.insert(name, problem);
    }
    Ok(failure)
}

impl<'a> Answers<'a> {
    fn solver(
        &mut self,
        work: &Work<'a, '_>,
        validation: &'a Validation,
        http: &'a Http<'_>,
    ) -> Result<Option<usize>, Failure> {
        if let Some(known) = self
            .solvers
            .iter()
            .position(|(v, _)| ways::same(v, validation))
        {
            return Ok(Some(known));
        }
        let solver = ways::open(work.engine, validation, http)
            .map_err(|e| Failure::of_challenge(validation, &e))?;
        Ok(solver.map(|solver| {
            self.solvers.push((validation, solver));
            self.solvers.len() - 1
        }))
    }

    /// True if no more values of this solver may be presented at a time.
    fn is_full(&self, solver: usize) -> bool {
        let Validation::Dns(own) = self.solvers[solver].0 else {
            return false;
        };
        // Names with a way of their own may be at the same account.
        let taken = |a: &&Answer| matches!(self.solvers[a.solver].0, Validation::Dns(other) if own.shares_places(other));
        let answers = self.open.iter().filter_map(|o| o.answer.as_ref());
        answers.filter(taken).count() >= own.module.writes.slots()
    }

    fn answer(
        &self,
        work: &Work<'a, '_>,
        view: &View<'_>,
        name: &Name,
        challenge: &Challenge,
        solver: usize,
    ) -> Result<Answer, Failure> {
        let token = challenge.token().map_err(|e| work.failed(&e))?;
        let spot = view::spot_of(view, name);
        let spot = spot.map_err(|e| {
            let failure = Failure::of_challenge(&name.validation, &e);
            about(&name.id.to_string(), failure)
        })?;
        let proof = Proof {
            id: name.id.clone(),
            spot,
            token: token.to_owned(),
            key_authorization: work.client.key_authorization(token),
            txt_value: work.client.txt_value(token),
        };
        Ok(Answer {
            footprint: self.solvers[solver].1.footprint(&proof),
            proof,
            solver,
        })
    }

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

    /// Tells the CA to look, and watches it.
    fn ask(
        &self,
        work: &Work<'_, '_>,
        note: &OrderNote,
        goal: Goal,
        record: &mut Recorder<'_>,
    ) -> Result<Solved, Failure> {
        record.enter(
            work.now(),
            Stage::Validation,
            &format!("{} is looking", work.cert.account.ca),
        );
        for open in self
            .open
            .iter()
            .filter(|o| o.challenge.status == Status::Pending)
        {
            let answered = work.client.answer(&open.challenge);
            match answered {
                // The first reply was lost, and the CA is at it or done.
                Err(AcmeError::Problem { .. }) if !self.still_open(work, open) => {}
                answered => {
                    answered.map_err(|e| about(&open.name.id.to_string(), work.failed(&e)))?;
                }
            }
        }
        let decided = match goal == Goal::EachName || self.more {
            true => self.watch_each(work)?,
            false => false,
        };
        if self.more && decided {
            let order = work.client.order(&note.url);
            let order = order.map_err(|e| work.failed(&e))?;
            return Ok(Solved::Order(Box::new(order)));
        }
        Ok(match watch(work, note, &[Status::Pending])? {
            Watched::Moved(order) => Solved::Order(order),
            Watched::Later(until) => Solved::Wait(until, "the CA has not decided yet".into()),
        })
    }

    /// Waits until the CA has decided about each name, for a minute at most: true if it has.
    fn watch_each(&self, work: &Work<'_, '_>) -> Result<bool, Failure> {
        let until = work.now().plus(WATCH);
        for open in &self.open {
            loop {
                let seen = work.client.authorization(open.url);
                let seen = seen.map_err(|e| work.failed(&e))?;
                if !matches!(seen.status, Status::Pending | Status::Processing) {
                    break;
                }
                if work.now() >= until {
                    return Ok(false);
                }
                let slept = work.engine.clock.sleep(LOOK);
                slept.map_err(|e| work.failed(&e.into()))?;
            }
        }
        Ok(true)
    }

    /// True if the CA still waits for this answer.
    fn still_open(&self, work: &Work<'_, '_>, open: &Open<'_>) -> bool {
        let Ok(authorization) = work.client.authorization(open.url) else {
            return true;
        };
        let challenge = authorization.challenge(&open.challenge.kind);
        authorization.status == Status::Pending
            && challenge.is_none_or(|c| c.status == Status::Pending)
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
