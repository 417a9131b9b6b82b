//! Renewal at the time that the CA suggests (RFC 9773).

use super::*;
use proptest::prelude::*;

const CERT_ID: &str = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
/// 90 days, two thirds of which have not passed yet.
const START: i64 = NOW - 50 * DAY;
const END: i64 = START + 90 * DAY;

/// A version whose CA gives renewal information.
fn named(not_before: i64, not_after: i64) -> Meta {
    Meta {
        cert_id: Some(CERT_ID.into()),
        ..meta(not_before, not_after)
    }
}

/// What the CA said of it: this window, asked again in some hours.
fn said(start: i64, end: i64) -> RenewalInfo {
    RenewalInfo {
        cert_id: CERT_ID.into(),
        window: Some(Window { start, end }),
        ask_at: NOW + 6 * HOUR,
        ..RenewalInfo::default()
    }
}

fn due(options: &str, info: &RenewalInfo) -> Due {
    let config = config(options);
    certkeeper::plan::due(cert(&config), &named(START, END), Some(info), &secret())
}

fn held_with(info: Option<RenewalInfo>) -> Held {
    Held {
        renewal: info,
        ..held(named(START, END))
    }
}

/// The plan of an hourly run.
fn hourly(options: &str, held: Held, now: i64) -> Plan {
    decide(&config(options), held, now, &Wish::default())
}

proptest! {
    /// The chosen time lies in the window, is always the same, and is not past the last twentieth.
    #[test]
    fn the_time_lies_in_the_window(start: i64, width in 1i64..(1 << 60)) {
        let end = start.saturating_add(width);
        prop_assume!(end > start);
        let info = said(start, end);
        let at = due("", &info);
        let urgent = END - 90 * DAY / 20;
        prop_assert!(at.at.0 >= start.min(urgent) && at.at.0 <= end.min(urgent), "{at:?}");
        prop_assert_eq!(at, due("", &info));
    }
}

#[test]
fn a_window_counts_more_than_the_lifetime() {
    let late = due("", &said(START + 80 * DAY, START + 82 * DAY));
    assert!(late.suggested && late.at.0 >= START + 80 * DAY, "{late:?}");
    let early = due("", &said(START, START + DAY));
    assert!(early.suggested && early.at.0 <= START + DAY, "{early:?}");
}

/// The last twentieth is no CA's to give away.
#[test]
fn a_window_past_the_end_is_not_waited_for() {
    for (start, end) in [(END, END + DAY), (END + 400 * DAY, i64::MAX)] {
        let late = due("", &said(start, end));
        assert_eq!(late.at, Timestamp(END - 90 * DAY / 20));
        assert!(!late.suggested);
    }
}

#[test]
fn of_renew_before_and_the_window_the_earlier_wins() {
    let option = "\toption renew_before 20\n";
    let by_option = Timestamp(END - 20 * DAY);
    let late = due(option, &said(START + 75 * DAY, START + 76 * DAY));
    assert_eq!((late.at, late.suggested), (by_option, false));
    let early = due(option, &said(START + 60 * DAY, START + 61 * DAY));
    assert!(early.suggested && early.at < by_option, "{early:?}");
}

#[test]
fn what_was_said_of_another_certificate_does_not_count() {
    let other = RenewalInfo {
        cert_id: "other.AQ".into(),
        ..said(START, START + DAY)
    };
    assert!(!due("", &other).suggested);
}

/// Certificates of one hour, and one certificate on many devices, are renewed at different times.
#[test]
fn times_spread_over_the_window() {
    let config = config("");
    let info = |cert_id: &str| RenewalInfo {
        cert_id: cert_id.into(),
        ..said(NOW, NOW + 2 * DAY)
    };
    let at = |cert_id: &str, device: &str| {
        let meta = Meta {
            cert_id: Some(cert_id.into()),
            ..meta(START, END)
        };
        let secret = Secret::new(device);
        certkeeper::plan::due(cert(&config), &meta, Some(&info(cert_id)), &secret)
            .at
            .0
    };
    let hours = |times: &mut dyn Iterator<Item = i64>| {
        let mut counts = [0; 48];
        times.for_each(|t| counts[usize::try_from((t - NOW) / HOUR).expect("in the window")] += 1);
        counts
    };
    let by_certificate = hours(&mut (0..1000).map(|n| at(&format!("x.{n}"), "one")));
    let by_device = hours(&mut (0..1000).map(|n| at("x.1", &format!("{n}"))));
    for counts in [by_certificate, by_device] {
        // 21 are to be expected in each hour.
        assert!(counts.iter().all(|n| (4..=45).contains(n)), "{counts:?}");
    }
}

