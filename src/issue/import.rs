//! What acme.sh holds: a live certificate becomes a version, an account's key an account's. The CA is
//! not asked.
//!
//! ```text
//! STATE/ca/HOST/PATH/account.key, ca.conf         by the directory's URL, without its port
//! STATE/NAME[_ecc]/NAME.key, fullchain.cer        NAME is the first name of the certificate
//! STATE/NAME[_ecc]/NAME.conf                      Le_API: the directory of the CA that issued it
//! ```

use super::Engine;
use super::failure::Failure;
use crate::acme::ca::PRESETS;
use crate::config::{Account, Cert};
use crate::deploy;
use crate::keys::AccountKey;
use crate::plan;
use crate::status::{self, Recorder};
use crate::store::{AccountNote, AccountStore, Parts};
use crate::types::{Meta, Stage, State, Timestamp};
use crate::x509::{Chain, Pile, to_pem};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// No key, chain or note of acme.sh's is longer.
const FILE_MAX: u64 = 64 * 1024;

/// Reads a file of acme.sh's state; a link is nobody's state.
fn read(path: &Path) -> Option<Vec<u8>> {
    let meta = fs::symlink_metadata(path).ok()?;
    let plain = meta.is_file() && meta.size() <= FILE_MAX;
    plain.then(|| fs::read(path).ok()).flatten()
}

/// A value of acme.sh's notes, `NAME='VALUE'`.
fn noted(note: &str, name: &str) -> Option<String> {
    let mut lines = note.lines().filter_map(|l| l.split_once('='));
    let value = lines.find(|(n, _)| *n == name)?.1.trim_matches(['\'', '"']);
    Some(value.to_owned()).filter(|v| !v.is_empty())
}

/// Where acme.sh keeps the account of a directory: by its host without the port, and its path.
fn account_folder(directory: &str) -> Option<PathBuf> {
    let (_, place) = directory.split_once("://")?;
    let (host, path) = place.split_once('/')?;
    let host = host.split(':').next()?;
    let safe = [host]
        .into_iter()
        .chain(path.split('/'))
        .all(|part| !part.is_empty() && part != "." && part != "..");
    safe.then(|| Path::new(host).join(path))
}

/// A certificate that acme.sh holds.
#[derive(Debug)]
pub struct Live {
    chain: Chain,
    folder: PathBuf,
    /// The CA that issued it, by its directory.
    directory: Option<String>,
}

impl Live {
    /// The certificate in a folder of acme.sh's; `None` if there is none.
    pub fn find(state: &Path, main: &str, ecc: bool) -> Result<Option<Self>, String> {
        if main.is_empty() || main.contains('/') {
            return Ok(None);
        }
        let end = if ecc { "_ecc" } else { "" };
        let folder = state.join(format!("{main}{end}"));
        let mut pile = Pile::default();
        for name in ["fullchain.cer".to_owned(), format!("{main}.key")] {
            let path = folder.join(name);
            let Some(bytes) = read(&path) else {
                return Ok(None);
            };
            let added = pile.add(&path.display().to_string(), &bytes);
            added.map_err(|e| e.to_string())?;
        }
        let chain = pile.chain().map_err(|e| e.to_string())?;
        let note = read(&folder.join(format!("{main}.conf"))).unwrap_or_default();
        Ok(Some(Self {
            chain,
            directory: noted(&String::from_utf8_lossy(&note), "Le_API"),
            folder,
        }))
    }

    /// It is a test: acme.sh keeps such ones where it keeps real ones.
    fn is_test(&self) -> bool {
        let of = |name: &str| PRESETS.iter().find(|p| p.name == name);
        let mut tests = PRESETS.iter().filter_map(|p| of(p.staging?));
        tests.any(|p| Some(p.directory) == self.directory.as_deref())
    }

    /// How many days it lives.
    pub fn lifetime(&self) -> i64 {
        let leaf = &self.chain.leaf;
        (leaf.not_after.since(leaf.not_before) + Timestamp::days(1) / 2) / Timestamp::days(1)
    }
}

