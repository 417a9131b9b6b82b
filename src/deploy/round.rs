//! One round of telling everybody of a section's new version.
//!
//! The order is: switch (the rename of `current`), check, copies, reload, verify, hooks. A service's
//! own checker comes *after* the switch, for it reads the paths that the service's configuration
//! names, and these lead through `current`; to show it the new pair before would take a copy of
//! everything that the configuration includes. Switching first is safe: a running service holds
//! the former pair in memory until it is told to reload, and one rename switches back if the checker
//! objects. Copies and reloads begin only once it does not. Hooks are told of what is served, unless
//! no service is named: then it is they who have the certificate served, and come before the look.

use super::services::Service;
use super::verify::Look;
use super::{events, export, hooks, uhttpd};
use crate::net::Signed;
use crate::store::{Area, StoreError};
use crate::types::{
    Deployed, Deployment, KeyType, Paths, SectionName, Stage, Target, Timestamp, Version,
};

/// What a round works with.
pub struct Round<'a> {
    /// Where everything lies.
    pub paths: &'a Paths,
    /// Whose certificate it is.
    pub section: &'a SectionName,
    /// Its folder.
    pub area: &'a Area,
    /// Who is to have it.
    pub wanted: &'a Deployment,
    /// The name that servers are asked for.
    pub server_name: &'a str,
    /// There is another certificate for these names, with a key of the other kind: servers show both,
    /// each to its clients.
    pub paired: bool,
    /// The version that is in use now.
    pub new: &'a Version,
    /// The one to go back to.
    pub former: Option<&'a Version>,
    /// What was noted of earlier rounds.
    pub note: Deployed,
    /// The time.
    pub now: Timestamp,
    /// Tells procd that a certificate of acme's was renewed.
    pub event: &'a dyn Fn() -> Result<(), String>,
    /// Hears each step.
    pub tell: &'a mut dyn FnMut(Stage, &str),
}

/// Why a round did not come to its end.
#[derive(Debug)]
pub enum Trouble {
    /// The services did not take the version; with what was done about it.
    Refused(String),
    /// They did, but not everybody was told.
    Unfinished(String),
    /// The disk's.
    Store(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A service, and where it serves TLS as far as that is known.
type Seen<'a> = (Service<'a>, Option<Target>);

impl Round<'_> {
    /// Tells everybody of the version that has just become the current one.
    pub fn run(mut self) -> Result<(), Trouble> {
        let paths = self.paths;
        let mut left = Vec::new();
        let mut services: Vec<Seen<'_>> = Vec::new();
        for name in &self.wanted.services {
            match Service::find(paths, name) {
                Ok(service) => services.push((service, None)),
                Err(why) => left.push(why),
            }
        }
        let uhttpd = services.iter().any(|(s, _)| s.name == "uhttpd");
        services.retain(|(s, _)| !self.is_off(s));
        for (service, _) in &services {
            if let Err(why) = service.check(&mut |text| (self.tell)(Stage::Deploy, text)) {
                return self.go_back(&services, &why, false);
            }
        }
        self.copy(self.new, &mut left);
        let mut pointed = false;
        if uhttpd {
            match uhttpd::point(paths, self.section) {
                Ok(changed) => pointed = changed,
                Err(why) => {
                    // It cannot serve what it does not know of: no reason to roll back for all.
                    left.push(format!("uhttpd: {why}"));
                    services.retain(|(s, _)| s.name != "uhttpd");
                }
            }
        }
        if self.wanted.verify.is_empty() {
            self.find_targets(&mut services);
        }
        // Without a service it is the hooks that have the certificate served.
        let hooks_first = self.wanted.services.is_empty();
        if hooks_first {
            self.call_hooks(self.new, &mut left);
        }
        if let Err(why) = self.bring(&services, self.new) {
            // Also if it was a run before this one that pointed it here, and was cut.
            if self.former.is_none() && (pointed || self.note.version == 0) {
                self.give_uhttpd_back(&services);
            }
            return self.go_back(&services, &why, true);
        }
        if !hooks_first {
            self.call_hooks(self.new, &mut left);
        }
        if !left.is_empty() {
            return Err(Trouble::Unfinished(left.join("; ")));
        }
        Ok(self.area.put_deployed(&Deployed {
            version: self.new.number,
            at: self.now.0,
            receivers: self.wanted.receivers(),
            refused: Vec::new(),
        })?)
    }

    /// Puts ready what services read when they start: copies, and uhttpd's options. Nobody is told,
    /// and nothing noted, so that the next run tells everybody.
    pub fn prepare(mut self) -> Result<(), Trouble> {
        let mut left = Vec::new();
        self.copy(self.new, &mut left);
        if self.wanted.services.iter().any(|s| s == "uhttpd")
            && let Err(why) = uhttpd::point(self.paths, self.section)
        {
            left.push(format!("uhttpd: {why}"));
        }
        match left.is_empty() {
            true => Ok(()),
            false => Err(Trouble::Unfinished(left.join("; "))),
        }
    }

    /// Who is switched off is left alone, and reads the certificate when it is started.
    fn is_off(&mut self, service: &Service<'_>) -> bool {
        let off = service.is_off();
        if off {
            (self.tell)(Stage::Deploy, &service.off());
        }
        off
    }

