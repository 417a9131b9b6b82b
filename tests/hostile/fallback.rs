//! Two CAs, the first of which is sick: the second serves, and each is asked at its own time.

use crate::ca::{Ca, Door, now};
use crate::lanes::{BUSY, each};
use crate::pki;
use crate::reply::{Reply, Step, Way};
use crate::rig::{NAMES, Rig};
use crate::support::process::Finished;
use crate::uci::{GLOBAL, account, cert};
use serde_json::Value;
use std::sync::Arc;

/// Accounts `first` and `second` of section `web`.
struct Two {
    second: Ca,
    rig: Rig,
}

impl Two {
    fn start(options: &[(&'static str, String)]) -> Self {
        let rig = Rig::fresh();
        let (leaf, root) = pki::server(&["localhost"], -1..3650);
        rig.ca.wear(&leaf);
        let second = Ca::start(&leaf, rig.temp.path("www"));
        rig.temp.write("etc/ssl/ca.pem", root);
        let url = |ca: &Ca| format!("https://localhost:{}/dir", ca.port());
        let mut all = vec![
            ("list account", "first".to_owned()),
            ("list account", "second".to_owned()),
            ("validation_method", "webroot".to_owned()),
        ];
        all.extend_from_slice(options);
        let section = cert("web", &NAMES, &all).replace("\toption account 'pebble'\n", "");
        let accounts = account("first", &url(&rig.ca)) + &account("second", &url(&second));
        rig.temp.uci(&(GLOBAL.to_owned() + &accounts + &section));
        Self { second, rig }
    }

    /// A run so many seconds from now.
    fn renew_in(&self, seconds: i64) -> Finished {
        let then = now().plus(seconds).0.to_string();
        let run = self.rig.certkeeper(&["renew"]);
        run.env("CERTKEEPER_NOW", &then).run()
    }

    /// How often each was asked for an order.
    fn orders(&self) -> (usize, usize) {
        let of = |ca: &Ca| ca.sent(Step::Order).len();
        (of(&self.rig.ca), of(&self.second))
    }

    fn attempt(&self) -> Value {
        let text = self.rig.temp.read("etc/certkeeper/certs/web/attempt.json");
        serde_json::from_str(&text).unwrap()
    }
}

fn limited(reply: &mut Reply, seconds: &str) {
    reply.problem(429, "rateLimited", "too many certificates already issued");
    reply.header("Retry-After", seconds);
}

/// A sick CA, by a twist of one step, and words of why it was not the one.
type Case = (&'static str, Step, fn(&mut Reply), &'static str);

#[test]
fn the_second_serves_at_once() {
    let cases: [Case; 9] = [
        (
            "limited",
            Step::Order,
            |r| limited(r, "7200"),
            "too many certificates",
        ),
        ("limited by a proxy", Step::Account, |r| r.page(429), "429"),
        ("down", Step::Directory, |r| r.page(503), "503"),
        (
            "in trouble",
            Step::Finalize,
            |r| r.problem(500, "serverInternal", "the database is away"),
            "database",
        ),
        (
            "in trouble by its own word",
            Step::Order,
            |r| r.problem(403, "serverInternal", "the database is away"),
            "database",
        ),
        ("without nonces", Step::Nonce, |r| r.page(500), "500"),
        (
            "cut off",
            Step::Directory,
            |r| r.way = Way::Reset,
            "localhost",
        ),
        (
            "another server",
            Step::Directory,
            |r| r.page(200),
            "no ACME directory",
        ),
        (
            "with a senseless order",
            Step::Order,
            |r| r.unset("finalize"),
            "not an order",
        ),
    ];
    each(
        &cases,
        BUSY,
        |c| c.0.to_owned(),
        |(_, step, twist, why)| {
            let two = Two::start(&[]);
            two.rig.ca.twist(&[*step], Arc::new(*twist));
            let run = two.rig.run(&["renew"]);
            assert_eq!(run.code(), 0, "{}", run.report());
            assert!(
                run.stderr.contains("going on with account 'second'"),
                "{}",
                run.report()
            );
            let status = two.rig.status();
            let held = &status["certificate"];
            assert_eq!(
                (&held["account"], &status["state"]),
                (&"second".into(), &"valid".into())
            );
            let told = held["instead_of"]["first"].as_str().unwrap_or_default();
            assert!(told.contains(why), "{status:#}");
            let text = two.rig.run(&["status"]).ok();
            assert!(
                text.contains("account 'second' was used instead of 'first'"),
                "{text}"
            );
            // The first is well again: nothing is due.
            two.rig.ca.heal();
            let (before, run) = (two.orders(), two.rig.run(&["renew"]));
            assert_eq!((run.code(), two.orders()), (0, before), "{}", run.report());
            // Nothing is noted any more of what the first had to wait for.
            assert!(
                !two.rig
                    .temp
                    .path("etc/certkeeper/certs/web/attempt.json")
                    .exists()
            );
        },
    );
}

#[test]
fn a_door_that_is_shut_leads_to_the_second() {
    for door in [Door::Slam, Door::Plain] {
        let two = Two::start(&[]);
        two.rig.ca.door(door);
        let run = two.rig.run(&["renew"]);
        assert_eq!(run.code(), 0, "{}", run.report());
        assert_eq!(two.rig.status()["certificate"]["account"], "second");
    }
}

/// What another CA would refuse as well, or what its owner has to mend, is not carried there.
#[test]
fn other_failures_stay_where_they_are() {
    let cases: [Case; 4] = [
        (
            "a name",
            Step::Order,
            |r| r.problem(400, "rejectedIdentifier", "no"),
            "rejected",
        ),
        (
            "terms",
            Step::Order,
            |r| r.problem(403, "userActionRequired", "new"),
            "user",
        ),
        (
            "CAA",
            Step::Order,
            |r| r.problem(403, "caa", "forbidden"),
            "caa",
        ),
        (
            "a port",
            Step::Authz,
            |r| r.problem(400, "connection", "connection refused"),
            "connection",
        ),
    ];
    each(
        &cases,
        BUSY,
        |c| c.0.to_owned(),
        |(_, step, twist, kind)| {
            let two = Two::start(&[]);
            two.rig.ca.twist(&[*step], Arc::new(*twist));
            let run = two.rig.run(&["renew"]);
            assert_eq!(run.code(), 1, "{}", run.report());
            assert!(run.stdout.contains(kind), "{}", run.report());
            assert_eq!(two.second.asked(), []);
        },
    );
}

/// Each has its own time; the first of them decides when the section is tried again.
#[test]
fn each_waits_for_its_own_time() {
    let two = Two::start(&[]);
    two.rig
        .ca
        .twist(&[Step::Order], Arc::new(|r| limited(r, "86400")));
    two.second
        .twist(&[Step::Order], Arc::new(|r| limited(r, "7200")));
    let run = two.rig.run(&["renew"]);
    assert_eq!(run.code(), 4, "{}", run.report());
    let attempt = two.attempt();
    let wait = attempt["next"].as_i64().unwrap() - attempt["at"].as_i64().unwrap();
    assert_eq!(wait, 7200, "{attempt:#}");
    // Both tell why.
    let said = "too many certificates already issued";
    assert_eq!(
        attempt["problem"].as_str().unwrap().matches(said).count(),
        2
    );
    assert_eq!((two.orders(), two.renew_in(7000).code()), ((1, 1), 4));
    // The second is asked when its time has come, the first not yet.
    assert_eq!((two.renew_in(7300).code(), two.orders()), (4, (1, 2)));
    two.second.heal();
    assert_eq!((two.renew_in(15_000).code(), two.orders()), (0, (1, 3)));
    let held = &two.rig.status()["certificate"];
    assert!(
        held["instead_of"]["first"].as_str().unwrap().contains(said),
        "{held:#}"
    );
    // Who asks by name asks the first.
    two.rig.ca.heal();
    let run = two.rig.run(&["renew", "web", "--force"]);
    assert_eq!((run.code(), two.orders()), (0, (2, 3)), "{}", run.report());
    assert!(two.rig.status()["warnings"].is_null());
}

/// A reboot forgets nobody's time.
#[test]
fn over_a_reboot_the_first_is_not_asked_before_its_time() {
    let two = Two::start(&[]);
    two.rig
        .ca
        .twist(&[Step::Order], Arc::new(|r| limited(r, "86400")));
    two.second
        .twist(&[Step::Directory], Arc::new(|r| r.page(500)));
    assert_eq!(two.rig.run(&["renew"]).code(), 1);
    std::fs::remove_dir_all(two.rig.temp.path("var/run/certkeeper")).unwrap();
    two.second.heal();
    assert_eq!((two.renew_in(700).code(), two.orders()), (0, (1, 1)));
}

/// The second's own facts count: a profile that it does not have is not asked for there.
#[test]
fn a_profile_must_be_the_seconds_own() {
    let two = Two::start(&[("cert_profile", "special".to_owned())]);
    let special = |r: &mut Reply| {
        r.edit(|v| v["meta"]["profiles"]["special"] = "of the first alone".into());
    };
    two.rig.ca.twist(&[Step::Directory], Arc::new(special));
    assert_eq!(two.rig.run(&["renew"]).code(), 0);
    let forced = || two.rig.run(&["renew", "--force"]);
    let both = move |r: &mut Reply| match r.body.starts_with(b"{\"meta") {
        true => special(r),
        false => limited(r, "7200"),
    };
    two.rig
        .ca
        .twist(&[Step::Directory, Step::Order], Arc::new(both));
    let run = forced();
    assert_eq!(run.code(), 1, "{}", run.report());
    for words in ["too many certificates", "has no profile 'special'"] {
        assert!(run.stdout.contains(words), "{}", run.report());
    }
    assert_eq!(two.second.sent(Step::Order).len(), 0);
    // The first may be asked again long before a week has passed.
    let attempt = two.attempt();
    let wait = attempt["next"].as_i64().unwrap() - attempt["at"].as_i64().unwrap();
    assert_eq!(wait, 7200, "{attempt:#}");
}
