//! Whose configuration names the files of a certificate. Only looked at: what is found here is told
//! to the owner, and nobody is reloaded for it.

use crate::types::{Paths, SectionName};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// Where services have their configuration: each entry of /etc/config is one of the name of its
/// service, the others belong to these.
const PLACES: [(&str, &str); 26] = [
    ("nginx", "/etc/nginx"),
    ("haproxy", "/etc/haproxy.cfg"),
    ("haproxy", "/etc/haproxy"),
    ("lighttpd", "/etc/lighttpd"),
    ("apache", "/etc/apache2"),
    ("caddy", "/etc/caddy"),
    ("strongswan", "/etc/swanctl"),
    ("strongswan", "/etc/strongswan.d"),
    ("strongswan", "/etc/ipsec.conf"),
    ("strongswan", "/etc/ipsec.secrets"),
    ("strongswan", "/etc/ipsec.d"),
    ("dovecot", "/etc/dovecot"),
    ("postfix", "/etc/postfix"),
    ("exim", "/etc/exim"),
    ("openvpn", "/etc/openvpn"),
    ("mosquitto", "/etc/mosquitto"),
    ("stubby", "/etc/stubby"),
    ("unbound", "/etc/unbound"),
    ("dnsdist", "/etc/dnsdist"),
    ("stunnel", "/etc/stunnel"),
    ("vsftpd", "/etc/vsftpd.conf"),
    ("proftpd", "/etc/proftpd"),
    ("prosody", "/etc/prosody"),
    ("freeradius", "/etc/freeradius3"),
    ("coturn", "/etc/turnserver.conf"),
    ("adguardhome", "/etc/adguardhome.yaml"),
];
/// Where each file is a service's.
const UCI: &str = "/etc/config";
/// Our own files there name no user.
const OWN: [&str; 2] = ["certkeeper", "certkeeper_secrets"];
/// Folders that certificates are read from.
const FOLDERS: [&str; 4] = [
    "/etc/ssl/domains/",
    "/etc/certkeeper/certs/",
    "/etc/ssl/acme/",
    "/etc/acme/",
];
/// How much is looked at, so that no folder of data makes it slow.
const FILES_MAX: usize = 256;
const FILE_MAX: u64 = 256 * 1024;
const DEPTH_MAX: usize = 3;
/// Links in a row that are followed.
const LINKS_MAX: usize = 8;

/// Who names which section's files: `nginx (/etc/nginx/nginx.conf)`.
pub fn users(paths: &Paths) -> BTreeMap<SectionName, Vec<String>> {
    let mut look = Look {
        paths,
        left: FILES_MAX,
        found: BTreeMap::new(),
    };
    for entry in sorted(&paths.at(UCI)) {
        let name = entry.file_name().map(|n| n.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        if !OWN.contains(&name.as_str()) {
            look.at(&name, Path::new(UCI).join(&name), 0);
        }
    }
    for (service, place) in PLACES {
        look.at(service, PathBuf::from(place), DEPTH_MAX);
    }
    let all = look.found.into_iter();
    all.map(|(section, who)| (section, who.into_iter().collect()))
        .collect()
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = entries.map(|e| e.path()).collect();
    all.sort_unstable();
    all
}

struct Look<'a> {
    paths: &'a Paths,
    left: usize,
    found: BTreeMap<SectionName, BTreeSet<String>>,
}

impl Look<'_> {
    /// A file, or a folder down to some depth. Links are not followed: what is within the folders is
    /// met by itself, and what is elsewhere is somebody else's.
    fn at(&mut self, service: &str, place: PathBuf, depth: usize) {
        let path = self.paths.at(&place);
        let Ok(meta) = fs::symlink_metadata(&path) else {
            return;
        };
        if meta.is_dir() && depth > 0 {
            for entry in sorted(&path) {
                if let Some(name) = entry.file_name() {
                    self.at(service, place.join(name), depth - 1);
                }
            }
        } else if meta.is_file() && meta.len() <= FILE_MAX && self.left > 0 {
            self.left -= 1;
            let mut text = Vec::new();
            let read = File::open(&path).and_then(|f| f.take(FILE_MAX).read_to_end(&mut text));
            if read.is_ok() {
                self.read(service, &place, &text);
            }
        }
    }

    fn read(&mut self, service: &str, place: &Path, text: &[u8]) {
        // Most files name none, and are soon done with.
        if !text.windows(5).any(|w| w == b"/etc/") {
            return;
        }
        let text = String::from_utf8_lossy(text);
        let lines = text.lines().map(str::trim_start);
        for line in lines.filter(|l| !l.starts_with('#')) {
            for (at, _) in line.match_indices("/etc/") {
                let rest = &line[at..];
                if !FOLDERS.iter().any(|f| rest.starts_with(f)) {
                    continue;
                }
                let ends = |c: char| c.is_whitespace() || "'\";,:)}<>]".contains(c);
                let path = rest.split(ends).next().unwrap_or_default();
                if let Some(section) = self.section(Path::new(path)) {
                    let who = format!("{service} ({})", place.display());
                    self.found.entry(section).or_default().insert(who);
                }
            }
        }
    }

    /// Whose file a path is: links are followed as text, and never out of the root.
    fn section(&self, path: &Path) -> Option<SectionName> {
        let mut path = normal(path)?;
        for _ in 0..LINKS_MAX {
            if let Ok(rest) = path.strip_prefix("/etc/certkeeper/certs") {
                return SectionName::of_files(rest.iter().next()?.to_str()?);
            }
            // The one link of ours to a folder.
            if let Ok(rest) = path.strip_prefix("/etc/certkeeper/primary") {
                let target = fs::read_link(self.paths.primary()).ok()?;
                path = normal(&Path::new("/etc/certkeeper").join(target).join(rest))?;
                continue;
            }
            let target = fs::read_link(self.paths.at(&path)).ok()?;
            path = normal(&path.parent()?.join(target))?;
        }
        None
    }
}

/// A whole path without `.` and `..`.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut whole = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::Normal(name) => whole.push(name),
            Component::ParentDir if !whole.pop() => return None,
            _ => {}
        }
    }
    path.is_absolute().then_some(whole)
}
