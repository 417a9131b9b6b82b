//! Runs that are cut between switch and reload.

use crate::site::Site;
use crate::support::wait_until;
use rustix::process::Signal;
use std::fs;
use std::time::Duration;

#[test]
fn the_next_run_reloads() {
    let Some(site) = Site::new(&[], "list service 'nginx'") else {
        return;
    };
    site.script("nginx", "");
    let hold = site.temp.path("tmp/hold");
    let wait = format!(
        "#!/bin/sh\nwhile [ -e {} ]; do sleep 0.1; done\n",
        hold.display()
    );
    site.program("usr/sbin/nginx", &wait);
    site.temp.write("etc/nginx/nginx.conf", "");
    site.store();
    site.renew(0);
    assert_eq!(site.calls(), ["reload"]);
    // The checker comes after the switch; there it is killed.
    fs::write(&hold, "").unwrap();
    site.store();
    let run = site.certkeeper(&["renew"]).start();
    assert!(wait_until(Duration::from_secs(20), || site.version() == Some(2)));
    run.signal(Signal::KILL);
    assert_eq!(run.finish().code(), 137);
    assert_eq!(site.calls(), [""; 0]);
    assert_eq!(site.deployed().expect("a note")["version"], 1);
    assert!(site.status()["deployed"].is_null());
    fs::remove_file(&hold).unwrap();
    site.renew(0);
    assert_eq!(site.calls(), ["reload"]);
    assert_eq!(site.deployed().expect("a note")["version"], 2);
    site.renew(0);
    assert_eq!(site.calls(), [""; 0]);
}
