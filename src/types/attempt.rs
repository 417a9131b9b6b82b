//! What failed, and when it is tried again: kept over reboots.

use super::{Stage, State, Timestamp, json_members};
use std::collections::BTreeMap;

/// Nothing waits longer, whatever a CA says or the clock was.
const WEEK: i64 = Timestamp::days(7);

/// `attempt.json`: the last attempt, if it did not succeed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    /// When it was.
    pub at: i64,
    /// When the next one may be.
    pub next: i64,
    /// Attempts in a row that failed.
    pub failures: u32,
    /// How it ended.
    pub state: State,
    /// Where it ended.
    pub stage: Stage,
    /// What happened.
    pub problem: String,
    /// What to do.
    pub remedy: String,
    /// What the CA has against single names.
    pub names: BTreeMap<String, String>,
    /// The section's fingerprint then.
    pub fingerprint: String,
    /// The accounts that were asked in vain, by name.
    pub accounts: BTreeMap<String, Tried>,
}

json_members!(Attempt {
    at, next, failures, state, stage, problem, remedy, fingerprint
} some { names, accounts });

/// An account that was asked in vain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Attempts in a row that failed there.
    pub failures: u32,
    /// When it may be asked again.
    pub next: i64,
    /// The CA or the kind of failure sets this time: nothing but a change moves it.
    pub firm: bool,
    /// What happened.
    pub problem: String,
}

json_members!(Tried {} some { failures, next, firm, problem });

impl Attempt {
    /// True as long as nothing is tried again by itself.
    pub fn rests(&self, now: Timestamp) -> bool {
        is_ahead(self.next, now)
    }

    /// Lets the next run try again, as far as neither a CA nor the kind of failure forbids it.
    pub fn bring_forward(&mut self, now: Timestamp) {
        let loose = self.accounts.values_mut().filter(|t| !t.firm);
        loose.for_each(|t| t.next = t.next.min(now.0));
        let soonest = self.accounts.values().map(|t| t.next).min();
        self.next = soonest.map_or(self.next, |soonest| self.next.min(soonest));
    }
}

impl Tried {
    /// True as long as the account is not asked again by itself.
    pub fn rests(&self, now: Timestamp) -> bool {
        is_ahead(self.next, now)
    }
}

/// True before that time (seconds since 1970), unless it is more than a week ahead: a clock that was set
/// back must not block for ever.
pub fn is_ahead(next: i64, now: Timestamp) -> bool {
    let left = Timestamp(next).since(now);
    left > 0 && left <= WEEK
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn attempt(accounts: &[(&str, i64, bool)]) -> Attempt {
        let tried = |(name, wait, firm): &(&str, i64, bool)| {
            let tried = Tried {
                next: NOW.0 + wait,
                firm: *firm,
                ..Tried::default()
            };
            ((*name).to_owned(), tried)
        };
        Attempt {
            at: NOW.0,
            next: NOW.0 + 600,
            failures: 1,
            state: State::Invalid,
            stage: Stage::Validation,
            problem: String::new(),
            remedy: String::new(),
            names: BTreeMap::new(),
            fingerprint: String::new(),
            accounts: accounts.iter().map(tried).collect(),
        }
    }

    #[test]
    fn what_a_ca_says_is_not_brought_forward() {
        for (accounts, rests) in [
            (&[("a", 600, false)][..], false),
            (&[("a", 7200, true)], true),
            (&[("a", 7200, true), ("b", 600, false)], false),
            // Services that did not take it: no CA was asked in vain.
            (&[], true),
        ] {
            let mut attempt = attempt(accounts);
            attempt.bring_forward(NOW);
            assert_eq!(attempt.rests(NOW), rests, "{accounts:?}");
            let firm = attempt.accounts.values().filter(|t| t.firm);
            assert!(firm.into_iter().all(|t| t.rests(NOW)));
        }
    }

    #[test]
    fn nothing_rests_longer_than_a_week() {
        for (wait, rests) in [
            (-1, false),
            (0, false),
            (1, true),
            (WEEK, true),
            (WEEK + 1, false),
        ] {
            let mut attempt = attempt(&[]);
            attempt.next = NOW.0 + wait;
            assert_eq!(attempt.rests(NOW), rests, "{wait}");
        }
    }
}
