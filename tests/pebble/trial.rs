//! `check --ca`: the staging server validates, and nothing stays.

use crate::interrupted::wait_asked;
use crate::site::Site;
use crate::snapshot::snapshot;
use crate::support::pebble::{self, Pebble};
use crate::together::{freeze, thaw};
use crate::uci::{GLOBAL, cert, section, with};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;

/// A site and the staging server of its CA.
struct Pair {
    site: Site,
    staging: Pebble,
}

/// The nameserver of all.
fn dns(site: &Site) -> SocketAddr {
    match &site.powerdns {
        Some(powerdns) => powerdns.address(),
        None => site.challsrv().address(),
    }
}

impl Pair {
    fn of(site: Site) -> Self {
        let options = pebble::Options {
            dns_server: dns(&site),
            http_port: site.http_port,
            ..pebble::Options::default()
        };
        let staging = Pebble::start(&site.temp, &options);
        let roots = [site.pebble.ca_file(), staging.ca_file()];
        let roots = roots.map(|f| fs::read_to_string(f).expect("a root"));
        site.temp.write("etc/ssl/ca.pem", roots.concat());
        Self { site, staging }
    }

    fn configure(&self, sections: &[String]) {
        let servers = [
            ("acme_server", self.site.pebble.directory_url()),
            ("staging_server", self.staging.directory_url()),
            ("ca_file", "/etc/ssl/ca.pem".into()),
        ];
        let account = section("account", "pebble", &servers);
        let dns = dns(&self.site);
        let text = format!(
            "{GLOBAL}\tlist dns_server '{dns}'\n{account}{}",
            sections.concat()
        );
        self.site.temp.uci(&text);
    }

    fn asked(&self, request: &str) -> usize {
        let all = self.staging.requests();
        all.iter().filter(|r| r.starts_with(request)).count()
    }

    /// Only the directory of the CA itself was asked for, and nothing was finalized at the other.
    #[track_caller]
    fn is_a_trial(&self) {
        assert_eq!(
            self.site.asked("POST"),
            0,
            "{:?}",
            self.site.pebble.requests()
        );
        assert_eq!(self.asked("POST /finalize-order/"), 0);
        assert!(
            !self
                .site
                .temp
                .path("etc/certkeeper/certs/web/trial")
                .exists()
        );
    }

    /// `check --ca`: what the CA said, each with whether it is well.
    #[track_caller]
    fn check(&self, code: i32) -> Vec<(bool, String)> {
        let run = self.site.ends(&["check", "--ca", "--json"], code);
        let all: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let findings = all["findings"].as_array().expect("findings").iter();
        let of_ca = findings.filter(|f| f["topic"] == "ca");
        let told = |f: &Value| {
            (
                f["ok"] == json!(true),
                f["text"].as_str().expect("text").to_owned(),
            )
        };
        of_ca.map(told).collect()
    }
}

#[test]
fn each_name_is_told_on_its_own() {
    let Some(site) = Site::web() else { return };
    let pair = Pair::of(site);
    // The web server does not serve the second one's folder.
    let elsewhere = section(
        "domain",
        "other",
        &[
            ("cert", "web".into()),
            ("name", "mail.demo.example".into()),
            ("validation_method", "webroot".into()),
            ("webroot", "/elsewhere".into()),
        ],
    );
    fs::create_dir_all(pair.site.temp.path("elsewhere")).expect("a folder");
    let names = ["www.demo.example", "mail.demo.example"];
    pair.configure(&[cert("web", &names, &pair.site.by_webroot()), elsewhere]);
    let mut told = pair.check(1);
    told.sort();
    let [(false, bad), (true, good)] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert!(
        good.starts_with("www.demo.example (webroot): localhost:"),
        "{good}"
    );
    assert!(good.ends_with("has validated it, from outside"), "{good}");
    assert!(
        bad.starts_with("mail.demo.example (webroot): localhost:"),
        "{bad}"
    );
    assert!(bad.contains("(unauthorized) — "), "{bad}");
    pair.is_a_trial();
    assert_eq!(pair.site.tokens(), Vec::<std::path::PathBuf>::new());
    assert_eq!(pair.site.status("web")["state"], "not_checked");
    // The account is kept apart, and serves again; what was proven is proven anew.
    pair.configure(&[cert("web", &names, &pair.site.by_webroot())]);
    for _ in 0..2 {
        assert!(pair.check(0).iter().all(|(ok, _)| *ok));
    }
    assert_eq!(pair.asked("POST /sign-me-up"), 1);
    assert_eq!(pair.asked("POST /order-plz"), 3);
    assert_eq!(pair.asked("POST /chalZ/"), 6);
    pair.is_a_trial();
    // The issuance afterwards has an account of its own, and orders there.
    pair.site.renew();
    pair.site.is_good("web", &names);
    assert_eq!(pair.asked("POST /order-plz"), 3);
}

