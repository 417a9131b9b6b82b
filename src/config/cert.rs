//! `config cert`: one certificate.

use super::account::Account;
use super::accounts::Accounts;
use super::csr::{self, Csr};
use super::deployment;
use super::fingerprint::fingerprint;
use super::fits;
use super::identifiers;
use super::interfaces::{self, Interface};
use super::keys::{self, Keys};
use super::method::{self, Name, Raw, Validation};
use super::mistake::Mistake;
use super::reader::Reader;
use super::{Files, Global};
use crate::types::{Deployment, KeyType, Paths, SectionName};
use std::sync::Arc;

/// One certificate that can be asked for.
#[derive(Clone, Debug)]
pub struct Cert {
    /// The section's name; it names the files.
    pub name: SectionName,
    /// 0: left alone.
    pub enabled: bool,
    /// What the certificate is for, and how each is validated; no identifier twice, and empty only
    /// before the addresses of its interfaces are known.
    pub names: Vec<Name>,
    /// The interfaces whose addresses are not among the names yet.
    pub interfaces: Vec<Interface>,
    /// The kind of its key.
    pub key_type: KeyType,
    /// The owner's request; its key is kept elsewhere.
    pub csr: Option<Csr>,
    /// The kind of key that the section's other certificate has, if there are two.
    pub other_key: Option<KeyType>,
    /// Each renewal has the key of the version in use again, where that is of this kind.
    pub reuse_key: bool,
    /// Where it is asked for.
    pub account: Arc<Account>,
    /// Where it is asked for when that is down or limits the rate, in order.
    pub fallbacks: Vec<Arc<Account>>,
    /// From the CA's staging server: kept apart, never served.
    pub staging: bool,
    /// The CA's profile (draft-ietf-acme-profiles).
    pub profile: Option<String>,
    /// The root that the chain is to lead to, or a part of its name (RFC 8555 section 7.4.2).
    pub preferred_chain: Option<String>,
    /// False: only when asked.
    pub auto_update: bool,
    /// Days before the end, instead of a third of the lifetime.
    pub renew_before: Option<u32>,
    /// Who is to have the certificate.
    pub deployment: Deployment,
    /// Changes whenever anything that the section says changes, its secrets included.
    pub fingerprint: String,
}

/// No root's name is longer (RFC 5280 appendix A.1, ub-common-name).
const CHAIN_MAX: usize = 64;

impl Cert {
    /// Every account that it may come from, in order.
    pub fn accounts(&self) -> impl Iterator<Item = &Arc<Account>> {
        std::iter::once(&self.account).chain(&self.fallbacks)
    }

    /// The same certificate, asked for at this account alone.
    pub fn at(&self, account: &Arc<Account>) -> Self {
        Self {
            account: account.clone(),
            fallbacks: Vec::new(),
            ..self.clone()
        }
    }

    /// What the section's other certificate is called, if there are two.
    pub fn other(&self) -> Option<String> {
        self.other_key?;
        Some(match self.name.is_second() {
            true => self.name.base().to_owned(),
            false => self.name.second().to_string(),
        })
    }

    /// The section's second certificate, if there is one: the same in all but its key, and that
    /// uhttpd, which serves one, is not told of it.
    pub(super) fn second(&self) -> Option<Self> {
        let key_type = self.other_key.filter(|kind| kind.is_rsa())?;
        let mut second = Self {
            name: self.name.second(),
            key_type,
            other_key: Some(self.key_type),
            ..self.clone()
        };
        second.deployment.services.retain(|s| s != "uhttpd");
        Some(second)
    }
}

/// The section's name; `index` counts the sections of its type, as `uci` does.
pub(super) fn section_name(reader: &mut Reader<'_>, index: usize) -> Option<SectionName> {
    let Some(name) = &reader.section.name else {
        reader.fail(format!(
            "the section needs a name, such as config cert 'web'; \
             `uci rename certkeeper.@cert[{index}]='web'` and `uci commit certkeeper` give it one"
        ));
        return None;
    };
    SectionName::parse(name)
        .map_err(|e| reader.fail(e.to_string()))
        .ok()
}

/// Says where `primary` cannot be had.
pub(super) fn check_primary(reader: &mut Reader<'_>, other: Option<&SectionName>) {
    let why = if let Some(other) = other {
        format!("'{other}' is the primary section already; one can be")
    } else if reader.flag("staging", false) {
        "a staging certificate is never served, so domain.crt stays as it is".to_owned()
    } else if !reader.flag("enabled", true) {
        "the section is not enabled, so domain.crt stays as it is".to_owned()
    } else if reader.text("csr").is_some() {
        "its key is kept elsewhere (option csr), so domain.crt stays as it is".to_owned()
    } else {
        return;
    };
    reader.warn("primary", None, why);
}

