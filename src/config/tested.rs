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
            // Accounts whose CA has no such server are left out, as `option staging` does.
            let made = cert.accounts().filter_map(|a| self.account(&a.name, true));
            let (good, bad): (Vec<_>, Vec<_>) = made.partition(Result::is_ok);
            let mut good = good.into_iter().flatten();
            match good.next() {
                Some(account) => {
                    cert.account = account;
                    cert.fallbacks = good.collect();
                    cert.staging = true;
                }
                None => {
                    let why = bad.into_iter().find_map(Result::err);
                    left.push((cert.name.clone(), why.unwrap_or_default()));
                }
            }
        }
        (tested, left)
    }
}
