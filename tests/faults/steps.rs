//! Goes through every call that changes a file, and has each of them go wrong.

use crate::kind::Kind;
use crate::ops::Op;
use crate::report::Row;
use crate::scenario::Scenario;
use crate::strace::{self, Fault, Point, Traced};
use crate::support::tools;
use crate::{check, receivers, report};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// How often a run is repeated whose calls are others than those of the first: the CA may take a
/// moment longer, and Pebble uses one of 100 authorizations again even if it is not to.
const TRIES: usize = 20;

/// Sites that work at the same time: a run waits more than it works.
pub struct Lanes(Vec<Scenario>);

impl Lanes {
    /// Prepares `count` sites; `None` when a program is missing, which has been told.
    pub fn new(kind: Kind, count: usize) -> Option<Self> {
        if !tools::have(&[&["strace", "bash"]]) || !strace::works() {
            return None;
        }
        let first = Scenario::new(kind)?;
        let others = (1..count).map(|_| Scenario::new(kind));
        let others: Option<Vec<_>> = others.collect();
        Some(Self(std::iter::once(first).chain(others?).collect()))
    }

    pub fn first(&self) -> &Scenario {
        &self.0[0]
    }

    /// Does `work` for each of `items`; what it returns in order.
    pub fn each<T: Sync, R: Send>(
        &self,
        items: &[T],
        work: impl Fn(&Scenario, &T) -> R + Sync,
    ) -> Vec<R> {
        let next = AtomicUsize::new(0);
        let results = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for lane in &self.0 {
                scope.spawn(|| {
                    while let Some((at, item)) = {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        items.get(at).map(|item| (at, item))
                    } {
                        let result = work(lane, item);
                        results.lock().expect("no lane failed").push((at, result));
                    }
                });
            }
        });
        let mut results = results.into_inner().expect("no lane failed");
        results.sort_by_key(|(at, _)| *at);
        results.into_iter().map(|(_, result)| result).collect()
    }
}

/// The points of a scenario: those of two runs that nothing disturbed and that went alike. What
/// such a run does is judged as well.
///
/// # Panics
/// When there are no such runs, or when they go wrong.
pub fn points(scenario: &Scenario) -> Vec<Point> {
    let mut last = Vec::new();
    for _ in 0..TRIES {
        let traced = undisturbed(scenario);
        let wrong = [scenario.settled(), open_from_the_start(scenario, &traced)].concat();
        assert!(
            wrong.is_empty() || scenario.kind == Kind::Rollback,
            "undisturbed: {wrong:#?}"
        );
        let points = traced.points(&scenario.site);
        if points == last {
            return points;
        }
        last = points;
    }
    panic!("no two runs go alike");
}

/// Runs a scenario from its beginning to its end.
///
/// # Panics
/// When it does not end well.
fn undisturbed(scenario: &Scenario) -> Traced {
    scenario.restore();
    let traced = scenario.program().trace(&scenario.site);
    assert_eq!(traced.finished.code(), 0, "{}", traced.finished.report());
    traced
}

/// Files that hold a key and could be read by others from the first moment, or later by chmod.
pub fn open_from_the_start(scenario: &Scenario, traced: &Traced) -> Vec<String> {
    let steps = traced.steps(&scenario.site);
    let ops: Vec<Op> = steps.into_iter().filter_map(|(_, op)| op).collect();
    let keys = ops.iter().filter_map(|op| match op {
        Op::Write { path, data } if check::is_key(data) => Some(path),
        _ => None,
    });
    let mut open = Vec::new();
    for key in keys {
        let made = ops.iter().any(|op| matches!(op, Op::Create { path, mode, new: true, .. } if path == key && mode & 0o077 == 0));
        // A copy is opened to its reader's group, no more.
        let closed = match receivers::is_copy(&scenario.site, key) {
            true => 0o027,
            false => 0o077,
        };
        let opened = ops
            .iter()
            .any(|op| matches!(op, Op::Chmod { path, mode } if path == key && mode & closed != 0));
        if !made || opened {
            open.push(format!("{} was open to others", key.display()));
        }
    }
    open
}

