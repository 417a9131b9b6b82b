//! One section's folder: its versions, and the work under way.

use super::disk::{
    StoreError, is_beside, make_lasting, put, put_link, read, remove, rename, sync_folder,
    write_new,
};
use super::presented;
use super::told;
use crate::types::{
    Attempt, Deployed, FromJson, Held, Issued, Meta, OrderNote, Paths, SectionName, Timestamp,
    ToJson, Version,
};
use std::fs;
use std::path::{Path, PathBuf};

/// No router gets there; a folder of that name is none of ours.
const NUMBER_MAX: u64 = u64::MAX / 2;
/// Where a version is prepared.
const DRAFT: &str = "draft";
/// The local CA's part of a section's folder.
const LOCAL: &str = "local";
/// What is tried at a staging server.
const TRIAL: &str = "trial";
/// Versions that are kept.
const KEPT: usize = 3;
/// How long an issuance is remembered for the guard.
const REMEMBERED: i64 = Timestamp::days(14);

/// The PEM texts of a version.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The certificate alone.
    pub cert: &'a str,
    /// The certificates above it.
    pub chain: &'a str,
    /// The private key; `None` where it is kept elsewhere.
    pub key: Option<&'a str>,
}

/// The folder of a section, or of its staging counterpart.
#[derive(Clone, Debug)]
pub struct Area {
    dir: PathBuf,
}

/// The sections that have a folder, those that the configuration no longer has included.
pub fn sections(paths: &Paths) -> Vec<SectionName> {
    let entries = fs::read_dir(paths.certs()).into_iter().flatten().flatten();
    let names = entries.filter_map(|e| SectionName::of_files(e.file_name().to_str()?));
    names.collect()
}

impl Area {
    /// The folder; nothing is made yet.
    pub fn new(paths: &Paths, section: &SectionName, staging: bool) -> Self {
        let dir = paths.certs().join(section.as_str());
        Self {
            dir: if staging { dir.join("staging") } else { dir },
        }
    }

    /// The folder of the local CA's certificates for a section.
    pub fn local(paths: &Paths, section: &SectionName) -> Self {
        Self {
            dir: paths.certs().join(section.as_str()).join(LOCAL),
        }
    }

    /// The folder of what is tried at a staging server for a section; it lasts as long as that.
    pub fn trial(paths: &Paths, section: &SectionName) -> Self {
        Self {
            dir: paths.certs().join(section.as_str()).join(TRIAL),
        }
    }

    /// Removes the folder with all that is in it.
    pub fn remove(&self) -> Result<(), StoreError> {
        clear(&self.dir)
    }

    /// The folder's path.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder of a version.
    pub fn version_dir(&self, number: u64) -> PathBuf {
        self.dir.join("versions").join(number.to_string())
    }

    /// Reads what is held. A version without readable `meta.json` does not count; `linked` is for
    /// others to find out, and [`Self::issued`] for who asks.
    pub fn held(&self) -> Held {
        let mut held = Held::default();
        // One look at the folder tells which files there are: most sections have one of seven.
        let Ok(entries) = fs::read_dir(&self.dir) else {
            return held;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            match name.to_str().unwrap_or_default() {
                "versions" => {
                    let (numbers, draft) = self.listed();
                    held.versions = self.versions(numbers);
                    held.untidy |= draft;
                }
                "current" => held.current = self.current(),
                "order.json" => held.order = self.json("order.json"),
                "attempt.json" => held.attempt = self.json("attempt.json"),
                "deployed.json" => held.deployed = self.json("deployed.json"),
                told::FILE => held.told = self.json(told::FILE).unwrap_or_default(),
                "withdrawn.json" => held.withdrawn = self.withdrawn(),
                presented::FILE | TRIAL => held.presented = true,
                other => held.untidy |= is_beside(other),
            }
        }
        held
    }

    fn current(&self) -> Option<u64> {
        let target = fs::read_link(self.dir.join("current")).ok()?;
        let number = target.strip_prefix("versions").ok()?;
        number.to_str()?.parse().ok()
    }

    /// True if the local CA's certificate is the current one.
    pub fn serves_local(&self) -> bool {
        let target = fs::read_link(self.dir.join("current"));
        target.is_ok_and(|t| t.starts_with(LOCAL))
    }

    /// Makes a version of the local CA's the current one.
    pub fn activate_local(&self, number: u64) -> Result<(), StoreError> {
        let target = Path::new(LOCAL).join("versions").join(number.to_string());
        put_link(&self.dir.join("current"), &target)
    }

    /// The numbers of the versions, the newest first, and whether there is a draft.
    fn listed(&self) -> (Vec<u64>, bool) {
        let (mut numbers, mut draft) = (Vec::new(), false);
        let entries = fs::read_dir(self.dir.join("versions"));
        for entry in entries.into_iter().flatten().flatten() {
            let name = entry.file_name();
            draft |= name == DRAFT;
            let number = name.to_str().and_then(|n| n.parse().ok());
            numbers.extend(number.filter(|n: &u64| *n < NUMBER_MAX));
        }
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        (numbers, draft)
    }

    fn numbers(&self) -> Vec<u64> {
        self.listed().0
    }

    fn versions(&self, numbers: Vec<u64>) -> Vec<Version> {
        let numbers = numbers.into_iter();
        numbers
            .filter_map(|number| {
                let meta = parse(&self.version_dir(number).join("meta.json"))?;
                Some(Version { number, meta })
            })
            .collect()
    }

    pub(super) fn json<T: FromJson>(&self, name: &str) -> Option<T> {
        parse(&self.dir.join(name))
    }

    pub(super) fn put_json(&self, name: &str, text: &[u8]) -> Result<(), StoreError> {
        make_lasting(&self.dir)?;
        put(&self.dir.join(name), text)
    }