pub(super) fn read(
    name: SectionName,
    reader: &mut Reader<'_>,
    files: &Files<'_>,
    global: &Global,
    accounts: &mut Accounts<'_>,
    paths: &Paths,
) -> Result<Cert, String> {
    let enabled = reader.flag("enabled", true);
    let staging = reader.flag("staging", false);
    let auto_update = reader.flag("auto_update", true);
    let renew_before = reader.number("renew_before", 1..=366);
    let profile = profile(reader);
    let preferred_chain = preferred_chain(reader);
    let csr = csr::read(reader, paths);
    let Keys {
        key_type,
        other_key,
        reuse_key,
    } = keys::read(reader, csr.as_ref());
    let account_names = account_names(reader);
    let listed = listed(reader, accounts, &account_names, staging);
    let raw = Raw::read(reader, files, paths);
    let way = method::resolve(reader, &raw, files, global);
    let by_dns = way.as_ref().is_some_and(Validation::is_dns);
    let (ids, interfaces) = identifiers::read(reader, by_dns, csr.as_ref());
    let interfaces = interfaces::read(reader, interfaces, way.as_ref());
    let own = method::own_ways(reader, &ids, &raw, files, global, paths);
    let names = identifiers::validated(reader, ids, way, own);
    let mut deployment = deployment::read(reader, paths, global.acme_hotplug);
    if csr.is_some() {
        deployment::check_keyless(reader, &mut deployment);
    }
    let keys: Vec<KeyType> = [Some(key_type), other_key].into_iter().flatten().collect();
    for account in &listed {
        fits::check(reader, account, &names, &keys, profile.as_deref());
        fits::check_interfaces(reader, account, &interfaces, profile.as_deref());
    }
    let fingerprint = fingerprint(reader.section, &account_names, files, csr.as_ref());
    match (reader.failed.take(), listed.split_first()) {
        (None, Some((account, fallbacks))) => Ok(Cert {
            name,
            enabled,
            names,
            interfaces,
            key_type,
            csr,
            other_key,
            reuse_key,
            account: account.clone(),
            fallbacks: fallbacks.to_vec(),
            staging,
            profile,
            preferred_chain,
            auto_update,
            renew_before,
            deployment,
            fingerprint,
        }),
        (why, _) => Err(why.unwrap_or_else(|| "no account".into())),
    }
}

fn profile(reader: &mut Reader<'_>) -> Option<String> {
    let text = reader.text("cert_profile")?;
    if text.len() > 64 || !text.bytes().all(|c| c.is_ascii_graphic()) {
        reader.wrong(
            "cert_profile",
            &text,
            "the name of one of the CA's profiles is wanted, such as tlsserver",
        );
    }
    Some(text)
}

fn preferred_chain(reader: &mut Reader<'_>) -> Option<String> {
    let text = reader.text("preferred_chain")?;
    let fits = text.chars().count() <= CHAIN_MAX && !text.contains(char::is_control);
    if !fits {
        let wanted =
            "the name of the root is wanted that the chain is to lead to, such as ISRG Root X1";
        reader.wrong("preferred_chain", &text, wanted);
    }
    fits.then_some(text)
}

/// The names of the accounts, in order.
fn account_names(reader: &mut Reader<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in reader.words("account") {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        names.push(Account::DEFAULT.into());
    }
    names
}

/// The accounts, their staging counterparts if asked. Those that come after the first are left out
/// where the CA has no such server.
fn listed(
    reader: &mut Reader<'_>,
    accounts: &mut Accounts<'_>,
    names: &[String],
    staging: bool,
) -> Vec<Arc<Account>> {
    let mut listed = Vec::new();
    for (index, name) in names.iter().enumerate() {
        if !staging || index == 0 {
            listed.extend(accounts.get(name, staging, reader));
            continue;
        }
        let mut aside = Vec::new();
        let mut tried = Reader::new(reader.section, &mut aside);
        let test = accounts.get(name, true, &mut tried);
        if let Some(why) = tried.failed.filter(|_| test.is_none())
            && accounts.get(name, false, reader).is_some()
        {
            let text = format!("the test goes without it: {why}");
            reader.warn("account", Some(name), text);
        }
        listed.extend(test);
    }
    listed
}

/// `config domain` sections that belong to no certificate.
pub(super) fn stray_domains(files: &Files<'_>, mistakes: &mut Vec<Mistake>) {
    for section in &files.domains {
        let mut reader = Reader::new(section, mistakes);
        match reader.text("cert") {
            Some(cert) if files.get("cert", &cert).is_some() => {}
            Some(cert) => reader.wrong(
                "cert",
                &cert,
                "there is no 'config cert' section of that name",
            ),
            None => reader.fail("option cert is wanted: the section of the certificate"),
        }
    }
}
