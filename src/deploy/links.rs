//! The links in `/etc/ssl/domains`. They are relative, and lead through one link a section
//! (`current`) and one for the primary certificate, so that certificate and key change together.

use crate::store::{StoreError, make_public, put_link};
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
/// The primary certificate's links.
const PRIMARY: [(&str, &str); 3] = [
    ("domain.crt", "fullchain.pem"),
    ("domain.cer", "fullchain.pem"),
    ("domain.key", "key.pem"),
];
/// What begins the target of every link of ours.
const OURS: &str = "../../certkeeper/";

fn section_links(section: &SectionName) -> impl Iterator<Item = (String, PathBuf)> {
    ENDINGS.iter().map(move |(ending, file)| {
        let target = format!("{OURS}certs/{section}/current/{file}");
        (format!("{section}.{ending}"), target.into())
    })
}

fn primary_links() -> impl Iterator<Item = (String, PathBuf)> {
    PRIMARY
        .iter()
        .map(|(name, file)| ((*name).to_owned(), format!("{OURS}primary/{file}").into()))
}

/// What stands at a link's place.
enum Place {
    Right,
    Ours,
    Absent,
    Foreign,
}

fn look(path: &Path, target: &Path) -> Place {
    match fs::read_link(path) {
        Ok(found) if found == target => Place::Right,
        Ok(found) if found.starts_with(OURS) => Place::Ours,
        Err(e) if e.kind() == ErrorKind::NotFound => Place::Absent,
        // No link, or somebody else's.
        _ => Place::Foreign,
    }
}

/// True if nothing is to be done for a section's links; a foreign file is left alone for good.
pub fn intact(paths: &Paths, section: &SectionName) -> bool {
    in_place(paths, section_links(section))
}

fn in_place(paths: &Paths, mut links: impl Iterator<Item = (String, PathBuf)>) -> bool {
    let folder = paths.domains();
    links.all(|(name, target)| {
        matches!(
            look(&folder.join(name), &target),
            Place::Right | Place::Foreign
        )
    })
}

/// Makes links where they are missing or lead elsewhere. Returns the names that something else
/// holds: it is never replaced.
fn make(
    paths: &Paths,
    links: impl Iterator<Item = (String, PathBuf)>,
) -> Result<Vec<String>, StoreError> {
    let folder = paths.domains();
    make_public(&folder)?;
    let mut foreign = Vec::new();
    for (name, target) in links {
        let path = folder.join(&name);
        match look(&path, &target) {
            Place::Right => {}
            Place::Foreign => foreign.push(name),
            Place::Ours | Place::Absent => put_link(&path, &target)?,
        }
    }
    Ok(foreign)
}

/// Makes a section's links. Before its first version is in use they lead nowhere yet, so all
/// files appear at once, with the rename of `current`.
pub fn link(paths: &Paths, section: &SectionName) -> Result<Vec<String>, StoreError> {
    make(paths, section_links(section))
}

/// Makes a section the primary one: the links exist before, one rename changes where they lead.
pub fn promote(paths: &Paths, section: &SectionName) -> Result<Vec<String>, StoreError> {
    let foreign = make(paths, primary_links())?;
    let target = format!("certs/{section}/current");
    put_link(&paths.primary(), Path::new(&target))?;
    Ok(foreign)
}

/// The section that is the primary one now; none while one of its links is missing.
pub fn primary(paths: &Paths) -> Option<String> {
    if !in_place(paths, primary_links()) {
        return None;
    }
    let target = fs::read_link(paths.primary()).ok()?;
    let section = target.strip_prefix("certs").ok()?.parent()?;
    section.to_str().map(str::to_owned)
}
