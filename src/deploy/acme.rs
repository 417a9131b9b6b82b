//! Links in the folders of acme.sh's layout and of OpenWrt's acme: who reads a certificate there goes
//! on finding it.
//!
//! ```text
//! /etc/acme/NAME/NAME.cer, NAME.key          an RSA key's, as acme.sh has it
//! /etc/acme/NAME_ecc/NAME.cer, NAME.key      an elliptic curve's
//! /etc/ssl/acme/NAME.crt, NAME.key, NAME.fullchain.crt, NAME.combined.crt, NAME.chain.crt
//! ```

use super::links::{Link, Place, make};
use crate::store::StoreError;
use crate::types::{Paths, SectionName};
use std::fs;
use std::path::{Path, PathBuf};

/// What a folder's name may end with.
const FOLDERS: [&str; 2] = ["", "_ecc"];
/// Ending and file of the version. acme.sh's `.cer` lacks the chain, without which some clients
/// trust nothing.
const ENDINGS: [(&str, &str); 2] = [("cer", "fullchain.pem"), ("key", "key.pem")];

/// A certificate's link, and its key's.
type Pair = [Link; 2];

/// The pairs of all folders that exist; none is made.
fn pairs(paths: &Paths, section: &SectionName, names: &[String]) -> Vec<Pair> {
    let top = paths.acme();
    // The links are relative: what is a link itself would lead them astray.
    let is_folder = |path: &Path| fs::symlink_metadata(path).is_ok_and(|m| m.is_dir());
    if names.is_empty() || !is_folder(&top) {
        return Vec::new();
    }
    let folders = names.iter().flat_map(|name| {
        let folder = |end| (name, top.join(format!("{name}{end}")));
        FOLDERS.map(folder)
    });
    let there = folders.filter(|(_, folder)| is_folder(folder));
    let pair = |(name, folder): (&String, PathBuf)| {
        ENDINGS.map(|(ending, file)| {
            Link::to_current(folder.join(format!("{name}.{ending}")), section, file)
        })
    };
    there.map(pair).collect()
}

/// The places of a pair that something else holds. Then neither link is made: one of ours beside
/// another's file would be no pair.
fn foreign(pair: &Pair) -> Vec<PathBuf> {
    let foreign = pair.iter().filter(|link| link.look() == Place::Foreign);
    foreign.map(|link| link.path.clone()).collect()
}

/// True if nothing is to be done.
pub(super) fn intact(paths: &Paths, section: &SectionName, names: &[String]) -> bool {
    pairs(paths, section, names).iter().all(|pair| {
        let right = pair.iter().all(|link| link.look() == Place::Right);
        right || !foreign(pair).is_empty()
    })
}

/// Makes the links; returns the places that something else holds.
pub(super) fn link(
    paths: &Paths,
    section: &SectionName,
    names: &[String],
) -> Result<Vec<PathBuf>, StoreError> {
    let mut all = Vec::new();
    for pair in pairs(paths, section, names) {
        let theirs = foreign(&pair);
        match theirs.is_empty() {
            true => all.extend(make(pair.into_iter())?),
            false => all.extend(theirs),
        }
    }
    Ok(all)
}

/// Endings of the links in /etc/ssl/acme, with the files of a version.
const SSL: [(&str, &str); 5] = [
    ("crt", "cert.pem"),
    ("key", "key.pem"),
    ("fullchain.crt", "fullchain.pem"),
    ("combined.crt", "combined.pem"),
    ("chain.crt", "chain.pem"),
];

/// Has the links in /etc/ssl/acme that OpenWrt's acme made for a certificate lead to a section's; none
/// is made anew. Returns the places that are no links.
pub fn relink(
    paths: &Paths,
    section: &SectionName,
    name: &str,
) -> Result<Vec<PathBuf>, StoreError> {
    let folder = paths.ssl_acme();
    let mut foreign = Vec::new();
    for (ending, file) in SSL {
        let link = Link::to_current(folder.join(format!("{name}.{ending}")), section, file);
        match fs::symlink_metadata(&link.path) {
            Ok(meta) if !meta.is_symlink() => foreign.push(link.path),
            Ok(_) if link.look() != Place::Right => link.put()?,
            _ => {}
        }
    }
    Ok(foreign)
}
