//! One section: is something to be done, and may it be done now?

use super::due::{is_about, urgent};
use super::withdrawn::{missing, renewal};
use super::{Action, SHORT_LIVED, names};
use crate::config::{Account, Cert};
use crate::types::{Held, Meta, OrderNote, Secret, Stage, Timestamp, Tried, Version};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Issuances of one set of names that the guard lets pass.
const GUARD_COUNT: usize = 4;
/// The guard's window; for short-lived certificates it is one lifetime.
const GUARD_WINDOW: i64 = Timestamp::days(7);
/// An order this close to its end is not worth going on with.
const ORDER_MARGIN: i64 = 60;

/// A section at a time.
pub(super) struct Case<'a> {
    pub cert: &'a Cert,
    pub held: &'a Held,
    pub secret: &'a Secret,
    pub now: Timestamp,
    /// It was asked for by name.
    pub named: bool,
    /// A certificate is wanted even if none is due.
    pub force: bool,
}

/// What is to be done with a section.
pub(super) enum Decision {
    Do(Action, String),
    /// Until when, why, and whether what is presented stays meanwhile.
    Wait(Timestamp, String, bool),
    /// It was revoked, and nobody asks for another.
    Banned,
    Nothing,
}

impl Case<'_> {
    /// Why what is held is not in use as it should be.
    pub fn upkeep(&self, promote: bool) -> Option<&'static str> {
        let (cert, held) = (self.cert, self.held);
        let wanted = held.wanted(&cert.fingerprint, self.now);
        if wanted.is_some_and(|v| Some(v.number) != held.current) {
            return Some("a stored version is not in use yet");
        }
        if held.untidy && held.current.is_some() {
            return Some("an ended run left half-written files");
        }
        if cert.staging || held.current.is_none() {
            return None;
        }
        match (held.linked, promote) {
            (false, _) => Some("links to it are missing"),
            (true, true) => Some("it is to be the primary certificate"),
            (true, false) => {
                let untold = held.is_untold(&cert.deployment) && self.rest_of_deploy().is_none();
                untold.then_some("not everybody has been told of the certificate in use")
            }
        }
    }

    /// The version that renewals go by. An expired one that fits is better than none, but a valid
    /// one counts first.
    fn newest(&self) -> Option<&Version> {
        let valid = self.held.newest_valid(self.now);
        valid.or_else(|| self.held.in_force().first())
    }

    /// True if its CA is to be asked when it wants the certificate renewed: not once that has ended,
    /// is urgent, or is replaced for another reason.
    pub fn asks(&self) -> bool {
        let (cert, now) = (self.cert, self.now);
        let renewed = cert.enabled && (cert.auto_update || self.named) && !self.force;
        let newest = self.held.newest_valid(now);
        // What was rolled back is not renewed by its own time.
        let Some(meta) = newest
            .filter(|v| self.held.rolled_back(v).is_none())
            .map(|v| &v.meta)
        else {
            return false;
        };
        let known = self.held.renewal.as_ref().filter(|i| is_about(i, meta));
        renewed
            && !self.is_banned()
            && meta.cert_id.is_some()
            && known.is_none_or(|i| i.is_stale(now))
            && now < urgent(meta)
            && mismatch(cert, meta).is_none()
            && !self.is_under_way()
    }

    fn is_banned(&self) -> bool {
        !self.force && self.held.ban(&self.cert.fingerprint).is_some()
    }

    fn is_under_way(&self) -> bool {
        let order = self.held.order.as_ref();
        order.is_some_and(|o| resumable(self.cert, o, self.now))
    }

    pub fn decide(&self) -> Decision {
        let (cert, held, now) = (self.cert, self.held, self.now);
        if !cert.enabled {
            return Decision::Nothing;
        }
        if self.is_banned() {
            return Decision::Banned;
        }
        let newest = self.newest();
        let stale = match newest {
            None => Some(missing(held).to_owned()),
            Some(v) => mismatch(cert, &v.meta).or_else(|| self.overdue(v)),
        };
        let stale = stale.or_else(|| self.force.then(|| "asked for with --force".to_owned()));
        let settled = stale.is_none() && held.attempt.is_some();
        if let Some(reason) = stale
            && (cert.auto_update || self.named || newest.is_none())
        {
            return self.attempt(reason);
        }
        if self.named && newest.is_some_and(|v| held.rolled_back(v).is_some()) {
            let reason = "it was rolled back, and is asked for again".to_owned();
            return Decision::Do(Action::Retry, reason);
        }
        if let Some(decision) = self.offer() {
            return decision;
        }
        if newest.is_some_and(|v| Some(v.number) != held.current && v.meta.is_valid(now)) {
            return Decision::Nothing;
        }
        if self.is_under_way() {
            return self.attempt("a renewal that was asked for".to_owned());
        }
        if settled {
            let reason = "an attempt failed, but nothing is wanted any more";
            return Decision::Do(Action::Forget, reason.into());
        }
        Decision::Nothing
    }

    /// What services have refused is not offered again by each run, nor is everybody told again each
    /// time when that failed.
    fn offer(&self) -> Option<Decision> {
        let held = self.held;
        let refused = held
            .newest_valid(self.now)
            .is_some_and(|v| held.is_refused(v.number));
        if self.cert.staging || !(refused || held.is_untold(&self.cert.deployment)) {
            return None;
        }
        let again = || Decision::Do(Action::Retry, "services have not taken it".into());
        self.rest_of_deploy().or_else(|| refused.then(again))
    }

    /// Wait, because telling everybody failed?
    fn rest_of_deploy(&self) -> Option<Decision> {
        let failed = self.held.attempt.as_ref();
        let failed = failed.is_some_and(|a| matches!(a.stage, Stage::Deploy | Stage::Verify));
        self.resting().filter(|_| failed && !self.named)
    }

    /// Wait, because of a failure of this very configuration?
    fn resting(&self) -> Option<Decision> {
        let last = self.held.attempt.as_ref()?;
        let waits = last.fingerprint == self.cert.fingerprint && last.rests(self.now);
        waits.then(|| Decision::Wait(Timestamp(last.next), last.problem.clone(), false))
    }

    /// The accounts whose own time has not come; who asks by name asks them all.
    pub fn resting_accounts(&self) -> Vec<String> {
        if self.named || self.force {
            return Vec::new();
        }
        let tried = tried(self.cert, self.held);
        let resting = tried.into_iter().filter(|(_, t)| t.rests(self.now));
        resting.map(|(name, _)| name).collect()
    }

    /// A certificate is wanted: now, or later because of a failure or the guard?
    fn attempt(&self, reason: String) -> Decision {
        let now = self.now;
        if !self.named
            && !self.force
            && let Some(wait) = self.resting()
        {
            return wait;
        }
        let order = self.held.order.as_ref();
        if let Some(order) = order.filter(|o| resumable(self.cert, o, now)) {
            for (until, why) in [
                (order.ready_at, "DNS is given time to publish the records"),
                (order.look_at, "the CA is at work"),
            ] {
                // No such wait is longer than a day, whatever the clock was.
                let left = Timestamp(until).since(now);
                if !self.named && (1..=Timestamp::days(1)).contains(&left) {
                    return Decision::Wait(Timestamp(until), why.into(), true);
                }
            }
            return Decision::Do(Action::Resume, format!("{reason}; an order is under way"));
        }
        if !self.force
            && let Some(until) = self.guard()
        {
            let text = format!(
                "{GUARD_COUNT} certificates for the same names were issued lately; more would meet the CA's \
                 rate limits (`certkeeper renew {} --force` does it all the same)",
                self.cert.name
            );
            return Decision::Wait(until, text, false);
        }
        Decision::Do(Action::Issue, reason)
    }

    /// Why another certificate is needed as time passes. `newest`: the newest valid one, or one that
    /// has expired.
    fn overdue(&self, newest: &Version) -> Option<String> {
        let held = self.held;
        let in_place = held.rolled_back(newest);
        let in_place = in_place.and_then(|_| held.newest_usable(self.now));
        let serving = in_place.unwrap_or(newest);
        let end = Timestamp(serving.meta.not_after);
        if self.now > end {
            return Some(format!("it expired on {end}"));
        }
        let info = held.renewal.as_ref();
        let due = renewal(self.cert, held, serving, self.secret);
        let text = || match (due.suggested, info.and_then(|i| i.explanation_url.as_ref())) {
            (true, Some(url)) => format!("the CA suggests to renew it on {} ({url})", due.at),
            (true, None) => format!("the CA suggests to renew it on {}", due.at),
            (false, _) => format!("it is due since {}", due.at),
        };
        due.has_come(self.now).then(text)
    }

    /// When the guard lets the next issuance of these names pass, if not now.
    fn guard(&self) -> Option<Timestamp> {
        let window = match self.held.versions.first().map(|v| v.meta.lifetime()) {
            Some(life) if life < SHORT_LIVED => life,
            _ => GUARD_WINDOW,
        };
        let (wanted, now) = (names(self.cert), self.now);
        let mut times: Vec<i64> = self
            .held
            .issued
            .iter()
            .filter(|i| i.names == wanted && i.at <= now.0 && now.0.saturating_sub(i.at) < window)
            .map(|i| i.at)
            .collect();
        times.sort_unstable();
        let first = times.len().checked_sub(GUARD_COUNT)?;
        Some(Timestamp(times[first]).plus(window))
    }
}

