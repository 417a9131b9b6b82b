//! Time passes: `CERTKEEPER_NOW` moves our clock, the CA's stays.

use crate::site::Site;
use crate::snapshot::snapshot;
use crate::support::process::Finished;
use crate::uci::{cert, with};
use std::time::{SystemTime, UNIX_EPOCH};

/// A run so many seconds from now.
pub fn after(site: &Site, seconds: u64, args: &[&str]) -> Finished {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    let then = (now + seconds).to_string();
    site.certkeeper(args).env("CERTKEEPER_NOW", &then).run()
}

/// A run so many days from now.
pub fn in_days(site: &Site, days: u64, args: &[&str]) -> Finished {
    after(site, days * 86_400, args)
}

#[track_caller]
pub fn ends(run: &Finished, code: i32) {
    assert_eq!(run.code(), code, "{}", run.report());
}

#[test]
fn two_thirds_of_the_lifetime_are_used() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    let key = site.temp.read("etc/ssl/domains/web.key");
    // 90 days: due after 60, earlier by up to 3; the newest Pebble suggests a day around it.
    let before = snapshot(&site.temp);
    let newest = site.is_newest();
    let requests = site.pebble.requests().len();
    ends(&in_days(&site, 56, &["renew"]), 0);
    assert_eq!(snapshot(&site.temp), before);
    // Directory and renewal information.
    let asked = if newest { 2 } else { 0 };
    assert_eq!(site.pebble.requests().len(), requests + asked);
    let run = in_days(&site, 61, &["renew"]);
    ends(&run, 0);
    let reason = match newest {
        true => "the CA suggests to renew it on ",
        false => "it is due since ",
    };
    assert!(run.stderr.contains(reason), "{}", run.report());
    assert_eq!(site.version("web"), Some(2));
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
    assert_ne!(
        site.temp.read("etc/ssl/domains/web.key"),
        key,
        "the old key again"
    );
    // The account of the first time serves.
    assert_eq!(site.asked("POST /sign-me-up"), 1);
    assert!(!site.pebble.log().contains("There are now 2 accounts"));
}

#[test]
fn renew_before_and_auto_update() {
    let Some(site) = Site::web() else { return };
    let asked = with(site.by_webroot(), &[("auto_update", "0")]);
    site.configure(&[
        cert(
            "early",
            &["a.demo.example"],
            &with(site.by_webroot(), &[("renew_before", "40")]),
        ),
        cert("asked", &["b.demo.example"], &asked),
    ]);
    site.renew();
    // 49 days: 41 are left of 90. 51 days: 39.
    ends(&in_days(&site, 49, &["renew"]), 0);
    assert_eq!(site.version("early"), Some(1));
    ends(&in_days(&site, 51, &["renew"]), 0);
    assert_eq!(site.version("early"), Some(2));
    // Without auto_update it is renewed when somebody asks for it, not when it is due or changed.
    ends(&in_days(&site, 80, &["renew"]), 0);
    assert_eq!(site.version("asked"), Some(1));
    site.configure(&[cert("asked", &["b.demo.example", "c.demo.example"], &asked)]);
    site.renew();
    assert_eq!(site.version("asked"), Some(1));
    site.renew_named("asked");
    site.is_good("asked", &["b.demo.example", "c.demo.example"]);
}

#[test]
fn after_its_end_a_certificate_is_banned_and_renewed() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    let run = in_days(&site, 91, &["status", "web", "--json"]);
    ends(&run, 0);
    let status: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(
        (&status["state"], &status["label"]),
        (&"banned".into(), &"Banned".into())
    );
    assert_eq!(status["names"][0]["state"], "not_checked");
    // Before its begin it is not valid either, which is no reason to say it were.
    let run = site
        .certkeeper(&["status", "web", "--json"])
        .env("CERTKEEPER_NOW", "1767225601")
        .run();
    let status: serde_json::Value = serde_json::from_str(&run.ok()).expect("JSON");
    assert_ne!(status["state"], "valid");
}

#[test]
fn the_guard_stops_a_circle() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    // Our clock is so far ahead that each new certificate is due at once.
    for version in 1..=4 {
        ends(&in_days(&site, 70, &["renew"]), 0);
        assert_eq!(site.version("web"), Some(version));
    }
    let orders = site.asked("POST /order-plz");
    let run = in_days(&site, 70, &["renew"]);
    ends(&run, 4);
    assert!(
        run.stdout
            .contains("4 certificates for the same names were issued lately"),
        "{}",
        run.report()
    );
    assert!(
        run.stdout.contains("certkeeper renew web --force"),
        "{}",
        run.report()
    );
    assert_eq!(site.asked("POST /order-plz"), orders);
    ends(&in_days(&site, 70, &["renew", "web", "--force"]), 0);
    assert_eq!(site.version("web"), Some(5));
    // Other names are another matter.
    site.configure(&[cert(
        "web",
        &["www.demo.example", "new.demo.example"],
        &site.by_webroot(),
    )]);
    ends(&in_days(&site, 70, &["renew"]), 0);
    assert_eq!(site.version("web"), Some(6));
}
