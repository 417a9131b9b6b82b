//! `order`: what is under way, looked at and moved by hand.

use crate::interrupted::killed_while_looked_at;
use crate::site::Site;
use crate::support::wait_until;
use crate::together::thaw;
use crate::uci::{cert, with};
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

const RECORD: &str = "_acme-challenge.a.demo.example";

#[track_caller]
fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in:\n{text}");
    }
}

#[track_caller]
fn listed(site: &Site, args: &[&str]) -> Value {
    let text = site.ends(&[args, &["--json"]].concat(), 0).stdout;
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text}"))
}

/// Seconds since 1970, so many from now.
fn later(seconds: u64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    (now.expect("after 1970").as_secs() + seconds).to_string()
}

/// A site with an order whose record is given ten minutes.
fn waiting() -> Option<Site> {
    let site = Site::zone()?;
    let mut options = site.by_powerdns();
    options.retain(|(name, _)| *name != "dns_wait");
    let options = with(options, &[("dns_wait", "600")]);
    site.configure(&[cert("web", &["a.demo.example"], &options)]);
    site.ends(&["renew"], 4);
    Some(site)
}

#[test]
fn list_tells_without_the_ca() {
    let Some(site) = waiting() else { return };
    let requests = site.pebble.requests().len();
    let all = listed(&site, &["order", "list"]);
    let order = &all["orders"][0];
    let value = site.powerdns().txt(RECORD).remove(0);
    for (field, wanted) in [
        ("section", json!("web")),
        ("staging", json!(false)),
        ("status", json!("pending")),
        ("account", json!("pebble")),
        (
            "names",
            json!([{"name": "a.demo.example", "method": "dns"}]),
        ),
        (
            "records",
            json!([{"domain": RECORD, "type": "TXT", "ttl": null, "value": value.trim_matches('"'), "status": "not_ready"}]),
        ),
    ] {
        assert_eq!(order[field], wanted, "{field}");
    }
    has(
        order["url"].as_str().expect("a URL"),
        &["https://localhost:", "/my-order/"],
    );
    has(order["ca"].as_str().expect("a name"), &["localhost:"]);
    assert!(order["expires"].as_i64() > order["created"].as_i64());
    assert_eq!(listed(&site, &["order", "list", "web"]), all);
    let text = site.ends(&["order", "list"], 0).stdout;
    has(
        &text,
        &[
            "web",
            "pending",
            "a.demo.example (dns)",
            &format!("{RECORD} TXT \""),
            "\": not ready",
        ],
    );
    // Ten minutes on.
    let run = site
        .certkeeper(&["order", "list"])
        .env("CERTKEEPER_NOW", &later(601))
        .run();
    has(&run.ok(), &["\": ready"]);
    assert_eq!(site.pebble.requests().len(), requests);
    // With the CA: it has not looked.
    let seen = listed(&site, &["order", "refresh", "web"]);
    assert_eq!(seen["orders"][0]["names"][0]["status"], "pending");
    assert_eq!(
        site.status("web")["state"],
        "deferred",
        "nothing else has changed"
    );
}

#[test]
fn delete_takes_back_what_is_presented() {
    let Some(site) = waiting() else { return };
    assert_eq!(site.powerdns().txt(RECORD).len(), 1);
    let run = site.ends(&["order", "delete", "web"], 0);
    has(&run.stdout, &["the order of 'web' is forgotten"]);
    assert_eq!(site.powerdns().txt(RECORD), Vec::<String>::new());
    site.is_tidy("web");
    has(
        &site.ends(&["order", "list"], 0).stdout,
        &["no order is under way"],
    );
    has(
        &site.ends(&["order", "delete", "web"], 0).stdout,
        &["has no order under way"],
    );
    site.ends(&["renew"], 4);
    assert_eq!(site.asked("POST /order-plz"), 2);
    // Of a section that is gone, too.
    site.configure(&[cert("other", &["b.demo.example"], &site.by_powerdns())]);
    let all = listed(&site, &["order", "list"]);
    assert_eq!(
        (
            &all["orders"][0]["section"],
            &all["orders"][0]["names"][0]["method"]
        ),
        (&json!("web"), &json!(""))
    );
    let run = site.ends(&["order", "delete", "web"], 0);
    has(&run.stdout, &["the order of 'web' is forgotten"]);
    assert_eq!(site.powerdns().txt(RECORD), Vec::<String>::new());
    for (args, code, words) in [
        (&["order"][..], 2, "usage: certkeeper order"),
        (&["order", "refresh"], 2, "usage: certkeeper order"),
        (
            &["order", "frobnicate", "other"],
            2,
            "usage: certkeeper order",
        ),
        (&["order", "list", "oter"], 2, "did you mean 'other'?"),
        (
            &["order", "refresh", "other"],
            1,
            "section 'other' has no order under way",
        ),
    ] {
        has(&site.ends(args, code).stderr, &[words]);
    }
}