/// What the configuration wants that the certificate is not.
pub fn mismatch(cert: &Cert, meta: &Meta) -> Option<String> {
    match (&cert.csr, &meta.csr) {
        (Some(csr), key) if Some(&csr.key_id) != key.as_ref() => {
            return Some("the key of the request in option csr is another one".into());
        }
        (None, Some(_)) => return Some("option csr is gone, so it needs a key".into()),
        _ => {}
    }
    if meta.uploaded {
        // It is as its owner wants it; only the names must do.
        let ids = cert.names.iter().map(|n| &n.id);
        let missing = ids.filter(|id| !meta.is_for(id));
        let missing: Vec<String> = missing.map(ToString::to_string).collect();
        let text = || format!("the uploaded certificate is not for {}", missing.join(" "));
        return (!missing.is_empty()).then(text);
    }
    let wanted = names(cert);
    if wanted != meta.names {
        let added = wanted.iter().filter(|n| !meta.names.contains(n));
        let gone = meta.names.iter().filter(|n| !wanted.contains(n));
        let changes: Vec<String> = added
            .map(|n| format!("+{n}"))
            .chain(gone.map(|n| format!("-{n}")))
            .collect();
        return Some(format!("the names changed ({})", changes.join(" ")));
    }
    if cert.key_type.name() != meta.key_type {
        return Some(format!(
            "the key type changed from {} to {}",
            meta.key_type, cert.key_type
        ));
    }
    if cert.accounts().all(|a| a.directory != meta.directory) {
        return Some(format!("the CA changed to {}", cert.account.ca));
    }
    match (&cert.profile, &cert.preferred_chain) {
        (Some(profile), _) if cert.profile != meta.profile => {
            Some(format!("the profile changed to {profile}"))
        }
        (_, Some(chain)) if cert.preferred_chain != meta.preferred_chain => {
            Some(format!("the preferred chain changed to '{chain}'"))
        }
        _ => None,
    }
}

