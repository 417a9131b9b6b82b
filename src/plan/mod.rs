//! Decides what is to be done and why. No I/O: time and inventory are arguments.

mod due;

pub use due::due;

use crate::config::{Cert, Config};
use crate::types::{Held, Inventory, Meta, OrderNote, SectionName, Stage, Timestamp};

/// What a task does with its section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Take back what an ended run left presented.
    Cleanup,
    /// Go on with an order.
    Resume,
    /// Get a new certificate.
    Issue,
    /// Put the newest stored version into use.
    Deploy,
    /// Put a version into use that the services have not taken.
    Retry,
    /// Serve a certificate of the local CA.
    Local,
    /// Drop the note of a failure that is over.
    Forget,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// For which section.
    pub section: SectionName,
    /// What.
    pub action: Action,
    /// Why, in words.
    pub reason: String,
}

/// A section that is due but must wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub section: SectionName,
    /// Until when.
    pub until: Timestamp,
    /// Why, in words.
    pub reason: String,
}

/// What is to be done now, and what later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order of the configuration.
    pub tasks: Vec<Task>,
    /// Due, but not yet allowed.
    pub waiting: Vec<Waiting>,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// These sections, whatever their `next` and auto_update say; empty: all that are due.
    pub sections: Vec<SectionName>,
    /// Issue even what is not due, and pass the guard.
    pub force: bool,
}

/// Issuances of one set of names that the guard lets pass.
const GUARD_COUNT: usize = 4;
/// The guard's window; for short-lived certificates it is one lifetime.
const GUARD_WINDOW: i64 = Timestamp::days(7);
/// Certificates that live less long are short-lived.
const SHORT_LIVED: i64 = Timestamp::days(10);
/// An order this close to its end is not worth going on with.
const ORDER_MARGIN: i64 = 60;

/// The tasks for all sections, or for those that were asked for.
pub fn plan(config: &Config, inventory: &Inventory, now: Timestamp, wish: &Wish) -> Plan {
    let mut plan = Plan::default();
    if !config.global.enabled {
        return plan;
    }
    for cert in &config.certs {
        let named = wish.sections.contains(&cert.name);
        if !wish.sections.is_empty() && !named {
            continue;
        }
        let held = inventory.held(&cert.name);
        let primary = inventory.primary.as_deref() == Some(cert.name.as_str());
        let promote = !primary && config.primary.as_ref() == Some(&cert.name);
        if let Some(reason) = local(cert, held, promote, now) {
            plan.push(cert, Action::Local, reason);
        }
        let upkeep = upkeep(cert, held, promote, now, named);
        match decide(cert, held, now, named, wish.force) {
            Decision::Do(action, reason) => {
                if held.presented && action != Action::Resume {
                    plan.push(cert, Action::Cleanup, LEFT_BEHIND);
                }
                plan.push(cert, action, reason);
                // What failed and is forgotten may have been this.
                if action == Action::Forget
                    && let Some(reason) = upkeep
                {
                    plan.push(cert, Action::Deploy, reason);
                }
            }
            Decision::Wait(until, reason, keep) => {
                if held.presented && !keep {
                    plan.push(cert, Action::Cleanup, LEFT_BEHIND);
                }
                // What is held is served as it should be meanwhile.
                if let Some(reason) = upkeep {
                    plan.push(cert, Action::Deploy, reason);
                }
                plan.waiting.push(Waiting {
                    section: cert.name.clone(),
                    until,
                    reason,
                });
            }
            Decision::Nothing => {
                if held.presented {
                    plan.push(cert, Action::Cleanup, LEFT_BEHIND);
                }
                if cert.enabled
                    && let Some(reason) = upkeep
                {
                    plan.push(cert, Action::Deploy, reason);
                }
            }
        }
    }
    plan
}

const LEFT_BEHIND: &str = "an earlier run was ended before it could clean up";

impl Plan {
    fn push(&mut self, cert: &Cert, action: Action, reason: impl Into<String>) {
        self.tasks.push(Task {
            section: cert.name.clone(),
            action,
            reason: reason.into(),
        });
    }
}

