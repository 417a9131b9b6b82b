//! The CA is not reached, or not asked: it is down, not trusted, no CA, or wants what nobody gave.

use crate::failures::{ends, last};
use crate::relay::Relay;
use crate::site::Site;
use crate::support::nginx::{Nginx, Tls};
use crate::support::pki::Pki;
use crate::uci::{GLOBAL, account, cert};
use std::fs;

#[test]
fn a_wrong_ca_file() {
    let Some(site) = Site::web() else { return };
    let section = cert("web", &["www.demo.example"], &site.by_webroot());
    // The root of somebody else.
    site.temp.write("etc/ssl/ca.pem", site.pebble.root(0));
    site.configure(std::slice::from_ref(&section));
    ends(&site.run(&["renew"]), 1, &["ca_file"]);
    assert_eq!(site.status("web")["state"], "connection_error");
    fs::remove_file(site.temp.path("etc/ssl/ca.pem")).expect("a file");
    ends(
        &site.run(&["renew", "web"]),
        1,
        &["etc/ssl/ca.pem", "correct ca_bundle or ca_file"],
    );
    site.temp.write("etc/ssl/ca.pem", "no certificate");
    ends(&site.run(&["renew", "web"]), 1, &["etc/ssl/ca.pem"]);
    // None at all: the roots of the system do not know the CA.
    let account = account("pebble", &site.pebble.directory_url());
    let bare = account.replace("\toption ca_file '/etc/ssl/ca.pem'\n", "");
    let bundle = GLOBAL.to_owned() + "\toption ca_bundle '/etc/ssl/bundle.pem'\n";
    site.temp.write("etc/ssl/bundle.pem", site.pebble.root(0));
    site.temp.uci(&(bundle + &bare + &section));
    ends(
        &site.run(&["renew"]),
        1,
        &["uci set certkeeper.pebble.ca_file="],
    );
    // Nobody was asked for anything signed.
    assert_eq!(site.asked("POST"), 0);
    assert!(!site.temp.path("etc/certkeeper/accounts").exists());
}

#[test]
fn a_url_that_is_no_directory() {
    let Some(site) = Site::web() else { return };
    // A web server with its own page for everything, and a CA's URL with a slip.
    let pki = Pki::new(&site.temp.server_folder("page"));
    let tls = Tls {
        cert: pki.cert.clone(),
        key: pki.key.clone(),
    };
    let page = Nginx::start_tls(&site.temp, &site.temp.path("www"), &tls);
    let roots = [&site.pebble.ca_file(), &pki.ca].map(|f| fs::read_to_string(f).unwrap());
    site.temp.write("etc/ssl/ca.pem", roots.concat());
    let slip = site.pebble.directory_url().replace("/dir", "/directory");
    let luci = format!("https://localhost:{}/cgi-bin/luci", page.https().port());
    for (url, words) in [(slip, "404"), (luci, "is no ACME directory: check the URL")] {
        let section = cert("web", &["www.demo.example"], &site.by_webroot());
        site.temp
            .uci(&(GLOBAL.to_owned() + &account("pebble", &url) + &section));
        ends(&site.run(&["renew"]), 1, &[words]);
        ends(&site.run(&["check"]), 1, &[words]);
        assert_eq!(last(&site)["stage"], "account");
    }
    assert_eq!(site.status("web")["state"], "connection_error");
    assert_eq!(site.asked("POST"), 0);
}

#[test]
fn terms_that_nobody_accepted() {
    let Some(site) = Site::web() else { return };
    let text = site.head().replace("\toption accept_tos '1'\n", "");
    let section = cert("web", &["www.demo.example"], &site.by_webroot());
    site.temp.uci(&(text + &section));
    let link = site.pebble.directory()["meta"]["termsOfService"].clone();
    let link = link.as_str().expect("a link");
    let uci = "uci set certkeeper.global.accept_tos=1 && uci commit certkeeper";
    ends(&site.run(&["renew"]), 1, &[link, uci]);
    assert_eq!(site.status("web")["state"], "invalid");
    assert_eq!(site.asked("POST"), 0, "an account was asked for");
    assert!(!site.temp.path("etc/certkeeper/accounts").exists());
    let check = site.run(&["check"]);
    ends(&check, 1, &[link, uci]);
    // What the line does is enough, at once.
    site.configure(&[section]);
    site.renew();
    site.is_good("web", &["www.demo.example"]);
}

#[test]
fn a_ca_that_is_down_and_comes_back() {
    let Some(site) = Site::web() else { return };
    let relay = Relay::to(&site.pebble);
    let (url, section) = (
        relay.directory_url(),
        cert("web", &["www.demo.example"], &site.by_webroot()),
    );
    site.temp
        .uci(&(GLOBAL.to_owned() + &account("pebble", &url) + &section));
    drop(relay);
    ends(
        &site.run(&["renew"]),
        1,
        &[
            "if the CA is down, the next runs try again",
            "next attempt in 10 minutes",
        ],
    );
    assert_eq!(site.status("web")["state"], "connection_error");
    assert_eq!(last(&site)["stage"], "account");
    // The time of the next attempt is kept and obeyed, over a reboot, too.
    let before = site.attempt("web");
    fs::remove_dir_all(site.temp.path("var")).expect("a tmpfs");
    let run = site.run(&["renew"]);
    ends(&run, 4, &["web: waits; next attempt in "]);
    assert_eq!(site.attempt("web"), before);
    // It is back, at another address: a change of the section, so at once.
    site.configure(&[section]);
    site.renew();
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
}

#[test]
fn a_clock_that_nobody_set() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    let at = |now: &str| site.certkeeper(&["renew"]).env("CERTKEEPER_NOW", now).run();
    let run = at("0");
    ends(
        &run,
        4,
        &[
            "the clock shows 1970-01-01T00:00:00Z",
            "nothing is asked of a CA",
            "NTP",
        ],
    );
    assert_eq!(site.status("web")["state"], "deferred");
    assert_eq!(site.pebble.requests(), Vec::<String>::new());
    assert!(!site.temp.path("etc/certkeeper/accounts").exists());
    // The right time is enough, whatever was noted by the wrong one.
    site.renew();
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
}
