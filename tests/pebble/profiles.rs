//! Profiles of the CA (`cert_profile`).

use crate::failures::ends;
use crate::site::Site;
use crate::support::openssl;
use crate::uci::cert;

const SHORT: i64 = 160 * 3600;

fn site() -> Option<Site> {
    let site = Site::plan(|plan| {
        plan.nginx = true;
        plan.pebble.profiles = vec![
            ("classic".into(), 90 * 86_400),
            ("shortlived".into(), SHORT.unsigned_abs()),
        ];
    })?;
    if !site.is_newest() {
        crate::support::tools::skip("pebble", "this one does not know profiles");
        return None;
    }
    Some(site)
}

fn ask_for(site: &Site, profile: &str) {
    let profile = ("cert_profile", profile.to_owned());
    let options = [&site.by_webroot()[..], &[profile]].concat();
    site.configure(&[cert("web", &["www.demo.example"], &options)]);
}

fn lifetime(site: &Site) -> i64 {
    let certificate = &site.status("web")["certificate"];
    let at = |name: &str| certificate[name].as_i64().expect("a time");
    at("not_after") - at("not_before")
}

#[test]
fn the_profile_is_asked_for_and_another_one_is_issued_at_once() {
    let Some(site) = site() else { return };
    ask_for(&site, "shortlived");
    site.renew();
    site.is_good("web", &["www.demo.example"]);
    assert!((SHORT - 60..=SHORT).contains(&lifetime(&site)));
    ask_for(&site, "classic");
    let run = site.ends(&["renew"], 0);
    let words = "the profile changed to classic";
    assert!(run.stderr.contains(words), "{}", run.report());
    assert!(lifetime(&site) > 80 * 86_400);
}

/// As at Let's Encrypt, whose short-lived profile is the one for addresses.
#[test]
fn addresses_under_a_profile() {
    let Some(site) = site() else { return };
    let profile = ("cert_profile", "shortlived".to_owned());
    let options = [&site.by_webroot()[..], &[profile]].concat();
    let names = ["127.0.0.1", "www.demo.example"];
    site.configure(&[cert("web", &names, &options)]);
    site.renew();
    assert!((SHORT - 60..=SHORT).contains(&lifetime(&site)));
    assert_eq!(site.status("web")["names"][0]["state"], "valid");
    let crt = site.domain("web.crt");
    assert_eq!(
        openssl::names(&crt),
        ["DNS:www.demo.example", "IP Address:127.0.0.1"]
    );
    site.is_tidy("web");
}

#[test]
fn a_profile_that_is_not_offered_is_told_with_those_that_are() {
    let Some(site) = site() else { return };
    ask_for(&site, "tlsserver");
    let words = [
        "has no profile 'tlsserver'",
        "its profiles are: classic shortlived",
    ];
    ends(&site.run(&["renew"]), 1, &words);
    assert_eq!(site.asked("POST /order-plz"), 0);
    ends(&site.run(&["check"]), 1, &words);
}
