//! Providers that keep few values at a time: who has theirs there is not pushed out by another section.

use super::Engine;
use crate::config::{Cert, DnsMethod, Validation};
use crate::plan::{Action, Task};
use crate::store::Area;
use crate::types::{SectionName, Timestamp};

fn methods(cert: &Cert) -> impl Iterator<Item = &DnsMethod> {
    cert.names.iter().filter_map(|n| match &n.validation {
        Validation::Dns(method) => Some(method.as_ref()),
        _ => None,
    })
}

impl Engine<'_> {
    /// The section that waits with its values at the same account, so that this one comes after it, and
    /// how long it waits at least. A test comes after the section's own order, and the other way round.
    pub(super) fn comes_after(&self, cert: &Cert, task: &Task) -> Option<(SectionName, Timestamp)> {
        let issues = matches!(task.action, Action::Issue | Action::Resume);
        let waits = self.waiting(&cert.name, cert.staging).is_some();
        if !issues || waits || !methods(cert).any(DnsMethod::is_narrow) {
            return None;
        }
        let (other, until) = methods(cert).flat_map(|own| self.holders(own)).next()?;
        Some((other.clone(), until))
    }

    /// The section whose values a new one would push out.
    pub(super) fn would_lose(&self, own: &DnsMethod) -> Option<&SectionName> {
        self.holders(own).next().map(|(section, _)| section)
    }

    /// The sections that have something waiting where a method would write, with until when.
    fn holders(&self, own: &DnsMethod) -> impl Iterator<Item = (&SectionName, Timestamp)> {
        let certs = self.config.certs.iter();
        let sharing = certs.filter(|c| methods(c).any(|other| own.shares_places(other)));
        let areas = sharing.flat_map(|c| [(&c.name, false), (&c.name, true)]);
        areas.filter_map(|(name, staging)| Some((name, self.waiting(name, staging)?)))
    }

    /// Until when a section, or its test, waits with what it has presented.
    fn waiting(&self, section: &SectionName, staging: bool) -> Option<Timestamp> {
        let held = Area::new(self.paths, section, staging).held();
        let order = held.order.filter(|o| o.ready_at > 0 && held.presented)?;
        Some(Timestamp(order.ready_at))
    }
}
