//! Which CAs the owners of names let issue.

use super::super::Engine;
use super::Found;
use crate::challenge::{Applicant, View};
use crate::config::Cert;
use crate::net::RecordType;
use crate::store::AccountStore;
use crate::types::{Domain, few};

/// Whether the owners of the names let the CA issue (RFC 8659).
pub(super) fn caa(
    engine: &Engine<'_>,
    view: &View<'_>,
    cert: &Cert,
    issuers: &[String],
    found: Found<'_>,
) {
    if view.is_blind() || issuers.is_empty() {
        return;
    }
    let account = AccountStore::new(engine.paths, &cert.account.name, &cert.account.directory);
    let url = account.note().ok().flatten().map(|note| note.url);
    let mut allowed = Vec::new();
    for name in &cert.names {
        let Some(domain) = name.id.domain() else {
            continue;
        };
        let applicant = Applicant {
            issuers,
            account: url.as_deref(),
            method: name.validation.challenge(),
            wildcard: domain.is_wildcard(),
        };
        match refused(view, domain, &applicant) {
            None => allowed.push(domain.as_str()),
            Some(why) => found("caa", false, format!("{domain}: {why}")),
        }
    }
    if !allowed.is_empty() {
        let text = format!(
            "CAA lets {} issue for {}",
            issuers[0],
            few(allowed.into_iter())
        );
        found("caa", true, text);
    }
}

fn refused(view: &View<'_>, domain: &Domain, applicant: &Applicant<'_>) -> Option<String> {
    let mut at = domain.base();
    // The first that has any counts (RFC 8659 section 3).
    loop {
        let answer = match view.ask(at, RecordType::Caa) {
            Ok(answer) => answer,
            Err(_) if view.is_given() && at != domain.base() => return None,
            Err(why) => {
                return Some(format!(
                    "CAA of {at} cannot be looked up ({why}) — a CA that cannot either does not issue"
                ));
            }
        };
        let mut records = answer.answers.iter();
        if records.any(|r| r.kind == RecordType::Caa) {
            let why = applicant.refused(&answer.answers)?;
            return Some(format!(
                "CAA of {at}: {why} — publish there: {at}. IN CAA 0 issue \"{}\"",
                applicant.issuers[0]
            ));
        }
        at = at.split_once('.')?.1;
    }
}
