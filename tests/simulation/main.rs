//! Four hundred days of a thousand routers in seconds: the real plan, the real questions about
//! renewals and the real waits, with a clock and a CA that are played.
//!
//! ```text
//! ca       when it is down, what it issues, what it says about renewals
//! router   one device: what it holds, its runs, its reboots
//! fleet    many of them, side by side, and what became of them
//! ```

#![allow(clippy::unwrap_used, reason = "helpers may fail as tests do")]

mod ca;
mod fleet;
mod router;

use fleet::{Fleet, Tally};
use std::env;
use std::io::{Write, stderr};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// 2026-11-21T12:00:00Z.
const BEGIN: i64 = 1_795_262_400;

/// Lifetimes of today and tomorrow.
const LIFETIMES: [(&str, i64); 3] = [
    ("160 hours", 160 * HOUR),
    ("45 days", 45 * DAY),
    ("90 days", 90 * DAY),
];

/// A thousand in all; a thousand of each lifetime where tests may take a minute.
fn routers() -> u64 {
    match env::var_os("CERTKEEPER_TEST_LONG") {
        Some(_) => 1000,
        None => 334,
    }
}

/// The goals, and the table that shows how far they are met.
#[test]
fn no_certificate_expires_in_400_days() {
    let mut rows = vec![Tally::HEAD.map(str::to_owned).to_vec()];
    for renewal_info in [true, false] {
        for (name, lifetime) in LIFETIMES {
            let fleet = Fleet {
                lifetime,
                renewal_info,
                days: 400,
                routers: routers(),
                every_hour: false,
            };
            let tally = fleet.play();
            let name = format!("{name}{}", if renewal_info { ", ARI" } else { "" });
            rows.push(tally.row(&name));
            fleet.check(&name, &tally);
        }
    }
    // The table is the result; a test that passes has its output swallowed.
    let _ = writeln!(stderr(), "\n{}", fleet::table(&rows));
}

/// Hours in which nothing can happen are passed over; a few routers live through each of them, and
/// it makes no difference.
#[test]
fn to_pass_over_quiet_hours_changes_nothing() {
    for (_, lifetime) in LIFETIMES {
        for renewal_info in [true, false] {
            let fleet = |every_hour| Fleet {
                lifetime,
                renewal_info,
                days: 120,
                routers: 6,
                every_hour,
            };
            assert_eq!(fleet(true).play(), fleet(false).play());
        }
    }
}
