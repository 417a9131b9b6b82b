//! Changes that a provider has taken and not yet published.

use crate::dns::DnsError;
use crate::types::Clock;
use std::cell::RefCell;
use std::time::Duration;

/// How often it is asked, and for how long; then the CA is asked all the same.
const PAUSE: Duration = Duration::from_secs(2);
const ASKED_MAX: usize = 60;

/// The ids of changes under way.
#[derive(Default)]
pub(in crate::dns) struct Pending(RefCell<Vec<String>>);

impl Pending {
    pub fn push(&self, id: String) {
        self.0.borrow_mut().push(id);
    }

    /// Waits until all are `done`, or takes too long.
    pub fn wait(
        &self,
        clock: &dyn Clock,
        done: impl Fn(&str) -> Result<bool, DnsError>,
    ) -> Result<(), DnsError> {
        let ids = self.0.take();
        let mut left = ids.as_slice();
        for _ in 0..ASKED_MAX {
            while let Some((first, rest)) = left.split_first()
                && done(first)?
            {
                left = rest;
            }
            if left.is_empty() {
                break;
            }
            clock.sleep(PAUSE)?;
        }
        Ok(())
    }
}
