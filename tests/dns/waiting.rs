//! How long DNS is given to publish a record.

use crate::endpoint::Endpoint;
use crate::site::{Site, ZONE};
use crate::support::wait_until;
use crate::uci::{GLOBAL, account, cert};
use crate::ways::by;
use rustix::process::Signal;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The usual head, with a nameserver to look at.
fn watching(site: &Site, sections: &str) {
    let server = format!("\tlist dns_server '{}'\n", site.challsrv().address());
    let account = account("pebble", &site.pebble.directory_url());
    site.temp
        .uci(&(GLOBAL.to_owned() + &server + &account + sections));
}

#[test]
fn dns_wait_is_waited() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    // Too short: the CA looks before the record is there.
    endpoint.publish_after(Duration::from_secs(6));
    site.configure(&[cert(
        "web",
        &["www.demo.example"],
        &by(&endpoint, &[("dns_wait", "0")]),
    )]);
    let run = site.ends(&["renew"], 1);
    assert!(
        run.stdout.contains("a longer dns_wait may help"),
        "{}",
        run.report()
    );
    assert_eq!(site.status("web")["state"], "invalid");
    // Long enough, whatever a nameserver shows: none is asked.
    endpoint.publish_after(Duration::from_millis(1200));
    let section = cert(
        "web",
        &["mail.demo.example"],
        &by(&endpoint, &[("dns_wait", "3")]),
    );
    watching(&site, &section);
    let run = site.ends(&["renew"], 0);
    assert!(
        run.wall >= Duration::from_secs(2),
        "it waited {:?}",
        run.wall
    );
    assert!(
        run.stderr.contains("giving DNS 3 s to publish the records"),
        "{}",
        run.report()
    );
    assert!(
        !run.stderr.contains("all nameservers show"),
        "{}",
        run.report()
    );
    site.is_good("web", &["mail.demo.example"]);
}

#[test]
fn nameservers_are_watched_until_they_show_the_record() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    endpoint.publish_after(Duration::from_millis(1500));
    let wild = format!("*.{ZONE}");
    watching(&site, &cert("wild", &[ZONE, &wild], &by(&endpoint, &[])));
    let run = site.ends(&["renew"], 0);
    let stderr = &run.stderr;
    assert!(
        stderr.contains("looking for the records at the nameservers"),
        "{}",
        run.report()
    );
    assert!(
        stderr.contains("all nameservers show the records"),
        "{}",
        run.report()
    );
    assert!(
        run.wall >= Duration::from_millis(1500),
        "it did not wait: {:?}",
        run.wall
    );
    // It looked often enough not to be late.
    assert!(run.wall < Duration::from_secs(8), "{:?}", run.wall);
    site.is_good("wild", &[ZONE, &wild]);
}

#[test]
fn who_waits_for_dns_lets_the_others_pass() {
    let Some(site) = Site::web() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    site.configure(&[
        cert(
            "slow",
            &["slow.demo.example"],
            &by(&endpoint, &[("dns_wait", "5")]),
        ),
        cert("quick", &["quick.demo.example"], &site.by_webroot()),
    ]);
    let run = site.certkeeper(&["renew"]).start();
    site.wait_for("slow", "giving DNS");
    let quick = || site.version("quick") == Some(1);
    assert!(
        wait_until(Duration::from_secs(4), quick),
        "{}",
        site.log("quick")
    );
    assert_eq!(site.version("slow"), None);
    let status = site.status("slow");
    assert_eq!(status["state"], "deferred");
    assert!(status["next"].is_i64(), "{status}");
    let run = run.finish();
    assert_eq!(run.code(), 0, "{}", run.report());
    site.is_good("slow", &["slow.demo.example"]);
    // One order each: going on is not beginning anew.
    assert_eq!(site.asked("POST /order-plz"), 2);
    assert_eq!(endpoint.calls().len(), 2);
}

#[test]
fn a_wish_is_not_kept_waiting_by_who_waits_for_dns() {
    let Some(site) = Site::web() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    let slow = cert(
        "slow",
        &["slow.demo.example"],
        &by(&endpoint, &[("dns_wait", "30")]),
    );
    site.configure(std::slice::from_ref(&slow));
    let run = site.certkeeper(&["renew"]).start();
    site.wait_for("slow", "giving DNS");
    let quick = cert("quick", &["quick.demo.example"], &site.by_webroot());
    site.configure(&[slow, quick]);
    let wish = site.run(&["renew", "quick"]);
    assert_eq!(wish.code(), 0, "{}", wish.report());
    assert!(wish.wall < Duration::from_secs(20), "{:?}", wish.wall);
    let told = "quick: Valid (done by the other run)";
    assert!(wish.stdout.contains(told), "{}", wish.report());
    site.is_good("quick", &["quick.demo.example"]);
    assert_eq!(site.version("slow"), None);
    let run = run.finish();
    assert_eq!(run.code(), 0, "{}", run.report());
    site.is_good("slow", &["slow.demo.example"]);
    // It was gone on with, and nothing of its log is lost.
    assert_eq!(endpoint.calls().len(), 2);
    assert_eq!(site.log("slow").matches("presenting ").count(), 1);
    assert!(!run.stdout.contains("waits; next"), "{}", run.report());
}

