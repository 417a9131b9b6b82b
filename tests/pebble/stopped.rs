//! Runs that are asked to stop: they take back what they presented, and the next one goes on.

use crate::interrupted::{ends, looked_at, wait_asked};
use crate::relay::{Relay, Replies};
use crate::site::Site;
use crate::support::process::Running;
use crate::support::wait_until;
use crate::together::{freeze, thaw};
use crate::uci::{GLOBAL, account, cert};
use rustix::process::Signal;
use std::sync::Arc;
use std::time::Duration;

/// Sends a signal and sees the run end soon, in order.
#[track_caller]
fn stops(site: &Site, run: Running, signal: Signal) {
    let sent = std::time::Instant::now();
    run.signal(signal);
    let run = run.finish();
    ends(&run, 1);
    assert!(
        sent.elapsed() < Duration::from_secs(3),
        "it took {:?} to stop",
        sent.elapsed()
    );
    assert!(
        run.stderr
            .contains("stopped; what was presented has been taken back"),
        "{}",
        run.report()
    );
    assert_eq!(site.tokens().len(), 0);
    let folder = site.temp.path("etc/certkeeper/certs/web");
    assert!(!folder.join("cleanup.json").exists());
    assert!(
        !folder.join("attempt.json").exists(),
        "being stopped is no failure"
    );
}

#[test]
fn stopped_while_the_ca_looks() {
    for signal in [Signal::TERM, Signal::INT] {
        let Some((site, run)) = looked_at() else {
            return;
        };
        stops(&site, run, signal);
        thaw(&site);
        // The CA looked and found nothing, or still looks: the next run makes the best of it.
        site.renew();
        site.is_good("web", &["mail.demo.example", "www.demo.example"]);
        site.is_tidy("web");
    }
}

#[test]
fn stopped_before_the_ca_was_told_and_resumed() {
    let Some(site) = Site::web() else { return };
    let relay = Relay::to(&site.pebble);
    let section = cert("web", &["www.demo.example"], &site.by_webroot());
    site.temp
        .uci(&(GLOBAL.to_owned() + &account("pebble", &relay.directory_url()) + &section));
    // The CA's answer to the first authorization does not come, until the run is stopped.
    relay.set(Replies::Hold(Arc::downgrade(&site.pebble), "POST /authZ/"));
    let run = site.certkeeper(&["renew"]).start();
    wait_asked(&site, "POST /authZ/");
    run.signal(Signal::TERM);
    relay.set(Replies::Pass);
    ends(&run.finish(), 1);
    site.renew();
    assert!(
        site.log("web")
            .contains("going on with the order under way"),
        "{}",
        site.log("web")
    );
    assert_eq!(site.asked("POST /order-plz"), 1);
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
}

#[test]
fn stopped_with_an_own_listener() {
    let Some(site) = Site::bare() else { return };
    // The CA's DNS does not answer while the CA looks.
    site.configure(&[cert("web", &["www.demo.example"], &site.by_standalone())]);
    let dns = site.challsrv().server();
    dns.signal(Signal::STOP);
    let run = site.certkeeper(&["renew"]).start();
    site.wait_for("web", "is looking");
    wait_asked(&site, "POST /my-order/");
    stops(&site, run, Signal::TERM);
    dns.signal(Signal::CONT);
    let open = std::net::TcpStream::connect(("127.0.0.1", site.http_port));
    assert!(open.is_err(), "the listener is still there");
    site.renew();
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
}

#[test]
fn a_forced_renewal_that_was_stopped_goes_on() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    let orders = site.asked("POST /my-order/");
    std::fs::remove_file(site.temp.path("var/run/certkeeper/log/web")).expect("a log");
    site.forget_accounts();
    freeze(&site);
    let run = site.certkeeper(&["renew", "web", "--force"]).start();
    site.wait_for("web", "is looking");
    let asked = || site.asked("POST /my-order/") > orders;
    assert!(wait_until(Duration::from_secs(10), asked));
    stops(&site, run, Signal::TERM);
    thaw(&site);
    // As it said, the next run goes on, forced or not.
    site.renew();
    assert_eq!(site.version("web"), Some(2));
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
}
