//! Renewal information (RFC 9773) of a CA that is sick or strange: no certificate suffers by it.

use crate::ca::now;
use crate::lanes::{BUSY, each};
use crate::pki::Form;
use crate::reply::{Reply, Step, Way};
use crate::rig::Rig;
use crate::uci::{GLOBAL, account, cert};
use certkeeper::types::Timestamp;
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A certificate of 90 days that is due in a month, at a CA that gives renewal information.
fn rig() -> Rig {
    with(Form::good())
}

fn with(form: Form) -> Rig {
    let rig = Rig::fresh();
    rig.ca.offer_renewal_info();
    rig.ca.form(form);
    renews(&rig);
    rig.ca.form(Form::good());
    rig
}

#[track_caller]
fn renews(rig: &Rig) {
    let run = rig.run(&["renew"]);
    assert_eq!(run.code(), 0, "{}", run.report());
}

/// A reboot: what the CA said is lost.
fn forget(rig: &Rig) {
    fs::remove_dir_all(rig.temp.path("var/run/certkeeper")).unwrap();
}

fn held(rig: &Rig) -> Value {
    rig.status()["certificate"].clone()
}

fn questions(rig: &Rig) -> usize {
    let asked = rig.ca.asked();
    asked.iter().filter(|s| **s == Step::Renewal).count()
}

/// What it says of a window from so many hours on.
fn window(reply: &mut Reply, hours: i64) {
    let time = |plus: i64| now().plus(hours * 3600 + plus).to_string();
    let window = json!({"start": time(0), "end": time(60)});
    reply.set("suggestedWindow", window);
}