/// Each wish ends when it is fulfilled, not when it is put off for another.
#[test]
fn wishes_that_wait_themselves_are_not_called_done() {
    let Some(site) = Site::web() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    let slow = |section: &str, seconds: &str| {
        let names = [format!("{section}.demo.example")];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        cert(section, &names, &by(&endpoint, &[("dns_wait", seconds)]))
    };
    let quick = cert("quick", &["quick.demo.example"], &site.by_webroot());
    site.configure(&[slow("one", "25"), slow("two", "20"), quick]);
    let run = site.certkeeper(&["renew", "one"]).start();
    site.wait_for("one", "giving DNS");
    let second = site.certkeeper(&["renew", "two"]).start();
    site.wait_for("two", "giving DNS");
    let third = site.run(&["renew", "quick"]);
    assert_eq!(third.code(), 0, "{}", third.report());
    assert_eq!((site.version("two"), site.version("one")), (None, None));
    let second = second.finish();
    assert_eq!(second.code(), 0, "{}", second.report());
    site.is_good("two", &["two.demo.example"]);
    let run = run.finish();
    assert_eq!(run.code(), 0, "{}", run.report());
    site.is_good("one", &["one.demo.example"]);
    assert_eq!(
        endpoint.calls().len(),
        4,
        "each is written and removed once"
    );
}

/// Who stops takes back what he had put off for others, too.
#[test]
fn stopped_while_others_have_their_wish() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    let slow = |section: &str| {
        let name = format!("{section}.demo.example");
        cert(section, &[&name], &by(&endpoint, &[("dns_wait", "50")]))
    };
    site.configure(&[slow("one"), slow("two")]);
    let run = site.certkeeper(&["renew", "one"]).start();
    site.wait_for("one", "giving DNS");
    let wish = site.certkeeper(&["renew", "two"]).start();
    site.wait_for("two", "giving DNS");
    run.signal(Signal::TERM);
    let run = run.finish();
    assert_eq!(run.code(), 1, "{}", run.report());
    let words = "stopped; what was presented has been taken back";
    assert!(run.stderr.contains(words), "{}", run.report());
    let left = format!("{:?}", endpoint.records());
    assert!(!left.contains("one.demo.example"), "{left}");
    // The other wish is its owner's, who goes on with it alone.
    wish.signal(Signal::TERM);
    wish.finish();
    assert_eq!(endpoint.records(), []);
}

#[test]
fn a_long_wait_ends_the_run_and_the_record_stays_for_the_next() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    site.configure(&[cert(
        "web",
        &["www.demo.example"],
        &by(&endpoint, &[("dns_wait", "120")]),
    )]);
    let run = site.ends(&["renew"], 4);
    assert!(run.stdout.contains("goes on in "), "{}", run.report());
    assert!(run.wall < Duration::from_secs(5), "{:?}", run.wall);
    assert_eq!(endpoint.records().len(), 1);
    // Too early: nothing to do but wait, and nothing is written twice.
    site.ends(&["renew"], 4);
    assert_eq!(endpoint.calls().len(), 1);
    let run = site
        .certkeeper(&["renew"])
        .env("CERTKEEPER_NOW", &in_seconds(121))
        .run();
    assert_eq!(run.code(), 0, "{}", run.report());
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
    assert_eq!(endpoint.records(), []);
    assert_eq!(
        (site.asked("POST /order-plz"), endpoint.calls().len()),
        (1, 2)
    );
}

#[test]
fn stopped_while_dns_is_given_time() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    let way = by(&endpoint, &[("dns_wait", "4")]);
    site.configure(&[cert("web", &["www.demo.example"], &way)]);
    let run = site.certkeeper(&["renew"]).start();
    site.wait_for("web", "giving DNS");
    run.signal(Signal::TERM);
    let run = run.finish();
    assert_eq!(run.code(), 1, "{}", run.report());
    assert!(run.wall < Duration::from_secs(3), "{:?}", run.wall);
    let words = "stopped; what was presented has been taken back";
    assert!(run.stderr.contains(words), "{}", run.report());
    assert_eq!(endpoint.records(), [], "it was not");
    let order = || site.temp.path("etc/certkeeper/certs/web/order.json");
    assert!(order().exists(), "the order was forgotten");
    site.renew_named("web");
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
    assert_eq!(endpoint.records(), []);
    assert_eq!(site.asked("POST /order-plz"), 1);
}

#[test]
fn what_is_presented_again_is_given_time_again() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    watching(
        &site,
        &cert("web", &["www.demo.example"], &by(&endpoint, &[])),
    );
    // Not shown before the run is stopped.
    endpoint.publish_after(Duration::from_secs(30));
    let run = site.certkeeper(&["renew"]).start();
    site.wait_for("web", "looking for the records");
    run.signal(Signal::TERM);
    assert_eq!(run.finish().code(), 1);
    assert_eq!(endpoint.calls().len(), 2, "it was not taken back");
    // The next run comes later than the first would have waited.
    endpoint.publish_after(Duration::from_millis(1500));
    let run = site
        .certkeeper(&["renew"])
        .env("CERTKEEPER_NOW", &in_seconds(400));
    let run = run.run();
    assert_eq!(run.code(), 0, "{}", run.report());
    assert!(
        run.stderr.contains("going on with the order under way"),
        "{}",
        run.report()
    );
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
}

/// The time then, for CERTKEEPER_NOW.
fn in_seconds(seconds: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    (now.as_secs() + seconds).to_string()
}
