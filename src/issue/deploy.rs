//! Puts a version into use: links first, the one rename that counts, then all who are to have it.

use super::failure::{Failure, Retry};
use super::{Engine, Step};
use crate::config::Cert;
use crate::deploy::{self, Round, Trouble};
use crate::status::Recorder;
use crate::store::Area;
use crate::types::{Held, Identifier, Stage, State, Timestamp, Version};
use crate::ubus::Client;
use crate::ubus::blob::Value;
use std::path::PathBuf;
use std::time::Duration;

/// How long a version that services did not take is left alone, unless somebody asks for it or the
/// configuration changes; a quarter of the life of what is in use, where that is less.
const REST: i64 = Timestamp::days(7);

/// How long procd may take to hear of an event.
const EVENT_LIMIT: Duration = Duration::from_secs(5);

impl Engine<'_> {
    /// Puts the newest version that can be used into use. `again`: also one that was refused or rolled
    /// back.
    pub(super) fn put_into_use(
        &self,
        cert: &Cert,
        area: &Area,
        record: &mut Recorder<'_>,
        again: bool,
    ) -> Result<Step, Failure> {
        let now = self.clock.now();
        record.enter(now, Stage::Deploy, "putting it into use");
        let held = self.held_in(cert, area);
        let newest = match again {
            true => held.newest_valid(now),
            false => held.wanted(&cert.fingerprint, now),
        };
        let Some(version) = newest.or_else(|| held.current()) else {
            return Ok(Step::Done("there is no version to put into use".into()));
        };
        let switch = held.current != Some(version.number);
        if again {
            area.readmit(&version.meta.fingerprint)?;
        }
        // Before it is in use, or the next certificate would have its key.
        if switch {
            area.finish_work()?;
        }
        let keyless = version.meta.csr.is_some();
        if !cert.staging {
            self.link(cert, keyless, record)?;
        }
        if switch {
            area.activate(version.number)?;
        }
        if !cert.staging {
            if keyless {
                deploy::unlink_key(self.paths, &cert.name)?;
            }
            self.promote(cert, record)?;
            if switch && !cert.deployment.is_empty() || held.is_untold(&cert.deployment) {
                self.tell_all(cert, area, &held, version, record)?;
            }
        }
        area.prune()?;
        let until = Timestamp(version.meta.not_after);
        let kind = match cert.staging {
            true => "a staging certificate is held",
            false => "a certificate is in use",
        };
        Ok(Step::Done(format!("{kind} until {until}")))
    }

    /// Makes a section's links; `keyless`: its key is kept elsewhere.
    pub(super) fn link(
        &self,
        cert: &Cert,
        keyless: bool,
        record: &mut Recorder<'_>,
    ) -> Result<(), Failure> {
        if self.is_displaced(cert) {
            let text = "uhttpd has made a certificate of its own in the place of the links; they take its place again";
            record.say(self.clock.now(), text);
            deploy::remove_displacing(self.paths, &cert.name)?;
        }
        let foreign = deploy::link(self.paths, &cert.name, keyless, &self.acme_names(cert))?;
        self.report_foreign(&foreign, record);
        Ok(())
    }

    /// By which names OpenWrt's acme may have a folder for the primary certificate.
    pub(super) fn acme_names(&self, cert: &Cert) -> Vec<String> {
        let primary = self.config.primary.as_ref() == Some(&cert.name) && cert.csr.is_none();
        let first = cert.names.first().filter(|_| primary);
        let names = first.map(|name| vec![cert.name.to_string(), name.id.to_string()]);
        names.unwrap_or_default()
    }

    /// uhttpd has put its own pair where the section's links were.
    pub(super) fn is_displaced(&self, cert: &Cert) -> bool {
        let uhttpd = cert.deployment.services.iter().any(|s| s == "uhttpd");
        uhttpd && deploy::has_displaced(self.paths, &cert.name)
    }

    pub(super) fn promote(&self, cert: &Cert, record: &mut Recorder<'_>) -> Result<(), Failure> {
        let now = deploy::primary(self.paths);
        if self.config.primary.as_ref() == Some(&cert.name)
            && cert.csr.is_none()
            && now.as_deref() != Some(cert.name.as_str())
        {
            let foreign = deploy::promote(self.paths, &cert.name)?;
            self.report_foreign(&foreign, record);
        }
        Ok(())
    }

    fn report_foreign(&self, places: &[PathBuf], record: &mut Recorder<'_>) {
        for place in places {
            let text = format!(
                "{} is not a link of certkeeper's and stays as it is; remove it to have the certificate there",
                place.display()
            );
            record.say(self.clock.now(), &text);
        }
    }

    /// Tells services, copies and hooks of the version that is in use now.
    fn tell_all(
        &self,
        cert: &Cert,
        area: &Area,
        held: &Held,
        version: &Version,
        record: &mut Recorder<'_>,
    ) -> Result<(), Failure> {
        let note = held.deployed.clone().unwrap_or_default();
        let former = former(held, version, self.clock.now());
        let mut tell = |stage, text: &str| match record.stage() == stage {
            true => record.say(self.clock.now(), text),
            false => record.enter(self.clock.now(), stage, text),
        };
        let round = Round {
            paths: self.paths,
            section: &cert.name,
            area,
            wanted: &cert.deployment,
            server_name: &server_name(cert),
            paired: cert.other_key.is_some(),
            new: version,
            former,
            note,
            now: self.clock.now(),
            event: &|| self.acme_event(),
            tell: &mut tell,
        };
        match round.run() {
            Ok(()) => Ok(area.drop_attempt()?),
            Err(trouble) => Err(self.failure(cert, former.unwrap_or(version), trouble)),
        }
    }

    /// Has procd reload those who wait for a certificate of acme's.
    pub(super) fn acme_event(&self) -> Result<(), String> {
        let args = [
            ("type".to_owned(), "acme.renew".into()),
            ("data".to_owned(), Value::Table(Vec::new())),
        ];
        let client = Client::connect(&self.paths.ubus());
        let told = client.and_then(|mut c| c.call("service", "event", &args, EVENT_LIMIT));
        told.map(drop)
            .map_err(|e| format!("ubus event acme.renew: {e}"))
    }

    pub(super) fn failure(&self, cert: &Cert, in_use: &Version, trouble: Trouble) -> Failure {
        let section = &cert.name;
        match trouble {
            Trouble::Store(e) => e.into(),
            Trouble::Unfinished(text) => Failure::new(
                State::InternalError,
                format!("the certificate is in use, but not everywhere: {text}"),
                format!(
                    "correct that, then `certkeeper renew {section}` tells everybody again; the next runs try it, too"
                ),
            ),
            Trouble::Refused(text) => {
                let now = self.clock.now();
                let left = in_use.meta.not_after.saturating_sub(now.0).max(0);
                Failure {
                    retry: Retry::Later(Some(now.plus(REST.min(left / 4)))),
                    ..Failure::new(
                        State::InternalError,
                        text,
                        format!(
                            "correct the service, or where it is looked at (list verify); then `certkeeper renew {section}` \
                             offers it the same certificate again, with --force a new one"
                        ),
                    )
                }
            }
        }
    }
}

/// The version to go back to: the one that was in use until now or, after a run that was cut between
/// switch and reload, the one that everybody was told of last. One that is not valid any more is no
/// help; and where nothing was switched, because there are new receivers, there is nothing to undo.
fn former<'a>(held: &'a Held, new: &Version, now: Timestamp) -> Option<&'a Version> {
    let told = held.deployed.as_ref().map(|d| d.version);
    let before = held.current.filter(|n| *n != new.number).or(told);
    let former = held.versions.iter().find(|v| Some(v.number) == before)?;
    (former.number != new.number && former.meta.is_valid(now)).then_some(former)
}

/// The name that servers are asked for: the section's first; below a wildcard, www.
pub(super) fn server_name(cert: &Cert) -> String {
    let ids = || cert.names.iter().map(|n| &n.id);
    let wild = |id: &&Identifier| id.domain().is_some_and(|d| d.is_wildcard());
    let plain = ids().find(|id| !wild(id)).or_else(|| ids().next());
    plain.map_or_else(String::new, |id| id.to_string().replacen('*', "www", 1))
}