#[track_caller]
fn wait_log(site: &Site, words: &str, times: usize) {
    let seen = || site.pebble.log().matches(words).count() >= times;
    assert!(
        wait_until(Duration::from_secs(10), seen),
        "{}",
        site.pebble.log()
    );
}

#[test]
fn finalize_and_download_by_hand() {
    let Some(site) = killed_while_looked_at() else {
        return;
    };
    thaw(&site);
    wait_log(&site, "set VALID", 2);
    let seen = listed(&site, &["order", "refresh", "web"]);
    let order = &seen["orders"][0];
    assert_eq!(order["status"], "ready");
    for name in order["names"].as_array().expect("names") {
        assert_eq!(
            (&name["status"], &name["method"]),
            (&json!("valid"), &json!("webroot"))
        );
    }
    // The next list tells what the CA said.
    assert_eq!(
        listed(&site, &["order", "list"])["orders"][0]["status"],
        "ready"
    );
    let run = site.ends(&["order", "download", "web"], 1);
    has(
        &run.stderr,
        &[
            "the order is ready, not valid",
            "`certkeeper order finalize web` sends the request first",
        ],
    );
    site.ends(&["order", "finalize", "web"], 0);
    let valid = || listed(&site, &["order", "refresh", "web"])["orders"][0]["status"] == "valid";
    assert!(
        wait_until(Duration::from_secs(10), valid),
        "{}",
        site.pebble.log()
    );
    let run = site.ends(&["order", "finalize", "web"], 1);
    has(
        &run.stderr,
        &[
            "the order is valid, not ready",
            "`certkeeper order download web` fetches",
        ],
    );
    let run = site.ends(&["order", "download", "web"], 0);
    has(&run.stdout, &["web: a certificate is in use until "]);
    site.is_good("web", &["www.demo.example", "mail.demo.example"]);
    site.renew();
    site.is_tidy("web");
    assert_eq!(
        (site.version("web"), site.asked("POST /order-plz")),
        (Some(1), 1)
    );
}

#[test]
fn an_order_that_failed_is_told_and_forgotten() {
    let Some(site) = killed_while_looked_at() else {
        return;
    };
    for token in site.tokens() {
        fs::remove_file(token).expect("a token");
    }
    thaw(&site);
    wait_log(&site, "set INVALID", 1);
    let run = site.ends(&["order", "refresh", "web"], 1);
    has(&run.stderr, &["unauthorized"]);
    has(
        &site.ends(&["order", "list"], 0).stdout,
        &["no order is under way"],
    );
}

#[test]
fn what_the_ca_does_not_have_is_forgotten() {
    let Some(site) = waiting() else { return };
    let file = "etc/certkeeper/certs/web/order.json";
    let good = site.temp.read(file);
    site.temp
        .write(file, good.replace("/my-order/", "/my-order/x"));
    let run = site.ends(&["order", "refresh", "web"], 1);
    has(
        &run.stderr,
        &["does not have the order any more, so it is forgotten"],
    );
    assert!(!site.temp.path(file).exists());
    // Nobody is shown a run that is not at work any more.
    let document = site.temp.read("var/run/certkeeper/status/web.json");
    has(&document, &["\"state\":\"not_checked\""]);
    // Another account's, and another CA's, are not this section's.
    site.temp
        .write(file, good.replace("/my-account/", "/my-account/x"));
    has(
        &site.ends(&["order", "refresh", "web"], 1).stderr,
        &["is of another account", "order delete web"],
    );
    site.temp.write(file, good.replace("/dir", "/other-dir"));
    has(
        &site.ends(&["order", "refresh", "web"], 1).stderr,
        &["is at another CA (https://localhost:"],
    );
    // For other names it is not gone on with.
    site.temp
        .write(file, good.replace("a.demo.example", "z.demo.example"));
    has(
        &site.ends(&["order", "finalize", "web"], 1).stderr,
        &["for something else than the section wants now"],
    );
}
