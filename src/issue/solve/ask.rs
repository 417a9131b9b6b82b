//! Tells the CA to look, and watches it.

use super::super::failure::Failure;
use super::super::section::{WATCH, Watched, Work, watch};
use super::{Answers, Goal, Open, Solved, about};
use crate::acme::{AcmeError, Status};
use crate::status::Recorder;
use crate::types::{OrderNote, Stage};
use std::time::Duration;

/// The pause between two looks at a name's authorization.
const LOOK: Duration = Duration::from_secs(1);

impl Answers<'_> {
    /// Tells the CA to look, and watches it.
    pub(super) fn ask(
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
}
