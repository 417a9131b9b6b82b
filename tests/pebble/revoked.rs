//! What becomes of a section whose certificate is revoked.

use crate::local::configure as configure_with_local_ca;
use crate::site::Site;
use crate::support::openssl;
use crate::uci::{cert, with};
use std::fs;

const NAME: &str = "www.demo.example";

/// A site whose section `web` has its first certificate.
pub fn issued() -> Option<Site> {
    let site = Site::web()?;
    site.configure(&[cert("web", &[NAME], &site.by_webroot())]);
    site.renew();
    Some(site)
}

pub fn status_at_ca(site: &Site, version: u64) -> Option<String> {
    let file = format!("etc/certkeeper/certs/web/versions/{version}/cert.pem");
    let serial = openssl::serial(&site.temp.path(&file));
    site.pebble.cert_status(&serial)
}

#[test]
fn it_waits_until_it_is_asked_for() {
    let Some(site) = issued() else { return };
    let key = site.temp.read("etc/ssl/domains/web.key");
    assert_eq!(status_at_ca(&site, 1).as_deref(), Some("Valid"));
    let run = site.ends(&["revoke", "web", "--reason", "keycompromise", "--yes"], 0);
    for words in [
        "(keyCompromise), signed by account 'pebble'",
        "web: the revoked one goes on being served (there is no other) until `certkeeper renew web --force` gets",
    ] {
        assert!(run.stdout.contains(words), "{}", run.report());
    }
    assert_eq!(status_at_ca(&site, 1).as_deref(), Some("Revoked"));
    let orders = site.asked("POST /order-plz");
    // Nor after a reboot.
    for _ in 0..2 {
        let status = site.status("web");
        assert_eq!(
            (&status["state"], &status["label"], &status["next"]),
            (&"banned".into(), &"Banned".into(), &serde_json::Value::Null)
        );
        assert_eq!(status["names"][0]["state"], "not_checked");
        let warning = status["warnings"][0].as_str().expect("a warning");
        assert!(
            warning.contains("was revoked on ")
                && warning.contains("(keyCompromise); `certkeeper renew web --force`"),
            "{warning}"
        );
        site.renew();
        let run = site.ends(&["renew", "web"], 1);
        assert!(
            run.stdout.contains("web: its certificate was revoked on "),
            "{}",
            run.report()
        );
        assert!(
            run.stdout
                .contains("`certkeeper renew web --force` gets a new one"),
            "{}",
            run.report()
        );
        fs::remove_dir_all(site.temp.path("var/run")).expect("a reboot");
    }
    assert_eq!(site.asked("POST /order-plz"), orders);
    site.ends(&["renew", "web", "--force"], 0);
    assert_eq!(
        (site.version("web"), site.status("web")["state"].clone()),
        (Some(2), "valid".into())
    );
    assert_ne!(site.temp.read("etc/ssl/domains/web.key"), key);
    assert_eq!(status_at_ca(&site, 2).as_deref(), Some("Valid"));
    site.is_good("web", &[NAME]);
    // There is no way back to what is revoked.
    let run = site.ends(&["rollback", "web"], 1);
    assert!(
        run.stderr.contains("there is no former version"),
        "{}",
        run.report()
    );
    site.renew();
    assert_eq!(site.version("web"), Some(2));
}

#[test]
fn a_change_of_the_configuration_is_asking_too() {
    let Some(site) = issued() else { return };
    site.ends(&["renew", "web", "--force"], 0);
    site.ends(&["revoke", "web", "--yes"], 0);
    // The first one is valid still, and does not come back.
    assert_eq!(status_at_ca(&site, 1).as_deref(), Some("Valid"));
    site.renew();
    assert_eq!(site.version("web"), Some(2));
    site.configure(&[cert(
        "web",
        &[NAME],
        &with(site.by_webroot(), &[("renew_before", "20")]),
    )]);
    let run = site.ends(&["renew"], 0);
    assert!(
        run.stderr.contains("the former certificate was revoked"),
        "{}",
        run.report()
    );
    assert_eq!(site.version("web"), Some(3));
    assert_eq!(site.status("web")["warnings"], serde_json::Value::Null);
}

