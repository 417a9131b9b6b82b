//! What the store holds, as plain data: the store reads it, the plan decides by it.

use super::{
    Attempt, Deployed, Deployment, Identifier, Reason, RenewalInfo, Secret, SectionName, Timestamp,
    Told, Tried, Withdrawn, json_members,
};
use std::collections::BTreeMap;

/// How far our clock and a CA's may differ, in seconds.
pub const CLOCK_MARGIN: i64 = 3600;

/// `meta.json`: what a version is, and what was wanted when it was issued. Times are seconds
/// since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// The identifiers, sorted.
    pub names: Vec<String>,
    /// The key's kind, as in UCI.
    pub key_type: String,
    /// The account's name.
    pub account: String,
    /// The CA's directory.
    pub directory: String,
    /// The profile asked for.
    pub profile: Option<String>,
    /// The root that the chain was to lead to.
    pub preferred_chain: Option<String>,
    /// The roots that the CA's chains lead to, where that was none of them.
    pub chains: Vec<String>,
    /// Its name at a CA that says when to renew (RFC 9773 section 4.1); none at others.
    pub cert_id: Option<String>,
    /// Start of validity.
    pub not_before: i64,
    /// End of validity.
    pub not_after: i64,
    /// The serial number in hexadecimal.
    pub serial: String,
    /// Who issued it.
    pub issuer: String,
    /// SHA-256 over the certificate, hexadecimal.
    pub fingerprint: String,
    /// When it was stored.
    pub issued_at: i64,
    /// The accounts that were to be asked first, each with why it was not the one.
    pub instead_of: BTreeMap<String, String>,
    /// The key is kept elsewhere (option csr): what it is known by.
    pub csr: Option<String>,
    /// It was not issued here, but uploaded.
    pub uploaded: bool,
}

json_members!(Meta {} some {
    names, key_type, account, directory, profile, preferred_chain, chains, cert_id, not_before, not_after,
    serial, issuer, fingerprint, issued_at, instead_of, csr, uploaded
});

impl Meta {
    /// True if `now` lies in the validity. Clocks that differ by up to an hour are borne with, so a
    /// certificate may begin that much later.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        now.plus(CLOCK_MARGIN).0 >= self.not_before && now.0 <= self.not_after
    }

    /// True if it is for this name. What was issued here has the very names that were wanted; of
    /// what was uploaded a wildcard does, too.
    pub fn is_for(&self, id: &Identifier) -> bool {
        let named = self.names.contains(&id.to_string());
        named || self.uploaded && self.names.iter().any(|n| id.is_below_wildcard(n))
    }

    /// Length of the validity in seconds, never negative.
    pub fn lifetime(&self) -> i64 {
        self.not_after.saturating_sub(self.not_before).max(0)
    }
}

/// `order.json`: an order under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderNote {
    /// The order's URL.
    pub url: String,
    /// How far it was when the CA said so last (RFC 8555 section 7.1.6).
    pub status: String,
    /// The account's name; empty: not noted.
    pub account: String,
    /// The account's URL.
    pub account_url: String,
    /// The CA's directory.
    pub directory: String,
    /// The identifiers, sorted.
    pub names: Vec<String>,
    /// The key's kind.
    pub key_type: String,
    /// The profile asked for.
    pub profile: Option<String>,
    /// When it was made.
    pub created: i64,
    /// When the CA forgets it; 0: not said.
    pub expires: i64,
    /// All challenges were presented, and DNS is looked at or the CA asked from then on; 0: not yet.
    pub ready_at: i64,
    /// Since when all challenges are presented; 0: not all are.
    pub presented_at: i64,
    /// The CA may look at what is presented, from `ready_at` on.
    pub ready: bool,
    /// The CA is at work and wants to be asked again then; 0: it is not.
    pub look_at: i64,
    /// The accounts that were to be asked first.
    pub instead_of: BTreeMap<String, Tried>,
}

json_members!(OrderNote {} some {
    url, status, account, account_url, directory, names, key_type, profile, created, expires, ready_at,
    presented_at, ready, look_at, instead_of
});

impl OrderNote {
    /// Nothing is presented for it any more, so nothing is waited for.
    pub fn take_back(&mut self) {
        (self.ready_at, self.presented_at, self.ready) = (0, 0, false);
    }
}

/// One stored version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its number.
    pub number: u64,
    /// What it is.
    pub meta: Meta,
}

/// What the store holds for a section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Versions that are whole, newest first.
    pub versions: Vec<Version>,
    /// The number of the current one.
    pub current: Option<u64>,
    /// An order under way.
    pub order: Option<OrderNote>,
    /// The last attempt, if it failed.
    pub attempt: Option<Attempt>,
    /// Something that was presented has not been taken back.
    pub presented: bool,
    /// Files are left that an ended run wrote half.
    pub untidy: bool,
    /// When versions of which names were issued, within the last weeks. It is read only where a
    /// certificate is about to be issued.
    pub issued: Vec<Issued>,
    /// The links in /etc/ssl/domains are in place.
    pub linked: bool,
    /// Which version services, copies and hooks have.
    pub deployed: Option<Deployed>,
    /// Who was told of what is the matter.
    pub told: Told,
    /// Versions that are not to be used.
    pub withdrawn: Vec<Withdrawn>,
    /// What the local CA does for the section.
    pub local: LocalLeaf,
    /// What the CA said about the renewal of one of the versions.
    pub renewal: Option<RenewalInfo>,
}

