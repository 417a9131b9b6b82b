//! Power cuts: every state of the disk that one may leave at every moment of a scenario.

use crate::disk::{Choice, Disk, Order};
use crate::ops::Op;
use crate::report::Row;
use crate::scenario::Scenario;
use crate::site::empty;
use crate::steps::{Lanes, hit, whole};
use crate::strace::{Fault, Point, Traced};
use serde_json::Value;
use std::collections::HashSet;
use std::fs;
use std::time::Instant;

/// Up to so many states of one moment are all tried; of more, the outermost.
const MOST: usize = 256;

/// A power cut.
struct Cut {
    /// Calls that are done.
    done: usize,
    choice: Choice,
}

/// Cuts the power at every moment; of all states that look alike one is tried.
pub fn walk(lanes: &Lanes, points: &[Point], order: Order) -> Row {
    let begin = Instant::now();
    let cuts = cuts(lanes.first(), points, order);
    let found = lanes.each(&cuts, |scenario, cut| {
        let wrong = at(scenario, points, cut, order);
        let next = points
            .get(cut.done)
            .map_or("the end".to_owned(), ToString::to_string);
        let kept = kept(&cut.choice);
        let what = format!(
            "power cut after {} calls, before {next}, kept {kept:?}",
            cut.done
        );
        (what, wrong)
    });
    let title = match order {
        Order::Kept => "power cut, order kept",
        Order::None => "power cut, any order",
    };
    Row::new(lanes.first(), title, begin, found)
}

/// The states that are not 0 (all lost), with the number of the file or folder.
fn kept(choice: &[usize]) -> Vec<(usize, usize)> {
    choice
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, state)| *state != 0)
        .collect()
}

/// The disk at the beginning.
fn disk(scenario: &Scenario) -> Disk {
    let root = scenario.site.temp.root();
    Disk::read(&root, scenario.start(), &scenario.site.flash())
}

/// What each call of a run did to the flash, if it did.
fn on_flash(scenario: &Scenario, traced: &Traced) -> Vec<Option<Op>> {
    let flash = scenario.site.flash();
    let steps = traced.steps(&scenario.site).into_iter();
    steps
        .map(|(_, op)| op.filter(|op| flash.iter().any(|part| op.path().starts_with(part))))
        .collect()
}

/// All power cuts that leave different disks, by a run that nothing disturbs.
fn cuts(scenario: &Scenario, points: &[Point], order: Order) -> Vec<Cut> {
    let traced = whole(scenario, points);
    let ops = on_flash(scenario, &traced);
    let mut disk = disk(scenario);
    let (mut seen, mut cuts) = (HashSet::new(), Vec::new());
    for done in 0..=ops.len() {
        for choice in disk.choices(order, MOST) {
            if seen.insert(disk.tree(order, &choice).mark()) {
                cuts.push(Cut { done, choice });
            }
        }
        if let Some(Some(op)) = ops.get(done) {
            disk.apply(op);
        }
    }
    cuts
}

/// Runs the scenario up to the cut, so that CA and DNS stand where they would, and puts the disk
/// that the power cut leaves in the place of the one that is there.
fn at(scenario: &Scenario, points: &[Point], cut: &Cut, order: Order) -> Vec<String> {
    let traced = match points.get(cut.done) {
        Some(point) => hit(scenario, &points[..cut.done], point, Fault::Kill),
        None => whole(scenario, points),
    };
    let mut disk = disk(scenario);
    on_flash(scenario, &traced)
        .iter()
        .flatten()
        .for_each(|op| disk.apply(op));
    let root = scenario.site.temp.root();
    empty(&root);
    disk.tree(order, &cut.choice).write(&root);
    fs::create_dir_all(scenario.site.temp.path("var/run")).expect("a tmpfs");
    scenario.boot();
    let mut wrong = scenario.unbroken();
    let status = scenario.site.run(&["status", "--json"], 0);
    if status.code() != 0 || serde_json::from_str::<Value>(&status.stdout).is_err() {
        wrong.push(format!("status fails\n{}", status.report()));
    }
    wrong.extend(scenario.heals());
    wrong
}