/// A `config domain` that validates one name of `web` in another way.
fn by(method: &str, name: &str) -> String {
    let options = [
        ("cert", "web".to_owned()),
        ("name", name.into()),
        ("validation_method", method.into()),
    ];
    section("domain", "other", &options)
}

/// What is validated beforehand at the CA that issues says nothing of its staging server.
#[test]
fn names_that_nobody_answers_for_are_left_out() {
    let Some(site) = Site::web() else { return };
    let pair = Pair::of(site);
    let names = ["www.demo.example", "mail.demo.example"];
    let web = cert("web", &names, &pair.site.by_webroot());
    pair.configure(&[web, by("none", "mail.demo.example")]);
    let [(true, left), (true, tried)] = &pair.check(0)[..] else {
        panic!("two that are well")
    };
    assert!(
        left.starts_with("mail.demo.example (none): not tried: "),
        "{left}"
    );
    assert!(tried.starts_with("www.demo.example (webroot): "), "{tried}");
    pair.is_a_trial();
    // Nothing at all is ordered where that is all.
    let orders = pair.asked("POST /order-plz");
    pair.configure(&[cert(
        "web",
        &names,
        &with(Vec::new(), &[("validation_method", "none")]),
    )]);
    assert_eq!(pair.check(0).len(), 2);
    assert_eq!(pair.asked("POST /order-plz"), orders);
}

/// The staging server's account is another one, and so is the record.
#[test]
fn a_record_that_is_missing_leaves_the_other_names_alone() {
    let Some(site) = Site::web() else { return };
    if !site.is_newest() {
        crate::support::tools::skip("pebble", "this one does not know dns-persist-01");
        return;
    }
    let pair = Pair::of(site);
    let names = ["www.demo.example", "demo.example"];
    let configure = || {
        let web = cert("web", &names, &pair.site.by_webroot());
        pair.configure(&[web, by("dns-persist", "demo.example")]);
    };
    configure();
    let told = pair.check(1);
    let [(true, tried), (false, missing)] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(tried.starts_with("www.demo.example (webroot): "), "{tried}");
    let words =
        "the staging server wants a record of its own: publish, beside that of the CA itself";
    assert!(missing.contains(words), "{missing}");
    let (_, value) = missing.split_once("IN TXT \"").expect("a record");
    let value = value.split('"').next().expect("its end");
    let record = "_validation-persist.demo.example";
    pair.site.challsrv().set_txt(record, value);
    let told = pair.check(1);
    assert!(told.iter().all(|(ok, _)| *ok), "{told:?}");
    pair.is_a_trial();
}

#[test]
fn records_are_written_and_taken_back() {
    let Some(site) = Site::zone() else { return };
    let pair = Pair::of(site);
    let mut options = pair.site.by_powerdns();
    options.retain(|(name, _)| *name != "dns_wait");
    let options = with(options, &[("dns_wait", "1")]);
    pair.configure(&[cert("web", &["a.demo.example", "*.demo.example"], &options)]);
    let told = pair.check(0);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter()
            .any(|(_, t)| t.starts_with("*.demo.example (dns): ")),
        "{told:?}"
    );
    for name in [
        "_acme-challenge.a.demo.example",
        "_acme-challenge.demo.example",
    ] {
        assert_eq!(pair.site.powerdns().txt(name), Vec::<String>::new());
    }
    pair.is_a_trial();
    // An order under way is not touched by it.
    let mut slow = pair.site.by_powerdns();
    slow.retain(|(name, _)| *name != "dns_wait");
    let slow = with(slow, &[("dns_wait", "3")]);
    pair.configure(&[cert("web", &["a.demo.example"], &slow)]);
    let order = "etc/certkeeper/certs/web/order.json";
    fs::remove_dir_all(pair.site.temp.path("var/run")).expect("the log of the check");
    let run = pair.site.certkeeper(&["renew"]).start();
    pair.site.wait_for("web", "giving DNS");
    run.signal(Signal::KILL);
    drop(run.finish());
    let before = pair.site.temp.read(order);
    pair.check(0);
    assert_eq!(pair.site.temp.read(order), before);
    let name = "_acme-challenge.a.demo.example";
    assert_eq!(pair.site.powerdns().txt(name).len(), 1);
    pair.site.renew();
    pair.site.is_good("web", &["a.demo.example"]);
}

