//! The CA's staging server: by `option staging`, and for one run by `renew --test`.

use crate::failures::ends;
use crate::site::Site;
use crate::support::pebble::{Options, Pebble};
use crate::support::server::free_port;
use crate::support::{openssl, wait_until};
use crate::uci::{GLOBAL, account, cert};
use rustix::process::Signal;
use std::fs;
use std::time::Duration;

const NAMES: [&str; 1] = ["www.demo.example"];

/// A site whose CA has a staging server.
struct Both {
    staging: Pebble,
    site: Site,
}

impl Both {
    fn new(change: impl FnOnce(&mut Options)) -> Option<Self> {
        let site = Site::web()?;
        let mut options = Options {
            dns_server: site.challsrv().address(),
            http_port: site.http_port,
            ..Options::default()
        };
        change(&mut options);
        let staging = Pebble::start(&site.temp, &options);
        let roots =
            [&site.pebble, &staging].map(|p| fs::read_to_string(p.ca_file()).expect("a root"));
        site.temp.write("etc/ssl/ca.pem", roots.concat());
        let both = Self { staging, site };
        both.configure("0");
        Some(both)
    }

    fn configure(&self, staging: &str) {
        let site = &self.site;
        let option = ("staging", staging.to_owned());
        let options = [&site.by_webroot()[..], &[option]].concat();
        let server = format!(
            "\toption staging_server '{}'\n",
            self.staging.directory_url()
        );
        site.temp
            .uci(&(site.head() + &server + &cert("web", &NAMES, &options)));
    }

    fn held(&self, file: &str) -> bool {
        let folder = "etc/certkeeper/certs/web/staging";
        self.site.temp.path(&format!("{folder}/{file}")).exists()
    }
}

#[test]
fn a_test_leaves_all_as_it_is() {
    let Some(both) = Both::new(|_| {}) else {
        return;
    };
    let site = &both.site;
    // Also before there is anything to serve.
    let run = site.run(&["renew", "web", "--test"]);
    let words = [
        "✓ web: the test succeeded: a staging certificate is held until",
        "certkeeper renew web",
    ];
    ends(&run, 0, &words);
    assert!(!site.domain("web.crt").exists() && both.held("current/cert.pem"));
    assert_eq!(site.status("web")["state"], "not_checked");
    assert_eq!(site.asked("GET /dir"), 0);
    site.renew();
    let (crt, requests) = (
        fs::read(site.domain("web.crt")).expect("a file"),
        site.pebble.requests(),
    );
    let status = site.status("web");
    // Each test is a new one, whatever it held.
    ends(&site.run(&["renew", "--test"]), 0, &words);
    ends(
        &site.run(&["renew", "web", "--test", "--json"]),
        0,
        &["\"test\": true"],
    );
    assert!(both.held("versions/3"));
    assert_eq!(fs::read(site.domain("web.crt")).expect("a file"), crt);
    assert_eq!(
        (site.pebble.requests(), site.status("web")),
        (requests, status)
    );
    let document = site.temp.read("var/run/certkeeper/status/web.json");
    assert!(document.contains("\"source\":\"acme\""), "{document}");
    site.is_good("web", &NAMES);
    site.is_tidy("web");
}

#[test]
fn staging_is_never_served_and_the_way_back_issues_at_once() {
    let Some(both) = Both::new(|_| {}) else {
        return;
    };
    let site = &both.site;
    both.configure("1");
    site.renew();
    assert!(both.held("current/cert.pem") && !site.domain("web.crt").exists());
    assert_eq!(site.status("web")["source"], "staging");
    let held = site
        .temp
        .path("etc/certkeeper/certs/web/staging/current/fullchain.pem");
    let root = site.temp.write("staging-root.pem", both.staging.root(0));
    assert!(openssl::verifies(&held, &root));
    both.configure("0");
    site.renew();
    site.is_good("web", &NAMES);
    assert_eq!(site.status("web")["source"], "acme");
    // And there again: the real one stays in use.
    both.configure("1");
    site.renew();
    site.is_good("web", &NAMES);
    assert_eq!(site.asked("POST /order-plz"), 1);
}

