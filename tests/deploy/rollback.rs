//! `rollback`: the former version serves again, and the newer one is left alone.

use crate::refused::lazy;
use crate::servers::nginx;
use crate::site::{Site, has};
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

/// `renew` so many days from now.
#[track_caller]
fn renew_in(site: &Site, days: u64, code: i32) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let then = (now.as_secs() + days * DAY).to_string();
    let run = site
        .certkeeper(&["renew"])
        .env("CERTKEEPER_NOW", &then)
        .run();
    assert_eq!(run.code(), code, "{}", run.report());
    run.stdout
}

#[test]
fn nginx_serves_the_former_one_again() {
    let Some((site, _nginx)) = nginx() else {
        return;
    };
    site.renew(0);
    let first = site.served().expect("a certificate");
    let second = site.store();
    site.renew(0);
    site.serves(&second);
    let run = site.ends(&["rollback", "web"], 0);
    has(
        &run.stdout,
        &[
            "web: version 1 is in use again, until ",
            "version 2 is left alone",
            "a new one is got in 8",
            "`certkeeper renew web` puts version 2 into use again, with --force there is a new one",
        ],
    );
    assert_eq!(site.version(), Some(1));
    site.serves(&first);
    let status = site.status();
    assert_eq!(
        (&status["state"], &status["certificate"]["version"]),
        (&"valid".into(), &1.into())
    );
    has(
        &status["warnings"].to_string(),
        &["version 2 was rolled back on "],
    );
    // The next runs leave it so: also when version 1 is due by its lifetime, and after a reboot.
    site.calls();
    for days in [0, 70] {
        renew_in(&site, days, 0);
        assert_eq!((site.version(), site.calls()), (Some(1), vec![]));
        std::fs::remove_dir_all(site.temp.path("var/run")).unwrap();
    }
    // When little is left, a new one is wanted, from a CA that is not there.
    let text = renew_in(&site, 82, 1);
    has(&text, &["127.0.0.1:1"]);
    std::fs::remove_file(site.temp.path("etc/certkeeper/certs/web/attempt.json")).unwrap();
    // Asked for, it serves again, and may be rolled back once more.
    site.ends(&["renew", "web"], 0);
    assert_eq!(site.version(), Some(2));
    site.serves(&second);
    assert_eq!(site.status()["warnings"], serde_json::Value::Null);
    site.ends(&["rollback", "web"], 0);
    assert_eq!(site.version(), Some(1));
    let run = site.ends(&["rollback", "web"], 1);
    has(
        &run.stderr,
        &["there is no former version to go back to: version 2 was "],
    );
    assert_eq!(site.version(), Some(1));
    // A newer one ends it.
    site.store();
    site.renew(0);
    assert_eq!(site.version(), Some(3));
}

#[test]
fn what_services_do_not_take_back_changes_nothing() {
    let Some(site) = Site::new(&[], "") else {
        return;
    };
    site.store();
    site.renew(0);
    let _service = lazy(&site);
    let second = site.served().expect("a certificate");
    let run = site.ends(&["rollback", "web"], 1);
    has(
        &run.stderr,
        &[
            &format!("it still serves serial {second}"),
            "rolled back to version 2",
        ],
    );
    assert_eq!(site.version(), Some(2));
    site.calls();
    site.renew(0);
    assert_eq!((site.version(), site.calls()), (Some(2), vec![]));
    assert_eq!(site.status()["warnings"], serde_json::Value::Null);
}

#[test]
fn nothing_to_go_back_to() {
    let Some(site) = Site::new(&[], "") else {
        return;
    };
    let run = site.ends(&["rollback", "web"], 1);
    has(
        &run.stderr,
        &["no certificate is in use that could be rolled back"],
    );
    site.store();
    site.renew(0);
    let run = site.ends(&["rollback", "web"], 1);
    has(&run.stderr, &["there is no former version", "--force"]);
    // Nobody is shown a run that is not at work any more.
    let document = site.temp.read("var/run/certkeeper/status/web.json");
    has(&document, &["\"state\":\"valid\""]);
    assert_eq!(site.version(), Some(1));
    site.renew(0);
}