/// Has one fault happen at every point.
pub fn walk(lanes: &Lanes, points: &[Point], fault: Fault) -> Row {
    let begin = Instant::now();
    let numbers: Vec<usize> = (0..points.len()).collect();
    let found = lanes.each(&numbers, |scenario, number| {
        let (before, point) = (&points[..*number], &points[*number]);
        let traced = hit(scenario, before, point, fault);
        (
            format!("{fault} at call {number}, {point}"),
            after(scenario, &traced, fault),
        )
    });
    Row::new(lanes.first(), &fault.to_string(), begin, found)
}

/// Kills the run wherever somebody else hears of it: before each request to the CA and before each
/// child. What the CA knows and what the disk knows then differ in every way they can.
///
/// # Panics
/// When too few of the requests are met.
pub fn walk_words(lanes: &Lanes, points: &[Point]) -> Row {
    let begin = Instant::now();
    let words = whole(lanes.first(), points).words(&lanes.first().site);
    let found = lanes.each(&words, |scenario, word| {
        scenario.restore();
        let traced = scenario.program().inject(&scenario.site, word, Fault::Kill);
        // How often the CA is asked whether it is done differs by run, and so does the last request.
        traced.met(Fault::Kill)?;
        let last = traced.points(&scenario.site).pop();
        let last = last.map_or("the begin".to_owned(), |point| point.to_string());
        Some((
            format!("kill -9 at {word}, after {last}"),
            after(scenario, &traced, Fault::Kill),
        ))
    });
    let found: Vec<_> = found.into_iter().flatten().collect();
    assert!(
        found.len() * 4 > words.len() * 3,
        "{} of {}",
        found.len(),
        words.len()
    );
    Row::new(lanes.first(), "kill -9 at requests", begin, found)
}

/// Looks at what a fault left, and has the next run heal it.
fn after(scenario: &Scenario, traced: &Traced, fault: Fault) -> Vec<String> {
    let mut wrong = open_from_the_start(scenario, traced);
    wrong.extend(scenario.unbroken());
    if let Fault::Error(error) = fault {
        wrong.extend(report::told(scenario, traced, error));
    }
    wrong.extend(scenario.heals());
    wrong
}

/// Runs a scenario along the points `before` until the fault meets `point`.
///
/// # Panics
/// When it never does.
pub fn hit(scenario: &Scenario, before: &[Point], point: &Point, fault: Fault) -> Traced {
    until(|| {
        scenario.restore();
        let traced = scenario.program().inject(&scenario.site, point, fault);
        (traced.has_hit(&scenario.site, before, point, fault), traced)
    })
    .unwrap_or_else(|traced| {
        let other = difference(before, &traced.points(&scenario.site));
        let (met, report) = (traced.met(fault), traced.finished.report());
        panic!("{fault} at {point} does not hit but {met:?}\n{other}\n{report}");
    })
}

/// Where a run went another way.
fn difference(expected: &[Point], went: &[Point]) -> String {
    let same = expected
        .iter()
        .zip(went)
        .take_while(|(a, b)| a == b)
        .count();
    let (expected, went) = (expected.get(same), went.get(same));
    format!("call {same} was to be {expected:?} and is {went:?}")
}

/// Runs a scenario along all of these points, to its end.
///
/// # Panics
/// When it never goes so.
pub fn whole(scenario: &Scenario, points: &[Point]) -> Traced {
    until(|| {
        let traced = undisturbed(scenario);
        (traced.points(&scenario.site) == points, traced)
    })
    .unwrap_or_else(|traced| {
        let other = difference(points, &traced.points(&scenario.site));
        panic!("never as the first run: {other}")
    })
}

/// Tries until it went as it should; else the last one.
fn until(run: impl Fn() -> (bool, Traced)) -> Result<Traced, Traced> {
    let (mut good, mut traced) = run();
    for _ in 1..TRIES {
        if good {
            break;
        }
        (good, traced) = run();
    }
    if good { Ok(traced) } else { Err(traced) }
}
