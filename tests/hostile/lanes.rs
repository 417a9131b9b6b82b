//! Runs the cases of a table side by side and names each that fails.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Lanes for cases that work all the time.
pub const BUSY: usize = 2;
/// Lanes for cases that wait most of the time.
pub const WAITING: usize = 64;

/// Checks each case, so many at a time.
///
/// # Panics
/// When cases failed, with the words of each; or when there are none.
#[track_caller]
pub fn each<T: Sync>(
    cases: &[T],
    lanes: usize,
    name: impl Fn(&T) -> String + Sync,
    check: impl Fn(&T) + Sync,
) {
    assert!(!cases.is_empty(), "no case");
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..lanes.min(cases.len()) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(told) = catch_unwind(AssertUnwindSafe(|| check(case))) {
                        let text = format!("==== {}\n{}", name(case), words(&*told));
                        failures.lock().unwrap().push(text);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    let (bad, all) = (failures.len(), cases.len());
    assert!(bad == 0, "{bad} of {all} failed\n{}", failures.join("\n"));
}

fn words(told: &(dyn Any + Send)) -> String {
    let text = told.downcast_ref::<String>().cloned();
    let text = text.or_else(|| told.downcast_ref::<&str>().map(|t| (*t).to_owned()));
    text.unwrap_or_default()
}