    /// Notes the order under way.
    pub fn put_order(&self, order: &OrderNote) -> Result<(), StoreError> {
        self.put_json("order.json", &order.text())
    }

    /// Notes how the last attempt failed.
    pub fn put_attempt(&self, attempt: &Attempt) -> Result<(), StoreError> {
        self.put_json("attempt.json", &attempt.text())
    }

    /// Forgets the last attempt's failure.
    pub fn drop_attempt(&self) -> Result<(), StoreError> {
        remove(&self.dir.join("attempt.json"))
    }

    /// Notes who was told of which version; the same note is not written again.
    pub fn put_deployed(&self, note: &Deployed) -> Result<(), StoreError> {
        if self.json::<Deployed>("deployed.json").as_ref() == Some(note) {
            return Ok(());
        }
        self.put_json("deployed.json", &note.text())
    }

    /// Forgets the order under way. Its key stays for the next: making one can take minutes.
    pub fn drop_order(&self) -> Result<(), StoreError> {
        remove(&self.dir.join("order.json"))
    }

    /// The key of a version, as PEM.
    pub fn key(&self, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        read(&self.version_dir(number).join("key.pem"))
    }

    /// The key made for the certificate that is under way, as PEM.
    pub fn pending_key(&self) -> Result<Option<Vec<u8>>, StoreError> {
        read(&self.dir.join("pending/key.pem"))
    }

    /// Keeps the key before the CA learns of it.
    pub fn put_pending_key(&self, pem: &str) -> Result<(), StoreError> {
        let dir = self.dir.join("pending");
        make_lasting(&dir)?;
        put(&dir.join("key.pem"), pem.as_bytes())
    }

    /// Stores a version: it is there whole, or not at all. Returns its number.
    pub fn add_version(&self, parts: Parts<'_>, meta: &Meta) -> Result<u64, StoreError> {
        make_lasting(&self.dir.join("versions"))?;
        let number = self.numbers().first().map_or(1, |n| n + 1);
        let draft = self.draft();
        clear(&draft)?;
        let drafted = Self::fill(&draft, parts, meta);
        let moved = drafted.and_then(|()| rename(&draft, &self.version_dir(number)));
        if moved.is_err() {
            // It may be long until the next version is prepared.
            let _ = clear(&draft);
        }
        moved.map(|()| number)
    }

    /// Prepares a version.
    fn fill(draft: &Path, parts: Parts<'_>, meta: &Meta) -> Result<(), StoreError> {
        make_lasting(draft)?;
        let Parts { cert, chain, key } = parts;
        for (name, text) in [
            ("cert.pem", cert.as_bytes()),
            ("chain.pem", chain.as_bytes()),
            ("fullchain.pem", format!("{cert}{chain}").as_bytes()),
            ("meta.json", &meta.text()),
        ] {
            write_new(&draft.join(name), text)?;
        }
        if let Some(key) = key {
            let combined = format!("{key}{cert}{chain}");
            write_new(&draft.join("key.pem"), key.as_bytes())?;
            write_new(&draft.join("combined.pem"), combined.as_bytes())?;
        }
        sync_folder(draft)
    }

    /// The issuances that are remembered for the guard.
    pub fn issued(&self) -> Vec<Issued> {
        self.json("issued.json").unwrap_or_default()
    }

    /// Remembers an issuance for the guard.
    pub fn note_issued(&self, issued: Issued) -> Result<(), StoreError> {
        let mut list = self.issued();
        list.retain(|i| i.at > issued.at.saturating_sub(REMEMBERED));
        list.push(issued);
        self.put_json("issued.json", &list.text())
    }

    /// Forgets the work that led to a stored version.
    pub fn finish_work(&self) -> Result<(), StoreError> {
        for name in ["order.json", "attempt.json"] {
            remove(&self.dir.join(name))?;
        }
        // The order goes first for sure: found without its key after a power cut, it would be gone on
        // with in vain.
        if self.dir.exists() {
            sync_folder(&self.dir)?;
        }
        let pending = self.dir.join("pending");
        remove(&pending.join("key.pem"))?;
        clear(&pending)
    }

    /// Removes what ended runs left half-written.
    fn sweep(&self) -> Result<(), StoreError> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        for entry in entries {
            if entry.file_name().to_str().is_some_and(is_beside) {
                remove(&entry.path())?;
            }
        }
        clear(&self.draft())
    }

    /// Where a version is prepared, and where an old one is removed.
    fn draft(&self) -> PathBuf {
        self.dir.join("versions").join(DRAFT)
    }

    /// Makes a version the current one: certificate and key change by one rename.
    pub fn activate(&self, number: u64) -> Result<(), StoreError> {
        let target = Path::new("versions").join(number.to_string());
        put_link(&self.dir.join("current"), &target)
    }

    /// Removes all versions but the current one and the newest, and what ended runs left; only
    /// after they are in use.
    pub fn prune(&self) -> Result<(), StoreError> {
        self.sweep()?;
        let current = self.current();
        let numbers = self.numbers();
        let old = numbers.iter().skip(KEPT).filter(|n| Some(**n) != current);
        for number in old {
            // Renamed first: a version that is half removed must not look like one.
            let gone = self.draft();
            clear(&gone)?;
            let dir = self.version_dir(*number);
            fs::rename(&dir, &gone).map_err(StoreError::of("removing", &dir))?;
            clear(&gone)?;
        }
        Ok(())
    }
}

fn clear(dir: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::of("removing", dir)(e))
        }
        _ => Ok(()),
    }
}

/// Reads one of our JSON files; what is damaged counts as absent.
fn parse<T: FromJson>(path: &Path) -> Option<T> {
    T::parse(&fs::read(path).ok()?)
}
