//! What is done with what is stored: use, clean-up, services.

use super::*;

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
            accounts: BTreeMap::new(),
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
