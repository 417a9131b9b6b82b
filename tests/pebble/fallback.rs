//! Several accounts: the next one where one is down.

use crate::failures::ends;
use crate::relay::Relay;
use crate::renewal::{after, in_days};
use crate::site::Site;
use crate::support::openssl;
use crate::support::pebble::{self, Pebble};
use crate::support::server::free_port;
use crate::uci::{GLOBAL, account, cert, with};
use std::fs;

const NAME: &str = "www.demo.example";

/// A second CA that asks the same DNS, which our `ca_file` knows too.
fn second(site: &Site) -> Pebble {
    let options = pebble::Options {
        dns_server: match (&site.powerdns, &site.challsrv) {
            (Some(powerdns), _) => powerdns.address(),
            (None, Some(challsrv)) => challsrv.address(),
            (None, None) => panic!("no DNS"),
        },
        http_port: site.http_port,
        ..pebble::Options::default()
    };
    let other = Pebble::start(&site.temp, &options);
    let roots = [site.pebble.ca_file(), other.ca_file()].map(|f| fs::read_to_string(f).unwrap());
    site.temp.write("etc/ssl/ca.pem", roots.concat());
    other
}

/// Accounts `first` and `second` at these directories, and section `web`, which lists both.
fn configure(site: &Site, first: &str, second: &str, options: Vec<(&'static str, String)>) {
    let both = [("list account", "first"), ("list account", "second")];
    let mut section = cert("web", &[NAME], &with(options, &both));
    section = section.replace("\toption account 'pebble'\n", "");
    let text = GLOBAL.to_owned() + &account("first", first) + &account("second", second);
    site.temp.uci(&(text + &section));
}

/// Nobody listens there.
fn nowhere() -> String {
    format!("https://localhost:{}/dir", free_port())
}

fn orders(ca: &Pebble) -> usize {
    let all = ca.requests();
    all.iter().filter(|r| *r == "POST /order-plz").count()
}

#[test]
fn the_second_serves_while_the_first_is_down_and_stays() {
    let Some(site) = Site::web() else { return };
    let other = second(&site);
    let relay = Relay::to(&site.pebble);
    let first = relay.directory_url();
    drop(relay);
    configure(&site, &first, &other.directory_url(), site.by_webroot());
    let run = site.ends(&["renew"], 0);
    assert!(
        run.stderr.contains("going on with account 'second'"),
        "{}",
        run.report()
    );
    let roots = site.temp.server_folder("other").join("root.pem");
    fs::write(&roots, other.root(0)).unwrap();
    assert!(openssl::verifies(&site.domain("web.crt"), &roots));
    site.is_tidy("web");
    // Who it was, and why not the first.
    let status = site.status("web");
    let held = &status["certificate"];
    assert_eq!(
        (&held["account"], &status["account"]),
        (&"second".into(), &"second".into())
    );
    let why = held["instead_of"]["first"].as_str().unwrap_or_default();
    assert!(why.contains("localhost"), "{status:#}");
    let said = "account 'second' was used instead of 'first': ";
    for args in [&["status"][..], &["status", "web"]] {
        let text = site.run(args).ok();
        assert!(text.contains(said), "{text}");
    }
    // The first is back: no reason for another certificate, now or with the next hour.
    configure(
        &site,
        &site.pebble.directory_url(),
        &other.directory_url(),
        site.by_webroot(),
    );
    site.renew();
    assert_eq!((site.version("web"), orders(&site.pebble)), (Some(1), 0));
    // When it is due the first is asked first again.
    ends(&in_days(&site, 62, &["renew"]), 0, &[]);
    assert_eq!(site.version("web"), Some(2));
    assert_eq!((orders(&site.pebble), orders(&other)), (1, 1));
    site.is_good("web", &[NAME]);
    let status = site.status("web");
    assert_eq!(status["certificate"]["account"], "first");
    assert!(status["warnings"].is_null(), "{status:#}");
}

/// A certificate of an account that is no longer listed is replaced.
#[test]
fn a_fallback_that_is_struck_off_the_list_is_replaced() {
    let Some(site) = Site::web() else { return };
    let other = second(&site);
    configure(&site, &nowhere(), &other.directory_url(), site.by_webroot());
    site.renew();
    site.configure(&[cert("web", &[NAME], &site.by_webroot())]);
    let run = site.ends(&["renew"], 0);
    assert!(
        run.stderr.contains("the CA changed to "),
        "{}",
        run.report()
    );
    site.is_good("web", &[NAME]);
}

#[test]
fn when_all_are_down_the_failure_tells_of_each() {
    let Some(site) = Site::web() else { return };
    let urls = [nowhere(), nowhere()];
    let [first, last] = &urls;
    configure(&site, first, last, site.by_webroot());
    let ports = urls
        .each_ref()
        .map(|u| &u["https://".len()..u.len() - "/dir".len()]);
    ends(&site.run(&["renew"]), 1, &ports);
    let attempt = site.attempt("web");
    for account in ["first", "second"] {
        assert_eq!(
            attempt["accounts"][account]["next"], attempt["next"],
            "{attempt:#}"
        );
    }
    ends(&site.run(&["renew"]), 4, &["waits"]);
}

/// What the second began while the first was down, it ends, whether the first is back or not.
#[test]
fn an_order_at_the_second_is_gone_on_with() {
    let Some(site) = Site::zone() else { return };
    let other = second(&site);
    let mut slow = site.by_powerdns();
    slow.retain(|(option, _)| *option != "dns_wait");
    slow.push(("dns_wait", "120".into()));
    let relay = Relay::to(&site.pebble);
    let first = relay.directory_url();
    drop(relay);
    configure(&site, &first, &other.directory_url(), slow);
    ends(&site.run(&["renew"]), 4, &["publish"]);
    let run = after(&site, 121, &["renew"]);
    ends(&run, 0, &[]);
    assert!(
        !run.stderr.contains("going on with account"),
        "{}",
        run.report()
    );
    assert!(
        run.stderr.contains("going on with the order under way"),
        "{}",
        run.report()
    );
    assert_eq!((orders(&other), site.version("web")), (1, Some(1)));
    let held = &site.status("web")["certificate"];
    assert_eq!(held["account"], "second");
    assert!(held["instead_of"]["first"].is_string(), "{held:#}");
    site.is_tidy("web");
}

/// `check` looks at each of them.
#[test]
fn check_looks_at_each() {
    let Some(site) = Site::web() else { return };
    let other = second(&site);
    configure(
        &site,
        &site.pebble.directory_url(),
        &other.directory_url(),
        site.by_webroot(),
    );
    let run = site.run(&["check"]);
    for ca in [&site.pebble.directory_url(), &other.directory_url()] {
        let words = format!("answers at {ca}");
        assert!(
            run.stdout.contains(&words),
            "no {words:?}: {}",
            run.report()
        );
    }
    configure(
        &site,
        &site.pebble.directory_url(),
        &nowhere(),
        site.by_webroot(),
    );
    ends(&site.run(&["check"]), 1, &["✗ directory"]);
}