    /// Its own certificate is better than none: the owner must reach the router's pages.
    fn give_uhttpd_back(&mut self, services: &[Seen<'_>]) {
        let Some((uhttpd, _)) = services.iter().find(|(s, _)| s.name == "uhttpd") else {
            return;
        };
        let text = match uhttpd::give_back(self.paths) {
            Ok(true) => "uhttpd has its earlier certificate again".to_owned(),
            Ok(false) => return,
            Err(e) => format!("uhttpd's options could not be given back: {e}"),
        };
        (self.tell)(Stage::Deploy, &text);
        let _ = self.order(uhttpd, "restart");
    }

    /// Where services usually serve TLS counts only if somebody listens there already: who has moved
    /// them elsewhere and gives no `verify` must not see every certificate rolled back.
    fn find_targets(&mut self, services: &mut [Seen<'_>]) {
        for (service, target) in services {
            let Some(usual) = service.target() else {
                continue;
            };
            let look = self.look(&usual, self.new);
            let why = if !look.listens() {
                "nobody listens at"
            } else if look.lacks_key() {
                "no certificate with such a key is served at"
            } else {
                *target = Some(usual);
                continue;
            };
            let text = format!(
                "{why} {usual}, so what {} serves is not verified; `list verify` names the place",
                service.name
            );
            (self.tell)(Stage::Deploy, &text);
        }
    }

    fn copy(&mut self, version: &Version, left: &mut Vec<String>) {
        let dir = self.area.version_dir(version.number);
        for wanted in &self.wanted.exports {
            let copied = export::copy(self.paths, self.section, version.number, &dir, wanted);
            match copied {
                Ok(()) => (self.tell)(
                    Stage::Deploy,
                    &format!("copied to {}", wanted.dir.display()),
                ),
                Err(why) => left.push(why),
            }
        }
    }

    /// Gets the services to serve a version: reload, once more, restart. Says why they do not.
    fn bring(&mut self, services: &[Seen<'_>], version: &Version) -> Result<(), String> {
        let mut behind: Vec<&Seen<'_>> = services.iter().collect();
        let mut wrong = Vec::new();
        for what in ["reload", "reload", "restart"] {
            wrong.clear();
            // All of them first: each may take a while to follow.
            let ordered: Vec<_> = behind.iter().map(|s| self.order(&s.0, what)).collect();
            let mut still = Vec::new();
            for (seen, ordered) in behind.into_iter().zip(ordered) {
                let served = ordered.and_then(|()| match &seen.1 {
                    Some(target) => self.verify(target, version),
                    None => Ok(()),
                });
                if let Err(why) = served {
                    wrong.push(format!("{}: {why}", seen.0.name));
                    still.push(seen);
                }
            }
            let wanted = self.wanted;
            for target in &wanted.verify {
                if let Err(why) = self.verify(target, version) {
                    wrong.push(why);
                    // Whose place it is, nobody says.
                    still = services.iter().collect();
                }
            }
            if wrong.is_empty() {
                return Ok(());
            }
            behind = still;
        }
        Err(wrong.join("; "))
    }

    fn verify(&mut self, target: &Target, version: &Version) -> Result<(), String> {
        let serial = &version.meta.serial;
        let result = self.look(target, version).serves(serial);
        match &result {
            Ok(()) => (self.tell)(Stage::Verify, &format!("{target} serves serial {serial}")),
            Err(why) => (self.tell)(Stage::Verify, why),
        }
        result
    }

    fn look<'t>(&'t self, target: &'t Target, version: &Version) -> Look<'t> {
        let rsa = version.meta.key_type.parse().is_ok_and(KeyType::is_rsa);
        Look {
            target,
            name: target.name.as_deref().unwrap_or(self.server_name),
            signed: match (self.paired, rsa) {
                (false, _) => Signed::Any,
                (true, false) => Signed::Ecdsa,
                (true, true) => Signed::Rsa,
            },
        }
    }

    fn order(&mut self, service: &Service<'_>, what: &str) -> Result<(), String> {
        let done = service.order(what, &mut |text| (self.tell)(Stage::Deploy, text));
        if let Err(why) = &done {
            (self.tell)(Stage::Deploy, why);
        }
        done
    }

    fn call_hooks(&mut self, version: &Version, left: &mut Vec<String>) {
        let section = self.section.as_str();
        for hook in &self.wanted.hooks {
            let say = &mut |text: &str| (self.tell)(Stage::Deploy, text);
            let told = hooks::tell(self.paths, hook, section, &version.meta.names, say);
            left.extend(told.err());
        }
        if self.wanted.events {
            let say = &mut |text: &str| (self.tell)(Stage::Deploy, text);
            let told = events::hotplug(self.paths, say).and_then(|()| (self.event)());
            left.extend(told.err());
        }
    }

    /// Makes the former version the current one again. `told`: services may have seen the new one.
    fn go_back(mut self, services: &[Seen<'_>], why: &str, told: bool) -> Result<(), Trouble> {
        let number = self.new.number;
        let Some(former) = self.former else {
            // A certificate that fits is better than none.
            return Err(Trouble::Refused(format!(
                "{why}; there is no former version to go back to, so version {number} stays"
            )));
        };
        self.area.activate(former.number)?;
        let until = Timestamp(former.meta.not_after);
        let mut text = format!(
            "{why}; rolled back to version {} (until {until})",
            former.number
        );
        (self.tell)(Stage::Deploy, &text);
        let mut note = std::mem::take(&mut self.note);
        note.refused.push(number);
        if told {
            let mut left = Vec::new();
            self.copy(former, &mut left);
            if services.is_empty() {
                self.call_hooks(former, &mut left);
            }
            if let Err(why) = self.bring(services, former) {
                left.push(format!("that one is not served either: {why}"));
            }
            for more in left {
                text.push_str(&format!("; {more}"));
            }
            note.version = former.number;
            note.at = self.now.0;
            note.receivers = self.wanted.receivers();
        }
        self.area.put_deployed(&note)?;
        Err(Trouble::Refused(text))
    }
}