/// True if the order asks for what the section wants and the CA still knows it.
pub fn resumable(cert: &Cert, order: &OrderNote, now: Timestamp) -> bool {
    order.names == names(cert)
        && order.key_type == cert.key_type.name()
        && account_of(cert, order).is_some()
        && order.profile == cert.profile
        && (order.expires == 0 || now.plus(ORDER_MARGIN).0 < order.expires)
}

/// The section's account that an order was made with.
pub fn account_of<'a>(cert: &'a Cert, order: &OrderNote) -> Option<&'a Arc<Account>> {
    let named = |a: &Account| order.account.is_empty() || order.account == a.name;
    let mut accounts = cert.accounts();
    accounts.find(|a| a.directory == order.directory && named(a))
}

/// The section's accounts that were asked in vain since its last certificate, by name.
pub fn tried(cert: &Cert, held: &Held) -> BTreeMap<String, Tried> {
    let attempt = held.attempt.as_ref();
    let attempt = attempt.filter(|a| a.fingerprint == cert.fingerprint);
    let before_order = held.order.as_ref().map(|o| &o.instead_of);
    let all = attempt.map(|a| &a.accounts).into_iter().chain(before_order);
    let listed = |name: &str| cert.accounts().any(|a| a.name == name);
    all.flatten()
        .filter(|(name, _)| listed(name))
        .map(|(name, tried)| (name.clone(), tried.clone()))
        .collect()
}
