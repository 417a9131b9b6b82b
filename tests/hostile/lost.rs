//! A real Pebble behind a relay that loses or withholds its replies after it has acted.

use crate::lanes::{WAITING, each};
use crate::relay::{Relay, Replies};
use crate::site::Site;
use crate::uci::{GLOBAL, account, cert};
use std::sync::Arc;
use std::time::Duration;

/// Each request of an issuance, as Pebble's log names it.
const REQUESTS: [&str; 9] = [
    "GET /dir",
    "HEAD /nonce-plz",
    "POST /sign-me-up",
    "POST /order-plz",
    "POST /authZ/",
    "POST /chalZ/",
    "POST /my-order/",
    "POST /finalize-order/",
    "POST /certZ/",
];

fn behind(site: &Site) -> Relay {
    let relay = Relay::to(&site.pebble);
    let section = cert("web", &["www.demo.example"], &site.by_webroot());
    let account = account("pebble", &relay.directory_url());
    site.temp.uci(&(GLOBAL.to_owned() + &account + &section));
    relay
}

/// The connection ends once, after the CA has acted: one run copes with it.
#[test]
fn a_reply_is_lost() {
    each(
        &REQUESTS,
        WAITING,
        |r| (*r).to_owned(),
        |request| {
            let Some(site) = Site::web() else { return };
            let relay = behind(&site);
            relay.set(Replies::Cut(Arc::downgrade(&site.pebble), request));
            site.renew();
            assert_eq!(relay.lost(), 1, "nothing was lost");
            site.is_good("web", &["www.demo.example"]);
            site.is_tidy("web");
            let issued = site
                .pebble
                .log()
                .matches("Issued certificate serial")
                .count();
            assert_eq!(issued, 1, "certificates");
            let orders = site.pebble.log().matches("Added order").count();
            assert!(orders <= 2, "{orders} orders");
        },
    );
}

/// Requests after which the CA freezes.
pub const WITHHELD: [&str; 4] = [
    "POST /sign-me-up",
    "POST /order-plz",
    "POST /chalZ/",
    "POST /finalize-order/",
];

/// The CA freezes after it has acted: the run ends by itself, and the next one goes on.
pub fn is_withheld(request: &'static str) {
    let Some(site) = Site::web() else { return };
    let relay = behind(&site);
    relay.set(Replies::Hold(Arc::downgrade(&site.pebble), request));
    let run = site.run(&["renew"]);
    assert_eq!(run.code(), 1, "{}", run.report());
    assert!(run.wall < Duration::from_secs(45), "{}", run.report());
    for words in ["did not reply within 30s", "next attempt in"] {
        assert!(run.stdout.contains(words), "no {words:?}: {}", run.report());
    }
    assert!(site.tokens().is_empty(), "presented: {:?}", site.tokens());
    relay.set(Replies::Pass);
    site.renew_named("web");
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
    let issued = site
        .pebble
        .log()
        .matches("Issued certificate serial")
        .count();
    assert_eq!(issued, 1, "certificates");
}
