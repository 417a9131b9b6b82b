//! Back to the former version, because somebody asks for it.

use super::Engine;
use super::failure::Failure;
use crate::config::Cert;
use crate::plan;
use crate::status::{self, Recorder};
use crate::store::device_secret;
use crate::types::{Held, Stage, State, Timestamp, Version, Withdrawn};

/// What a roll-back did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolledBack {
    /// The version that is left alone now.
    pub from: Version,
    /// The one that is in use.
    pub to: Version,
    /// When it is renewed if nobody asks before.
    pub renewal: Timestamp,
}

impl Engine<'_> {
    /// When a version is renewed if nobody asks before.
    pub(super) fn renewal(&self, cert: &Cert, held: &Held, version: &Version) -> Timestamp {
        plan::renewal(cert, held, version, &device_secret(self.paths)).at
    }

    /// Puts the former version of a section into use and leaves the present one alone until it is
    /// asked for. The caller holds the lock.
    pub fn roll_back(&self, cert: &Cert) -> Result<RolledBack, Failure> {
        let before = self.document(cert);
        let mut record = Recorder::start(self.paths, &cert.name, before, self.listener, true);
        let text = "rolling back, as asked for";
        record.enter(self.clock.now(), Stage::Deploy, text);
        let done = self.use_former(cert, &mut record);
        status::write(self.paths, &cert.name, &self.document(cert));
        done
    }

    fn use_former(&self, cert: &Cert, record: &mut Recorder<'_>) -> Result<RolledBack, Failure> {
        let (area, now) = (self.area(cert), self.clock.now());
        let held = area.held();
        let Some(from) = held.current().filter(|v| !held.is_revoked(v)) else {
            return Err(nothing(
                cert,
                "no certificate is in use that could be rolled back",
            ));
        };
        // Noted first: a run that is cut is finished by the next.
        area.withdraw(Withdrawn {
            fingerprint: from.meta.fingerprint.clone(),
            at: now.0,
            revoked: None,
            ban: None,
        })?;
        let held = area.held();
        // Where all are withdrawn, one that was rolled back would be better than none; not here.
        let fresh = |v: &&Version| held.rolled_back(v).is_none();
        let to = held.newest_usable(now).filter(fresh);
        let Some(to) = to else {
            area.readmit(&from.meta.fingerprint)?;
            return Err(nothing(cert, &no_former(&held.versions, from, now)));
        };
        let done = self.put_into_use(cert, &area, record, false);
        let changed = area.held().current == Some(to.number);
        if !changed {
            // The services did not take it, and go on with what they had.
            area.readmit(&from.meta.fingerprint)?;
        }
        match &done {
            Ok(_) => {
                let text = format!("version {} is in use again", to.number);
                record.enter(self.clock.now(), Stage::Done, &text);
            }
            Err(failure) => drop(self.note(cert, &area, failure, record, changed)),
        }
        done.map(|_| RolledBack {
            from: from.clone(),
            to: to.clone(),
            renewal: self.renewal(cert, &held, to),
        })
    }
}

fn nothing(cert: &Cert, problem: &str) -> Failure {
    let remedy = format!("`certkeeper renew {} --force` gets a new one", cert.name);
    Failure::new(State::InternalError, problem, remedy)
}

/// Why there is nothing to go back to.
fn no_former(versions: &[Version], from: &Version, now: Timestamp) -> String {
    let others: Vec<String> = versions
        .iter()
        .filter(|v| v.number != from.number)
        .map(|v| {
            let end = Timestamp(v.meta.not_after);
            match v.meta.is_valid(now) {
                true => format!("version {} was refused, revoked or rolled back", v.number),
                false => format!("version {} ended on {end}", v.number),
            }
        })
        .collect();
    match others.as_slice() {
        [] => "there is no former version".to_owned(),
        all => format!(
            "there is no former version to go back to: {}",
            all.join(", ")
        ),
    }
}
