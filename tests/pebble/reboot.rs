//! Reboots, new firmware, and clocks that are wrong after them.

use crate::local::{NOBODY, configure, is_local, now, root};
use crate::site::Site;
use crate::support::{openssl, tools};
use crate::uci::{cert, with};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const NAMES: &[&str] = &["www.demo.example"];

/// One section with the local CA on, as it is by default.
fn site() -> Option<(Site, String)> {
    let site = Site::web()?;
    let web = cert("web", NAMES, &site.by_webroot());
    Some((site, web))
}

/// All that is in memory goes.
fn reboot(site: &Site) {
    fs::remove_dir_all(site.temp.path("var")).expect("a tmpfs");
}

fn current(site: &Site) -> PathBuf {
    fs::read_link(site.temp.path("etc/certkeeper/certs/web/current")).expect("a link")
}

#[test]
fn a_boot_before_ntp_changes_nothing_that_serves() {
    let Some((site, web)) = site() else { return };
    for local_ca in [false, true] {
        match local_ca {
            false => site.configure(std::slice::from_ref(&web)),
            true => configure(
                &site,
                &site.pebble.directory_url(),
                std::slice::from_ref(&web),
            ),
        }
        site.renew();
        let (version, asked) = (current(&site), site.pebble.requests().len());
        let ordered = site.asked("POST /order-plz");
        reboot(&site);
        let early = site.certkeeper(&["renew"]).env("CERTKEEPER_NOW", "60");
        let run = early.run();
        assert_eq!(run.code(), 0, "{}", run.report());
        assert_eq!(current(&site), version);
        assert_eq!(site.pebble.requests().len(), asked);
        site.is_good("web", NAMES);
        assert!(site.ends(&["renew"], 0).stdout.contains("nothing is due"));
        assert_eq!(site.asked("POST /order-plz"), ordered);
    }
}

#[test]
fn what_has_ended_serves_until_the_clock_is_known_to_be_right() {
    let Some((site, web)) = site() else { return };
    configure(
        &site,
        &site.pebble.directory_url(),
        std::slice::from_ref(&web),
    );
    site.renew();
    let meta = site
        .temp
        .path("etc/certkeeper/certs/web/versions/1/meta.json");
    let mut ended: serde_json::Value =
        serde_json::from_slice(&fs::read(&meta).expect("a file")).expect("JSON");
    ended["not_after"] = (now() - 86_400).into();
    fs::write(&meta, ended.to_string()).expect("is written");
    configure(&site, NOBODY, &[web]);
    reboot(&site);
    site.ends(&["renew"], 1);
    assert_eq!(current(&site), Path::new("versions/1"));
    // What the hotplug script of NTP does.
    site.temp.write("var/run/certkeeper/clock", "");
    site.ends(&["renew"], 4);
    assert!(current(&site).starts_with("local"), "{:?}", current(&site));
}

/// What a wrong clock has made serves nobody once the clock is set back.
#[test]
fn a_clock_that_was_ahead() {
    let Some((site, web)) = site() else { return };
    configure(&site, NOBODY, std::slice::from_ref(&web));
    let ahead = (now() + 5 * 365 * 86_400).to_string();
    let run = site
        .certkeeper(&["renew"])
        .env("CERTKEEPER_NOW", &ahead)
        .run();
    assert_eq!(run.code(), 1, "{}", run.report());
    let before = (
        root(&site),
        fs::read(site.domain("web.crt")).expect("a file"),
    );
    // The failure's waiting time lies years ahead, and is not waited for.
    let run = site.ends(&["renew"], 1);
    assert!(
        run.stderr.contains("the local one does not fit"),
        "{}",
        run.report()
    );
    is_local(&site, "web");
    assert_eq!(
        fs::read(root(&site)).ok(),
        fs::read(before.0).ok(),
        "another root"
    );
    assert_ne!(fs::read(site.domain("web.crt")).expect("a file"), before.1);
    let again = site.ends(&["renew"], 4);
    assert!(!again.stderr.contains("local"), "{}", again.report());
    // And back to 1970: what serves goes on.
    let kept = current(&site);
    reboot(&site);
    let run = site
        .certkeeper(&["renew"])
        .env("CERTKEEPER_NOW", "60")
        .run();
    assert_ne!(run.code(), 0, "{}", run.report());
    assert_eq!(current(&site), kept);
    is_local(&site, "web");
}

/// Leaves what sysupgrade keeps: what the package's keep.d lists, and the configuration.
fn sysupgrade(site: &Site) {
    let keep = include_str!("../../files/lib/upgrade/keep.d/certkeeper");
    let kept = ["/etc/config/", "/etc/ssl/ca.pem", "/etc/passwd"];
    let kept = keep.lines().chain(kept).map(|p| p.trim_matches('/'));
    let kept = kept.filter(|path| site.temp.path(path).exists());
    let backup = site.temp.server_folder("backup").join("backup.tar");
    let tar = |args: &[&str], more: Vec<&str>| {
        let mut command = Command::new(tools::path_of("tar"));
        command
            .arg("-C")
            .arg(site.temp.root())
            .args(args)
            .arg(&backup);
        let done = command.args(more).status();
        assert!(done.is_ok_and(|s| s.success()), "tar {args:?}");
    };
    tar(&["-cf"], kept.collect());
    for folder in ["etc", "var", "srv"] {
        let _ = fs::remove_dir_all(site.temp.path(folder));
    }
    tar(&["-xpf"], Vec::new());
}

#[test]
fn after_a_sysupgrade_nothing_is_issued_anew() {
    let Some((site, _)) = site() else { return };
    if !tools::have(&[&["tar"]]) {
        return;
    }
    let options = with(
        site.by_webroot(),
        &[("list export", "/srv/tls"), ("list hook", "told")],
    );
    let hook = site.temp.write("etc/certkeeper/hooks/told", "#!/bin/sh\n");
    fs::set_permissions(hook, fs::Permissions::from_mode(0o755)).expect("a mode");
    let url = site.pebble.directory_url();
    configure(&site, &url, &[cert("web", NAMES, &options)]);
    site.renew();
    let key = site.temp.read("srv/tls/web.key");
    let (ordered, before) = (site.asked("POST /order-plz"), site.status("web"));
    sysupgrade(&site);
    site.is_good("web", NAMES);
    site.is_good_primary();
    let run = site.ends(&["renew"], 0);
    assert_eq!(site.asked("POST /order-plz"), ordered, "{}", run.report());
    let status = site.temp.read("var/run/certkeeper/status/web.json");
    assert!(status.contains(r#""state":"valid""#), "{status}");
    let serial = |status: &serde_json::Value| status["certificate"]["serial"].clone();
    assert_eq!(serial(&site.status("web")), serial(&before));
    // The copies went with their folder and are back.
    assert_eq!(site.temp.read("srv/tls/web.key"), key);
    let [crt, key] = ["crt", "key"].map(|end| site.temp.path(&format!("srv/tls/web.{end}")));
    assert!(openssl::key_matches(&crt, &key));
    assert!(site.ends(&["renew"], 0).stdout.contains("nothing is due"));
}
