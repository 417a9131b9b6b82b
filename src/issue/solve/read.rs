//! Reads an order's authorizations, and finds a solver for each that is open.

use super::super::clients::Http;
use super::super::failure::Failure;
use super::super::section::{Work, rejected};
use super::super::{persist, view, ways};
use super::{Answer, Answers, Open, about};
use crate::acme::{AcmeError, Challenge, Order, Status};
use crate::challenge::{Proof, View};
use crate::config::{Name, Validation};
use crate::types::{State, few, shown};
use std::collections::HashSet;

/// An account's URL is shown up to this length.
const URL_MAX: usize = 200;

/// Reads the authorizations and finds a solver for each that is open.
pub(super) fn read<'a>(
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
}
