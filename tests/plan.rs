//! What is due, and when: properties over all times, 2038 and leap days among them.

use certkeeper::config::{self, Cert, Config};
use certkeeper::plan::{Action, Plan, Wish, due, plan};
use certkeeper::types::{
    Attempt, Deployed, Held, Inventory, Issued, Meta, OrderNote, Paths, Stage, State, Timestamp,
    Version,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// 2038-01-19T03:14:08Z: past what 32 bits hold.
const Y2038: i64 = 1 << 31;
const NOW: i64 = 1_795_262_400; // 2026-11-21T12:00:00Z

/// The configuration of one section with these further options, read as a router reads it.
fn config(options: &str) -> Config {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let root = std::env::temp_dir().join(format!("certkeeper-plan-{}-{count}", std::process::id()));
    fs::create_dir_all(root.join("etc/config")).expect("a folder");
    let text = format!(
        "config cert web\n\tlist domains a.example.org\n\tlist domains b.example.org\n{options}"
    );
    fs::write(root.join("etc/config/certkeeper"), text).expect("a file");
    let config = config::load(&Paths::new(&root)).expect("a configuration");
    fs::remove_dir_all(&root).expect("removed");
    assert!(!config.has_errors(), "{:?}", config.mistakes);
    config
}

fn cert(config: &Config) -> &Cert {
    &config.certs[0]
}

/// A version that fits `config("")`.
fn meta(not_before: i64, not_after: i64) -> Meta {
    Meta {
        names: vec!["a.example.org".into(), "b.example.org".into()],
        key_type: "ec256".into(),
        account: "letsencrypt".into(),
        directory: "https://acme-v02.api.letsencrypt.org/directory".into(),
        not_before,
        not_after,
        serial: "01AB".into(),
        ..Meta::default()
    }
}

/// Held, linked and in use.
fn held(meta: Meta) -> Held {
    Held {
        versions: vec![Version { number: 1, meta }],
        current: Some(1),
        linked: true,
        ..Held::default()
    }
}

fn decide(config: &Config, held: Held, now: i64, wish: &Wish) -> Plan {
    let inventory = Inventory {
        sections: [(cert(config).name.clone(), held)].into(),
        primary: Some("web".into()),
    };
    plan(config, &inventory, Timestamp(now), wish)
}

fn actions(plan: &Plan) -> Vec<Action> {
    plan.tasks.iter().map(|t| t.action).collect()
}

fn due_now(config: &Config, held: Held, now: i64) -> Vec<Action> {
    actions(&decide(config, held, now, &Wish::default()))
}

fn named(config: &Config, force: bool) -> Wish {
    Wish {
        sections: vec![cert(config).name.clone()],
        force,
    }
}

fn attempt(config: &Config, at: i64, next: i64) -> Attempt {
    Attempt {
        at,
        next,
        failures: 1,
        state: State::Invalid,
        stage: Stage::Validation,
        problem: "no".into(),
        remedy: "yes".into(),
        names: BTreeMap::new(),
        fingerprint: cert(config).fingerprint.clone(),
    }
}

fn order(config: &Config, expires: i64) -> OrderNote {
    OrderNote {
        url: "https://ca.example/o".into(),
        directory: cert(config).account.directory.clone(),
        names: meta(0, 0).names,
        key_type: "ec256".into(),
        expires,
        ..OrderNote::default()
    }
}

proptest! {
    /// Whatever the times, the renewal lies within the validity and leaves time to try again.
    #[test]
    fn renewal_lies_in_the_last_half(start in -(1i64 << 40)..(1i64 << 40), life in 0i64..(1 << 36), serial: String) {
        let config = config("");
        let meta = Meta { serial, ..meta(start, start + life) };
        let at = due(cert(&config), &meta);
        let days = life / DAY;
        prop_assert!(at >= Timestamp(start), "before the validity");
        prop_assert!(at <= Timestamp(start + life), "after the end");
        prop_assert!(at.since(Timestamp(start)) * 100 >= life * 46, "in the first half");
        if days >= 10 {
            prop_assert!(at.since(Timestamp(start)) <= life / 3 * 2, "later than two thirds");
        }
    }

    /// Nothing overflows or panics at the ends of the range.
    #[test]
    fn no_time_is_too_far(start: i64, end: i64, now: i64, next: i64, expires: i64, at: i64, days in 1u32..366) {
        for option in [String::new(), format!("\toption renew_before {days}\n")] {
            let config = config(&option);
            let mut held = held(meta(start, end));
            held.attempt = Some(attempt(&config, at, next));
            held.order = Some(order(&config, expires));
            held.issued = vec![Issued { at, names: meta(0, 0).names }; 5];
            for wish in [Wish::default(), named(&config, false), named(&config, true)] {
                let plan = decide(&config, held.clone(), now, &wish);
                prop_assert!(plan.tasks.len() + plan.waiting.len() <= 2);
            }
        }
    }

    /// Once due, always due, until something is done; not due, no task.
    #[test]
    fn due_is_monotonic(start in 0i64..(1 << 33), life in HOUR..400 * DAY, a in 0i64..400 * DAY, b in 0i64..400 * DAY) {
        let config = config("");
        let (early, late) = (start + a.min(b), start + a.max(b));
        let held = held(meta(start, start + life));
        let first = due_now(&config, held.clone(), early);
        let second = due_now(&config, held, late);
        prop_assert!(first.is_empty() || first == second, "{first:?} {second:?}");
        prop_assert_eq!(first.is_empty(), early < due(cert(&config), &meta(start, start + life)).0);
    }

    /// `renew_before` counts from the end and is at most half the lifetime.
    #[test]
    fn renew_before_counts_from_the_end(start in 0i64..(1 << 33), life in DAY..400 * DAY, days in 1u32..366) {
        let config = config(&format!("\toption renew_before {days}\n"));
        let at = due(cert(&config), &meta(start, start + life)).0;
        let before = i64::from(days) * DAY;
        prop_assert_eq!(at, (start + life) - before.min(life / 2));
    }
}

#[test]
fn known_lifetimes() {
    let config = config("");
    let margin = |life: i64| {
        let at = due(cert(&config), &meta(NOW, NOW + life));
        (NOW + life) - at.0
    };
    // 90 days: renewed 30 to 33 days before the end; 160 hours: half of it, and a bit.
    assert!((30 * DAY..=33 * DAY).contains(&margin(90 * DAY)));
    assert!((15 * DAY..=17 * DAY).contains(&margin(45 * DAY)));
    assert!((80 * HOUR..=86 * HOUR).contains(&margin(160 * HOUR)));
    assert!((12 * HOUR..=13 * HOUR).contains(&margin(24 * HOUR)));
}

#[test]
fn renewals_of_a_day_do_not_bunch() {
    let config = config("");
    let times: std::collections::BTreeSet<i64> = (0..1000)
        .map(|n| {
            let meta = Meta {
                serial: format!("{n:032X}"),
                ..meta(NOW, NOW + 90 * DAY)
            };
            due(cert(&config), &meta).0 / HOUR
        })
        .collect();
    // 1,000 certificates over 72 hours: every hour has some.
    assert!(times.len() >= 70, "{} hours", times.len());
}

#[test]
fn across_2038_and_leap_days() {
    let config = config("");
    for start in [Y2038 - DAY, Y2038 - 30 * DAY, 1_835_308_800, 4_107_542_400] {
        let life = 90 * DAY;
        let fresh = held(meta(start, start + life));
        assert!(due_now(&config, fresh.clone(), start + 56 * DAY).is_empty());
        assert_eq!(due_now(&config, fresh, start + 61 * DAY), [Action::Issue]);
    }
    let leap = Timestamp::parse_rfc3339("2028-02-29T00:00:00Z").expect("a leap day");
    let config = self::config("\toption renew_before 1\n");
    assert_eq!(
        due(cert(&config), &meta(leap.0 - 30 * DAY, leap.0 + DAY)),
        leap
    );
}

#[test]
fn a_section_without_certificate_is_issued() {
    let config = config("");
    assert_eq!(due_now(&config, Held::default(), NOW), [Action::Issue]);
    let manual = self::config("\toption auto_update 0\n");
    assert_eq!(due_now(&manual, Held::default(), NOW), [Action::Issue]);
    let disabled = self::config("\toption enabled 0\n");
    assert!(due_now(&disabled, Held::default(), NOW).is_empty());
}

#[test]
fn what_the_owner_changes_is_issued_anew() {
    let fresh = || held(meta(NOW, NOW + 90 * DAY));
    for (options, reason) in [
        ("\tlist domains c.example.org\n", "+c.example.org"),
        ("\toption key_type rsa2048\n", "from ec256 to rsa2048"),
        (
            "\toption account mine\nconfig account mine\n\toption acme_server https://ca.example.net/d\n",
            "the CA changed",
        ),
        (
            "\toption cert_profile tlsserver\n",
            "profile changed to tlsserver",
        ),
    ] {
        let config = config(options);
        let plan = decide(&config, fresh(), NOW, &Wish::default());
        assert_eq!(actions(&plan), [Action::Issue], "{options}");
        assert!(
            plan.tasks[0].reason.contains(reason),
            "{}",
            plan.tasks[0].reason
        );
    }
    // What is only present in the certificate, or a new name for the same CA, is no change.
    let mut kept = meta(NOW, NOW + 90 * DAY);
    kept.profile = Some("classic".into());
    kept.account = "other".into();
    assert!(due_now(&config(""), held(kept), NOW).is_empty());
}

#[test]
fn auto_update_0_waits_until_asked() {
    let config = config("\toption auto_update 0\n");
    let old = held(meta(NOW - 80 * DAY, NOW + 10 * DAY));
    assert!(due_now(&config, old.clone(), NOW).is_empty());
    let asked = decide(&config, old, NOW, &named(&config, false));
    assert_eq!(actions(&asked), [Action::Issue]);
}

#[test]
fn force_issues_what_is_not_due() {
    let config = config("");
    let fresh = held(meta(NOW, NOW + 90 * DAY));
    assert!(actions(&decide(&config, fresh.clone(), NOW, &named(&config, false))).is_empty());
    assert_eq!(
        actions(&decide(&config, fresh, NOW, &named(&config, true))),
        [Action::Issue]
    );
}

#[test]
fn a_failure_waits_unless_something_changed() {
    let config = config("");
    let mut held = Held {
        attempt: Some(attempt(&config, NOW, NOW + HOUR)),
        ..Held::default()
    };
    let plan = decide(&config, held.clone(), NOW + 60, &Wish::default());
    assert!(plan.tasks.is_empty());
    assert_eq!(plan.waiting[0].until, Timestamp(NOW + HOUR));
    assert_eq!(due_now(&config, held.clone(), NOW + HOUR), [Action::Issue]);
    let asked = decide(&config, held.clone(), NOW + 60, &named(&config, false));
    assert_eq!(actions(&asked), [Action::Issue]);
    // The clock was at 2030 when the failure was noted: nobody waits for years.
    if let Some(attempt) = &mut held.attempt {
        attempt.next = NOW + 1000 * DAY;
    }
    assert_eq!(due_now(&config, held.clone(), NOW), [Action::Issue]);
    if let Some(attempt) = &mut held.attempt {
        attempt.next = NOW + HOUR;
        attempt.fingerprint = "of another configuration".into();
    }
    assert_eq!(due_now(&config, held, NOW + 60), [Action::Issue]);
}

#[test]
fn a_failure_is_forgotten_once_nothing_is_wanted() {
    let config = config("");
    let mut held = held(meta(NOW, NOW + 90 * DAY));
    held.attempt = Some(attempt(&config, NOW, NOW + HOUR));
    assert_eq!(due_now(&config, held.clone(), NOW), [Action::Forget]);
    // While a renewal is due it waits.
    assert!(due_now(&config, held.clone(), NOW + 70 * DAY - HOUR).contains(&Action::Issue));
    held.attempt = Some(attempt(&config, NOW + 70 * DAY, NOW + 70 * DAY + HOUR));
    assert!(due_now(&config, held, NOW + 70 * DAY).is_empty());
}

#[test]
fn what_could_not_be_put_into_use_is_tried_again() {
    let config = config("");
    let mut held = held(meta(NOW - DAY, NOW + 80 * DAY));
    held.attempt = Some(attempt(&config, NOW - DAY, NOW - 1));
    held.linked = false;
    let wanted = [Action::Forget, Action::Deploy];
    assert_eq!(due_now(&config, held, NOW), wanted);
}

#[test]
fn an_order_is_resumed_while_it_fits() {
    let config = config("");
    let with = |order| Held {
        order: Some(order),
        ..Held::default()
    };
    for expires in [0, NOW + DAY] {
        let held = with(order(&config, expires));
        assert_eq!(due_now(&config, held, NOW), [Action::Resume]);
    }
    let mut other = order(&config, NOW + DAY);
    other.names.pop();
    assert_eq!(due_now(&config, with(other), NOW), [Action::Issue]);
    assert_eq!(
        due_now(&config, with(order(&config, NOW + 30)), NOW),
        [Action::Issue]
    );
}

#[test]
fn a_forced_renewal_that_was_stopped_is_resumed() {
    let config = config("");
    let mut held = held(meta(NOW, NOW + 90 * DAY));
    held.order = Some(order(&config, NOW + DAY));
    assert_eq!(due_now(&config, held.clone(), NOW), [Action::Resume]);
    held.order = Some(order(&config, NOW - DAY));
    assert!(due_now(&config, held, NOW).is_empty());
}

#[test]
fn a_stored_version_is_put_into_use() {
    let config = config("");
    let mut held = held(meta(NOW - 70 * DAY, NOW + 20 * DAY));
    held.versions.insert(
        0,
        Version {
            number: 2,
            meta: meta(NOW - HOUR, NOW + 90 * DAY),
        },
    );
    assert_eq!(due_now(&config, held.clone(), NOW), [Action::Deploy]);
    held.current = Some(2);
    assert!(due_now(&config, held.clone(), NOW).is_empty());
    held.linked = false;
    assert_eq!(due_now(&config, held, NOW), [Action::Deploy]);
}

#[test]
fn what_was_left_presented_is_taken_back() {
    let config = config("");
    let mut held = held(meta(NOW, NOW + 90 * DAY));
    held.presented = true;
    assert_eq!(due_now(&config, held.clone(), NOW), [Action::Cleanup]);
    // While it waits for its next attempt, too.
    held.versions.clear();
    held.current = None;
    held.attempt = Some(attempt(&config, NOW, NOW + HOUR));
    assert_eq!(due_now(&config, held.clone(), NOW + 1), [Action::Cleanup]);
    // An order under way still needs it.
    held.attempt = None;
    held.order = Some(order(&config, 0));
    assert_eq!(due_now(&config, held, NOW), [Action::Resume]);
}

#[test]
fn the_guard_stops_a_circle() {
    let config = config("");
    let issued = |at| Issued {
        at,
        names: meta(0, 0).names,
    };
    let mut held = Held {
        issued: (0..4).map(|n| issued(NOW - n * DAY)).collect(),
        ..Held::default()
    };
    let plan = decide(&config, held.clone(), NOW, &Wish::default());
    assert!(plan.tasks.is_empty());
    assert_eq!(plan.waiting[0].until, Timestamp(NOW - 3 * DAY + 7 * DAY));
    assert_eq!(
        due_now(&config, held.clone(), NOW + 4 * DAY),
        [Action::Issue]
    );
    assert_eq!(
        actions(&decide(&config, held.clone(), NOW, &named(&config, true))),
        [Action::Issue]
    );
    // Other names are another matter, and so is a short-lived certificate's next lifetime.
    held.issued[0].names.pop();
    assert_eq!(due_now(&config, held.clone(), NOW), [Action::Issue]);
    held.issued[0] = issued(NOW);
    held.versions = vec![Version {
        number: 1,
        meta: meta(NOW - 3 * DAY, NOW - DAY),
    }];
    assert_eq!(due_now(&config, held, NOW), [Action::Issue]);
}

#[test]
fn an_expired_certificate_is_renewed_at_once() {
    let config = config("");
    let plan = decide(
        &config,
        held(meta(NOW - 90 * DAY, NOW - DAY)),
        NOW,
        &Wish::default(),
    );
    assert_eq!(actions(&plan), [Action::Issue]);
    assert!(
        plan.tasks[0].reason.contains("expired"),
        "{}",
        plan.tasks[0].reason
    );
}

/// Two versions, the second of which services did not take; the first is in use again.
fn refused() -> Held {
    let mut held = held(meta(NOW - DAY, NOW + 89 * DAY));
    let second = meta(NOW - HOUR, NOW + 90 * DAY);
    held.versions.insert(
        0,
        Version {
            number: 2,
            meta: second,
        },
    );
    held.deployed = Some(Deployed {
        version: 1,
        at: NOW,
        receivers: vec!["service nginx".into()],
        refused: vec![2],
    });
    held
}

const NGINX: &str = "\tlist service nginx\n";

#[test]
fn what_services_refused_is_left_alone_until_asked_for() {
    let config = config(NGINX);
    let failed = |fingerprint: &str| Held {
        attempt: Some(Attempt {
            at: NOW,
            next: NOW + 7 * DAY,
            failures: 1,
            state: State::InternalError,
            stage: Stage::Verify,
            problem: "nginx: it still serves serial 01".into(),
            remedy: String::new(),
            names: BTreeMap::new(),
            fingerprint: fingerprint.into(),
        }),
        ..refused()
    };
    let own = cert(&config).fingerprint.clone();
    let waits = decide(&config, failed(&own), NOW + HOUR, &Wish::default());
    assert_eq!(actions(&waits), []);
    assert_eq!(waits.waiting.len(), 1);
    let at = |held, now, wish: &Wish| actions(&decide(&config, held, now, wish));
    assert_eq!(
        at(failed(&own), NOW + HOUR, &named(&config, false)),
        [Action::Retry]
    );
    assert_eq!(
        at(failed(&own), NOW + HOUR, &named(&config, true)),
        [Action::Issue]
    );
    // After its rest, a change of the configuration, or a run that was killed before it noted the time.
    let due = Wish::default();
    assert_eq!(at(failed(&own), NOW + 7 * DAY, &due), [Action::Retry]);
    assert_eq!(at(failed("other"), NOW + HOUR, &due), [Action::Retry]);
    assert_eq!(at(refused(), NOW + HOUR, &due), [Action::Retry]);
    // When it is due itself, a new one is wanted.
    assert_eq!(at(failed(&own), NOW + 61 * DAY, &due), [Action::Issue]);
}

#[test]
fn services_are_told_once() {
    let now = |options: &str, note: Option<Deployed>| {
        let config = config(options);
        let held = Held {
            deployed: note,
            ..held(meta(NOW - DAY, NOW + 89 * DAY))
        };
        due_now(&config, held, NOW)
    };
    let told = |version, receivers: &[&str]| {
        Some(Deployed {
            version,
            receivers: receivers.iter().map(|r| (*r).to_owned()).collect(),
            ..Deployed::default()
        })
    };
    assert_eq!(now("", None), []);
    assert_eq!(now(NGINX, None), [Action::Deploy]);
    assert_eq!(now(NGINX, told(1, &["service nginx"])), []);
    // A run was cut between switch and reload.
    assert_eq!(now(NGINX, told(7, &["service nginx"])), [Action::Deploy]);
    // One is new; one is gone.
    let two = "\tlist service nginx\n\tlist hook mail\n";
    assert_eq!(now(two, told(1, &["service nginx"])), [Action::Deploy]);
    assert_eq!(now("", told(1, &["service nginx"])), []);
    assert_eq!(
        now(
            &format!("{NGINX}\toption staging 1\n\toption auto_update 0\n"),
            None
        ),
        []
    );
}
