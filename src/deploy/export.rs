//! Copies of certificate and key for readers that may not enter /etc/certkeeper.
//!
//! In the folder, `SECTION.crt` and `SECTION.key` lead through one link to the folder of the copies:
//!
//! ```text
//! web.crt → .web/crt        web.key → .web/key        .web → .web.7
//! ```
//!
//! One rename of that link replaces both or, on a full disk or at a power cut, neither. The folder
//! may belong to the reader, so everything is done beneath an open handle of it and follows no link.

use crate::types::{Export, Paths, SectionName, disk_remedy};
use rustix::fs::{
    Access, AtFlags, Dir, Gid, Mode, OFlags, Uid, access, fchmod, fchown, fsync, mkdirat, open,
    openat, readlinkat, renameat, symlinkat, unlinkat,
};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

const FOLDER: OFlags = OFlags::DIRECTORY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
/// What the name of a folder ends with that is in use under its plain name.
const AGAIN: &str = ".again";
/// What a copy is called, and what it is a copy of.
const COPIES: [(&str, &str); 2] = [("crt", "fullchain.pem"), ("key", KEY)];
const KEY: &str = "key.pem";

/// Puts copies of a version's certificate and key into a folder.
pub(super) fn copy(
    paths: &Paths,
    section: &SectionName,
    number: u64,
    version: &Path,
    export: &Export,
) -> Result<(), String> {
    let owner = export.user.as_deref().map(|u| user(paths, u)).transpose()?;
    let failed = |e: io::Error| {
        let remedy = disk_remedy(&export.dir, &e).map(|text| format!(" ({text})"));
        let remedy = remedy.unwrap_or_default();
        format!("export to {}: {e}{remedy}", export.dir.display())
    };
    crate::store::make_public(&export.dir).map_err(|e| e.to_string())?;
    place(section, number, version, &export.dir, owner).map_err(failed)
}

/// True if a section's copies are there, whatever they are; `keyless`: its key is kept elsewhere.
pub fn has_copies(section: &SectionName, export: &Export, keyless: bool) -> bool {
    let file = |(end, _): &(&str, &str)| export.dir.join(format!("{section}.{end}"));
    let mut wanted = COPIES
        .iter()
        .filter(|(_, source)| !keyless || *source != KEY);
    wanted.all(|copy| file(copy).is_file())
}

/// Looks whether copies could be made; `Err` says what to do, too.
pub(super) fn check(paths: &Paths, export: &Export) -> Result<String, String> {
    if let Some(name) = &export.user {
        let remedy = "name another, or add that one";
        user(paths, name).map_err(|why| format!("{why} — {remedy}"))?;
    }
    let dir = export.dir.display();
    match fs::symlink_metadata(&export.dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(format!(
            "{dir} is not there yet; it is made with the first copies"
        )),
        Ok(meta) if meta.is_dir() => match access(&export.dir, Access::WRITE_OK) {
            Ok(()) => Ok(format!("copies go to {dir}")),
            Err(e) => {
                let error = io::Error::from(e);
                let remedy = disk_remedy(&export.dir, &error).unwrap_or("correct list export");
                Err(format!("{dir} cannot be written to: {error} — {remedy}"))
            }
        },
        Ok(meta) if meta.is_symlink() => Err(format!(
            "{dir} is a link, and certkeeper follows none — name the folder that it leads to"
        )),
        Ok(_) => Err(format!("{dir} is no folder — correct list export")),
        Err(e) => Err(format!("{dir}: {e} — correct list export")),
    }
}

fn place(
    section: &SectionName,
    number: u64,
    version: &Path,
    dir: &Path,
    owner: Option<(Uid, Gid)>,
) -> io::Result<()> {
    let dir = open(dir, FOLDER, Mode::empty())?;
    let link = format!(".{section}");
    let new = format!("{link}.{number}");
    let before = readlinkat(&dir, &link, Vec::new()).ok();
    let before = before.and_then(|t| t.into_string().ok());
    // Written again into another folder: what is in use is never half of something.
    let new = match before.as_deref() == Some(&new) {
        true => format!("{new}{AGAIN}"),
        false => new,
    };
    clear(&dir, &new)?;
    let written = fill(&dir, &new, version, owner);
    if let Err(e) = written {
        let _ = clear(&dir, &new);
        return Err(e);
    }
    // A link must not lead nowhere after a power cut.
    fsync(&dir)?;
    for (end, source) in COPIES {
        let (name, target) = (format!("{section}.{end}"), format!("{link}/{end}"));
        match version.join(source).exists() {
            true => put_link(&dir, &name, &target)?,
            false => remove_link(&dir, &name, &target)?,
        }
    }
    put_link(&dir, &link, &new)?;
    fsync(&dir)?;
    for old in folders(&dir, &link)?.iter().filter(|old| **old != new) {
        clear(&dir, old)?;
    }
    // A former key must not be back after a power cut.
    Ok(fsync(&dir)?)
}

