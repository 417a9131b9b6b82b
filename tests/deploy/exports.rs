//! Copies for unprivileged readers.

use crate::site::{Site, has};
use crate::support::{openssl, process};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const USER: u32 = 65534;

fn site(lines: &str) -> Option<Site> {
    let site = Site::new(&[], lines)?;
    site.temp.write(
        "etc/passwd",
        format!("root:x:0:0::/:/bin/sh\nreader:x:{USER}:{USER}::/:/bin/false\n"),
    );
    Some(site)
}

#[track_caller]
fn is_pair(site: &Site, folder: &str) {
    let at = |end: &str| site.temp.path(&format!("{folder}/web.{end}"));
    assert!(
        openssl::key_matches(&at("crt"), &at("key")),
        "{folder}: no pair"
    );
}

/// What lies in a folder.
fn names(site: &Site, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(site.temp.path(folder)).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn owner_mode_and_content_under_any_umask() {
    let Some(site) = site("list export '/srv/tls:reader'; list export '/srv/plain'") else {
        return;
    };
    if !rustix::process::geteuid().is_root() {
        return crate::support::tools::skip("export", "only root gives files away");
    }
    for version in 1..=3 {
        site.store();
        let command = site.certkeeper(&["renew"]).into_command();
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask 000; exec \"$@\"", "sh"]);
        shell.arg(command.get_program()).args(command.get_args());
        let run = process::run(shell, Duration::from_secs(60));
        assert_eq!(run.code(), 0, "{}", run.report());
        for (folder, owner) in [("srv/tls", USER), ("srv/plain", 0)] {
            is_pair(&site, folder);
            for end in ["crt", "key"] {
                let meta = fs::metadata(site.temp.path(&format!("{folder}/web.{end}"))).unwrap();
                assert_eq!(
                    (meta.mode() & 0o7777, meta.uid(), meta.gid()),
                    (0o640, owner, owner),
                    "{folder} {end}"
                );
            }
            let folder_of_pair = format!(".web.{version}");
            assert_eq!(
                names(&site, folder),
                [".web", &folder_of_pair, "web.crt", "web.key"]
            );
            let of_store = site.temp.read("etc/ssl/domains/web.key");
            assert_eq!(site.temp.read(&format!("{folder}/web.key")), of_store);
        }
    }
    // The reader can.
    let key = site.temp.path("srv/tls/web.key");
    if crate::support::tools::find("setpriv").is_some() {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "cat"])
            .arg(key);
        assert!(
            process::run(command, Duration::from_secs(10))
                .ok()
                .contains("PRIVATE KEY")
        );
    }
}

#[test]
fn an_unknown_user_is_told() {
    let Some(site) = site("list export '/srv/tls:nobody-here'") else {
        return;
    };
    site.store();
    has(
        &site.renew(1).stdout,
        &["not everywhere: list export: there is no user 'nobody-here' in /etc/passwd"],
    );
    assert!(!site.temp.path("srv/tls/web.key").exists());
}

/// Whoever owns the folder cannot have certkeeper write elsewhere.
#[test]
fn links_in_the_folder_are_not_followed() {
    let Some(site) = site("list export '/srv/tls'") else {
        return;
    };
    let victim = site.temp.write("etc/victim/crt", "theirs");
    let folder = site.temp.path("srv/tls");
    fs::create_dir_all(&folder).unwrap();
    symlink(victim.parent().unwrap(), folder.join(".web.1")).unwrap();
    symlink(&victim, folder.join("web.crt")).unwrap();
    site.store();
    has(&site.renew(1).stdout, &["export to "]);
    assert_eq!(site.temp.read("etc/victim/crt"), "theirs");
    fs::remove_file(folder.join(".web.1")).unwrap();
    site.ends(&["renew", "web"], 0);
    is_pair(&site, "srv/tls");
    assert_eq!(site.temp.read("etc/victim/crt"), "theirs");
}

/// A tmpfs at a folder; it goes on drop.
pub struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// `None` where none may be mounted.
pub fn mount(folder: &Path, options: &str) -> Option<Mounted> {
    let mut command = Command::new("mount");
    command.args(["-t", "tmpfs", "-o", options, "tmpfs"]);
    let done = command.arg(folder).output();
    let done = done.is_ok_and(|o| o.status.success());
    done.then(|| Mounted(folder.to_owned()))
}

/// A full disk: both copies are of the former version.
#[test]
fn both_or_neither() {
    let Some(site) = site("list export '/srv/tls'") else {
        return;
    };
    let folder = site.temp.path("srv/tls");
    fs::create_dir_all(&folder).unwrap();
    let Some(_mounted) = mount(&folder, "size=16k,nr_inodes=64") else {
        return crate::support::tools::skip("export", "no tmpfs can be mounted here");
    };
    site.store();
    site.renew(0);
    let before = site.temp.read("srv/tls/web.key");
    // One page is left: for one of the two.
    fs::write(folder.join("filler"), vec![0; 4096]).unwrap();
    site.store();
    has(
        &site.renew(1).stdout,
        &["not everywhere: export to ", "No space left"],
    );
    assert_eq!(site.temp.read("srv/tls/web.key"), before);
    is_pair(&site, "srv/tls");
    assert_eq!(
        names(&site, "srv/tls"),
        [".web", ".web.1", "filler", "web.crt", "web.key"]
    );
    fs::remove_file(folder.join("filler")).unwrap();
    site.ends(&["renew", "web"], 0);
    assert_ne!(site.temp.read("srv/tls/web.key"), before);
    is_pair(&site, "srv/tls");
}