/// The local CA's certificate of a section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalLeaf {
    /// The section has no public certificate that serves, and is to have this.
    pub needed: bool,
    /// It is the one that is served.
    pub in_use: bool,
    /// The newest that was made.
    pub newest: Option<Version>,
    /// Not all who are to have it were told of it.
    pub untold: bool,
    /// The root may not certify the section's names.
    pub uncovered: bool,
}

/// One issuance, for the guard against issuing in a circle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issued {
    /// When.
    pub at: i64,
    /// The identifiers, sorted.
    pub names: Vec<String>,
}

json_members!(Issued { at, names });

impl Held {
    /// The version in use.
    pub fn current(&self) -> Option<&Version> {
        self.versions
            .iter()
            .find(|v| Some(v.number) == self.current)
    }

    /// True if the key of the version in use is kept elsewhere.
    pub fn is_keyless(&self) -> bool {
        self.current().is_some_and(|v| v.meta.csr.is_some())
    }

    /// True if the services did not take that version.
    pub fn is_refused(&self, number: u64) -> bool {
        let note = self.deployed.as_ref();
        note.is_some_and(|d| d.refused.contains(&number))
    }

    /// True if not all who are to have the version in use were told of it.
    pub fn is_untold(&self, wanted: &Deployment) -> bool {
        self.current
            .is_some_and(|number| self.is_untold_of(number, wanted))
    }

    /// True if not all who are to have that version were told of it.
    pub fn is_untold_of(&self, number: u64, wanted: &Deployment) -> bool {
        let told = |d: &Deployed| {
            d.version == number && wanted.receivers().iter().all(|r| d.receivers.contains(r))
        };
        !wanted.is_empty() && !self.deployed.as_ref().is_some_and(told)
    }

    fn withdrawn(&self, version: &Version) -> Option<&Withdrawn> {
        let mut list = self.withdrawn.iter();
        list.find(|w| w.fingerprint == version.meta.fingerprint)
    }

    /// Why the version is revoked, if it is.
    pub fn revoked(&self, version: &Version) -> Option<Reason> {
        self.withdrawn(version)?.revoked
    }

    /// True if the version is revoked.
    pub fn is_revoked(&self, version: &Version) -> bool {
        self.revoked(version).is_some()
    }

    /// When the owner rolled the version back, if it was.
    pub fn rolled_back(&self, version: &Version) -> Option<Timestamp> {
        let found = self.withdrawn(version).filter(|w| w.revoked.is_none());
        found.map(|w| Timestamp(w.at))
    }

    /// The revocation after which the section waits to be asked; `config`: the fingerprint of its
    /// configuration now.
    pub fn ban(&self, config: &str) -> Option<&Withdrawn> {
        let mut list = self.withdrawn.iter();
        list.find(|w| w.ban.as_deref() == Some(config))
    }

    /// The versions that may be used at all, newest first: a revocation ends those before, too, for
    /// they may have the same key.
    pub fn in_force(&self) -> &[Version] {
        let revoked = self.versions.iter().position(|v| self.is_revoked(v));
        &self.versions[..revoked.unwrap_or(self.versions.len())]
    }

    /// The newest version that is valid and neither refused nor withdrawn, in use or not. One that
    /// was rolled back is better than none.
    pub fn newest_usable(&self, now: Timestamp) -> Option<&Version> {
        let fits = |v: &&Version| v.meta.is_valid(now) && !self.is_refused(v.number);
        let mut usable = self.in_force().iter().filter(fits);
        let wanted = usable.clone().find(|v| self.withdrawn(v).is_none());
        wanted.or_else(|| usable.next())
    }

    /// The version that is to be in use: none while the section waits after a revocation to be asked;
    /// `config` as for [`Self::ban`].
    pub fn wanted(&self, config: &str, now: Timestamp) -> Option<&Version> {
        let banned = self.ban(config).is_some();
        self.newest_usable(now).filter(|_| !banned)
    }

    /// The newest version that is valid and not revoked, in use or not.
    pub fn newest_valid(&self, now: Timestamp) -> Option<&Version> {
        self.in_force().iter().find(|v| v.meta.is_valid(now))
    }
}

/// What the store holds for all sections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// By section.
    pub sections: BTreeMap<SectionName, Held>,
    /// The section that the primary links lead to.
    pub primary: Option<String>,
    /// The device's secret: no two devices choose the same times.
    pub secret: Secret,
}

impl Inventory {
    /// What is held for a section; nothing for one that never was.
    pub fn held(&self, section: &SectionName) -> &Held {
        static NOTHING: std::sync::LazyLock<Held> = std::sync::LazyLock::new(Held::default);
        self.sections.get(section).unwrap_or(&NOTHING)
    }
}