/// What would come before the next hourly run comes now.
#[test]
fn it_is_due_an_hour_ahead() {
    let info = said(NOW + 10 * DAY, NOW + 10 * DAY + 1);
    let at = NOW + 10 * DAY;
    let fresh = |now: i64| RenewalInfo {
        ask_at: now + HOUR,
        ..info.clone()
    };
    let now = |now| actions(&hourly("", held_with(Some(fresh(now))), now));
    assert_eq!(now(at - HOUR - 1), []);
    assert_eq!(now(at - HOUR), [Action::Issue]);
}

#[test]
fn the_reason_is_told() {
    let mut info = said(NOW - DAY, NOW - DAY + 1);
    let plan = hourly("", held_with(Some(info.clone())), NOW);
    assert_eq!(actions(&plan), [Action::Issue]);
    let reason = &plan.tasks[0].reason;
    assert!(
        reason.starts_with("the CA suggests to renew it on 2026-11-20T12"),
        "{reason}"
    );
    info.explanation_url = Some("https://ca.example/why".into());
    let plan = hourly("", held_with(Some(info)), NOW);
    assert!(plan.tasks[0].reason.ends_with("(https://ca.example/why)"));
}

#[test]
fn the_ca_is_asked_when_it_is_time() {
    let asks = |held: Held, now: i64| hourly("", held, now).ask.len();
    assert_eq!(asks(held_with(None), NOW), 1);
    let info = said(NOW + 20 * DAY, NOW + 21 * DAY);
    assert_eq!(asks(held_with(Some(info.clone())), NOW + 6 * HOUR - 1), 0);
    assert_eq!(asks(held_with(Some(info.clone())), NOW + 6 * HOUR), 1);
    // The clock was ahead when it was noted.
    assert_eq!(asks(held_with(Some(info.clone())), NOW - 19 * HOUR), 1);
    // What was said of a former certificate is no answer about this one.
    let former = RenewalInfo {
        cert_id: "other.AQ".into(),
        ..info
    };
    assert_eq!(asks(held_with(Some(former)), NOW), 1);
}

/// After a reboot a certificate that is past its two thirds is asked about before it is renewed: the
/// CA may want it later.
#[test]
fn the_ca_is_asked_although_the_lifetime_says_it_is_due() {
    let now = START + 70 * DAY;
    let plan = hourly("", held_with(None), now);
    assert_eq!((plan.ask.len(), actions(&plan)), (1, vec![Action::Issue]));
    let info = RenewalInfo {
        ask_at: now + HOUR,
        ..said(START + 80 * DAY, START + 81 * DAY)
    };
    let plan = hourly("", held_with(Some(info)), now);
    assert_eq!((plan.ask.len(), actions(&plan)), (0, vec![]));
}

#[test]
fn nobody_is_asked_in_vain() {
    let asks = |options: &str, held: Held, now: i64, wish: &Wish| {
        decide(&config(options), held, now, wish).ask.len()
    };
    let hourly = Wish::default();
    // A CA that gives no such information; expired; urgent; nothing held.
    assert_eq!(asks("", held(meta(START, END)), NOW, &hourly), 0);
    for now in [END + 1, END - 90 * DAY / 20, START - DAY] {
        assert_eq!(asks("", held_with(None), now, &hourly), 0, "{now}");
    }
    assert_eq!(asks("", Held::default(), NOW, &hourly), 0);
    // To be replaced for another reason.
    for options in [
        "\tlist domains c.example.org\n",
        "\toption key_type rsa2048\n",
        "\toption enabled 0\n",
    ] {
        assert_eq!(asks(options, held_with(None), NOW, &hourly), 0, "{options}");
    }
    let force = Wish {
        force: true,
        ..Wish::default()
    };
    assert_eq!(asks("", held_with(None), NOW, &force), 0);
    let under_way = Held {
        order: Some(order(&config(""), 0)),
        ..held_with(None)
    };
    assert_eq!(asks("", under_way, NOW, &hourly), 0);
    // Renewed only when asked for; then the CA is asked, too.
    let manual = "\toption auto_update 0\n";
    assert_eq!(asks(manual, held_with(None), NOW, &hourly), 0);
    let by_name = super::named(&config(""), false);
    assert_eq!(asks(manual, held_with(None), NOW, &by_name), 1);
}
