//! Looks at a root: what is served, who may read it, what lies about.

use crate::receivers;
use crate::scenario::{ACCOUNT, Scenario};
use crate::site::{Site, walk};
use certkeeper::keys::PrivateKey;
use certkeeper::types::Identifier;
use certkeeper::x509::{Certificate, covers, key_matches, split_pem_chain};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The name of the primary certificate's files.
pub const PRIMARY: &str = "domain";

/// Serial numbers by the name of the files: a section's, or [`PRIMARY`]. One that is absent has no
/// files, as services see it.
pub type Served = BTreeMap<String, String>;

/// What services find in /etc/ssl/domains.
///
/// # Errors
/// When the files of one name do not belong together.
pub fn served(scenario: &Scenario) -> Result<Served, String> {
    let mut found = Served::new();
    let at = |name: &str| scenario.site.temp.path("etc/ssl/domains").join(name);
    for (section, domains) in scenario.kind.sections() {
        let endings = ["crt", "key", "chain.crt", "pem"];
        found.extend(files(section, &at(section), &endings, domains)?);
        if scenario.kind.has_receivers() {
            found.extend(receivers::served(&scenario.site, domains)?);
        }
    }
    found.extend(files(PRIMARY, &at(PRIMARY), &["crt", "key", "cer"], &[])?);
    Ok(found)
}

/// The files of one name, at `base` with these endings: all there and belonging together, or all
/// absent.
///
/// # Errors
/// When they are not.
pub fn files(
    name: &str,
    base: &Path,
    endings: &[&str],
    domains: &[&str],
) -> Result<Option<(String, String)>, String> {
    let mut texts = BTreeMap::new();
    for ending in endings {
        match fs::read_to_string(format!("{}.{ending}", base.display())) {
            Ok(text) => {
                texts.insert(*ending, text);
            }
            // A link that leads nowhere counts as no file.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(format!("{name}.{ending}: {e}")),
        }
    }
    if texts.is_empty() {
        return Ok(None);
    }
    let there: Vec<_> = texts.keys().collect();
    if texts.len() != endings.len() {
        return Err(format!("{name}: only {there:?} are there"));
    }
    let (crt, key) = (&texts["crt"], &texts["key"]);
    let serial = pair(name, crt, key, domains)?;
    let chain = texts.get("chain.crt");
    let faults = [
        (
            chain.is_some_and(|c| c.is_empty() || !crt.ends_with(c)),
            "chain.crt is another chain",
        ),
        (
            texts
                .get("pem")
                .is_some_and(|pem| *pem != format!("{key}{crt}")),
            "the .pem is another",
        ),
        (
            texts.get("cer").is_some_and(|cer| cer != crt),
            "the .cer is another",
        ),
    ];
    match faults.iter().find(|(wrong, _)| *wrong) {
        Some((_, text)) => Err(format!("{name}: {text}")),
        None => Ok(Some((name.to_owned(), serial))),
    }
}

/// The serial number of a certificate, chain and key.
///
/// # Errors
/// When they do not belong together.
pub fn pair(name: &str, crt: &str, key: &str, domains: &[&str]) -> Result<String, String> {
    let ders = split_pem_chain(crt.as_bytes()).map_err(|e| format!("{name}, certificate: {e}"))?;
    let leaf = ders.first().ok_or_else(|| format!("{name} is empty"))?;
    let leaf = Certificate::parse(leaf).map_err(|e| format!("{name}, certificate: {e}"))?;
    let private = PrivateKey::from_pem(key).map_err(|e| format!("{name}, key: {e}"))?;
    let ids: Vec<_> = domains
        .iter()
        .filter_map(|d| Identifier::parse(d).ok())
        .collect();
    let faults = [
        (
            !key_matches(&leaf, &private),
            "certificate and key do not belong together",
        ),
        (!covers(&leaf, &ids), "another name's certificate"),
        (ders.len() < 2, "the chain is missing"),
    ];
    match faults.iter().find(|(wrong, _)| *wrong) {
        Some((_, text)) => Err(format!("{name}: {text}")),
        None => Ok(leaf.serial_hex()),
    }
}

/// True if a section serves a certificate of the local CA.
pub fn is_local(site: &Site, section: &str) -> bool {
    let current = format!("etc/certkeeper/certs/{section}/current");
    fs::read_link(site.temp.path(&current)).is_ok_and(|target| target.starts_with("local"))
}

