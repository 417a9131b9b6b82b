//! Faults: what a run leaves when it is killed, when a disk is full, broken or read-only, and when
//! the power fails, at each call that changes a file.
//!
//! ```text
//! site      servers and root, and copies of it to begin from
//! kind      what is done
//! scenario  from which state, and how it must end
//! receivers a service and a reader of copies, who are told
//! strace    runs a program with each call written down, or with one that goes wrong
//! trace     reads what strace wrote
//! ops       what a system call does to files
//! check     what is served, who may read it, what lies about
//! steps     a fault at every call, one after the other
//! disk      a disk that forgets what was not synced
//! tree      what is found on it afterwards
//! power     every state of it at every moment
//! full      a flash that stays full or read-only
//! report    what a failed run must say; the table
//! ```
//!
//! After each fault certificate and key in /etc/ssl/domains belong together and are the old or the
//! new ones, no key is open to others, and the next hourly run brings all into order by itself.
//!
//! The tests print a table. All faults at every call take minutes: `CERTKEEPER_TEST_LONG=1`, which
//! `tests/release` sets.

mod check;
mod disk;
mod full;
mod kind;
mod ops;
mod power;
mod receivers;
mod report;
mod scenario;
mod site;
mod steps;
mod strace;
#[path = "../support/mod.rs"]
mod support;
mod trace;
mod tree;

use certkeeper::store::Area;
use certkeeper::types::{Paths, SectionName};
use disk::Order;
use kind::Kind;
use std::env;
use steps::Lanes;
use strace::Fault;

/// Runs that work at the same time.
const LANES: usize = 2;

const FULL: Fault = Fault::Error("ENOSPC");
const BROKEN: Fault = Fault::Error("EIO");
const READ_ONLY: Fault = Fault::Error("EROFS");

/// What is tried on one scenario.
#[derive(Clone, Copy)]
struct Plan<'a> {
    faults: &'a [Fault],
    /// kill -9 where others hear of the run.
    words: bool,
    /// A flash that stays full or read-only.
    full: bool,
    power: &'a [Order],
}

/// All of it.
const LONG: Plan<'_> = Plan {
    faults: &[Fault::Kill, FULL, BROKEN, READ_ONLY],
    words: true,
    full: true,
    power: &[Order::Kept, Order::None],
};

/// The quickest that says something of a whole issuance.
const WORDS: Plan<'_> = Plan {
    faults: &[],
    words: true,
    full: false,
    power: &[],
};

/// The long form was asked for.
fn is_long() -> bool {
    env::var_os("CERTKEEPER_TEST_LONG").is_some()
}

/// Tries a plan, or all in the long form, and prints the table.
fn go(kind: Kind, plan: Plan<'_>) {
    let plan = if is_long() { LONG } else { plan };
    let Some(lanes) = Lanes::new(kind, LANES) else {
        return;
    };
    let points = steps::points(lanes.first());
    let mut rows = Vec::new();
    for fault in plan.faults {
        rows.push(steps::walk(&lanes, &points, *fault));
    }
    if plan.words && !kind.only_links() {
        rows.push(steps::walk_words(&lanes, &points));
    }
    for order in plan.power.iter().filter(|_| kind.is_local()) {
        rows.push(power::walk(&lanes, &points, *order));
    }
    // The store's rollback is no command yet that could say what is wrong.
    if plan.full && kind.is_local() && kind != Kind::Rollback {
        rows.extend(full::walk(&lanes));
    }
    report::judge(&rows);
}

#[test]
fn first_issuance() {
    let faults = &[Fault::Kill, FULL];
    let power = &[Order::Kept];
    go(
        Kind::First,
        Plan {
            faults,
            power,
            ..LONG
        },
    );
}

#[test]
fn first_issuance_by_dns() {
    go(Kind::FirstByDns, WORDS);
}

#[test]
fn renewal() {
    let faults = &[Fault::Kill, FULL];
    go(
        Kind::Renewal,
        Plan {
            faults,
            power: &[],
            ..LONG
        },
    );
}

#[test]
fn deployment() {
    let faults = &[Fault::Kill, FULL];
    let power = &[Order::Kept];
    go(
        Kind::Deployment,
        Plan {
            faults,
            full: false,
            power,
            ..LONG
        },
    );
}

#[test]
fn renewal_of_two_keys() {
    let faults = &[Fault::Kill];
    go(Kind::Pair, Plan { faults, ..WORDS });
}

#[test]
fn another_primary() {
    go(Kind::Primary, LONG);
}

#[test]
fn another_key_type() {
    go(Kind::KeyType, WORDS);
}

/// The new key is on the disk before the CA hears of it, and the old one stays until it has.
#[test]
fn another_account_key() {
    let faults = &[Fault::Kill, FULL, BROKEN];
    go(Kind::Rollover, Plan { faults, ..LONG });
}

#[test]
fn rollback() {
    go(Kind::Rollback, LONG);
}

/// Not a test: the program that `rollback` disturbs. The command does not exist yet.
#[test]
fn rolls_back_in_a_process_of_its_own() {
    let Ok(root) = env::var(scenario::ROLLBACK_ROOT) else {
        return;
    };
    let section = SectionName::parse("web").expect("a name");
    let area = Area::new(&Paths::new(root), &section, false);
    if let Err(e) = area.activate(1) {
        println!("{e}\n    what to do: {}", e.remedy());
        std::process::exit(1);
    }
}
