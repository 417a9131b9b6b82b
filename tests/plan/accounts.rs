//! Several accounts: which satisfy, which rest.

use super::*;
use certkeeper::types::Tried;

/// Let's Encrypt first, then a CA of one's own.
const BOTH: &str = "\tlist account letsencrypt\n\tlist account mine\n\
    config account mine\n\toption acme_server https://ca.example.net/d\n";

fn of_mine(mut meta: Meta) -> Meta {
    meta.account = "mine".into();
    meta.directory = "https://ca.example.net/d".into();
    meta
}

#[test]
fn a_certificate_of_any_listed_account_satisfies() {
    let fresh = held(of_mine(meta(NOW, NOW + 90 * DAY)));
    assert!(due_now(&config(BOTH), fresh.clone(), NOW).is_empty());
    // A new first account re-issues nothing; one that is struck off does.
    assert_eq!(due_now(&config(""), fresh, NOW), [Action::Issue]);
}

fn tried(next: i64) -> Tried {
    Tried {
        failures: 1,
        next,
        ..Tried::default()
    }
}

/// The accounts that rest, and whether anything is done.
fn resting(config: &Config, held: Held, wish: &Wish) -> (Vec<String>, usize) {
    let plan = decide(config, held, NOW, wish);
    let resting = plan.tasks.first().map(|t| t.resting.clone());
    (resting.unwrap_or_default(), plan.tasks.len())
}

#[test]
fn an_account_rests_until_its_own_time() {
    let config = config(BOTH);
    let with = |next: i64, first: i64, second: i64| {
        let mut attempt = attempt(&config, NOW - HOUR, next);
        attempt.accounts = [("letsencrypt", first), ("mine", second)]
            .map(|(name, next)| (name.to_owned(), tried(next)))
            .into();
        Held {
            attempt: Some(attempt),
            ..Held::default()
        }
    };
    let hourly = Wish::default();
    // The second may be asked again, the first not before tomorrow.
    let held = with(NOW - 1, NOW + DAY, NOW - 1);
    assert_eq!(
        resting(&config, held.clone(), &hourly),
        (vec!["letsencrypt".into()], 1)
    );
    // Who asks by name asks all.
    let by_name = named(&config, false);
    assert_eq!(resting(&config, held, &by_name), (vec![], 1));
    // All rest, so the section does.
    let held = with(NOW + HOUR, NOW + DAY, NOW + HOUR);
    assert_eq!(resting(&config, held.clone(), &hourly), (vec![], 0));
    // Another configuration knows nothing of that, nor a clock that was years ahead.
    let mut other = held;
    if let Some(attempt) = &mut other.attempt {
        attempt.fingerprint = "other".into();
    }
    assert_eq!(resting(&config, other, &hourly), (vec![], 1));
    let ahead = with(NOW - 1, NOW + 900 * DAY, NOW - 1);
    assert_eq!(resting(&config, ahead, &hourly), (vec![], 1));
}

/// The order of a fallback remembers whom not to ask meanwhile, without any failure being noted.
#[test]
fn an_order_of_the_second_is_resumed_there() {
    let config = config(BOTH);
    let under_way = OrderNote {
        account: "mine".into(),
        directory: "https://ca.example.net/d".into(),
        instead_of: [("letsencrypt".to_owned(), tried(NOW + DAY))].into(),
        ..order(&config, 0)
    };
    let held = |order: &OrderNote| Held {
        order: Some(order.clone()),
        ..Held::default()
    };
    let plan = decide(&config, held(&under_way), NOW, &Wish::default());
    assert_eq!(actions(&plan), [Action::Resume]);
    assert_eq!(plan.tasks[0].resting, ["letsencrypt"]);
    // Its account is no longer listed.
    let elsewhere = OrderNote {
        account: "third".into(),
        ..under_way
    };
    assert_eq!(due_now(&config, held(&elsewhere), NOW), [Action::Issue]);
}
