//! What the owner of a section is to know beside its state.

use super::chain;
use crate::config::Cert;
use crate::plan::urgent;
use crate::types::{Attempt, Held, Stage, Timestamp, Version};

/// Each in a sentence. `planned`: when what is in use is renewed.
pub(super) fn all(
    cert: &Cert,
    held: &Held,
    current: Option<&Version>,
    attempt: Option<&Attempt>,
    planned: Option<i64>,
    now: Timestamp,
) -> Vec<String> {
    let mut warnings = withdrawn(cert, held, planned);
    if let (Some(v), Some(a)) = (current, attempt)
        && v.meta.is_valid(now)
    {
        let what = match a.stage {
            Stage::Deploy | Stage::Verify => "putting the newest into use failed",
            _ => "the last attempt to replace it failed",
        };
        warnings.push(format!("{what}: {}", a.problem));
    }
    if let Some(v) = current {
        let (used, instead_of) = (&v.meta.account, &v.meta.instead_of);
        let text = |(name, why): (&String, &String)| {
            format!("account '{used}' was used instead of '{name}': {why}")
        };
        warnings.extend(instead_of.iter().map(text));
    }
    if held.local.uncovered {
        warnings.push(
            "the local CA's root may not certify these names, so nothing is served yet: \
             `certkeeper local-ca reissue` makes a new root, which clients must be told of"
                .into(),
        );
    }
    if let (Some(v), Some(wanted)) = (current, &cert.preferred_chain)
        && v.meta.preferred_chain.as_ref() == Some(wanted)
        && !v.meta.chains.is_empty()
    {
        warnings.push(chain::missing(wanted, &v.meta.chains));
    }
    if let (Some(v), Some(days)) = (current, cert.renew_before)
        && Timestamp::days(days.into()) > v.meta.lifetime() / 2
    {
        warnings.push(format!(
            "renew_before {days} is more than half the lifetime; half of it is used"
        ));
    }
    if let Some(v) = current.filter(|v| cert.auto_update && v.meta.is_valid(now))
        && now >= urgent(&v.meta)
    {
        let end = Timestamp(v.meta.not_after);
        warnings.push(format!(
            "less than a twentieth of the lifetime is left, and it ends on {end}"
        ));
    }
    warnings
}

/// Why a section waits to be asked.
pub(super) fn banned(cert: &Cert, held: &Held) -> Option<String> {
    let ban = held.ban(&cert.fingerprint)?;
    let reason = ban.revoked.map(|r| format!(" ({r})"));
    Some(format!(
        "its certificate was revoked on {}{}; `certkeeper renew {} --force` gets a new one",
        Timestamp(ban.at),
        reason.unwrap_or_default(),
        cert.name
    ))
}

/// Why the newest version is not in use. `planned`: when what is in use is renewed.
fn withdrawn(cert: &Cert, held: &Held, planned: Option<i64>) -> Vec<String> {
    let rolled_back = || {
        let (current, planned) = (held.current()?, Timestamp(planned?));
        let newest = held.versions.first();
        let newest = newest.filter(|v| v.number != current.number)?;
        let at = held.rolled_back(newest)?;
        let (number, section) = (newest.number, &cert.name);
        Some(format!(
            "version {number} was rolled back on {at} and is left alone: `certkeeper renew {section}` puts it into use \
             again, with --force there is a new one; unless you ask, there is a new one from {planned} on"
        ))
    };
    banned(cert, held)
        .into_iter()
        .chain(rolled_back())
        .collect()
}