/// Why the local CA has something to do for a section.
fn local(cert: &Cert, held: &Held, promote: bool, now: Timestamp) -> Option<&'static str> {
    let local = &held.local;
    // A stored version takes its place at once; one of staging never does.
    let served_soon = !cert.staging && held.newest_usable(now).is_some();
    if !cert.enabled || !local.needed || local.uncovered || served_soon {
        return None;
    }
    match &local.newest {
        None => Some("there is no certificate to serve yet"),
        Some(leaf) if local_is_stale(cert, &leaf.meta, now) => Some("the local one does not fit"),
        Some(_) if !local.in_use => Some("there is no valid certificate"),
        Some(_) if !held.linked => Some("links to it are missing"),
        Some(_) if promote => Some("it is to be the primary certificate"),
        Some(_) if local.untold => Some("not everybody has been told of it"),
        Some(_) => None,
    }
}

/// True if a certificate of the local CA is for other names, past two thirds of its life, or begins
/// later because the clock was ahead when it was made. A clock that is not set says nothing of that.
pub fn local_is_stale(cert: &Cert, meta: &Meta, now: Timestamp) -> bool {
    let later = now >= Timestamp::EARLIEST && !meta.is_valid(now);
    let old = now.0 > meta.not_after.saturating_sub(meta.lifetime() / 3);
    later || old || names(cert) != meta.names
}

enum Decision {
    Do(Action, String),
    /// Until when, why, and whether what is presented stays meanwhile.
    Wait(Timestamp, String, bool),
    Nothing,
}

/// Why what is held is not in use as it should be.
fn upkeep(
    cert: &Cert,
    held: &Held,
    promote: bool,
    now: Timestamp,
    named: bool,
) -> Option<&'static str> {
    let newest = held.newest_usable(now);
    if newest.is_some_and(|v| Some(v.number) != held.current) {
        return Some("a stored version is not in use yet");
    }
    if held.untidy && held.current.is_some() {
        return Some("an ended run left half-written files");
    }
    if cert.staging || held.current.is_none() {
        return None;
    }
    match (held.linked, promote) {
        (false, _) => Some("links to it are missing"),
        (true, true) => Some("it is to be the primary certificate"),
        (true, false) => {
            let untold = held.is_untold(&cert.deployment)
                && rest_of_deploy(cert, held, now, named).is_none();
            untold.then_some("not everybody has been told of the certificate in use")
        }
    }
}

fn decide(cert: &Cert, held: &Held, now: Timestamp, named: bool, force: bool) -> Decision {
    if !cert.enabled {
        return Decision::Nothing;
    }
    // An expired version that fits is better than none, but a valid one counts first.
    let newest = held.newest_valid(now).or_else(|| held.versions.first());
    let stale = match newest {
        None => Some("there is no certificate yet".to_owned()),
        Some(v) => mismatch(cert, &v.meta).or_else(|| overdue(cert, &v.meta, now)),
    };
    let stale = stale.or_else(|| force.then(|| "asked for with --force".to_owned()));
    let settled = stale.is_none() && held.attempt.is_some();
    if let Some(reason) = stale
        && (cert.auto_update || named || newest.is_none())
    {
        return attempt(cert, held, reason, now, named, force);
    }
    if let Some(decision) = offer(cert, held, now, named) {
        return decision;
    }
    if newest.is_some_and(|v| Some(v.number) != held.current && v.meta.is_valid(now)) {
        return Decision::Nothing;
    }
    if held.order.as_ref().is_some_and(|o| resumable(cert, o, now)) {
        let reason = "a renewal that was asked for".to_owned();
        return attempt(cert, held, reason, now, named, force);
    }
    if settled {
        let reason = "an attempt failed, but nothing is wanted any more";
        return Decision::Do(Action::Forget, reason.into());
    }
    Decision::Nothing
}

/// What services have refused is not offered again by each run, nor is everybody told again each
/// time when that failed.
fn offer(cert: &Cert, held: &Held, now: Timestamp, named: bool) -> Option<Decision> {
    let refused = held
        .newest_valid(now)
        .is_some_and(|v| held.is_refused(v.number));
    if cert.staging || !(refused || held.is_untold(&cert.deployment)) {
        return None;
    }
    let rest = rest_of_deploy(cert, held, now, named);
    let again = || Decision::Do(Action::Retry, "services have not taken it".into());
    rest.or_else(|| refused.then(again))
}

/// Wait, because telling everybody failed?
fn rest_of_deploy(cert: &Cert, held: &Held, now: Timestamp, named: bool) -> Option<Decision> {
    let failed = held.attempt.as_ref();
    let failed = failed.is_some_and(|a| matches!(a.stage, Stage::Deploy | Stage::Verify));
    resting(cert, held, now).filter(|_| failed && !named)
}

