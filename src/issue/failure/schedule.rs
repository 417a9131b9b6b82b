//! When a section is tried again after a failure.

use super::{Failure, Retry};
use crate::config::Cert;
use crate::types::{Attempt, Held, Stage, Timestamp, Tried};

/// The schedule's first wait; each further failure multiplies it.
const FIRST_WAIT: i64 = 600;
const FACTOR: i64 = 6;
/// No wait by the schedule is longer.
const LAST_WAIT: i64 = Timestamp::days(1);
/// The wait where only a change of the configuration helps. Nobody is kept waiting longer, whatever
/// a CA says.
const WEEK: i64 = Timestamp::days(7);

impl Failure {
    /// What is noted of it.
    pub fn attempt(&self, cert: &Cert, held: &Held, stage: Stage, now: Timestamp) -> Attempt {
        let before = held.attempt.as_ref();
        let before = before.filter(|a| a.fingerprint == cert.fingerprint);
        let failures = before.map_or(0, |a| a.failures).saturating_add(1);
        // The first account that may be asked again decides.
        let accounts = self.accounts.values().map(|t| t.next);
        let soonest = accounts.filter(|next| *next > now.0).min();
        Attempt {
            at: now.0,
            next: soonest.unwrap_or_else(|| self.next(failures, held, now).0.0),
            failures,
            state: self.state,
            stage,
            problem: self.problem.clone(),
            remedy: self.remedy.clone(),
            names: self.names.clone(),
            fingerprint: cert.fingerprint.clone(),
            accounts: self.accounts.clone(),
        }
    }

    /// What is noted of the account that it happened at; `before`: of an earlier failure there.
    pub fn tried(&self, before: Option<&Tried>, held: &Held, now: Timestamp) -> Tried {
        let failures = before.map_or(0, |t| t.failures).saturating_add(1);
        let (next, firm) = self.next(failures, held, now);
        Tried {
            failures,
            next: next.0,
            firm,
            problem: self.problem.clone(),
        }
    }

    /// max(Retry-After, min(10 min · 6ⁿ, 24 h, remaining life / 8)), at least 10 min, at most a week;
    /// and whether it is more than the schedule alone asks for.
    fn next(&self, failures: u32, held: &Held, now: Timestamp) -> (Timestamp, bool) {
        let grown = FIRST_WAIT.saturating_mul(FACTOR.saturating_pow(failures.saturating_sub(1)));
        let left = held
            .current()
            .map(|v| Timestamp(v.meta.not_after).since(now));
        let eighth = left
            .filter(|left| *left > 0)
            .map_or(LAST_WAIT, |left| left / 8);
        let wait = now.plus(grown.min(LAST_WAIT).min(eighth).max(FIRST_WAIT));
        let week = now.plus(WEEK);
        let next = match self.retry {
            Retry::OnChange => week,
            Retry::Later(Some(asked)) => wait.max(asked).min(week),
            Retry::Later(None) | Retry::Stopped => wait,
        };
        (next, next > wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Meta, State, Version};

    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn failure(retry: Retry) -> Failure {
        Failure {
            retry,
            ..Failure::new(State::Invalid, "", "")
        }
    }

    fn wait(retry: Retry, failures: u32, held: &Held) -> i64 {
        failure(retry).next(failures, held, NOW).0.since(NOW)
    }

    #[test]
    fn waits_grow_and_obey_the_ca() {
        let nothing = Held::default();
        let later = |n| wait(Retry::Later(None), n, &nothing);
        assert_eq!(
            [later(1), later(2), later(3), later(4), later(400)],
            [600, 3600, 21_600, 86_400, 86_400]
        );
        let told = |at| wait(Retry::Later(Some(at)), 1, &nothing);
        assert_eq!(told(NOW.plus(200_000)), 200_000);
        assert_eq!(told(NOW.plus(-5)), 600);
        assert_eq!(told(Timestamp(i64::MAX)), WEEK);
        assert_eq!(wait(Retry::OnChange, 1, &nothing), WEEK);
    }

    /// An eighth of what is left, so that it is tried several times before the end.
    #[test]
    fn waits_are_short_where_little_life_is_left() {
        let left = |seconds: i64| Held {
            versions: vec![Version {
                number: 1,
                meta: Meta {
                    not_after: NOW.0 + seconds,
                    ..Meta::default()
                },
            }],
            current: Some(1),
            ..Held::default()
        };
        for (seconds, wanted) in [
            (8 * 86_400, 86_400),
            (86_400, 10_800),
            (3600, 600),
            (0, 86_400),
            (-86_400, 86_400),
        ] {
            assert_eq!(
                wait(Retry::Later(None), 9, &left(seconds)),
                wanted,
                "{seconds}"
            );
        }
        // What the CA says counts all the same, however urgent it is.
        let told = Retry::Later(Some(NOW.plus(7200)));
        assert_eq!(wait(told, 1, &left(3600)), 7200);
    }

    #[test]
    fn a_time_of_the_ca_is_firm() {
        let firm = |retry| failure(retry).tried(None, &Held::default(), NOW).firm;
        assert!(!firm(Retry::Later(None)));
        assert!(!firm(Retry::Later(Some(NOW.plus(60)))));
        assert!(firm(Retry::Later(Some(NOW.plus(7200)))));
        assert!(firm(Retry::OnChange));
    }

    #[test]
    fn failures_are_counted_by_account() {
        let later = failure(Retry::Later(None));
        let first = later.tried(None, &Held::default(), NOW);
        let second = later.tried(Some(&first), &Held::default(), NOW);
        assert_eq!((first.failures, second.failures), (1, 2));
        assert_eq!(second.next, NOW.0 + 3600);
    }
}
