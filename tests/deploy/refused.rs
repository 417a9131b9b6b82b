//! Certificates that services do not take are rolled back, and that is said.

use crate::servers::{nginx, s_server};
use crate::site::{Site, has};
use std::fs;

#[test]
fn a_broken_nginx_configuration() {
    let Some((site, _nginx)) = nginx() else {
        return;
    };
    site.renew(0);
    let before = site.served().expect("a certificate");
    site.calls();
    let file = site.temp.path("etc/nginx/nginx.conf");
    let good = fs::read_to_string(&file).unwrap();
    fs::write(&file, good.replace("location /", "loction /")).unwrap();
    let new = site.store();
    let run = site.renew(1);
    has(
        &run.stdout,
        &[
            "nginx -t -c ",
            "unknown directive \"loction\"",
            "rolled back to version 1 (until ",
            "what to do: correct the service",
            "certkeeper renew web",
        ],
    );
    assert_eq!(site.version(), Some(1));
    // It was not told of anything.
    assert_eq!(site.calls(), [""; 0]);
    assert_eq!(site.served(), Ok(before));
    let status = site.status();
    assert_eq!(
        (&status["state"], &status["last_attempt"]["state"]),
        (&"valid".into(), &"internal_error".into())
    );
    assert_eq!(status["certificate"]["version"], 1);
    // Corrected, and asked for: the very same certificate.
    fs::write(&file, good).unwrap();
    site.ends(&["renew", "web"], 0);
    assert_eq!(site.version(), Some(2));
    assert_eq!(site.served(), Ok(new));
    assert!(
        site.status()["last_attempt"]["problem"] == "",
        "{}",
        site.status()
    );
}

/// Its init script takes all orders and follows none.
#[test]
fn a_service_that_keeps_the_old_certificate() {
    let Some(site) = Site::new(&[], "") else {
        return;
    };
    site.store();
    site.renew(0);
    let _service = s_server(&site);
    site.script("odd", "exit 0");
    site.configure("list service 'odd'; list verify '127.0.0.1:PORT'");
    site.renew(0);
    site.calls();
    let before = site.served().expect("a certificate");
    site.store();
    let run = site.renew(1);
    has(
        &run.stdout,
        &[
            &format!("it still serves serial {before}"),
            "rolled back to version 1",
        ],
    );
    // The last one is for the version that is in use again.
    assert_eq!(site.calls(), ["reload", "reload", "restart", "reload"]);
    assert_eq!(site.version(), Some(1));
    assert_eq!(site.status()["last_attempt"]["stage"], "verify");
    assert_eq!(
        site.deployed().expect("a note")["refused"],
        serde_json::json!([2])
    );
    let attempt = site.status()["last_attempt"].clone();
    let time = |member: &str| attempt[member].as_i64().expect("a time");
    let week = time("next") - time("at");
    assert!((604_790..=604_800).contains(&week), "{week} s");
    // The next runs leave it alone: no service, no CA; after a reboot, too.
    for _ in 0..2 {
        let run = site.renew(4);
        has(&run.stdout, &["web: waits; next attempt in "]);
        assert_eq!(site.calls(), [""; 0]);
        assert_eq!(site.version(), Some(1));
        fs::remove_dir_all(site.temp.path("var/run")).unwrap();
    }
    // With --force a new one is wanted, from a CA that is not there.
    let run = site.ends(&["renew", "web", "--force"], 1);
    has(&run.stdout, &["127.0.0.1:1"]);
    // A newer one that is taken ends it.
    site.script("odd", "exit 0");
    site.configure("list service 'odd'");
    site.store();
    site.renew(0);
    assert_eq!(site.version(), Some(3));
    let note = site.deployed().expect("a note");
    assert_eq!(
        (&note["version"], &note["refused"]),
        (&3.into(), &serde_json::Value::Null)
    );
}

