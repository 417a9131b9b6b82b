//! The CA says when it wants certificates renewed (RFC 9773), and hears what they replace.

use crate::renewal::{after, ends, in_days};
use crate::site::Site;
use crate::support::process::Finished;
use crate::support::tools;
use crate::uci::cert;
use serde_json::{Value, json};
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

const HOUR: u64 = 3600;
const DAY: i64 = 86_400;
/// How Pebble's log names the question.
const QUESTION: &str = "GET /draft-ietf-acme-ari-03/renewalInfo/";

/// True if an order of this run said what it replaces. Pebble 2.10 looks serial numbers up without the sign octet
/// that belongs to them (RFC 9773 section 4.1), so that it does not know one certificate of 256.
fn said_what_it_replaces(site: &Site, run: &Finished) -> bool {
    site.pebble.log().contains("is a replacement of")
        || run
            .stderr
            .contains("could not find an order for the given certificate")
}

/// A site with a certificate of 90 days, at a CA that gives renewal information.
fn site() -> Option<Site> {
    let site = Site::web()?;
    if !site.is_newest() {
        tools::skip("a Pebble with renewalInfo", "this one is older");
        return None;
    }
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    Some(site)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.expect("after 1970").as_secs()).expect("a time")
}

/// From now on the CA answers so about the certificate in use.
fn says(site: &Site, answer: &str) {
    let pem = site.temp.read("etc/certkeeper/certs/web/current/cert.pem");
    site.pebble.set_renewal_info(&pem, answer);
}

/// A reboot: tmpfs is lost, and what the CA said with it.
fn forget(site: &Site) {
    fs::remove_dir_all(site.temp.path("var/run/certkeeper")).expect("tmpfs");
}

/// Times as the CA writes them.
fn window(start: i64, end: i64, more: Value) -> String {
    let time = |t: i64| certkeeper::types::Timestamp(t).to_string();
    let mut document = json!({"suggestedWindow": {"start": time(start), "end": time(end)}});
    if let (Some(all), Value::Object(more)) = (document.as_object_mut(), more) {
        all.extend(more);
    }
    document.to_string()
}

#[test]
fn the_window_is_shown_and_asked_for_four_times_a_day() {
    let Some(site) = site() else { return };
    assert_eq!(site.asked(QUESTION), 1);
    site.renew();
    ends(&after(&site, 5 * HOUR, &["renew"]), 0);
    assert_eq!(site.asked(QUESTION), 1);
    ends(&after(&site, 6 * HOUR + 60, &["renew"]), 0);
    assert_eq!(site.asked(QUESTION), 2);
    assert_eq!(site.version("web"), Some(1));
    // Pebble suggests two days around two thirds of the lifetime.
    let status = site.status("web");
    let held = &status["certificate"];
    let time = |value: &Value| value.as_i64().expect("a time");
    let [start, end] = ["start", "end"].map(|w| time(&held["ari"]["window"][w]));
    assert_eq!(
        (end - start, held["ari"]["problem"].is_null()),
        (2 * DAY, true)
    );
    assert!((start..end).contains(&time(&held["due"])), "{status:#}");
    assert!((start - time(&held["not_before"]) - 59 * DAY).abs() < 60);
    let shown: Value = serde_json::from_str(&site.run(&["show", "web", "--json"]).ok()).unwrap();
    assert_eq!((&shown["ari"], &shown["due"]), (&held["ari"], &held["due"]));
    for command in ["status", "show"] {
        let text = site.run(&[command, "web"]).ok();
        for words in ["as the CA suggests", "CA's window"] {
            assert!(text.contains(words), "{command}: {text}");
        }
    }
}

#[test]
fn a_window_that_has_passed_renews_at_once_and_tells_what_is_replaced() {
    let Some(site) = site() else { return };
    let url = "https://ca.example/incidents/7";
    let past = window(
        now() - DAY,
        now() - DAY + 60,
        json!({"explanationURL": url}),
    );
    says(&site, &past);
    forget(&site);
    let run = site.ends(&["renew"], 0);
    assert!(
        run.stderr.contains("the CA suggests to renew it on "),
        "{}",
        run.report()
    );
    assert!(run.stderr.contains(url), "{}", run.report());
    assert_eq!(site.version("web"), Some(2));
    assert!(said_what_it_replaces(&site, &run), "{}", run.report());
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
    // What was said of the former one is not said of this one.
    let window = &site.status("web")["certificate"]["ari"]["window"];
    assert!(window["start"].as_i64() > Some(now()), "{window}");
    site.renew();
    assert_eq!((site.version("web"), site.asked(QUESTION)), (Some(2), 3));
}