/// The folders of copies: that of the link, former ones, and what ended runs left of them.
fn folders(dir: &OwnedFd, link: &str) -> io::Result<Vec<String>> {
    let mut folders = Vec::new();
    for entry in Dir::read_from(dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let number = name.strip_prefix(link).and_then(|n| n.strip_prefix('.'));
        let number = number.map(|n| n.strip_suffix(AGAIN).unwrap_or(n));
        if number.is_some_and(|n| n.parse::<u64>().is_ok()) {
            folders.push(name);
        }
    }
    Ok(folders)
}

/// Makes the folder of the copies.
fn fill(dir: &OwnedFd, name: &str, version: &Path, owner: Option<(Uid, Gid)>) -> io::Result<()> {
    mkdirat(dir, name, Mode::from(0o700))?;
    let folder = openat(dir, name, FOLDER, Mode::empty())?;
    for (end, source) in COPIES {
        let text = match fs::read(version.join(source)) {
            // The key is kept elsewhere.
            Err(e) if e.kind() == io::ErrorKind::NotFound && source == KEY => continue,
            text => text?,
        };
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&folder, end, flags, Mode::from(0o600))?);
        file.write_all(&text)?;
        own(&file, owner, 0o640)?;
        file.sync_all()?;
    }
    own(&folder, owner, 0o750)?;
    fsync(&folder)?;
    Ok(())
}

/// Hands a file over; whose it is comes first, or somebody else could read it for a moment.
fn own(file: impl std::os::fd::AsFd, owner: Option<(Uid, Gid)>, mode: u32) -> io::Result<()> {
    if let Some((user, group)) = owner {
        fchown(&file, Some(user), Some(group))?;
    }
    fchmod(&file, Mode::from(mode))?;
    Ok(())
}

/// Replaces a link by one rename; a file that is in its place is replaced, too.
fn put_link(dir: &OwnedFd, name: &str, target: &str) -> io::Result<()> {
    if readlinkat(dir, name, Vec::new()).is_ok_and(|t| t.as_bytes() == target.as_bytes()) {
        return Ok(());
    }
    let beside = format!(".{name}.new");
    match unlinkat(dir, &beside, AtFlags::empty()) {
        Err(e) if e != Errno::NOENT => return Err(e.into()),
        _ => {}
    }
    symlinkat(target, dir, &beside)?;
    Ok(renameat(dir, &beside, dir, name)?)
}

/// Removes a link that leads there; what else has its place stays.
fn remove_link(dir: &OwnedFd, name: &str, target: &str) -> io::Result<()> {
    if readlinkat(dir, name, Vec::new()).is_ok_and(|t| t.as_bytes() == target.as_bytes()) {
        unlinkat(dir, name, AtFlags::empty())?;
    }
    Ok(())
}

/// Removes a folder of copies.
fn clear(dir: &OwnedFd, name: &str) -> io::Result<()> {
    let folder = match openat(dir, name, FOLDER, Mode::empty()) {
        Ok(folder) => folder,
        Err(Errno::NOENT) => return Ok(()),
        Err(e) => return Err(e.into()),
    };
    for (end, _) in COPIES {
        match unlinkat(&folder, end, AtFlags::empty()) {
            Err(e) if e != Errno::NOENT => return Err(e.into()),
            _ => {}
        }
    }
    Ok(unlinkat(dir, name, AtFlags::REMOVEDIR)?)
}

/// A user's number and group, by /etc/passwd.
fn user(paths: &Paths, name: &str) -> Result<(Uid, Gid), String> {
    let text = fs::read(paths.at("/etc/passwd")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let fields = text.lines().map(|l| l.split(':').collect::<Vec<_>>());
    let mut found = fields.filter(|f| f.first() == Some(&name));
    let ids = found.next().and_then(|f| {
        let number = |i: usize| f.get(i)?.parse::<u32>().ok();
        Some((Uid::from_raw(number(2)?), Gid::from_raw(number(3)?)))
    });
    ids.ok_or_else(|| format!("list export: there is no user '{name}' in /etc/passwd"))
}
