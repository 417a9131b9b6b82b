//! What is issued, and what waits.

use super::*;

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
        (
            "\toption preferred_chain X1\n",
            "preferred chain changed to 'X1'",
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
fn what_an_order_waits_for_is_waited_for() {
    let config = config("");
    let with = |change: &dyn Fn(&mut OrderNote)| {
        let mut order = order(&config, 0);
        change(&mut order);
        Held {
            order: Some(order),
            ..Held::default()
        }
    };
    for (until, action) in [
        (NOW + HOUR, None),
        (NOW, Some(Action::Resume)),
        // The clock was at 2030 when that was noted: nobody waits for years.
        (NOW + 1000 * DAY, Some(Action::Resume)),
    ] {
        for held in [
            with(&|order| order.ready_at = until),
            with(&|order| order.look_at = until),
        ] {
            assert_eq!(due_now(&config, held, NOW).first(), action.as_ref());
        }
    }
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
