//! What lies where, with which mode; what changes, and what stays untouched.

use crate::site::Site;
use crate::snapshot::{mode, snapshot};
use crate::support::process::{self, Finished};
use crate::uci::{cert, with};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// `renew` by a shell with this umask.
fn renew_under(site: &Site, umask: &str) -> Finished {
    let binary = env::var_os("CERTKEEPER_BIN")
        .unwrap_or_else(|| OsString::from(env!("CARGO_BIN_EXE_certkeeper")));
    let runner = env::var("CERTKEEPER_RUNNER").unwrap_or_default();
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!(
        "umask {umask}; exec {runner} \"$0\" --root \"$1\" renew"
    ));
    command.arg(binary).arg(site.temp.root());
    process::run(command, Duration::from_secs(60))
}

/// Everything below a folder, itself included.
fn all(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    if fs::symlink_metadata(path).unwrap().is_dir() {
        found.extend(
            fs::read_dir(path)
                .unwrap()
                .flat_map(|e| all(&e.unwrap().path())),
        );
    }
    found
}

/// What lies below a folder of the root, by relative path.
fn listing(site: &Site, folder: &str) -> Vec<String> {
    let top = site.temp.path(folder);
    let relative = |p: PathBuf| p.strip_prefix(&top).unwrap().display().to_string();
    let mut names: Vec<String> = all(&top).into_iter().skip(1).map(relative).collect();
    names.sort();
    names
}

fn target(site: &Site, path: &str) -> String {
    let link = site.temp.path(path);
    let target = fs::read_link(&link).unwrap_or_else(|e| panic!("{}: {e}", link.display()));
    target.display().to_string()
}

#[test]
fn the_layout_of_a_section() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    let version = [
        "",
        "/cert.pem",
        "/chain.pem",
        "/combined.pem",
        "/fullchain.pem",
        "/key.pem",
        "/meta.json",
    ];
    let mut wanted: Vec<String> = version.iter().map(|f| format!("versions/1{f}")).collect();
    wanted.extend(["current", "issued.json", "versions"].map(String::from));
    wanted.sort();
    assert_eq!(listing(&site, "etc/certkeeper/certs/web"), wanted);
    let accounts = listing(&site, "etc/certkeeper/accounts/pebble");
    let [hash, json, key] = accounts.as_slice() else {
        panic!("{accounts:?}")
    };
    assert_eq!(*json, format!("{hash}/account.json"));
    assert_eq!(*key, format!("{hash}/key.pem"));
    assert_eq!(
        listing(&site, "etc/certkeeper").len(),
        wanted.len() + 9,
        "something else lies there"
    );

    // The links, each relative, and the one that changes.
    assert_eq!(
        target(&site, "etc/certkeeper/certs/web/current"),
        "versions/1"
    );
    assert_eq!(target(&site, "etc/certkeeper/primary"), "certs/web/current");
    for (name, file) in [
        ("web.crt", "certs/web/current/fullchain.pem"),
        ("web.key", "certs/web/current/key.pem"),
        ("web.chain.crt", "certs/web/current/chain.pem"),
        ("web.pem", "certs/web/current/combined.pem"),
        ("domain.crt", "primary/fullchain.pem"),
        ("domain.cer", "primary/fullchain.pem"),
        ("domain.key", "primary/key.pem"),
    ] {
        let found = target(&site, &format!("etc/ssl/domains/{name}"));
        assert_eq!(found, format!("../../certkeeper/{file}"), "{name}");
    }
    assert_eq!(listing(&site, "etc/ssl/domains").len(), 7);

    // The texts belong together.
    let read = |name: &str| {
        site.temp
            .read(&format!("etc/certkeeper/certs/web/versions/1/{name}"))
    };
    assert_eq!(read("cert.pem").matches("BEGIN CERTIFICATE").count(), 1);
    assert_eq!(read("fullchain.pem"), read("cert.pem") + &read("chain.pem"));
    assert_eq!(
        read("combined.pem"),
        read("key.pem") + &read("fullchain.pem")
    );
    let meta: serde_json::Value = serde_json::from_str(&read("meta.json")).expect("JSON");
    assert_eq!(meta["names"], serde_json::json!(["www.demo.example"]));
    assert_eq!(meta["key_type"], "ec256");
    assert_eq!(meta["account"], "pebble");
    assert_eq!(meta["directory"], site.pebble.directory_url());
    let days =
        (meta["not_after"].as_i64().unwrap() - meta["not_before"].as_i64().unwrap()) / 86_400;
    assert!((89..=90).contains(&days), "{meta}");
}

#[test]
fn modes_hold_under_any_umask() {
    let Some(site) = Site::web() else { return };
    for umask in ["000", "077", "277"] {
        // Each time from nothing.
        for folder in ["etc/certkeeper", "etc/ssl/domains", "var"] {
            let _ = fs::remove_dir_all(site.temp.path(folder));
        }
        site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
        let run = renew_under(&site, umask);
        assert_eq!(run.code(), 0, "umask {umask}: {}", run.report());
        site.is_good("web", &["www.demo.example"]);
        for path in all(&site.temp.path("etc/certkeeper")) {
            let meta = fs::symlink_metadata(&path).unwrap();
            let wanted = match () {
                () if meta.is_symlink() => continue,
                () if meta.is_dir() => 0o700,
                () => 0o600,
            };
            assert_eq!(mode(&path), wanted, "umask {umask}: {}", path.display());
        }
        // Services that run as somebody else look their certificate up here.
        assert_eq!(
            mode(&site.temp.path("etc/ssl/domains")),
            0o755,
            "umask {umask}"
        );
        assert_eq!(
            mode(&site.temp.path("var/run/certkeeper")),
            0o700,
            "umask {umask}"
        );
    }
}

