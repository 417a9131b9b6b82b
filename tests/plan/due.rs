//! When a renewal is due.

use super::*;
use proptest::prelude::*;

proptest! {
    /// Whatever the times, the renewal lies within the validity and leaves time to try again.
    #[test]
    fn renewal_lies_in_the_last_half(start in -(1i64 << 40)..(1i64 << 40), life in 0i64..(1 << 36), serial: String) {
        let config = config("");
        let meta = Meta { serial, ..meta(start, start + life) };
        let at = due(&config, &meta);
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
        prop_assert_eq!(first.is_empty(), early < due(&config, &meta(start, start + life)).0);
    }

    /// `renew_before` counts from the end and is at most half the lifetime.
    #[test]
    fn renew_before_counts_from_the_end(start in 0i64..(1 << 33), life in DAY..400 * DAY, days in 1u32..366) {
        let config = config(&format!("\toption renew_before {days}\n"));
        let at = due(&config, &meta(start, start + life)).0;
        let before = i64::from(days) * DAY;
        prop_assert_eq!(at, (start + life) - before.min(life / 2));
    }
}

#[test]
fn known_lifetimes() {
    let config = config("");
    let margin = |life: i64| {
        let at = due(&config, &meta(NOW, NOW + life));
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
            due(&config, &meta).0 / HOUR
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
    assert_eq!(due(&config, &meta(leap.0 - 30 * DAY, leap.0 + DAY)), leap);
}