/// Nor by `renew --test`: the records that DNS is given time for stay.
#[test]
fn a_test_leaves_an_order_under_way_alone() {
    let Some(site) = Site::zone() else { return };
    let pair = Pair::of(site);
    let site = &pair.site;
    let mut slow = site.by_powerdns();
    slow.retain(|(name, _)| *name != "dns_wait");
    let slow = with(slow, &[("dns_wait", "90")]);
    pair.configure(&[cert("web", &["a.demo.example"], &slow)]);
    site.ends(&["renew"], 4);
    let order = "etc/certkeeper/certs/web/order.json";
    let before = site.temp.read(order);
    let records = || site.powerdns().txt("_acme-challenge.a.demo.example");
    let record = records();
    site.ends(&["renew", "--test"], 4);
    assert_eq!(site.temp.read(order), before);
    assert_eq!(records().len(), 2);
    assert!(records().contains(&record[0]));
    // Nor does the run for the real one, which waits still, end the test.
    site.ends(&["renew"], 4);
    assert_eq!((site.temp.read(order), records().len()), (before, 2));
    site.ends(&["order", "delete", "web"], 0);
    assert_eq!(records(), Vec::<String>::new());
}

#[test]
fn a_ca_without_a_staging_server_is_not_asked() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    let run = site.ends(&["check", "web", "--ca"], 1);
    assert!(
        run.stdout
            .contains("✗ ca          nothing is tried at localhost:"),
        "{}",
        run.report()
    );
    assert!(
        run.stdout.contains("no staging server is known for it"),
        "{}",
        run.report()
    );
    assert_eq!(site.asked("POST"), 0);
    let run = site.ends(&["check", "web"], 1);
    assert!(!run.stdout.contains("staging"), "{}", run.report());
}

#[test]
fn after_a_kill_the_next_run_takes_all_back() {
    let Some(site) = Site::web() else { return };
    let pair = Pair::of(site);
    let site = &pair.site;
    pair.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    let before = snapshot(&site.temp);
    let forget_log = || fs::remove_dir_all(site.temp.path("var/run")).expect("a log");
    forget_log();
    freeze(site);
    let run = site.certkeeper(&["check", "--ca"]).start();
    site.wait_for("web", "is looking");
    assert_eq!(site.tokens().len(), 1);
    run.signal(Signal::KILL);
    drop(run.finish());
    thaw(site);
    let run = site.ends(&["renew"], 0);
    assert!(
        run.stdout.contains("took back 1 leftover"),
        "{}",
        run.report()
    );
    assert_eq!(site.tokens().len(), 0);
    let kept = |all: &[String]| -> Vec<String> {
        let of_web = all.iter().filter(|line| line.contains("/certs/web/"));
        of_web.cloned().collect()
    };
    assert_eq!(kept(&snapshot(&site.temp)), kept(&before));
    // Asked to stop, it takes all back itself.
    forget_log();
    freeze(site);
    let run = site.certkeeper(&["check", "--ca"]).start();
    wait_asked(site, "POST /order-plz");
    site.wait_for("web", "is looking");
    run.signal(Signal::TERM);
    let run = run.finish();
    thaw(site);
    assert_eq!(run.code(), 1, "{}", run.report());
    assert_eq!(site.tokens().len(), 0);
    assert!(!site.temp.path("etc/certkeeper/certs/web/trial").exists());
}
