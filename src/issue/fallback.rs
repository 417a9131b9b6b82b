//! The accounts of a section in order: the next one where one is down or limits the rate.

use super::clients::Clients;
use super::failure::{Failure, Retry};
use super::section::{self, Way};
use super::{Engine, Step};
use crate::config::{Account, Cert};
use crate::plan::{Action, Task, account_of, resumable, tried};
use crate::status::Recorder;
use crate::types::Stage;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Takes a section as far as it goes now, at the first account that does it. When none does, the
/// failure tells of them all.
pub(super) fn advance<'e>(
    engine: &Engine<'e>,
    cert: &Cert,
    task: &Task,
    clients: &mut Clients<'e>,
    record: &mut Recorder<'_>,
) -> Result<Step, Failure> {
    let area = engine.area(cert);
    let held = area.held();
    let anew = task.action == Action::Issue;
    let before = tried(cert, &held);
    let order = held.order.as_ref().filter(|_| !anew);
    let order = order.filter(|o| resumable(cert, o, engine.clock.now()));
    let mut accounts = sequence(cert, order.and_then(|o| account_of(cert, o)), &task.resting);
    let mut account = accounts.next().unwrap_or(&cert.account);
    // Those that rest were asked in vain before.
    let mut in_vain = before.clone();
    in_vain.retain(|name, _| task.resting.contains(name));
    let mut names = BTreeMap::new();
    loop {
        let earlier = cert.accounts().take_while(|a| a.name != account.name);
        let instead_of = earlier.filter_map(|a| in_vain.get_key_value(&a.name));
        let way = Way {
            cert: &cert.at(account),
            anew,
            instead_of: instead_of.map(|(n, t)| (n.clone(), t.clone())).collect(),
        };
        let failure = match section::advance(engine, &way, &area, clients, record) {
            Err(failure) if failure.retry != Retry::Stopped && !is_deploying(record) => failure,
            done => return done,
        };
        let now = engine.clock.now();
        let note = failure.tried(before.get(&account.name), &held, now);
        in_vain.insert(account.name.clone(), note);
        names.extend(failure.names.clone());
        let Some(next) = accounts.next().filter(|_| failure.elsewhere) else {
            let problems = cert.accounts().filter_map(|a| in_vain.get(&a.name));
            let problems: Vec<&str> = problems.map(|t| t.problem.as_str()).collect();
            return Err(Failure {
                problem: problems.join("; "),
                names,
                accounts: in_vain,
                ..failure
            });
        };
        record.say(now, &failure.problem);
        record.say(now, &format!("going on with account '{}'", next.name));
        account = next;
    }
}

/// The accounts to ask: first the one that has an order under way; none that rest.
fn sequence<'a>(
    cert: &'a Cert,
    first: Option<&Arc<Account>>,
    resting: &[String],
) -> impl Iterator<Item = &'a Arc<Account>> {
    let mut all: Vec<_> = cert.accounts().collect();
    all.retain(|a| !resting.contains(&a.name));
    // The sort is stable: the others stay in order.
    all.sort_by_key(|a| first.is_none_or(|f| f.name != a.name));
    all.into_iter()
}

/// True once there is a certificate: what fails then has nothing to do with the account.
fn is_deploying(record: &Recorder<'_>) -> bool {
    matches!(record.stage(), Stage::Deploy | Stage::Verify)
}