#[test]
fn another_primary_is_one_rename() {
    let Some(site) = Site::web() else { return };
    let primary = with(site.by_webroot(), &[("primary", "1")]);
    let configure = |one: &[(&str, String)], two: &[(&str, String)]| {
        site.configure(&[
            cert("one", &["one.demo.example"], one),
            cert("two", &["two.demo.example"], two),
        ]);
    };
    configure(&site.by_webroot(), &site.by_webroot());
    site.renew();
    assert_eq!(target(&site, "etc/certkeeper/primary"), "certs/one/current");
    let links = || {
        let link = |name: &str| fs::symlink_metadata(site.domain(name)).unwrap();
        ["domain.crt", "domain.cer", "domain.key"]
            .map(|name| (link(name).ino(), link(name).mtime_nsec()))
    };
    let before = links();
    let requests = site.pebble.requests().len();
    configure(&site.by_webroot(), &primary);
    site.renew();
    assert_eq!(target(&site, "etc/certkeeper/primary"), "certs/two/current");
    assert_eq!(links(), before, "more than one link changed");
    assert_eq!(
        fs::read(site.domain("domain.key")).unwrap(),
        fs::read(site.domain("two.key")).unwrap()
    );
    assert_eq!(site.status("two")["primary"], true);
    assert_eq!(site.status("one")["primary"], false);
    // It takes no CA to do that.
    assert_eq!(site.pebble.requests().len(), requests);
}

#[test]
fn foreign_files_stay_and_are_told() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.temp.write("etc/ssl/domains/web.key", "somebody's key");
    site.temp.write("etc/ssl/mine.pem", "somebody's chain");
    symlink("../mine.pem", site.domain("domain.crt")).expect("a link");
    fs::create_dir(site.domain("web.pem")).expect("a folder");
    // Nobody's section: none of our business.
    site.temp.write("etc/ssl/domains/mail.crt", "by hand");
    let run = site.ends(&["renew"], 0);
    for name in ["web.key", "web.pem", "domain.crt"] {
        let words =
            format!("/etc/ssl/domains/{name} is not a link of certkeeper's and stays as it is");
        assert!(run.stderr.contains(&words), "{name}: {}", run.report());
        assert!(
            site.log("web").contains(&words),
            "{name}: {}",
            site.log("web")
        );
    }
    assert_eq!(site.temp.read("etc/ssl/domains/web.key"), "somebody's key");
    assert_eq!(target(&site, "etc/ssl/domains/domain.crt"), "../mine.pem");
    assert_eq!(site.temp.read("etc/ssl/domains/mail.crt"), "by hand");
    assert!(site.domain("web.pem").is_dir());
    // The others are there, and the foreign ones are no reason to work on each run.
    assert_eq!(
        target(&site, "etc/ssl/domains/web.crt"),
        "../../certkeeper/certs/web/current/fullchain.pem"
    );
    let before = snapshot(&site.temp);
    assert!(site.ends(&["renew"], 0).stdout.contains("nothing is due"));
    assert_eq!(snapshot(&site.temp), before);
    // Once they are gone the links take their place.
    fs::remove_file(site.domain("web.key")).expect("a file");
    fs::remove_file(site.domain("domain.crt")).expect("a link");
    fs::remove_dir(site.domain("web.pem")).expect("a folder");
    site.renew();
    site.is_good("web", &["www.demo.example"]);
    assert_eq!(
        target(&site, "etc/ssl/domains/domain.crt"),
        "../../certkeeper/primary/fullchain.pem"
    );
}

#[test]
fn the_last_three_versions_stay() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    let mut keys = vec![site.temp.read("etc/ssl/domains/web.key")];
    for version in 2..=5 {
        site.ends(&["renew", "web", "--force"], 0);
        assert_eq!(site.version("web"), Some(version));
        keys.push(site.temp.read("etc/ssl/domains/web.key"));
    }
    let mut kept: Vec<String> = fs::read_dir(site.temp.path("etc/certkeeper/certs/web/versions"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    kept.sort();
    assert_eq!(kept, ["3", "4", "5"]);
    site.is_good("web", &["www.demo.example"]);
    // Each certificate has a key of its own.
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 5);
}

#[test]
fn with_nothing_due_nobody_is_asked_and_nothing_written() {
    let Some(site) = Site::web() else { return };
    let primary = with(site.by_webroot(), &[("primary", "1")]);
    site.configure(&[
        cert("one", &["one.demo.example"], &site.by_webroot()),
        cert("two", &["two.demo.example"], &primary),
    ]);
    site.renew();
    let before = snapshot(&site.temp);
    let requests = site.pebble.requests();
    for args in [
        &["renew"][..],
        &["renew", "two"],
        &["status"],
        &["renew", "--json"],
    ] {
        let run = site.ends(args, 0);
        if args == ["renew"] {
            assert!(
                run.stdout.contains("nothing is due; the next is "),
                "{}",
                run.report()
            );
        }
        assert_eq!(snapshot(&site.temp), before, "after {args:?}");
    }
    assert_eq!(site.pebble.requests(), requests);
}