/// A wrong answer, words of what is told, and the seconds until the next question.
type Case = (&'static str, fn(&mut Reply), &'static [&'static str], i64);

const HOUR: i64 = 3600;

#[test]
fn answers_that_are_none() {
    let cases: [Case; 16] = [
        ("404", |r| r.page(404), &["404"], 6 * HOUR),
        (
            "a certificate that it does not know",
            |r| r.problem(404, "malformed", "never heard of it"),
            &["never heard of it"],
            6 * HOUR,
        ),
        (
            "500",
            |r| {
                r.page(500);
                r.without("Retry-After");
            },
            &["500"],
            6 * HOUR,
        ),
        (
            "429 for an hour",
            |r| {
                r.problem(429, "rateLimited", "slower");
                r.header("Retry-After", "3600");
            },
            &["slower"],
            HOUR,
        ),
        (
            "429 for a second",
            |r| {
                r.page(429);
                r.header("Retry-After", "1");
            },
            &["429"],
            60,
        ),
        (
            "429 until a date",
            |r| {
                r.page(429);
                r.header("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT");
            },
            &["429"],
            24 * HOUR,
        ),
        (
            "503 for ten days",
            |r| {
                r.page(503);
                r.header("Retry-After", "864000");
            },
            &["503"],
            24 * HOUR,
        ),
        (
            "429 in the last century",
            |r| {
                r.page(429);
                r.header("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT");
            },
            &["429"],
            60,
        ),
        (
            "a redirect",
            |r| {
                r.page(302);
                r.header("Location", "https://localhost/");
            },
            &["redirects"],
            6 * HOUR,
        ),
        (
            "a page",
            |r| {
                r.page(200);
                r.without("Retry-After");
            },
            &["no renewal information"],
            6 * HOUR,
        ),
        (
            "half of it",
            |r| r.body.truncate(20),
            &["no renewal information"],
            6 * HOUR,
        ),
        (
            "a megabyte",
            |r| r.set("explanationURL", json!("x".repeat(1 << 20))),
            &["larger"],
            6 * HOUR,
        ),
        (
            "no end",
            |r| r.way = Way::Flood(b"HTTP/1.1 200 OK\r\n\r\n{".to_vec(), vec![b' '; 10_000]),
            &["larger"],
            6 * HOUR,
        ),
        (
            "a window that is turned around",
            |r| {
                let start = now().plus(Timestamp::days(2)).to_string();
                r.edit(|v| v["suggestedWindow"]["start"] = json!(start));
            },
            &["does not end after its begin"],
            6 * HOUR,
        ),
        (
            "times of other types",
            |r| r.set("suggestedWindow", json!({"start": 1, "end": [2]})),
            &["no renewal information"],
            6 * HOUR,
        ),
        (
            "an escape sequence",
            |r| r.problem(400, "malformed", "\u{1b}[2Jno"),
            &["[2Jno"],
            6 * HOUR,
        ),
    ];
    each(
        &cases,
        BUSY,
        |c| c.0.to_owned(),
        |(_, twist, words, wait)| {
            let rig = rig();
            let due = || Timestamp(held(&rig)["due"].as_i64().unwrap()).since(now());
            assert!(due() < Timestamp::days(2), "the window of tomorrow");
            rig.ca.twist(&[Step::Renewal], Arc::new(*twist));
            forget(&rig);
            let begin = now();
            renews(&rig);
            let ari = held(&rig)["ari"].clone();
            assert!(ari["window"].is_null(), "{ari:#}");
            assert!(due() > Timestamp::days(50), "two thirds of the lifetime");
            let problem = ari["problem"].as_str().unwrap_or_default();
            crate::rig::plain(problem);
            for word in *words {
                assert!(problem.contains(word), "no {word:?} in {problem:?}");
            }
            let waits = ari["ask_at"].as_i64().unwrap() - begin.0;
            assert!(
                (*wait..wait + 15).contains(&waits),
                "asked again in {waits} s"
            );
            let asked = rig.ca.asked().len();
            renews(&rig);
            assert_eq!(rig.ca.asked().len(), asked, "before its time");
            // It is well again: after a reboot the window counts.
            rig.ca.heal();
            forget(&rig);
            renews(&rig);
            assert!(held(&rig)["ari"]["problem"].is_null());
            assert!(due() < Timestamp::days(2));
        },
    );
}

/// The first window that came with the certificate stays when the next answer is none.
#[test]
fn what_was_said_before_stays() {
    let rig = rig();
    let before = held(&rig);
    rig.ca.twist(&[Step::Renewal], Arc::new(|r| r.page(500)));
    let run = rig
        .certkeeper(&["renew"])
        .env("CERTKEEPER_NOW", &now().plus(7 * HOUR).0.to_string())
        .run();
    assert_eq!(run.code(), 0, "{}", run.report());
    let after = held(&rig);
    assert!(after["ari"]["problem"].is_string(), "{after:#}");
    assert_eq!(after["ari"]["window"], before["ari"]["window"]);
    assert_eq!(after["due"], before["due"]);
}

/// What the order replaces by its name; null where it names nothing.
fn replaced(rig: &Rig) -> Vec<Value> {
    let orders = rig.ca.sent(Step::Order);
    orders.iter().map(|o| o["replaces"].clone()).collect()
}

#[test]
fn an_order_names_what_it_replaces() {
    let rig = rig();
    let id = held(&rig)["ari"]["cert_id"].clone();
    rig.ca.twist(&[Step::Renewal], Arc::new(|r| window(r, -48)));
    forget(&rig);
    renews(&rig);
    assert_eq!(replaced(&rig), [Value::Null, id]);
    assert_eq!(held(&rig)["version"], 2);
}

/// A refusal of any kind costs one more order, not the certificate.
#[test]
fn what_the_ca_does_not_want_replaced_is_ordered_without() {
    let refusals: [(&str, u16); 5] = [
        ("alreadyReplaced", 409),
        ("malformed", 400),
        ("unauthorized", 403),
        ("serverInternal", 500),
        ("frobnicated", 418),
    ];
    each(
        &refusals,
        BUSY,
        |r| r.0.to_owned(),
        |(kind, status)| {
            let rig = rig();
            let (kind, status, orders) = (*kind, *status, AtomicUsize::new(0));
            let twist = move |r: &mut Reply| {
                if orders.fetch_add(1, Ordering::SeqCst) == 0 {
                    r.problem(status, kind, "not that one");
                }
            };
            rig.ca.twist(&[Step::Order], Arc::new(twist));
            let run = rig.run(&["renew", "--force"]);
            assert_eq!(run.code(), 0, "{}", run.report());
            assert!(
                run.stderr.contains("asking without `replaces`"),
                "{}",
                run.report()
            );
            let named: Vec<bool> = replaced(&rig).iter().map(Value::is_string).collect();
            assert_eq!(named, [false, true, false]);
        },
    );
}

/// Who limits the rate is not asked once more at once.
#[test]
fn a_limit_is_no_refusal_of_what_is_replaced() {
    let rig = rig();
    let twist = |r: &mut Reply| {
        r.problem(429, "rateLimited", "too many orders");
        r.header("Retry-After", "3600");
    };
    rig.ca.twist(&[Step::Order], Arc::new(twist));
    let run = rig.run(&["renew", "--force"]);
    assert_eq!(run.code(), 4, "{}", run.report());
    assert_eq!(rig.ca.sent(Step::Order).len(), 2);
}

/// A CA that always wants another certificate gets four orders a week.
#[test]
fn the_guard_stops_a_ca_that_is_never_content() {
    let rig = rig();
    rig.ca.twist(&[Step::Renewal], Arc::new(|r| window(r, -48)));
    for _ in 0..3 {
        forget(&rig);
        renews(&rig);
    }
    forget(&rig);
    let run = rig.run(&["renew"]);
    assert_eq!(run.code(), 4, "{}", run.report());
    assert!(
        run.stdout.contains("were issued lately"),
        "{}",
        run.report()
    );
    assert_eq!(rig.ca.sent(Step::Order).len(), 4);
    // A week later it may again.
    let week = now().plus(Timestamp::days(7) + 60).0.to_string();
    let run = rig
        .certkeeper(&["renew"])
        .env("CERTKEEPER_NOW", &week)
        .run();
    assert_eq!(run.code(), 0, "{}", run.report());
}

/// Three days are left of a hundred: the CA wants it done tomorrow, which is not waited for.
#[test]
fn what_is_urgent_does_not_wait_for_the_ca() {
    let rig = with(Form {
        days: -97..3,
        ..Form::good()
    });
    let said = "less than a twentieth of the lifetime is left";
    assert!(rig.run(&["status"]).stdout.contains(said));
    let asked = questions(&rig);
    let run = rig.run(&["renew"]);
    assert_eq!(run.code(), 0, "{}", run.report());
    assert!(run.stderr.contains("it is due since "), "{}", run.report());
    // About the new one, once; about the old one no more.
    assert_eq!(questions(&rig), asked + 1);
    assert!(!rig.run(&["status"]).stdout.contains(said));
}

/// A directory whose renewalInfo leads elsewhere is a directory all the same.
#[test]
fn a_url_that_is_none_is_not_asked() {
    let rig = Rig::fresh();
    rig.ca.offer_renewal_info();
    rig.ca.twist(
        &[Step::Directory],
        Arc::new(|r| r.set("renewalInfo", json!("http://localhost/ari"))),
    );
    renews(&rig);
    forget(&rig);
    renews(&rig);
    assert_eq!(questions(&rig), 0);
    assert!(held(&rig)["ari"].is_null());
}

/// A CA that freezes at questions holds nothing up but the questions: not each of them.
pub fn frozen() {
    let rig = Rig::fresh();
    rig.ca.offer_renewal_info();
    let account = account(
        "pebble",
        &format!("https://localhost:{}/dir", rig.ca.port()),
    );
    let way = [("validation_method", "webroot".to_owned())];
    let sections = ["a", "b", "c"].map(|n| cert(n, &[&format!("{n}.demo.example")], &way));
    rig.temp
        .uci(&(GLOBAL.to_owned() + &account + &sections.concat()));
    renews(&rig);
    rig.ca
        .twist(&[Step::Renewal], Arc::new(|r| r.way = Way::Freeze));
    forget(&rig);
    let before = questions(&rig);
    let run = rig.run(&["renew"]);
    assert_eq!(run.code(), 0, "{}", run.report());
    assert!(run.wall < Duration::from_secs(45), "{}", run.report());
    assert_eq!(questions(&rig) - before, 1);
}
