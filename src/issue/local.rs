//! Certificates of the router's own CA: what a section serves before the public CA has issued, and
//! after a lapse.

use super::deploy::server_name;
use super::failure::Failure;
use super::{Engine, Outcome, Step};
use crate::config::Cert;
use crate::deploy::{Round, Trouble};
use crate::keys::PrivateKey;
use crate::local_ca::{LEAF_DAYS, Root, Texts};
use crate::plan::{self, Action, Wish};
use crate::status::Recorder;
use crate::store::{Area, Parts, RootStore, RootTexts, secure};
use crate::types::{
    CLOCK_MARGIN, Held, Identifier, KeyType, LocalLeaf, Meta, SectionName, Stage, State, Timestamp,
    Version, shown,
};
use crate::x509::{Certificate, split_pem_chain, to_pem};

/// The root is named after the host; its name is shown up to this length.
const HOST_MAX: usize = 40;

/// What is done for those who are to have a leaf: [`Round::run`] or [`Round::prepare`].
type Bring = fn(Round<'_>) -> Result<(), Trouble>;

impl Engine<'_> {
    /// The local CA's certificate of a section, and whether one is needed.
    /// `public`: what is held of its public ones.
    pub(super) fn local_leaf(&self, cert: &Cert, public: &Held) -> LocalLeaf {
        let area = Area::new(self.paths, &cert.name, false);
        let in_use = public.current.is_none() && area.serves_local();
        let serves = match (public.current, public.current()) {
            (None, _) => false,
            // What cannot be judged, its notes being damaged, serves as long as it is there.
            (Some(number), None) => area.version_dir(number).join("fullchain.pem").is_file(),
            (Some(_), Some(v)) if public.is_revoked(v) => false,
            // Nothing is swapped for being expired while the clock may be wrong.
            (Some(_), Some(v)) => !self.clock_is_set || self.clock.now().0 <= v.meta.not_after,
        };
        // Nobody here has the key that servers would want beside a certificate of ours.
        if !self.config.global.local_ca.enabled || serves || cert.csr.is_some() {
            return LocalLeaf {
                in_use,
                ..LocalLeaf::default()
            };
        }
        let held = self.held_in(cert, &Area::local(self.paths, &cert.name));
        let newest = held.versions.first().cloned();
        let untold = newest
            .as_ref()
            .is_some_and(|v| held.is_untold_of(v.number, &cert.deployment));
        let stale = |v: &Version| plan::local_is_stale(cert, &v.meta, self.clock.now());
        let uncovered = newest.as_ref().is_none_or(stale)
            && self
                .stored_root()
                .is_ok_and(|root| root.is_some_and(|r| !r.covers(&ids(cert))));
        LocalLeaf {
            needed: true,
            in_use,
            newest,
            untold: untold && !cert.staging,
            uncovered,
        }
    }

    /// Makes the local CA's certificate of a section, if there is none that fits, and puts it into
    /// use.
    pub(super) fn serve_local(
        &self,
        cert: &Cert,
        record: &mut Recorder<'_>,
        bring: Bring,
    ) -> Result<Step, Failure> {
        let now = self.clock.now();
        record.enter(now, Stage::Deploy, "serving a certificate of the local CA");
        let public = Area::new(self.paths, &cert.name, false).held();
        let leaf = self.local_leaf(cert, &public).newest;
        let leaf = match leaf.filter(|v| !plan::local_is_stale(cert, &v.meta, now)) {
            Some(leaf) => leaf,
            None => self.make_leaf(cert, &self.root()?)?,
        };
        self.link(cert, false, record)?;
        self.use_leaf(cert, &leaf, record, bring)?;
        Ok(Step::Done(format!(
            "a certificate of the local CA is in use until {} has issued",
            cert.account.ca
        )))
    }

    /// Makes and links what the local CA has to serve, for services that are about to start. Nobody
    /// is told; the next run does so. The caller holds the lock.
    pub fn prepare_local(&self) -> Vec<(SectionName, Outcome)> {
        secure(self.paths);
        let now = self.clock.now();
        let plan = plan::plan(self.config, &self.inventory(), now, &Wish::default());
        let local = plan.tasks.into_iter().filter(|t| t.action == Action::Local);
        local
            .filter_map(|task| {
                let cert = self.config.cert(task.section.as_str())?;
                let mut record = self.begin(cert, &task, true);
                let step = self.serve_local(cert, &mut record, |round| round.prepare());
                let outcome = self.end(cert, &self.area(cert), &task, step, record);
                Some((task.section, outcome))
            })
            .collect()
    }

    /// Makes a leaf the current one and tells everybody. Nobody gets around it: there is nothing to
    /// go back to.
    fn use_leaf(
        &self,
        cert: &Cert,
        leaf: &Version,
        record: &mut Recorder<'_>,
        bring: Bring,
    ) -> Result<(), Failure> {
        Area::new(self.paths, &cert.name, false).activate_local(leaf.number)?;
        self.promote(cert, record)?;
        let area = Area::local(self.paths, &cert.name);
        if !cert.staging && !cert.deployment.is_empty() {
            let note = area.held().deployed.unwrap_or_default();
            let mut tell = |stage, text: &str| match record.stage() == stage {
                true => record.say(self.clock.now(), text),
                false => record.enter(self.clock.now(), stage, text),
            };
            let round = Round {
                paths: self.paths,
                section: &cert.name,
                area: &area,
                wanted: &cert.deployment,
                server_name: &server_name(cert),
                paired: cert.other_key.is_some(),
                new: leaf,
                former: None,
                note,
                now: self.clock.now(),
                event: &|| self.acme_event(),
                tell: &mut tell,
            };
            bring(round).map_err(|t| self.failure(cert, leaf, t))?;
        }
        Ok(area.prune()?)
    }

    fn make_leaf(&self, cert: &Cert, root: &Root) -> Result<Version, Failure> {
        let ids = ids(cert);
        if !root.covers(&ids) {
            return Err(Failure::new(
                State::InternalError,
                "the local CA's root was made before these names were configured and may not certify them",
                "`certkeeper local-ca reissue` makes a new root, which clients must be told to trust anew",
            ));
        }
        // Right or nearly so even where no clock has been set yet.
        let begin = Timestamp(self.since_start().0 - CLOCK_MARGIN).max(Timestamp::EARLIEST);
        let end = begin.plus(Timestamp::days(LEAF_DAYS));
        // Quick on every router; what key_type says is for the public certificate. The second of a
        // pair must be of the other kind, or servers take the one for the other.
        let kind = match cert.name.is_second() {
            true => KeyType::Rsa2048,
            false => KeyType::Ec256,
        };
        let key = PrivateKey::generate(kind)?;
        let pem = root.issue(&key, &ids, begin, end)?;
        let ders = split_pem_chain(pem.as_bytes()).unwrap_or_default();
        let der = ders.first().map(Vec::as_slice).unwrap_or_default();
        let made = Certificate::parse(der).map_err(|e| {
            Failure::new(
                State::InternalError,
                format!("the local CA made a certificate that cannot be read: {e}"),
                "report it with the output of `certkeeper --version`",
            )
        })?;
        let meta = Meta {
            names: plan::names(cert),
            key_type: kind.name().to_owned(),
            account: "local".into(),
            not_before: made.not_before.0,
            not_after: made.not_after.0,
            serial: made.serial_hex(),
            issuer: made.issuer_name().to_owned(),
            fingerprint: made.fingerprint(),
            issued_at: self.clock.now().0,
            ..Meta::default()
        };
        let parts = Parts {
            cert: &pem,
            chain: &to_pem(&root.certificate().der),
            key: Some(&key.to_pem()),
        };
        let number = Area::local(self.paths, &cert.name).add_version(parts, &meta)?;
        Ok(Version { number, meta })
    }

    /// The root, made now if there is none.
    fn root(&self) -> Result<Root, Failure> {
        match self.stored_root()? {
            Some(root) => Ok(root),
            None => self.new_root(),
        }
    }

    /// The root that is stored, if it is whole.
    pub fn stored_root(&self) -> Result<Option<Root>, Failure> {
        let texts = RootStore::new(self.paths).read()?;
        Ok(texts.and_then(|t| {
            Root::read(Texts {
                cert: &t.cert,
                key: &t.key,
                names: &t.names,
            })
        }))
    }

    /// Makes and stores a root for the names that are configured now.
    fn new_root(&self) -> Result<Root, Failure> {
        let ids: Vec<Identifier> = self.config.certs.iter().flat_map(ids).collect();
        let local = &self.config.global.local_ca;
        // Nobody is to trust it anew because the clock was ahead when it was made.
        let begin = Timestamp::EARLIEST;
        let end = self.since_start().plus(Timestamp::days(local.days));
        let name = local.name.clone().unwrap_or_else(|| self.root_name());
        let root = Root::make(&name, &ids, begin, end)?;
        RootStore::new(self.paths).put(&RootTexts {
            cert: to_pem(&root.certificate().der),
            key: root.key_pem(),
            names: root.names(),
        })?;
        Ok(root)
    }

    fn root_name(&self) -> String {
        let host = std::fs::read_to_string(self.paths.at("/proc/sys/kernel/hostname"));
        let host = host.map_or_else(|_| "router".into(), |h| shown(h.trim(), HOST_MAX));
        format!("certkeeper {host}")
    }

    /// Makes a new root, which clients must be told of, and certifies anew what the former one had
    /// certified. Returns the root and the sections. The caller holds the lock.
    pub fn reissue_root(&self) -> Result<(Root, Vec<SectionName>), Failure> {
        let root = self.new_root()?;
        let mut done = Vec::new();
        for cert in &self.config.certs {
            let held = Area::local(self.paths, &cert.name).held();
            if held.versions.is_empty() {
                continue;
            }
            let before = self.document(cert);
            let mut record = Recorder::start(self.paths, &cert.name, before, self.listener, true);
            let leaf = self.make_leaf(cert, &root)?;
            if Area::new(self.paths, &cert.name, false).serves_local() {
                self.use_leaf(cert, &leaf, &mut record, |round| round.run())?;
            }
            done.push(cert.name.clone());
        }
        Ok((root, done))
    }

    /// The time, never before there was a certkeeper.
    fn since_start(&self) -> Timestamp {
        self.clock.now().max(Timestamp::EARLIEST)
    }
}

/// A section's identifiers.
pub(super) fn ids(cert: &Cert) -> Vec<Identifier> {
    cert.names.iter().map(|n| n.id.clone()).collect()
}
