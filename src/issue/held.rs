//! What is held for the sections of a configuration.

use super::Engine;
use crate::config::Cert;
use crate::deploy as links;
use crate::plan::{Action, Task};
use crate::status;
use crate::store::{Area, device_secret};
use crate::types::{Held, Inventory};
use std::collections::BTreeMap;

impl Engine<'_> {
    /// The folder of a section.
    pub(super) fn area(&self, cert: &Cert) -> Area {
        Area::new(self.paths, &cert.name, cert.staging)
    }

    pub(super) fn is_linked(&self, cert: &Cert, held: &Held) -> bool {
        let acme = self.acme_names(cert);
        let intact = links::intact(self.paths, &cert.name, held.is_keyless(), &acme);
        intact && !self.is_displaced(cert)
    }

    /// What is held in a folder of a section. Who has lost his copies, a sysupgrade removes them with
    /// their folder, counts as one who was never told.
    pub(super) fn held_in(&self, cert: &Cert, area: &Area) -> Held {
        let mut held = area.held();
        let keyless = held.is_keyless();
        if let Some(note) = &mut held.deployed {
            let exports = cert.deployment.exports.iter();
            for lost in exports.filter(|e| !links::has_copies(&cert.name, e, keyless)) {
                note.receivers.retain(|told| *told != lost.to_string());
            }
        }
        held
    }

    /// What is held for a section, the local CA's part and its links included.
    pub(super) fn held(&self, cert: &Cert) -> Held {
        let mut held = self.held_in(cert, &self.area(cert));
        held.local = match cert.staging {
            false => self.local_leaf(cert, &held),
            true => {
                let public = Area::new(self.paths, &cert.name, false).held();
                self.local_leaf(cert, &public)
            }
        };
        // A test, or another value of option staging, may have left something. What an order there
        // waits with stays.
        let other = Area::new(self.paths, &cert.name, !cert.staging);
        let now = self.clock.now().0;
        held.presented |=
            other.has_presented() && other.held().order.is_none_or(|order| order.ready_at <= now);
        let served = held.local.in_use || !cert.staging && held.current.is_some();
        held.linked = !served || self.is_linked(cert, &held);
        held.renewal = status::ari::read(self.paths, &cert.name);
        held
    }

    /// What the store holds for all sections.
    pub fn inventory(&self) -> Inventory {
        self.inventory_of(&self.config.certs)
    }

    pub(super) fn inventory_of(&self, certs: &[Cert]) -> Inventory {
        let mut sections = BTreeMap::new();
        // One by one: collected, so large values would be moved about to be sorted.
        for cert in certs {
            sections.insert(cert.name.clone(), self.held(cert));
        }
        Inventory {
            sections,
            primary: links::primary(self.paths),
            secret: device_secret(self.paths),
        }
    }

    /// Reads what was issued lately for the sections that are about to get a certificate: the guard
    /// alone asks for it. True if there is anything.
    pub(super) fn look_back(&self, tasks: &[Task], inventory: &mut Inventory) -> bool {
        let mut found = false;
        for task in tasks.iter().filter(|t| t.action == Action::Issue) {
            let held = inventory.sections.get_mut(&task.section);
            if let Some((cert, held)) = self.config.cert(task.section.as_str()).zip(held) {
                held.issued = self.area(cert).issued();
                found |= !held.issued.is_empty();
            }
        }
        found
    }
}