/// The explanation stays in view while the time has not come.
#[test]
fn an_explanation_is_shown() {
    let Some(site) = site() else { return };
    let url = "https://ca.example/incidents/8";
    says(
        &site,
        &window(
            now() + DAY,
            now() + DAY + 60,
            json!({"explanationURL": url}),
        ),
    );
    forget(&site);
    site.renew();
    for command in ["status", "show"] {
        let text = site.run(&[command, "web"]).ok();
        assert!(text.contains(url), "{command}: {text}");
    }
    assert_eq!(site.version("web"), Some(1));
    // An hour before, since no run comes in time otherwise.
    let hour = u64::try_from(DAY).unwrap() - HOUR;
    ends(&after(&site, hour - 60, &["renew"]), 0);
    assert_eq!(site.version("web"), Some(1));
    ends(&after(&site, hour + 60, &["renew"]), 0);
    assert_eq!(site.version("web"), Some(2));
}

#[test]
fn answers_that_are_none_leave_two_thirds_of_the_lifetime() {
    let Some(site) = site() else { return };
    forget(&site);
    let two_thirds = site.status("web")["certificate"]["due"].clone();
    let huge = window(0, 1, json!({"more": "x".repeat(300_000)}));
    let cases = [
        ("{", "no renewal information"),
        ("null", "no renewal information"),
        (r#"{"suggestedWindow":{}}"#, "no renewal information"),
        (
            &*window(now(), now(), json!({})),
            "does not end after its begin",
        ),
        (
            &*window(now(), now() - DAY, json!({})),
            "does not end after its begin",
        ),
        (
            r#"{"suggestedWindow":{"start":"now","end":"soon"}}"#,
            "times that are none",
        ),
        (&*huge, "larger"),
    ];
    for (answer, words) in cases {
        says(&site, answer);
        forget(&site);
        site.renew();
        let held = site.status("web")["certificate"].clone();
        let problem = held["ari"]["problem"].as_str().unwrap_or_default();
        assert!(problem.contains(words), "{words}: {held:#}");
        assert_eq!(held["due"], two_thirds, "{words}");
        let text = site.run(&["status", "web"]).ok();
        assert!(text.contains("CA was asked"), "{text}");
    }
    assert_eq!(site.version("web"), Some(1));
    // A good answer that was given before stays.
    says(
        &site,
        &window(now() + 40 * DAY, now() + 41 * DAY, json!({})),
    );
    ends(&after(&site, 7 * HOUR, &["renew"]), 0);
    let due = site.status("web")["certificate"]["due"].clone();
    assert_ne!(due, two_thirds);
    says(&site, "{");
    ends(&after(&site, 14 * HOUR, &["renew"]), 0);
    let held = site.status("web")["certificate"].clone();
    assert!(held["ari"]["problem"].is_string(), "{held:#}");
    assert_eq!(held["due"], due);
}

#[test]
fn nobody_is_asked_after_the_end() {
    let Some(site) = site() else { return };
    let before = site.asked(QUESTION);
    // What it gets now has ended as well by our clock.
    let run = in_days(&site, 91, &["renew"]);
    assert!(run.stderr.contains("it expired on "), "{}", run.report());
    assert_eq!(site.asked(QUESTION), before);
}

/// The CA does not know what is replaced as this account's, or has replaced it already: that is no
/// reason to go without a certificate.
#[test]
fn what_the_ca_does_not_want_replaced_is_ordered_without() {
    let Some(site) = site() else { return };
    let said = "; asking without `replaces`";
    site.forget_accounts();
    let run = site.ends(&["renew", "--force"], 0);
    assert!(run.stderr.contains(said), "{}", run.report());
    assert!(
        run.stderr.contains("did not request the certificate"),
        "{}",
        run.report()
    );
    assert_eq!(site.version("web"), Some(2));
    // The third replaces the second, and is lost.
    let run = site.ends(&["renew", "--force"], 0);
    assert!(said_what_it_replaces(&site, &run), "{}", run.report());
    let versions = site.temp.path("etc/certkeeper/certs/web/versions");
    fs::remove_dir_all(versions.join("3")).expect("a version");
    let run = site.ends(&["renew", "--force"], 0);
    assert!(run.stderr.contains("(alreadyReplaced)"), "{}", run.report());
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
}

/// Names that have changed altogether replace nothing.
#[test]
fn other_names_replace_nothing() {
    let Some(site) = site() else { return };
    site.configure(&[cert("web", &["mail.demo.example"], &site.by_webroot())]);
    let run = site.ends(&["renew"], 0);
    assert!(!run.stderr.contains("replaces"), "{}", run.report());
    assert!(!site.pebble.log().contains("is a replacement of"));
    let both = ["mail.demo.example", "www.demo.example"];
    site.configure(&[cert("web", &both, &site.by_webroot())]);
    let run = site.ends(&["renew"], 0);
    assert!(said_what_it_replaces(&site, &run), "{}", run.report());
}
