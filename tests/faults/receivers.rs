//! Who is told of a certificate: a service that reads key and chain from one file, and a reader who
//! may enter the folder of the copies alone.

use crate::check::{Served, files, pair};
use crate::site::{Site, walk};
use rustix::process::{getgid, getuid};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

/// The folder of the copies, on the flash.
const COPIES: &str = "/etc/copies";
/// The init script.
const SCRIPT: &str = "/etc/init.d/odd";
/// The options that name both.
pub const OPTIONS: &str = "\tlist service 'odd'\n\tlist export '/etc/copies:reader'\n";
/// What both have, by the names of [`Served`].
pub const NAMES: [&str; 2] = ["the service", "the copies"];

/// Where the service keeps what it has read, as a daemon keeps it in memory.
fn loaded(site: &Site) -> PathBuf {
    site.temp.root().with_file_name("loaded.pem")
}

/// Puts them on the router.
pub fn install(site: &Site) {
    let loaded = loaded(site).display().to_string();
    let pem = site.temp.path("etc/ssl/domains/web.pem");
    let script = format!(
        "#!/bin/sh\nsed '' '{}' >'{loaded}'.$$ && mv '{loaded}'.$$ '{loaded}'\n",
        pem.display()
    );
    let script = site.temp.write(SCRIPT, script);
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).expect("a mode");
    // Whoever runs the tests can give a file to himself.
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    let passwd = format!("reader:x:{user}:{group}::/:/bin/false\n");
    site.temp.write("/etc/passwd", passwd);
}

/// Starts the service: it reads what is there now.
pub fn boot(site: &Site) {
    let mut shell = Command::new("sh");
    let started = shell.arg(site.temp.path(SCRIPT)).arg("start").status();
    assert!(started.is_ok_and(|s| s.success()), "the service starts");
}

/// What they have.
///
/// # Errors
/// When what one of them has does not belong together.
pub fn served(site: &Site, domains: &[&str]) -> Result<Served, String> {
    let [service, copies] = NAMES;
    let pem = fs::read_to_string(loaded(site)).unwrap_or_default();
    let begin = pem.find("-----BEGIN CERTIFICATE").unwrap_or(pem.len());
    let (key, crt) = pem.split_at(begin);
    let mut found = Served::new();
    found.insert(service.into(), pair(service, crt, key, domains)?);
    let base = site.temp.path(COPIES).join("web");
    found.extend(files(copies, &base, &["crt", "key"], domains)?);
    Ok(found)
}

/// What lies in the folder of the copies and is none of them.
pub fn leftovers(site: &Site) -> Vec<PathBuf> {
    let folder = site.temp.path(COPIES);
    let current = fs::read_link(folder.join(".web")).unwrap_or_default();
    let mut wanted = ["web.crt", "web.key", ".web"].map(PathBuf::from).to_vec();
    wanted.extend(["", "crt", "key"].map(|end| current.join(end)));
    let mut left = walk(&folder);
    left.retain(|path| {
        path.strip_prefix(&folder)
            .is_ok_and(|p| !wanted.contains(&p.to_owned()))
    });
    left
}

/// True for the copies: their reader's group may read them.
pub fn is_copy(site: &Site, path: &std::path::Path) -> bool {
    path.starts_with(site.temp.path(COPIES))
}
