//! The CA's moods: strictness, lost nonces, reused authorizations, other chains, slow validation.

use crate::site::Site;
use crate::support::openssl;
use crate::uci::{cert, with};
use std::time::Duration;

#[test]
fn a_strict_ca() {
    let Some(site) = Site::plan(|plan| {
        plan.nginx = true;
        plan.pebble.strict = true;
    }) else {
        return;
    };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    site.is_good("web", &["www.demo.example"]);
}

#[test]
fn half_of_the_nonces_rejected() {
    let Some(site) = Site::plan(|plan| {
        plan.nginx = true;
        plan.pebble.nonce_reject = 50;
    }) else {
        return;
    };
    let names = ["a.demo.example", "b.demo.example", "c.demo.example"];
    site.configure(&[cert("web", &names, &site.by_webroot())]);
    let mut run = site.run(&["renew", "--debug"]);
    // Ten rejections in a row end a request, which one run in a hundred meets; two hardly.
    if run.code() != 0 {
        assert!(run.stdout.contains("(badNonce)"), "{}", run.report());
        run = site.run(&["renew", "web", "--debug"]);
    }
    assert_eq!(run.code(), 0, "{}", run.report());
    assert!(
        run.stderr.contains(": 400, "),
        "no nonce was rejected: {}",
        run.report()
    );
    site.is_good("web", &names);
    site.is_tidy("web");
}

#[test]
fn reused_authorizations_need_no_challenge() {
    let Some(site) = Site::plan(|plan| {
        plan.nginx = true;
        plan.pebble.authz_reuse = 100;
    }) else {
        return;
    };
    let names = ["www.demo.example", "mail.demo.example"];
    site.configure(&[cert("first", &names, &site.by_webroot())]);
    site.renew();
    assert_eq!(site.log("first").matches("presenting http-01").count(), 2);
    let asked = site.asked("POST /chalZ/");
    // A folder that nobody serves: a challenge would fail.
    std::fs::create_dir_all(site.temp.path("elsewhere")).expect("a folder");
    let elsewhere = with(site.by_webroot(), &[("webroot", "/elsewhere")]);
    site.configure(&[
        cert("first", &names, &site.by_webroot()),
        cert("second", &names, &elsewhere),
    ]);
    site.renew();
    site.is_good("second", &names);
    site.is_tidy("second");
    assert!(
        !site.log("second").contains("presenting"),
        "{}",
        site.log("second")
    );
    assert_eq!(site.asked("POST /chalZ/"), asked);
}

#[test]
fn other_chains_are_offered_and_a_long_one_is_taken() {
    let Some(site) = Site::plan(|plan| {
        plan.nginx = true;
        plan.pebble.alternate_roots = 2;
        plan.pebble.chain_length = 3;
    }) else {
        return;
    };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    site.is_good("web", &["www.demo.example"]);
    let crt = site.domain("web.crt");
    for other in [1, 2] {
        assert!(
            !openssl::verifies(&crt, &site.root(other)),
            "chain {other} instead of the first"
        );
    }
    let chain = site.temp.read("etc/ssl/domains/web.chain.crt");
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 3);
}

#[test]
fn a_ca_that_takes_its_time() {
    // Pebble's own defaults.
    let Some(site) = Site::plan(|plan| {
        plan.nginx = true;
        plan.pebble.va_sleep = 5;
        plan.pebble.retry_after = (3, 5);
    }) else {
        return;
    };
    let names = ["a.demo.example", "b.demo.example"];
    site.configure(&[cert("web", &names, &site.by_webroot())]);
    let run = site
        .certkeeper(&["renew"])
        .limit(Duration::from_secs(40))
        .run();
    assert_eq!(run.code(), 0, "{}", run.report());
    site.is_good("web", &names);
    site.is_tidy("web");
    // Sleeps of at most 4 s, pauses of at most 5 s in between, and 5 s after finalize.
    assert!(run.wall < Duration::from_secs(20), "{:?}", run.wall);
}