/// The serial numbers of all versions that a section holds.
pub fn held(site: &Site, section: &str) -> BTreeSet<String> {
    let folder = site
        .temp
        .path(&format!("etc/certkeeper/certs/{section}/versions"));
    let serial = |version: &Path| {
        let text = fs::read(version.join("cert.pem")).ok()?;
        let leaf = split_pem_chain(&text).ok()?.into_iter().next()?;
        Some(Certificate::parse(&leaf).ok()?.serial_hex())
    };
    let versions = fs::read_dir(folder).into_iter().flatten().flatten();
    versions.filter_map(|v| serial(&v.path())).collect()
}

/// The URL of the account, if there is one.
pub fn account(site: &Site) -> Option<String> {
    let below = site.temp.path("etc/certkeeper/accounts").join(ACCOUNT);
    let folder = fs::read_dir(below).ok()?.next()?.ok()?.path();
    let note: Value = serde_json::from_slice(&fs::read(folder.join("account.json")).ok()?).ok()?;
    note["url"].as_str().map(str::to_owned)
}

/// True if the local CA has made a certificate for section `web`, and its key is beside it.
pub fn has_local_leaf(site: &Site) -> bool {
    let version = site.temp.path("etc/certkeeper/certs/web/local/versions/1");
    let text = |name: &str| fs::read_to_string(version.join(name)).unwrap_or_default();
    pair("local", &text("fullchain.pem"), &text("key.pem"), &[]).is_ok()
}

/// The kind of a section's key.
pub fn key_type(site: &Site, section: &str) -> String {
    let path = site.temp.path(&format!("etc/ssl/domains/{section}.key"));
    let text = fs::read_to_string(path).unwrap_or_default();
    PrivateKey::from_pem(&text).map_or_else(|e| e.to_string(), |key| key.kind().to_string())
}

/// Files and folders that others may look into although they must not: keys anywhere, and all that
/// the state folder holds.
pub fn open_keys(site: &Site) -> Vec<String> {
    let root = site.temp.root();
    let state = site.temp.path("etc/certkeeper");
    let mut open = Vec::new();
    for path in walk(&root) {
        let Ok(meta) = fs::symlink_metadata(&path) else {
            continue;
        };
        let kind = meta.file_type();
        if kind.is_symlink() || kind.is_socket() || meta.permissions().mode() & 0o077 == 0 {
            continue;
        }
        let secret = || kind.is_file() && fs::read(&path).is_ok_and(|text| is_key(&text));
        let mode = meta.permissions().mode() & 0o7777;
        if receivers::is_copy(site, &path) && mode & 0o027 == 0 {
            continue;
        }
        if path.starts_with(&state) || secret() {
            open.push(format!("{} has the mode {mode:o}", path.display()));
        }
    }
    open
}

/// True if the text holds a private key.
pub fn is_key(text: &[u8]) -> bool {
    text.windows(11).any(|w| w == b"PRIVATE KEY")
}

/// What must not be there once everything is in order: work under way, drafts, and whatever was
/// presented.
pub fn leftovers(site: &Site) -> impl Iterator<Item = String> {
    let root = site.temp.root();
    let under_way = |path: &Path| {
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        let named = [
            "order.json",
            "attempt.json",
            "cleanup.json",
            "pending",
            "draft",
            "key.next.pem",
        ];
        named.contains(&name) || name.ends_with(".new")
    };
    let mut left: Vec<_> = walk(&root).into_iter().filter(|p| under_way(p)).collect();
    left.extend(receivers::leftovers(site));
    left.extend(site.presented());
    left.into_iter().map(move |path| below(&root, &path))
}

/// Something of each file on the flash that changes when it is written.
pub fn marks(site: &Site) -> Vec<(PathBuf, SystemTime)> {
    let files = site.flash().into_iter().flat_map(|part| walk(&part));
    let changed = |path: &Path| fs::symlink_metadata(path).and_then(|meta| meta.modified());
    let marks = files.map(|path| (path.clone(), changed(&path).expect("a time")));
    marks.collect()
}

/// A path as it is called for every site and run.
fn below(root: &Path, path: &Path) -> String {
    let challenge = path.parent().is_some_and(|p| p.ends_with("acme-challenge"));
    let path = if challenge {
        path.with_file_name("TOKEN")
    } else {
        path.to_owned()
    };
    match path.strip_prefix(root) {
        Ok(below) => format!("/{}", below.display()),
        Err(_) => format!("a record {}", path.display()),
    }
}
