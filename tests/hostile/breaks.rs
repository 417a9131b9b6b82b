//! Frozen, cut, reset, dripping, flooding: at each step.

use crate::lanes::{WAITING, each};
use crate::long;
use crate::reply::{Reply, STEPS, Step, Way};
use crate::rig::{Rig, Want};
use rustix::process::{Signal, kill_process};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// A call may take half a minute; a busy machine makes the run longer.
pub const CALL: u64 = 45;

/// Where replies break, how, and when the run must have ended.
#[derive(Clone)]
pub struct Break(pub Step, pub Way, pub u64);

impl Break {
    pub fn name(&self) -> String {
        let mut text = format!("{:?}", self.1);
        text.truncate(40);
        format!("{text} at {:?}", self.0)
    }

    /// Every reply of the step breaks.
    pub fn check(&self) {
        let Self(step, way, within) = self.clone();
        let rig = Rig::due();
        rig.ca
            .twist(&[step], Arc::new(move |r| r.way = way.clone()));
        rig.suffers(&Want {
            within: Duration::from_secs(within),
            ..Want::failure(&["localhost:", "if the CA is down, the next runs try again"])
        });
        rig.ca.heal();
        rig.recovers();
    }
}

fn at_each(ways: &[Way], within: u64) -> Vec<Break> {
    let all = |way: &Way| STEPS.map(|step| Break(step, way.clone(), within));
    ways.iter().flat_map(all).collect()
}

const CUTS: [Way; 4] = [
    Way::Reset,
    Way::Close,
    Way::HalfThenClose,
    Way::HalfThenReset,
];

/// Three more tries, two seconds apart.
#[test]
fn cut_and_reset() {
    each(&at_each(&CUTS, 20), WAITING, Break::name, Break::check);
}

/// What is lost once is asked for again: the run goes on, with one certificate in the end.
#[test]
fn cut_once() {
    each(
        &at_each(&CUTS, 0),
        WAITING,
        Break::name,
        |Break(step, way, _)| {
            let rig = Rig::due();
            let (way, first) = (way.clone(), AtomicBool::new(true));
            let twist = move |r: &mut Reply| {
                if first.swap(false, Ordering::SeqCst) {
                    r.way = way.clone();
                }
            };
            rig.ca.twist(&[*step], Arc::new(twist));
            rig.recovers();
        },
    );
}

/// Half a minute, then the run ends.
pub fn frozen_and_dripping() -> Vec<Break> {
    let mut cases = at_each(&[Way::Freeze], CALL);
    for step in [Step::Directory, Step::Authz, Step::Certificate] {
        cases.push(Break(step, Way::HalfThenFreeze, CALL));
        cases.push(Break(step, Way::Drip(Duration::from_millis(200)), CALL));
    }
    cases
}

/// Streams that never end.
pub fn floods() -> Vec<Break> {
    let ok = |text: &str| format!("HTTP/1.1 200 OK\r\n{text}").into_bytes();
    let chunked = ok("Transfer-Encoding: chunked\r\n\r\n");
    let early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let ways = [
        Way::Flood(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100)),
        Way::Flood(Vec::new(), early.repeat(100)),
        Way::Flood(Vec::new(), vec![b'a'; 10_000]),
        Way::Flood(Vec::new(), b"\r\n".repeat(5000)),
        Way::Flood(ok(""), b"X-Y: z\r\n".repeat(1000)),
        Way::Flood(ok("\r\n"), vec![b' '; 10_000]),
        Way::Flood(chunked.clone(), b"1\r\n \r\n".repeat(1000)),
        Way::Flood([&chunked[..], b"1;"].concat(), vec![b'x'; 10_000]),
        Way::Flood([&chunked[..], b"0\r\n"].concat(), b"T: x\r\n".repeat(1000)),
        Way::KeyUpdates,
    ];
    ways.map(|way| Break(Step::Order, way, CALL)).to_vec()
}

/// A CA that sends TLS tickets faster than a slow router takes them in: the router's processor is
/// played by stopping the program most of the time.
pub fn faster_than_the_router() {
    let rig = Rig::due();
    rig.ca
        .twist(&[Step::Order], Arc::new(|r| r.way = Way::Tickets));
    let run = rig.certkeeper(&["renew"]);
    let run = run.limit(Duration::from_secs(CALL)).start();
    let pid = run.pid();
    let run = thread::scope(|scope| {
        scope.spawn(move || {
            // Until it has gone.
            while kill_process(pid, Signal::STOP).is_ok() {
                thread::sleep(Duration::from_millis(20));
                let _ = kill_process(pid, Signal::CONT);
                thread::sleep(Duration::from_millis(4));
            }
        });
        run.finish()
    });
    assert_eq!(run.code(), 1, "{}", run.report());
    assert!(
        run.stdout.contains("did not reply within 30s"),
        "{}",
        run.report()
    );
    rig.ca.heal();
    rig.recovers();
}

/// An order failed, and the CA freezes when it is asked why.
pub fn frozen_after_a_failure() {
    let rig = Rig::due();
    let order = b"\"finalize\"";
    let twist = move |r: &mut Reply| match r.body.windows(order.len()).any(|w| w == order) {
        true => r.set("status", json!("invalid")),
        false => r.way = Way::Freeze,
    };
    rig.ca.twist(&[Step::Order, Step::Authz], Arc::new(twist));
    rig.suffers(&Want {
        within: Duration::from_secs(CALL),
        ..Want::failure(&["the order failed"])
    });
    rig.ca.heal();
    rig.recovers();
}

/// Silence before each end: all tries together stay below a minute.
#[test]
fn late_ends() {
    if !long("connections that end late") {
        return;
    }
    let steps = [Step::Nonce, Step::Account, Step::Authz, Step::Finalize];
    let late = Way::LateClose(Duration::from_secs(25));
    let cases = steps.map(|step| Break(step, late.clone(), 60));
    each(&cases, WAITING, Break::name, Break::check);
}

/// A CA that never gets on holds the lock, and with it all other sections, for a minute or so.
#[test]
fn busy_for_ever() {
    if !long("a CA that works for ever") {
        return;
    }
    let cases = [
        ("processing", false),
        ("processing", true),
        ("pending", false),
        ("pending", true),
    ];
    let name = |(word, hint): &(&str, bool)| format!("{word}, Retry-After: {hint}");
    each(&cases, WAITING, name, |(word, hint)| {
        let rig = Rig::due();
        let (word, hint) = (*word, *hint);
        let twist = move |r: &mut Reply| {
            r.set("status", json!(word));
            if hint {
                r.header("Retry-After", "3600");
            }
        };
        let steps: &[Step] = match word {
            "pending" => &[Step::Poll],
            _ => &[Step::Poll, Step::Finalize],
        };
        rig.ca.twist(steps, Arc::new(twist));
        rig.suffers(&Want {
            exit: 4,
            within: Duration::from_secs(100),
            keeps: word == "pending",
            ..Want::failure(&["the CA"])
        });
        rig.ca.heal();
        rig.recovers();
    });
}
