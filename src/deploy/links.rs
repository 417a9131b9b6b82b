//! The links in `/etc/ssl/domains`. They are relative, and lead through one link a section
//! (`current`) and one for the primary certificate, so that certificate and key change together.

use super::acme;
use crate::store::{StoreError, make_public, put_link, remove};
use crate::types::{Paths, SectionName};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A section's links: ending and file of the version.
const ENDINGS: [(&str, &str); 4] = [
    ("crt", "fullchain.pem"),
    ("key", "key.pem"),
    ("chain.crt", "chain.pem"),
    ("pem", "combined.pem"),
];
/// The endings of those that lead to a key.
const WITH_KEY: [&str; 2] = ["key", "pem"];
/// The primary certificate's links.
const PRIMARY: [(&str, &str); 3] = [
    ("domain.crt", "fullchain.pem"),
    ("domain.cer", "fullchain.pem"),
    ("domain.key", "key.pem"),
];
/// What begins the target of every link of ours.
const OURS: &str = "../../certkeeper/";

/// A link that is to be.
pub(super) struct Link {
    pub path: PathBuf,
    target: PathBuf,
}

impl Link {
    /// A link to a file of the version that a section has in use; from two folders below /etc.
    pub fn to_current(path: PathBuf, section: &SectionName, file: &str) -> Self {
        Self {
            path,
            target: format!("{OURS}certs/{section}/current/{file}").into(),
        }
    }

    /// Makes it, whatever stands at its place.
    pub fn put(&self) -> Result<(), StoreError> {
        put_link(&self.path, &self.target)
    }

    /// What stands at its place.
    pub fn look(&self) -> Place {
        match fs::read_link(&self.path) {
            Ok(found) if found == self.target => Place::Right,
            Ok(found) if found.starts_with(OURS) => Place::Ours,
            Err(e) if e.kind() == ErrorKind::NotFound => Place::Absent,
            // No link, or somebody else's.
            _ => Place::Foreign,
        }
    }
}

/// What stands at a link's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Right,
    Ours,
    Absent,
    Foreign,
}

fn section_links(
    paths: &Paths,
    section: &SectionName,
    wanted: impl Fn(&str) -> bool,
) -> impl Iterator<Item = Link> {
    let folder = paths.domains();
    let wanted = ENDINGS.iter().filter(move |(ending, _)| wanted(ending));
    wanted.map(move |(ending, file)| {
        Link::to_current(folder.join(format!("{section}.{ending}")), section, file)
    })
}

/// The links of a section whose key is here, or kept elsewhere.
fn links(paths: &Paths, section: &SectionName, keyless: bool) -> impl Iterator<Item = Link> {
    section_links(paths, section, move |ending| {
        !keyless || !WITH_KEY.contains(&ending)
    })
}

/// The links of ours that lead to a section's key.
fn key_links(paths: &Paths, section: &SectionName) -> impl Iterator<Item = Link> {
    section_links(paths, section, |ending| WITH_KEY.contains(&ending))
        .filter(|link| matches!(link.look(), Place::Right | Place::Ours))
}

/// Removes the links to a section's key, which is kept elsewhere now: they would lead nowhere.
pub fn unlink_key(paths: &Paths, section: &SectionName) -> Result<(), StoreError> {
    key_links(paths, section).try_for_each(|link| remove(&link.path))
}

/// The places of a section's links that something else holds.
pub(super) fn foreign(paths: &Paths, section: &SectionName) -> impl Iterator<Item = Link> {
    links(paths, section, false).filter(|link| link.look() == Place::Foreign)
}

fn primary_links(paths: &Paths) -> impl Iterator<Item = Link> {
    let folder = paths.domains();
    PRIMARY.iter().map(move |(name, file)| Link {
        path: folder.join(name),
        target: format!("{OURS}primary/{file}").into(),
    })
}

/// True if nothing is to be done for a section's links; a foreign file is left alone for good.
/// `keyless`: its key is kept elsewhere. `acme`: by which names acme.sh's layout may have its folder.
pub fn intact(paths: &Paths, section: &SectionName, keyless: bool, acme: &[String]) -> bool {
    let spare = keyless && key_links(paths, section).next().is_some();
    in_place(links(paths, section, keyless)) && !spare && acme::intact(paths, section, acme)
}

fn in_place(mut links: impl Iterator<Item = Link>) -> bool {
    links.all(|link| matches!(link.look(), Place::Right | Place::Foreign))
}

/// Makes links where they are missing or lead elsewhere. Returns the places that something else
/// holds: it is never replaced.
pub(super) fn make(links: impl Iterator<Item = Link>) -> Result<Vec<PathBuf>, StoreError> {
    let mut foreign = Vec::new();
    for link in links {
        match link.look() {
            Place::Right => {}
            Place::Foreign => foreign.push(link.path),
            Place::Ours | Place::Absent => link.put()?,
        }
    }
    Ok(foreign)
}

/// Makes a section's links. Before its first version is in use they lead nowhere yet, so all
/// files appear at once, with the rename of `current`. `keyless` and `acme` as for [`intact`].
pub fn link(
    paths: &Paths,
    section: &SectionName,
    keyless: bool,
    acme: &[String],
) -> Result<Vec<PathBuf>, StoreError> {
    make_public(&paths.domains())?;
    let mut foreign = make(links(paths, section, keyless))?;
    foreign.extend(acme::link(paths, section, acme)?);
    Ok(foreign)
}

/// Makes a section the primary one: the links exist before, one rename changes where they lead.
pub fn promote(paths: &Paths, section: &SectionName) -> Result<Vec<PathBuf>, StoreError> {
    make_public(&paths.domains())?;
    let foreign = make(primary_links(paths))?;
    let target = format!("certs/{section}/current");
    put_link(&paths.primary(), Path::new(&target))?;
    Ok(foreign)
}

/// The section that is the primary one now; none while one of its links is missing.
pub fn primary(paths: &Paths) -> Option<String> {
    if !in_place(primary_links(paths)) {
        return None;
    }
    let target = fs::read_link(paths.primary()).ok()?;
    let section = target.strip_prefix("certs").ok()?.parent()?;
    section.to_str().map(str::to_owned)
}
