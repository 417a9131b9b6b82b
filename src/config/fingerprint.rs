//! A section's fingerprint: what tells whether anything that concerns it has changed.

use super::Files;
use super::reader::plain;
use crate::uci::Section;
use ring::digest::{Context, SHA256};

/// A digest over the section and all that it refers to.
pub(super) fn fingerprint(section: &Section, accounts: &[String], files: &Files<'_>) -> String {
    let mut hash = Context::new(&SHA256);
    let mut add = |section: &Section| {
        for option in &section.options {
            hash.update(option.name.as_bytes());
            for value in option.value.entries() {
                hash.update(&[0]);
                hash.update(value);
            }
            hash.update(&[0xff]);
        }
        hash.update(&[0xfe]);
    };
    let mut named = |s: &Section| {
        add(s);
        let secret = s.name.as_deref().and_then(|n| files.get("secret", n));
        let provider = plain(s, "provider").and_then(|p| files.get("provider", &p));
        let provider_secret = plain(s, "provider").and_then(|p| files.get("secret", &p));
        for other in [secret, provider, provider_secret].into_iter().flatten() {
            add(other);
        }
    };
    named(section);
    let name = section.name.as_deref().unwrap_or_default();
    files.domains_of(name).for_each(named);
    files.globals.iter().copied().for_each(&mut add);
    for account in accounts {
        let kinds = ["account", "secret"].into_iter();
        kinds
            .filter_map(|kind| files.get(kind, account))
            .for_each(&mut add);
    }
    hash.finish().as_ref()[..8]
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}
