//! Decides what is to be done and why. No I/O: time and inventory are arguments.

mod case;
mod due;
mod withdrawn;

pub use case::{account_of, mismatch, resumable, tried};
pub use due::{Due, due, is_about, urgent};
pub use withdrawn::renewal;

use crate::config::{Cert, Config};
use crate::types::{Held, Inventory, Meta, SectionName, Timestamp};
use case::{Case, Decision};

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
    /// Accounts that are not asked now, by name: their own time has not come.
    pub resting: Vec<String>,
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
    /// Sections whose CA is to be asked when it wants the certificate renewed (RFC 9773); then it
    /// is planned again.
    pub ask: Vec<SectionName>,
    /// Asked for, but revoked: nothing is done without `--force`.
    pub banned: Vec<SectionName>,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// These sections, whatever their `next` and auto_update say; empty: all that are due.
    pub sections: Vec<SectionName>,
    /// Issue even what is not due or was revoked, and pass the guard.
    pub force: bool,
}

/// Certificates that live less long are short-lived.
const SHORT_LIVED: i64 = Timestamp::days(10);

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
        let promote = !primary && config.primary.as_ref() == Some(&cert.name) && cert.csr.is_none();
        let case = Case {
            cert,
            held,
            secret: &inventory.secret,
            now,
            named,
            force: wish.force,
        };
        if let Some(reason) = local(cert, held, promote, now) {
            plan.push(cert, Action::Local, reason);
        }
        if case.asks() {
            plan.ask.push(cert.name.clone());
        }
        let upkeep = case.upkeep(promote);
        let decision = case.decide();
        if named && matches!(decision, Decision::Banned) {
            plan.banned.push(cert.name.clone());
        }
        match decision {
            Decision::Do(action, reason) => {
                if held.presented && action != Action::Resume {
                    plan.push(cert, Action::Cleanup, LEFT_BEHIND);
                }
                plan.tasks.push(Task {
                    section: cert.name.clone(),
                    action,
                    reason,
                    resting: case.resting_accounts(),
                });
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
            Decision::Banned | Decision::Nothing => {
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
            resting: Vec::new(),
        });
    }
}

/// Why the local CA has something to do for a section.
fn local(cert: &Cert, held: &Held, promote: bool, now: Timestamp) -> Option<&'static str> {
    let local = &held.local;
    // A stored version takes its place at once; one of staging never does.
    let served_soon = !cert.staging && held.wanted(&cert.fingerprint, now).is_some();
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

/// The identifiers as `meta.json` has them.
pub fn names(cert: &Cert) -> Vec<String> {
    let mut names: Vec<String> = cert.names.iter().map(|n| n.id.to_string()).collect();
    names.sort();
    names
}
