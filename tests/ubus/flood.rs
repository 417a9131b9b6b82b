//! Many calls at once. `CERTKEEPER_FLOOD_SECONDS=60` is the long form.

use crate::rig::Rig;
use certkeeper::ubus::Client;
use certkeeper::ubus::blob::get;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Calls a second, from so many callers.
const RATE: u32 = 200;
const CALLERS: u32 = 20;
/// Commands that answer questions, one job, and one that is just ending.
const CHILDREN_MAX: usize = 6;

fn seconds() -> u32 {
    let wanted = std::env::var("CERTKEEPER_FLOOD_SECONDS");
    wanted.ok().and_then(|s| s.parse().ok()).unwrap_or(3)
}

fn children_of(parent: i32) -> usize {
    let all = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    all.unwrap_or_default().split_whitespace().count()
}

#[test]
fn two_hundred_calls_a_second() {
    let rig = Rig::new(&["web", "mail"]);
    let socket = rig.bus.socket().to_owned();
    let (answered, busy, slowest) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    let over = AtomicBool::new(false);
    let calls = RATE * seconds() / CALLERS;
    let pause = Duration::from_secs(1) * CALLERS / RATE;
    let parent = rig.agent.pid().as_raw_nonzero().get();
    let most = thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !over.load(Ordering::Relaxed) {
                most = most.max(children_of(parent));
                thread::sleep(Duration::from_millis(2));
            }
            most
        });
        let callers: Vec<_> = (0..CALLERS)
            .map(|n| {
                let (socket, answered, busy, slowest) = (&socket, &answered, &busy, &slowest);
                scope.spawn(move || {
                    let mut client = Client::connect(socket).expect("a bus");
                    let object = client.lookup("certkeeper").expect("the agent").id;
                    let methods = ["status", "cas", "job", "accounts", "hooks", "orders"];
                    let begun = Instant::now();
                    for round in 0..calls {
                        let due = pause * round;
                        thread::sleep(due.saturating_sub(begun.elapsed()));
                        let method = methods[usize::try_from(n + round).unwrap() % methods.len()];
                        let asked = Instant::now();
                        let answer = client.invoke(object, method, &[], Duration::from_secs(10));
                        let took = u32::try_from(asked.elapsed().as_millis()).unwrap();
                        slowest.fetch_max(took, Ordering::Relaxed);
                        let answer = answer.expect("an answer");
                        let count = if get(&answer, "error").is_none() {
                            answered
                        } else {
                            busy
                        };
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.join().expect("a caller");
        }
        over.store(true, Ordering::Relaxed);
        watch.join().expect("a count")
    });
    let (answered, busy) = (answered.into_inner(), busy.into_inner());
    let slowest = slowest.into_inner();
    eprintln!(
        "{answered} answered, {busy} told to wait, slowest {slowest} ms, {most} commands at once"
    );
    assert_eq!(answered + busy, calls * CALLERS);
    // A machine that is busy otherwise may have some wait; all would be another thing.
    assert!(busy * 10 < answered, "{busy} of {answered}");
    assert!(
        (1..=CHILDREN_MAX).contains(&most),
        "{most} commands at once"
    );
    assert!(slowest < 3000, "{slowest} ms");
}
