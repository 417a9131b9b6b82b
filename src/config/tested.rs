//! The configuration as a test has it: sections at their CA's staging server, whatever the file says.

use super::Config;
use crate::types::SectionName;

impl Config {
    /// This configuration with these sections at their CA's staging server; and those that cannot be
    /// tested, with the reason.
    pub fn tested(&self, sections: &[SectionName]) -> (Self, Vec<(SectionName, String)>) {
        let mut tested = self.clone();
        // It is about the CA alone.
        tested.global.local_ca.enabled = false;
        let mut left = Vec::new();
        let wanted = tested.certs.iter_mut();
        for cert in wanted.filter(|c| sections.contains(&c.name)) {
            match self.account(&cert.account.name, true) {
                Some(Ok(account)) => {
                    cert.account = account;
                    cert.staging = true;
                }
                made => {
                    let why = made.and_then(Result::err);
                    left.push((cert.name.clone(), why.unwrap_or_default()));
                }
            }
        }
        (tested, left)
    }
}