/// There is nothing to go back to: the certificate stays, and the failure is told.
#[test]
fn the_first_certificate() {
    let Some(site) = Site::new(&[], "list service 'odd'; list verify '127.0.0.1:PORT'") else {
        return;
    };
    site.script("odd", "exit 0");
    site.store();
    let run = site.renew(1);
    has(
        &run.stdout,
        &["nobody listens there", "there is no former version"],
    );
    assert_eq!(site.version(), Some(1));
    assert_eq!(site.calls(), ["reload", "reload", "restart"]);
    site.renew(4);
    assert_eq!(site.calls(), [""; 0]);
    // A change of the configuration is a reason to try again.
    site.configure("list service 'odd'");
    site.renew(0);
    assert_eq!(site.calls(), ["reload"]);
}

/// Who is new to a certificate that serves others is no reason to take it from them.
#[test]
fn a_new_receiver_undoes_nothing() {
    let Some(site) = Site::new(&[], "list service 'odd'") else {
        return;
    };
    site.script("odd", "exit 0");
    for _ in 1..=2 {
        site.store();
        site.renew(0);
    }
    site.configure("list service 'odd new'");
    site.script("new", "exit 1");
    has(
        &site.renew(1).stdout,
        &["new: `", "failed (exit status: 1)", "so version 2 stays"],
    );
    site.renew(4);
    assert_eq!(site.version(), Some(2));
    let note = site.deployed().expect("a note");
    assert_eq!(note["receivers"], serde_json::json!(["service odd"]));
    site.script("new", "exit 0");
    site.ends(&["renew", "web"], 0);
    assert_eq!(
        site.deployed().expect("a note")["receivers"][1],
        "service new"
    );
}

#[test]
fn a_service_that_is_not_there_harms_no_other() {
    let Some(site) = Site::new(&[], "list service 'gone odd'") else {
        return;
    };
    site.script("odd", "printf 'a\\033[31mb\\n'; pwd; env");
    site.store();
    let run = site.renew(1);
    has(
        &run.stdout,
        &["in use, but not everywhere: there is no service gone: /etc/init.d/gone does not exist"],
    );
    assert_eq!(site.version(), Some(1));
    assert_eq!(site.calls(), ["reload"]);
    // Its output is in the log, harmless; its environment was clean.
    let log = site.log();
    has(
        &log,
        &[
            "| a\\u{1b}[31mb\n",
            "| /\n",
            "| PATH=/usr/sbin:/usr/bin:/sbin:/bin\n",
        ],
    );
    assert!(!log.contains("HOME="), "{log}");
    site.renew(4);
    assert_eq!(site.calls(), [""; 0], "not each hour");
}

#[test]
fn staging_reaches_nobody() {
    let Some(site) = Site::new(
        &[],
        "option account 'letsencrypt'; option auto_update '0'; option staging '1'; list service 'odd'; list hook 'told'; list export '/srv/tls'",
    ) else {
        return;
    };
    site.script("odd", "");
    site.program(
        "etc/certkeeper/hooks/told",
        "#!/bin/sh\necho \"$@\" >>/told\n",
    );
    site.store_staging();
    site.renew(0);
    assert_eq!(site.calls(), [""; 0]);
    assert!(!site.temp.path("srv").exists() && !site.temp.path("etc/ssl/domains").exists());
    assert_eq!(site.deployed(), None);
    assert_eq!(site.status()["used_by"], serde_json::Value::Null);
}

/// To reload what its owner has switched off would start it.
#[test]
fn a_service_that_is_switched_off_is_left_alone() {
    let Some(site) = Site::new(&[], "list service 'odd'") else {
        return;
    };
    let running = |code: u8| site.script("odd", &format!("[ $1 != running ] || exit {code}"));
    let link = site.temp.path("etc/rc.d/S80odd");
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    running(1);
    site.store();
    site.renew(0);
    assert_eq!(site.calls(), ["running"]);
    let off = "odd is switched off and is not told";
    has(&site.log(), &[off]);
    has(&site.ends(&["check"], 1).stdout, &[off]);
    site.calls();
    // Started by hand.
    running(0);
    site.store();
    site.renew(0);
    assert_eq!(site.calls(), ["running", "reload"]);
    // It is to run, and does not: this may be the certificate that it lacked.
    running(1);
    std::os::unix::fs::symlink("../init.d/odd", link).unwrap();
    site.store();
    site.renew(0);
    assert_eq!(site.calls(), ["reload"]);
}
