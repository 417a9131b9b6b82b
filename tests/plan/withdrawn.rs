//! Versions that their owner took out of use: revoked, or rolled back.

use super::*;
use certkeeper::plan::{due, renewal};
use certkeeper::types::{Reason, Withdrawn};

/// Versions 1, 2, … with these lives; `current` is in use.
fn versions(lives: &[(i64, i64)], current: u64) -> Held {
    let version = |(i, (begin, end)): (usize, &(i64, i64))| Version {
        number: i as u64 + 1,
        meta: Meta {
            fingerprint: format!("{i}"),
            ..meta(*begin, *end)
        },
    };
    let mut versions: Vec<Version> = lives.iter().enumerate().map(version).collect();
    versions.reverse();
    Held {
        versions,
        current: Some(current),
        linked: true,
        ..Held::default()
    }
}

fn withdrawn(index: usize, revoked: Option<Reason>, ban: Option<&str>) -> Withdrawn {
    Withdrawn {
        fingerprint: index.to_string(),
        at: NOW,
        revoked,
        ban: ban.map(str::to_owned),
    }
}

/// 90 days each: one that was due, and its successor.
const LIVES: [(i64, i64); 2] = [
    (NOW - 65 * DAY, NOW + 25 * DAY),
    (NOW - 3 * DAY, NOW + 87 * DAY),
];

#[test]
fn what_was_rolled_back_is_left_alone_until_the_end_is_near() {
    let config = config("");
    let mut held = versions(&LIVES, 1);
    held.withdrawn = vec![withdrawn(1, None, None)];
    assert!(
        due(cert(&config), &held.versions[1].meta, None, &secret())
            .at
            .0
            < NOW
    );
    let late = NOW + 25 * DAY - 9 * DAY;
    assert_eq!(
        renewal(cert(&config), &held, &held.versions[1], &secret()).at,
        Timestamp(late)
    );
    for now in [NOW, late - 1] {
        assert_eq!(due_now(&config, held.clone(), now), []);
    }
    assert_eq!(due_now(&config, held.clone(), late), [Action::Issue]);
    // Asked for.
    let wish = |force| decide(&config, held.clone(), NOW, &named(&config, force));
    assert_eq!(actions(&wish(false)), [Action::Retry]);
    assert_eq!(actions(&wish(true)), [Action::Issue]);
    // Another configuration wants another certificate.
    let other = self::config("\tlist domains c.example.org\n");
    assert_eq!(due_now(&other, held.clone(), NOW), [Action::Issue]);
    // What was rolled back is better than what has ended.
    let plan = due_now(&config, held.clone(), NOW + 26 * DAY);
    assert_eq!(plan, [Action::Deploy]);
    held.current = Some(2);
    assert_eq!(due_now(&config, held, NOW + 26 * DAY), []);
}

#[test]
fn what_was_rolled_back_gives_way_to_a_newer_one() {
    let config = config("");
    let mut held = versions(&[LIVES[0], LIVES[1], (NOW, NOW + 90 * DAY)], 1);
    held.withdrawn = vec![withdrawn(1, None, None)];
    assert_eq!(due_now(&config, held.clone(), NOW), [Action::Deploy]);
    held.current = Some(3);
    assert_eq!(due_now(&config, held.clone(), NOW), []);
    assert_eq!(
        renewal(cert(&config), &held, &held.versions[0], &secret()),
        due(cert(&config), &held.versions[0].meta, None, &secret())
    );
}

#[test]
fn after_a_revocation_nothing_comes_until_it_is_asked_for() {
    let config = config("");
    let ban = cert(&config).fingerprint.clone();
    let mut held = versions(&LIVES, 2);
    held.withdrawn = vec![withdrawn(1, Some(Reason::KeyCompromise), Some(&ban))];
    // The one before, valid still, does not come back either.
    for now in [NOW, NOW + 80 * DAY, NOW + 800 * DAY] {
        assert_eq!(due_now(&config, held.clone(), now), []);
    }
    let plan = decide(&config, held.clone(), NOW, &named(&config, false));
    assert_eq!(
        (plan.tasks.len(), &plan.banned),
        (0, &vec![cert(&config).name.clone()])
    );
    for wish in [
        named(&config, true),
        Wish {
            force: true,
            ..Wish::default()
        },
    ] {
        let plan = decide(&config, held.clone(), NOW, &wish);
        assert_eq!(actions(&plan), [Action::Issue]);
    }
    // The configuration changed, or the ban was lifted and the CA was down.
    for ban in [Some("of another configuration"), None] {
        held.withdrawn = vec![withdrawn(1, Some(Reason::Superseded), ban)];
        let plan = decide(&config, held.clone(), NOW, &Wish::default());
        assert_eq!(actions(&plan), [Action::Issue]);
        assert_eq!(plan.tasks[0].reason, "the former certificate was revoked");
    }
    // A newer one is not touched by it.
    held.withdrawn = vec![withdrawn(0, Some(Reason::Superseded), None)];
    assert_eq!(due_now(&config, held, NOW), []);
}

/// The one in use was revoked; the newer one had been rolled back, and may have the same key.
#[test]
fn what_was_rolled_back_does_not_come_back_by_a_revocation() {
    let config = config("");
    let ban = cert(&config).fingerprint.clone();
    let mut held = versions(&LIVES, 1);
    held.withdrawn = vec![
        withdrawn(1, None, None),
        withdrawn(0, Some(Reason::KeyCompromise), Some(&ban)),
    ];
    assert_eq!(due_now(&config, held.clone(), NOW), []);
    assert_eq!(
        actions(&decide(&config, held.clone(), NOW, &named(&config, true))),
        [Action::Issue]
    );
    held.local.needed = true;
    assert_eq!(due_now(&config, held.clone(), NOW), [Action::Local]);
    // Another configuration takes what there is: it is valid, and better than none.
    held.withdrawn[1].ban = Some("of another configuration".into());
    assert_eq!(due_now(&config, held, NOW), [Action::Deploy]);
}

#[test]
fn the_local_ca_stands_in_for_what_is_revoked() {
    let config = config("");
    let ban = cert(&config).fingerprint.clone();
    let mut held = versions(&LIVES, 2);
    held.withdrawn = vec![withdrawn(1, Some(Reason::Unspecified), Some(&ban))];
    held.local.needed = true;
    assert_eq!(due_now(&config, held, NOW), [Action::Local]);
}
