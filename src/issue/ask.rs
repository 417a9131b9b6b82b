//! Asks CAs when they want certificates renewed (RFC 9773).

use super::Engine;
use super::clients::Clients;
use crate::acme::ari;
use crate::config::Cert;
use crate::plan::is_about;
use crate::status;
use crate::types::{Interrupted, Inventory, Meta, RenewalInfo, SectionName};

/// After so many seconds no further question is begun: a slow CA must not hold all sections up.
const QUESTIONS: i64 = 30;

impl<'a> Engine<'a> {
    /// Asks about these sections' newest certificates. What the CAs say is noted in tmpfs and stands
    /// in the inventory then. A run that is asked to stop asks no further; what was not asked is
    /// left to the next.
    pub(super) fn ask(
        &self,
        sections: &[SectionName],
        inventory: &mut Inventory,
        clients: &mut Clients<'a>,
    ) {
        let begin = self.clock.now();
        for section in sections {
            if self.clock.now().since(begin) >= QUESTIONS {
                break;
            }
            let held = inventory.sections.get_mut(section);
            let Some((cert, held)) = self.config.cert(section.as_str()).zip(held) else {
                continue;
            };
            let Some(version) = held.newest_valid(self.clock.now()) else {
                continue;
            };
            let former = held.renewal.as_ref();
            let former = former.filter(|i| is_about(i, &version.meta));
            match self.ask_about(cert, &version.meta, former, clients) {
                Ok(info) => {
                    status::ari::write(self.paths, section, &info);
                    held.renewal = Some(info);
                }
                Err(Interrupted) => break,
            }
        }
    }

    /// Asks the CA that issued the certificate.
    fn ask_about(
        &self,
        cert: &Cert,
        meta: &Meta,
        former: Option<&RenewalInfo>,
        clients: &mut Clients<'a>,
    ) -> Result<RenewalInfo, Interrupted> {
        let cert_id = meta.cert_id.as_deref().unwrap_or_default();
        let mut accounts = cert.accounts();
        let account = accounts.find(|a| a.directory == meta.directory);
        match clients.connect(self, account.unwrap_or(&cert.account)) {
            Ok(ca) => ari::ask(&ca.transport, self.clock, &ca.directory, cert_id, former),
            Err(failure) => Ok(ari::in_vain(
                cert_id,
                former,
                failure.problem,
                ari::next_question(None, self.clock.now()),
            )),
        }
    }
}
