//! A section's status document, made of what is configured and what is held.

use super::orders::Said;
use super::{Engine, warnings};
use crate::config::{Account, Cert, Config, External, Validation};
use crate::deploy as links;
use crate::plan::{is_about, renewal};
use crate::status::{self, AttemptStatus, CertificateStatus, Document, NameStatus};
use crate::store::Area;
use crate::types::{
    Attempt, Held, Inventory, RenewalInfo, SectionName, Stage, State, Timestamp, Version,
};
use std::sync::Arc;

impl Engine<'_> {
    /// The document of a section as it stands.
    pub(super) fn document(&self, cert: &Cert) -> Document {
        self.document_of(cert, &self.inventory_of(std::slice::from_ref(cert)))
    }

    fn document_of(&self, cert: &Cert, inventory: &Inventory) -> Document {
        let mut document = document(self.config, cert, inventory, self.clock.now());
        if let Some(order) = &inventory.held(&cert.name).order {
            document.records = self.records(&cert.name, cert.staging, order, &Said::new());
        }
        let spare = cert.accounts().filter_map(|a| self.spare_key(a));
        document.warnings.extend(spare);
        document
    }

    /// The documents of all sections, in the order of [`Config::names`].
    pub fn documents(&self) -> Vec<Document> {
        self.documents_of(&self.inventory())
    }

    /// The same with those besides who name a certificate's files in their configuration. It reads
    /// theirs, so it is for who asks, not for each run.
    pub fn documents_with_users(&self) -> Vec<Document> {
        let mut documents = self.documents();
        let mut users = links::users(self.paths);
        for document in &mut documents {
            let found = SectionName::of_files(&document.section).and_then(|s| users.remove(&s));
            document.named_in = found.unwrap_or_default();
        }
        documents
    }

    fn documents_of(&self, inventory: &Inventory) -> Vec<Document> {
        let certs = self.config.certs.iter();
        let certs = certs.map(|cert| self.document_of(cert, inventory));
        let wrong = self.config.broken.iter();
        certs
            .chain(wrong.map(|(section, why)| self.broken(section, why)))
            .collect()
    }

    /// The document of a section whose configuration is wrong. What serves goes on serving, and
    /// nothing renews it.
    fn broken(&self, section: &SectionName, why: &str) -> Document {
        let area = Area::new(self.paths, section, false);
        let mut held = area.held();
        held.local.in_use = held.current.is_none() && area.serves_local();
        let current = shown(&held);
        Document {
            section: section.to_string(),
            state: State::InternalError,
            label: State::InternalError.label().to_owned(),
            primary: links::primary(self.paths).as_deref() == Some(section.as_str()),
            source: source(&held, current).to_owned(),
            certificate: current.map(|v| certificate(v, None, None)),
            warnings: vec![format!("the configuration is wrong: {why}")],
            ..Document::default()
        }
    }

    /// Writes the documents of all sections as the store has them now.
    pub fn publish_all(&self) {
        self.publish(&self.inventory());
    }

    /// Writes the documents of all sections that have changed, and removes those of former ones.
    pub(super) fn publish(&self, inventory: &Inventory) -> Vec<Document> {
        let documents = self.documents_of(inventory);
        for (section, document) in self.config.names().zip(&documents) {
            status::write(self.paths, section, document);
        }
        status::forget_others(self.paths, self.config.names());
        documents
    }
}

/// The document of a section.
fn document(config: &Config, cert: &Cert, inventory: &Inventory, now: Timestamp) -> Document {
    let held = inventory.held(&cert.name);
    let current = shown(held);
    // A failure of another configuration says nothing about this one.
    let attempt = held.attempt.as_ref();
    let attempt = attempt.filter(|a| a.fingerprint == cert.fingerprint);
    let order = held.order.as_ref().filter(|o| o.ready_at > now.0);
    let state = match state(cert, held, current, attempt, now) {
        State::NotChecked if order.is_some() => State::Deferred,
        state => state,
    };
    let info = held.renewal.as_ref();
    let account = account(cert, current);
    let planned = current.map(|v| renewal(cert, held, v, &inventory.secret).at.0);
    let waits = [attempt.map(|a| a.next), order.map(|o| o.ready_at)];
    let waits = waits.into_iter().flatten().max();
    let next = waits.or(planned.filter(|_| cert.auto_update));
    let names = cert.names.iter().map(|n| {
        let name = n.id.to_string();
        let problem = attempt.and_then(|a| a.names.get(&name).cloned());
        let included = current
            .is_some_and(|v| v.meta.is_valid(now) && !held.is_revoked(v) && v.meta.is_for(&n.id));
        NameStatus {
            method: n.validation.method().to_owned(),
            state: match (&problem, included) {
                (_, true) => State::Valid,
                (Some(_), false) => attempt.map_or(State::Invalid, |a| a.state),
                (None, false) => State::NotChecked,
            },
            problem,
            name,
        }
    });
    let waits_for_time =
        cert.enabled && config.global.enabled && warnings::banned(cert, held).is_none();
    Document {
        section: cert.name.to_string(),
        state,
        label: state.label().to_owned(),
        names: names.collect(),
        primary: inventory.primary.as_deref() == Some(cert.name.as_str()),
        source: match current {
            Some(_) if cert.staging => "staging".into(),
            _ => source(held, current).into(),
        },
        other_key: cert.other(),
        account: account.name.clone(),
        ca: account.ca.clone(),
        certificate: current
            .zip(planned)
            .map(|(v, due)| certificate(v, Some(due), info)),
        next: next.filter(|_| waits_for_time),
        stage: None,
        last_attempt: last_attempt(attempt, current),
        records: Vec::new(),
        warnings: warnings::all(cert, held, current, attempt, planned, now),
        used_by: used_by(cert),
        named_in: Vec::new(),
        deployed: deployed(cert, held),
        secrets: secrets(cert),
    }
}