/// Wait, because of a failure of this very configuration?
fn resting(cert: &Cert, held: &Held, now: Timestamp) -> Option<Decision> {
    let last = held.attempt.as_ref()?;
    let next = Timestamp(last.next);
    // A clock that was set back must not block for ever: nothing waits longer than a week.
    let sane = next.since(now) <= GUARD_WINDOW;
    let waits = sane && last.fingerprint == cert.fingerprint && now < next;
    waits.then(|| Decision::Wait(next, last.problem.clone(), false))
}

/// A certificate is wanted: now, or later because of a failure or the guard?
fn attempt(
    cert: &Cert,
    held: &Held,
    reason: String,
    now: Timestamp,
    named: bool,
    force: bool,
) -> Decision {
    if !named
        && !force
        && let Some(wait) = resting(cert, held, now)
    {
        return wait;
    }
    if let Some(order) = held.order.as_ref().filter(|o| resumable(cert, o, now)) {
        for (until, why) in [
            (order.ready_at, "DNS is given time to publish the records"),
            (order.look_at, "the CA is at work"),
        ] {
            // No such wait is longer than a day, whatever the clock was.
            let left = Timestamp(until).since(now);
            if !named && (1..=Timestamp::days(1)).contains(&left) {
                return Decision::Wait(Timestamp(until), why.into(), true);
            }
        }
        return Decision::Do(Action::Resume, format!("{reason}; an order is under way"));
    }
    if !force && let Some(until) = guard(cert, held, now) {
        let text = format!(
            "{GUARD_COUNT} certificates for the same names were issued lately; more would meet the CA's \
                 rate limits (`certkeeper renew {} --force` does it all the same)",
            cert.name
        );
        return Decision::Wait(until, text, false);
    }
    Decision::Do(Action::Issue, reason)
}

/// What the configuration wants that the certificate is not.
fn mismatch(cert: &Cert, meta: &Meta) -> Option<String> {
    let wanted = names(cert);
    if wanted != meta.names {
        let added = wanted.iter().filter(|n| !meta.names.contains(n));
        let gone = meta.names.iter().filter(|n| !wanted.contains(n));
        let changes: Vec<String> = added
            .map(|n| format!("+{n}"))
            .chain(gone.map(|n| format!("-{n}")))
            .collect();
        return Some(format!("the names changed ({})", changes.join(" ")));
    }
    if cert.key_type.name() != meta.key_type {
        return Some(format!(
            "the key type changed from {} to {}",
            meta.key_type, cert.key_type
        ));
    }
    if cert.account.directory != meta.directory {
        return Some(format!("the CA changed to {}", cert.account.ca));
    }
    match (&cert.profile, &cert.preferred_chain) {
        (Some(profile), _) if cert.profile != meta.profile => {
            Some(format!("the profile changed to {profile}"))
        }
        (_, Some(chain)) if cert.preferred_chain != meta.preferred_chain => {
            Some(format!("the preferred chain changed to '{chain}'"))
        }
        _ => None,
    }
}

fn overdue(cert: &Cert, meta: &Meta, now: Timestamp) -> Option<String> {
    if now.0 > meta.not_after {
        return Some(format!("it expired on {}", Timestamp(meta.not_after)));
    }
    let due = due(cert, meta);
    (now >= due).then(|| format!("it is due since {due}"))
}

/// The identifiers as `meta.json` has them.
pub fn names(cert: &Cert) -> Vec<String> {
    let mut names: Vec<String> = cert.names.iter().map(|n| n.id.to_string()).collect();
    names.sort();
    names
}

/// True if the order asks for what the section wants and the CA still knows it.
pub fn resumable(cert: &Cert, order: &OrderNote, now: Timestamp) -> bool {
    order.names == names(cert)
        && order.key_type == cert.key_type.name()
        && order.directory == cert.account.directory
        && order.profile == cert.profile
        && (order.expires == 0 || now.plus(ORDER_MARGIN).0 < order.expires)
}

/// When the guard lets the next issuance of these names pass, if not now.
fn guard(cert: &Cert, held: &Held, now: Timestamp) -> Option<Timestamp> {
    let window = match held.versions.first().map(|v| v.meta.lifetime()) {
        Some(life) if life < SHORT_LIVED => life,
        _ => GUARD_WINDOW,
    };
    let wanted = names(cert);
    let mut times: Vec<i64> = held
        .issued
        .iter()
        .filter(|i| i.names == wanted && i.at <= now.0 && now.0.saturating_sub(i.at) < window)
        .map(|i| i.at)
        .collect();
    times.sort_unstable();
    let first = times.len().checked_sub(GUARD_COUNT)?;
    Some(Timestamp(times[first]).plus(window))
}
