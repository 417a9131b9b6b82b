//! Providers that keep few values at a time: who has theirs there is not pushed out by another section.

use super::Engine;
use crate::config::{Cert, DnsMethod, Validation};
use crate::plan::{Action, Task};
use crate::types::{SectionName, Timestamp};

fn methods(cert: &Cert) -> impl Iterator<Item = &DnsMethod> {
    cert.names.iter().filter_map(|n| match &n.validation {
        Validation::Dns(method) => Some(method.as_ref()),
        _ => None,
    })
}

impl Engine<'_> {
    /// The section that waits with its values at the same account, so that this one comes after it, and
    /// how long it waits at least.
    pub(super) fn comes_after(&self, cert: &Cert, task: &Task) -> Option<(SectionName, Timestamp)> {
        let issues = matches!(task.action, Action::Issue | Action::Resume);
        if !issues || !methods(cert).any(DnsMethod::is_narrow) || self.waiting(cert).is_some() {
            return None;
        }
        let mut holders = methods(cert).flat_map(|own| self.holders(own));
        let (other, until) = holders.find(|(other, _)| other.name != cert.name)?;
        Some((other.name.clone(), until))
    }

    /// The section whose values a new one would push out.
    pub(super) fn would_lose(&self, own: &DnsMethod) -> Option<&SectionName> {
        self.holders(own).next().map(|(cert, _)| &cert.name)
    }

    fn holders(&self, own: &DnsMethod) -> impl Iterator<Item = (&Cert, Timestamp)> {
        let certs = self.config.certs.iter();
        let sharing = certs.filter(|c| methods(c).any(|other| own.shares_places(other)));
        sharing.filter_map(|c| Some((c, self.waiting(c)?)))
    }

    /// Until when a section waits with what it has presented.
    fn waiting(&self, cert: &Cert) -> Option<Timestamp> {
        let held = self.area(cert).held();
        let order = held.order.filter(|o| o.ready_at > 0 && held.presented)?;
        Some(Timestamp(order.ready_at))
    }
}