impl Engine<'_> {
    /// Takes a certificate of acme.sh's as the section's, unless it has one, and puts it into use; says
    /// what was done. The caller holds the lock.
    pub fn take_over(&self, cert: &Cert, live: &Live) -> Result<String, Failure> {
        let (area, section) = (self.area(cert), &cert.name);
        let held = area.held();
        if let Some(version) = held.current() {
            return Ok(format!("version {} is in use already", version.number));
        }
        let (chain, now) = (&live.chain, self.clock.now());
        let leaf = &chain.leaf;
        if leaf.not_after <= now {
            return Ok(format!("its certificate ended on {}", leaf.not_after));
        }
        if live.is_test() && !cert.staging {
            return Ok("its certificate is a staging server's, which nobody trusts".to_owned());
        }
        let mut record = Recorder::start(
            self.paths,
            section,
            self.document(cert),
            self.listener,
            true,
        );
        record.enter(
            now,
            Stage::Store,
            &format!("taking over {}", live.folder.display()),
        );
        let meta = self.meta_of(cert, live);
        let above: String = chain.above.iter().map(|c| to_pem(&c.der)).collect();
        let key = chain.key.to_pem();
        area.add_version(
            Parts {
                cert: &to_pem(&leaf.der),
                chain: &above,
                key: Some(&key),
            },
            &meta,
        )?;
        let done = self.put_into_use(cert, &area, &mut record, false);
        match &done {
            Ok(_) => record.enter(self.clock.now(), Stage::Done, "it is in use"),
            Err(failure) => drop(self.note(cert, &area, failure, &mut record, true)),
        }
        status::write(self.paths, section, &self.document(cert));
        done?;
        let stale = plan::mismatch(cert, &meta);
        let stale = stale.map(|why| format!("; the next run gets another: {why}"));
        Ok(format!(
            "serial {} of {} is in use until {}{}",
            meta.serial,
            meta.issuer,
            leaf.not_after,
            stale.unwrap_or_default()
        ))
    }

    fn meta_of(&self, cert: &Cert, live: &Live) -> Meta {
        let leaf = &live.chain.leaf;
        let directory = live.directory.as_ref().unwrap_or(&cert.account.directory);
        let mut names: Vec<String> = leaf.names.iter().map(ToString::to_string).collect();
        names.sort();
        let kind = leaf.key_type().map(|k| k.name().to_owned());
        Meta {
            names,
            key_type: kind.unwrap_or_else(|| leaf.key_description()),
            account: cert.account.name.clone(),
            directory: directory.to_owned(),
            profile: cert.profile.clone(),
            preferred_chain: cert.preferred_chain.clone(),
            // Whether the CA gives renewal information is seen when it is asked.
            cert_id: super::certificate::cert_id(leaf),
            not_before: leaf.not_before.0,
            not_after: leaf.not_after.0,
            serial: leaf.serial_hex(),
            issuer: leaf.issuer_name().to_owned(),
            fingerprint: leaf.fingerprint(),
            issued_at: leaf.not_before.0,
            ..Meta::default()
        }
    }

    /// Takes the key of acme.sh's account at this one's CA, unless there is one; says what was done.
    pub fn take_account(&self, account: &Account, state: &Path) -> Result<Option<String>, Failure> {
        let store = AccountStore::new(self.paths, &account.name, &account.directory);
        let Some(folder) = account_folder(&account.directory) else {
            return Ok(None);
        };
        let folder = state.join("ca").join(folder);
        let Some(pem) = read(&folder.join("account.key")) else {
            return Ok(None);
        };
        if store.key()?.is_some() {
            return Ok(None);
        }
        let unfit = |e: String| {
            Failure::new(
                State::InternalError,
                format!(
                    "the key of acme.sh's account at {} cannot be taken: {e}",
                    account.ca
                ),
                "the next issuance registers a new account",
            )
        };
        let key = AccountKey::from_pem(&String::from_utf8_lossy(&pem));
        let key = key.map_err(|e| unfit(e.to_string()))?;
        store.put_key(&key.to_pem())?;
        // Without its URL the key finds the account again (RFC 8555 section 7.3.1).
        let note = read(&folder.join("ca.conf")).unwrap_or_default();
        let note = String::from_utf8_lossy(&note);
        let value = |name: &str| noted(&note, name);
        if let Some(url) = value("ACCOUNT_URL").filter(|u| u.starts_with("https://")) {
            store.put_note(&AccountNote {
                url,
                directory: account.directory.clone(),
                email: value("CA_EMAIL"),
                created: self.clock.now().0,
                eab_kid: value("CA_EAB_KEY_ID"),
                ..AccountNote::default()
            })?;
        }
        Ok(Some(format!("the account at {} is taken over", account.ca)))
    }

    /// Has the links in /etc/ssl/acme of that name lead to the section's certificate. Returns the places
    /// that something else holds.
    pub fn relink(&self, cert: &Cert, main: &str) -> Result<Vec<PathBuf>, Failure> {
        Ok(deploy::relink(self.paths, &cert.name, main)?)
    }
}
