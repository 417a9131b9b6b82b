//! Programs of the owner's.

use crate::servers::s_server;
use crate::site::{NAME, Site, has};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::time::Duration;

const HOOK: &str = "etc/certkeeper/hooks/told";

fn site() -> Option<Site> {
    let site = Site::new(&[], "list hook 'told'")?;
    site.store();
    Some(site)
}

#[track_caller]
fn is_refused(site: &Site, words: &[&str]) {
    let run = site.renew(1);
    has(&run.stdout, &["not everywhere: hook told: "]);
    has(&run.stdout, words);
    assert!(!site.temp.path("tmp/ran").exists(), "it ran");
    assert_eq!(site.version(), Some(1), "the certificate is in use");
}

fn mode(site: &Site, path: &str, mode: u32) {
    fs::set_permissions(site.temp.path(path), fs::Permissions::from_mode(mode)).unwrap();
}

/// A hook that leaves a trace.
fn tracing(site: &Site) -> String {
    let tmp = site.temp.path("tmp");
    fs::create_dir_all(&tmp).unwrap();
    format!(
        "#!/bin/sh\nfor a; do echo \"$a\"; done >{0}/ran\nenv >{0}/env\necho said\n",
        tmp.display()
    )
}

#[test]
fn it_is_told_of_a_new_certificate() {
    let Some(site) = site() else { return };
    site.program(HOOK, &tracing(&site));
    site.renew(0);
    let link = |end: &str| {
        site.temp
            .path(&format!("etc/ssl/domains/web.{end}"))
            .display()
            .to_string()
    };
    let wanted = ["deployed", "web", &link("crt"), &link("key"), NAME].join("\n") + "\n";
    assert_eq!(site.temp.read("tmp/ran"), wanted);
    let env = site.temp.read("tmp/env");
    // A shell adds PWD and the like by itself.
    assert!(
        env.lines()
            .all(|l| ["PATH=", "PWD=", "SHLVL=", "_=", "OLDPWD="]
                .iter()
                .any(|n| l.starts_with(n))),
        "{env}"
    );
    has(&site.log(), &["| said"]);
    fs::remove_file(site.temp.path("tmp/ran")).unwrap();
    site.renew(0);
    assert!(!site.temp.path("tmp/ran").exists(), "told twice");
}

/// Where no service is named the hook has the certificate served: it comes before the look, and is
/// told again of what is rolled back.
#[test]
fn it_has_the_certificate_served() {
    let Some(site) = site() else { return };
    site.renew(1);
    let service = s_server(&site);
    let script = site.temp.path("etc/init.d/odd");
    // What stays in the hook's process group ends with it.
    let hook = format!("#!/bin/sh\nexec setsid -w {} restart\n", script.display());
    site.program(HOOK, &hook);
    site.configure("list hook 'told'; list verify '127.0.0.1:PORT'");
    site.renew(0);
    let first = site.served().expect("a certificate");
    let second = site.store();
    site.renew(0);
    assert_eq!(site.served(), Ok(second.clone()));
    assert_ne!(first, second);
    site.calls();
    site.program(HOOK, "#!/bin/sh\n");
    site.store();
    has(
        &site.renew(1).stdout,
        &["it still serves serial ", "rolled back to version 2"],
    );
    assert_eq!(site.version(), Some(2));
    drop(service);
}

#[test]
fn it_fails() {
    let Some(site) = site() else { return };
    site.program(HOOK, "#!/bin/sh\necho no luck >&2\nexit 3\n");
    is_refused(&site, &["failed (exit status: 3): no luck"]);
    site.renew(4);
    // Asked for, once it works.
    site.program(HOOK, "#!/bin/sh\n");
    site.ends(&["renew", "web"], 0);
    site.renew(0);
}

#[test]
fn it_hangs() {
    let Some(site) = site() else { return };
    site.program(HOOK, "#!/bin/sh\nsleep 1000\n");
    let started = std::time::Instant::now();
    is_refused(&site, &["did not end within 60 s and was killed"]);
    assert!(started.elapsed() < Duration::from_secs(90));
}

#[test]
fn others_could_change_it() {
    let Some(site) = site() else { return };
    site.program(HOOK, &tracing(&site));
    mode(&site, HOOK, 0o775);
    is_refused(
        &site,
        &["could be changed by others: it must belong to root and be writable by root alone"],
    );
    mode(&site, HOOK, 0o755);
    mode(&site, "etc/certkeeper/hooks", 0o777);
    let refused = site.ends(&["renew", "web"], 1);
    has(&refused.stdout, &["hooks could be changed by others"]);
    mode(&site, "etc/certkeeper/hooks", 0o755);
    if rustix::process::geteuid().is_root() {
        chown(site.temp.path(HOOK), Some(65534), None).unwrap();
        let refused = site.ends(&["renew", "web"], 1);
        has(&refused.stdout, &["told could be changed by others"]);
    }
    assert!(!site.temp.path("tmp/ran").exists(), "it ran");
}

#[test]
fn a_link_leads_out_of_the_folder() {
    let Some(site) = site() else { return };
    let outside = site.program("usr/bin/tool", &tracing(&site));
    fs::create_dir_all(site.temp.path("etc/certkeeper/hooks")).unwrap();
    symlink(&outside, site.temp.path(HOOK)).unwrap();
    is_refused(&site, &["leads to ", "outside of "]);
}

#[test]
fn it_is_not_there_or_no_program() {
    let Some(site) = site() else { return };
    is_refused(&site, &["No such file"]);
    site.program(HOOK, &tracing(&site));
    mode(&site, HOOK, 0o644);
    let run = site.ends(&["renew", "web"], 1);
    has(&run.stdout, &["is not an executable file (chmod +x"]);
}