#[test]
fn asked_for_once_is_enough_where_the_ca_fails() {
    let Some(site) = issued() else { return };
    site.ends(&["revoke", "web", "--yes"], 0);
    let other_port = cert("web", &[NAME], &site.by_standalone());
    // The same section by a port that nginx has, banned for it, too.
    site.configure(&[other_port]);
    site.ends(&["renew", "web", "--force"], 1);
    assert_eq!(
        site.status("web")["state"],
        "banned",
        "a revoked certificate is not valid"
    );
    site.configure(&[cert("web", &[NAME], &site.by_webroot())]);
    site.renew();
    assert_eq!(site.version("web"), Some(2));
}

#[test]
fn the_local_ca_serves_meanwhile() {
    let Some(site) = Site::web() else { return };
    let web = cert("web", &[NAME], &site.by_webroot());
    configure_with_local_ca(&site, &site.pebble.directory_url(), &[web]);
    site.renew();
    let run = site.ends(&["revoke", "web", "--reason", "superseded", "--yes"], 0);
    assert!(
        run.stdout
            .contains("web: a certificate of the router's own CA serves until"),
        "{}",
        run.report()
    );
    let status = site.status("web");
    assert_eq!(
        (&status["state"], &status["source"]),
        (&"banned".into(), &"local".into())
    );
    let [crt, key] = ["web.crt", "web.key"].map(|name| site.domain(name));
    assert!(openssl::key_matches(&crt, &key));
    let served = fs::read(&crt).expect("a certificate");
    site.renew();
    assert_eq!(fs::read(&crt).expect("a certificate"), served);
    site.ends(&["renew", "web", "--force"], 0);
    site.is_good("web", &[NAME]);
    assert_eq!(site.status("web")["source"], "acme");
}

#[test]
fn an_uploaded_one_takes_its_place() {
    let Some(site) = issued() else { return };
    site.ends(&["revoke", "web", "--yes"], 0);
    let file = crate::uploaded::sold(&site, NAME);
    site.ends(&["upload", "web", &file], 0);
    let status = site.status("web");
    assert_eq!(
        (&status["state"], &status["source"]),
        (&"valid".into(), &"upload".into())
    );
    // It is not this CA's to revoke.
    let run = site.ends(&["revoke", "web", "--yes"], 1);
    assert!(
        run.stderr
            .contains("was uploaded: have it revoked where it comes from"),
        "{}",
        run.report()
    );
    // Nor may a revoked one be uploaded.
    let [crt, key] =
        ["cert.pem", "key.pem"].map(|f| format!("etc/certkeeper/certs/web/versions/1/{f}"));
    let files = [crt, key].map(|f| site.temp.path(&f).display().to_string());
    let run = site.ends(&["upload", "web", &files[0], &files[1]], 1);
    assert!(run.stderr.contains("was revoked"), "{}", run.report());
}

#[test]
fn an_order_under_way_ends() {
    let Some(site) = Site::zone() else { return };
    let slow = |wait: &str| {
        let mut options = site.by_powerdns();
        options.retain(|(name, _)| *name != "dns_wait");
        cert(
            "web",
            &["a.demo.example"],
            &with(options, &[("dns_wait", wait)]),
        )
    };
    site.configure(&[slow("0")]);
    site.renew();
    site.configure(&[slow("600")]);
    site.ends(&["renew", "web", "--force"], 4);
    assert!(
        site.temp
            .path("etc/certkeeper/certs/web/order.json")
            .exists()
    );
    site.ends(&["revoke", "web", "--yes"], 0);
    assert!(
        !site
            .temp
            .path("etc/certkeeper/certs/web/order.json")
            .exists()
    );
    site.renew();
    site.is_tidy("web");
    assert_eq!(
        site.powerdns().txt("_acme-challenge.a.demo.example"),
        Vec::<String>::new()
    );
}