/// What is revoked there was never served, and the real one stays in use.
#[test]
fn a_staging_certificate_is_revoked_there() {
    let Some(both) = Both::new(|_| {}) else {
        return;
    };
    let site = &both.site;
    site.renew();
    both.configure("1");
    site.renew();
    let held = site
        .temp
        .path("etc/certkeeper/certs/web/staging/current/cert.pem");
    let serial = openssl::serial(&held);
    let run = site.ends(&["revoke", "web", "--yes"], 0);
    let words = "nothing of it is served (option staging 1); there is no other until `certkeeper renew web --force`";
    assert!(run.stdout.contains(words), "{}", run.report());
    assert_eq!(
        both.staging.cert_status(&serial).as_deref(),
        Some("Revoked")
    );
    assert_eq!(site.status("web")["state"], "banned");
    site.is_good("web", &NAMES);
    both.configure("0");
    site.renew();
    assert_eq!(site.status("web")["state"], "valid");
    site.is_good("web", &NAMES);
    assert_eq!(site.asked("POST /order-plz"), 1);
}

/// The staging servers of the accounts are asked in order, too.
#[test]
fn the_second_is_tested_where_the_first_is_down() {
    let Some(both) = Both::new(|_| {}) else {
        return;
    };
    let site = &both.site;
    let account = |name: &str, staging: &str| {
        let server = format!("\toption staging_server '{staging}'\n");
        account(name, &site.pebble.directory_url()) + &server
    };
    let down = format!("https://127.0.0.1:{}/dir", free_port());
    let mut options = site.by_webroot();
    options.retain(|(name, _)| *name != "account");
    options.extend(["pebble", "other"].map(|name| ("list account", name.to_owned())));
    let web = cert("web", &NAMES, &options);
    let accounts = account("pebble", &down) + &account("other", &both.staging.directory_url());
    site.temp.uci(&(GLOBAL.to_owned() + &accounts + &web));
    let run = site.ends(&["renew", "web", "--test"], 0);
    assert!(
        run.stdout.contains("web: the test succeeded"),
        "{}",
        run.report()
    );
    assert!(
        site.log("web").contains("going on with account 'other'"),
        "{}",
        site.log("web")
    );
    assert!(both.held("current/cert.pem") && !site.domain("web.crt").exists());
    assert_eq!(site.asked("POST"), 0);
}

#[test]
fn a_test_that_fails_says_so_and_has_no_consequences() {
    let Some(both) = Both::new(|options| {
        options.domain_blocklist = vec![NAMES[0].into()];
    }) else {
        return;
    };
    let site = &both.site;
    let run = site.run(&["renew", "web", "--test"]);
    ends(&run, 1, &["✗ web: ", "rejectedIdentifier", "what to do: "]);
    assert!(!run.stdout.contains("next attempt"), "{}", run.report());
    assert_eq!(site.status("web")["state"], "not_checked");
    site.renew();
    site.is_good("web", &NAMES);
}

#[test]
fn what_a_killed_test_left_is_taken_back() {
    let Some(both) = Both::new(|options| options.va_sleep = 15) else {
        return;
    };
    let site = &both.site;
    let run = site.certkeeper(&["renew", "--test"]).start();
    site.wait_for("web", "is looking");
    site.ends(&["renew", "--test", "--no-wait"], 3);
    run.signal(Signal::KILL);
    run.finish();
    assert_eq!(site.tokens().len(), 1);
    site.renew();
    assert!(wait_until(Duration::from_secs(1), || site
        .tokens()
        .is_empty()));
    assert!(!both.held("cleanup.json"));
    site.is_good("web", &NAMES);
}

#[test]
fn a_ca_without_a_staging_server_cannot_be_tested() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &NAMES, &site.by_webroot())]);
    let words = ["✗ web: it cannot be tested: ", "no staging server is known"];
    ends(&site.run(&["renew", "web", "--test"]), 1, &words);
    assert_eq!(site.asked("GET /dir"), 0);
}