/// The certificate that is told of: the one in use, or the one that lapsed where a local one serves.
fn shown(held: &Held) -> Option<&Version> {
    let lapsed = || held.local.in_use.then(|| held.versions.first()).flatten();
    held.current().or_else(lapsed)
}

/// Where what a section serves is from.
fn source(held: &Held, current: Option<&Version>) -> &'static str {
    match current {
        _ if held.local.in_use => "local",
        Some(v) if v.meta.uploaded => "upload",
        Some(_) => "acme",
        None => "",
    }
}

fn state(
    cert: &Cert,
    held: &Held,
    current: Option<&Version>,
    attempt: Option<&Attempt>,
    now: Timestamp,
) -> State {
    match (current, attempt) {
        _ if !cert.enabled => State::Disabled,
        _ if held.ban(&cert.fingerprint).is_some() => State::Banned,
        (Some(v), _) if v.meta.is_valid(now) && !held.is_revoked(v) => State::Valid,
        (Some(_), _) => State::Banned,
        (None, Some(attempt)) => attempt.state,
        (None, None) => State::NotChecked,
    }
}

/// The account of the certificate in use; where there is none, or it is no longer listed, the first.
fn account<'a>(cert: &'a Cert, current: Option<&Version>) -> &'a Account {
    let of = |a: &&Arc<Account>| {
        current.is_some_and(|v| v.meta.account == a.name && v.meta.directory == a.directory)
    };
    cert.accounts().find(of).unwrap_or(&cert.account)
}

fn certificate(
    version: &Version,
    due: Option<i64>,
    info: Option<&RenewalInfo>,
) -> CertificateStatus {
    let meta = &version.meta;
    CertificateStatus {
        version: version.number,
        issuer: meta.issuer.clone(),
        serial: meta.serial.clone(),
        key_type: meta.key_type.clone(),
        fingerprint: meta.fingerprint.clone(),
        not_before: meta.not_before,
        not_after: meta.not_after,
        account: meta.account.clone(),
        instead_of: meta.instead_of.clone(),
        due,
        ari: info.filter(|i| is_about(i, meta)).cloned(),
    }
}

fn last_attempt(attempt: Option<&Attempt>, current: Option<&Version>) -> Option<AttemptStatus> {
    if let Some(a) = attempt {
        return Some(AttemptStatus {
            state: a.state,
            stage: a.stage,
            problem: a.problem.clone(),
            remedy: a.remedy.clone(),
            at: a.at,
            next: Some(a.next),
        });
    }
    current.map(|v| AttemptStatus {
        state: State::Valid,
        stage: Stage::Done,
        problem: String::new(),
        remedy: String::new(),
        at: v.meta.issued_at,
        next: None,
    })
}

/// Who is to have the certificate; one of staging is for nobody.
fn used_by(cert: &Cert) -> Vec<String> {
    match cert.staging {
        true => Vec::new(),
        false => cert.deployment.receivers(),
    }
}

fn deployed(cert: &Cert, held: &Held) -> Option<i64> {
    let told = !cert.staging && !held.is_untold(&cert.deployment);
    let note = held.deployed.as_ref().filter(|_| told)?;
    (Some(note.version) == held.current).then_some(note.at)
}

/// The names of the credentials that are set, the account's key among them.
fn secrets(cert: &Cert) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let keyed = |a: &Arc<Account>| {
        matches!(
            a.external,
            External::Given {
                hmac_key: Some(_),
                ..
            }
        )
    };
    if cert.accounts().any(keyed) {
        names.push("eab_hmac_key".to_owned());
    }
    for name in &cert.names {
        if let Validation::Dns(method) = &name.validation {
            names.extend(method.credentials.keys().cloned());
        }
    }
    names.sort();
    names.dedup();
    names
}
