//! What a failed run told its owner, and what the harness tells us.

use crate::ops::Op;
use crate::scenario::Scenario;
use crate::strace::{Fault, Traced};
use crate::support::process::Finished;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Something that must not be.
#[derive(Clone, Debug)]
struct Violation {
    /// Fault and point.
    at: String,
    text: String,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    scenario: &'static str,
    fault: String,
    tried: usize,
    /// How many of them left something that must not be.
    broken: usize,
    violations: Vec<Violation>,
    time: Duration,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<26} {:<26} {:>5} tried {:>4} violations {:>6.1} s",
            self.scenario,
            self.fault,
            self.tried,
            self.broken,
            self.time.as_secs_f64()
        )
    }
}

impl Row {
    /// The line for what was found since `begin`: the faults tried, with what was wrong after each.
    pub fn new(
        scenario: &Scenario,
        fault: &str,
        begin: Instant,
        found: Vec<(String, Vec<String>)>,
    ) -> Self {
        let tried = found.len();
        let broken = found.iter().filter(|(_, wrong)| !wrong.is_empty()).count();
        let violations = found.into_iter().flat_map(|(at, wrong)| {
            let each = wrong.into_iter();
            each.map(move |text| Violation {
                at: at.clone(),
                text,
            })
        });
        Self {
            scenario: scenario.kind.title(),
            fault: fault.to_owned(),
            tried,
            broken,
            violations: violations.collect(),
            time: begin.elapsed(),
        }
    }
}

/// Prints the table, even of a test that passes, and fails if anything was violated.
///
/// # Panics
/// Then.
pub fn judge(rows: &[Row]) {
    let mut table = String::new();
    for row in rows {
        table += &format!("faults: {row}\n");
    }
    // By hand: what a passing test prints is swallowed. Nobody reading it is no reason to fail.
    let _ = stdout().write_all(table.as_bytes());
    let text: String = rows.iter().map(grouped).collect();
    assert!(text.is_empty(), "violations\n{text}");
}

/// How many kinds of violations of one row are shown.
const SHOWN: usize = 20;

/// The violations of a row; of those that begin alike the first.
fn grouped(row: &Row) -> String {
    let mut groups: BTreeMap<&str, Vec<&Violation>> = BTreeMap::new();
    for violation in &row.violations {
        let first = violation.text.lines().next().unwrap_or_default();
        groups.entry(first).or_default().push(violation);
    }
    let mut text = String::new();
    for violations in groups.values().take(SHOWN) {
        let (count, first) = (violations.len(), violations[0]);
        let lines = first.text.replace('\n', "\n    ");
        text += &format!(
            "\n{}: {count} times, first by {}\n    {lines}\n",
            row.scenario, first.at
        );
    }
    if groups.len() > SHOWN {
        text += &format!("\n{}: {} other kinds\n", row.scenario, groups.len() - SHOWN);
    }
    text
}

/// What is wrong with the end of a run in which one call failed.
pub fn told(scenario: &Scenario, traced: &Traced, error: &'static str) -> Vec<String> {
    let call = traced
        .met(Fault::Error(error))
        .and_then(|call| call.op.clone());
    let places = call.map(|op| places(&op)).unwrap_or_default();
    failed_well(scenario, &traced.finished, error, Some(&places))
}

/// What is wrong with the end of a run that met an error, at one of these places if it is known:
/// either all is done all the same, or the run says what failed, where, and what to do.
pub fn failed_well(
    scenario: &Scenario,
    run: &Finished,
    error: &str,
    places: Option<&[PathBuf]>,
) -> Vec<String> {
    let all = format!("{}\n{}", run.stdout, run.stderr);
    let told = |text: &str| format!("{text}\nexit code {}\n{}", run.code(), all.trim());
    if all.contains("panicked") || run.code() > 4 {
        return vec![told("it panicked")];
    }
    let flash = scenario.site.flash();
    let known = places.unwrap_or(&flash);
    let named = known
        .iter()
        .any(|place| all.contains(&place.display().to_string()));
    if run.code() == 0 {
        let mut wrong = scenario.undone();
        // What could not be tidied up is left to the next run, but not in silence. Trouble with the
        // status in tmpfs is none.
        let status = |text: &String| text.contains("/var/run/certkeeper/status/");
        if !named {
            wrong.extend(
                scenario
                    .leftovers()
                    .into_iter()
                    .filter(|text| !status(text)),
            );
        }
        let wrong = wrong.iter();
        return wrong
            .map(|text| told(&format!("all is said to be well, but {text}")))
            .collect();
    }
    let (cause, remedy) = match error {
        "ENOSPC" => ("(os error 28)", "full"),
        "EROFS" => ("(os error 30)", "read-only"),
        _ => ("(os error 5)", "dmesg"),
    };
    // The message, not the log: `✗ section: …`, `what to do: …`, or `certkeeper: … — …`.
    let ends = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("certkeeper: "));
    let message = run
        .stdout
        .lines()
        .chain(ends)
        .collect::<Vec<_>>()
        .join("\n");
    let is_flash = known
        .iter()
        .any(|place| flash.iter().any(|part| place.starts_with(part)));
    let faults = [
        (run.code() != 1, "the exit code is not 1"),
        (!named, "the path is not named"),
        (!message.contains(cause), "the cause is not named"),
        (
            !message.contains(remedy),
            "the remedy does not fit the cause",
        ),
        (
            !is_flash && message.contains("flash"),
            "the flash has nothing to do with it",
        ),
    ];
    faults
        .into_iter()
        .filter(|(wrong, _)| *wrong)
        .map(|(_, text)| told(text))
        .collect()
}

/// The paths of which one is to be named: what the call was about, or what it was on its way to.
fn places(op: &Op) -> Vec<PathBuf> {
    let path = op.path();
    let mut places = vec![path.to_owned()];
    if let Op::Rename { from, .. } = op {
        places.push(from.clone());
    }
    places.extend(target(path));
    places
}

/// `folder/.name.new` is on its way to `folder/name`; what is in `draft` is one with it.
fn target(path: &Path) -> Option<PathBuf> {
    if path.parent()?.ends_with("draft") {
        return path.parent().map(Path::to_owned);
    }
    if let Some(folder) = path.ancestors().find(|p| p.ends_with("copies")) {
        return Some(folder.to_owned());
    }
    let name = path.file_name()?.to_str()?;
    let name = name.strip_prefix('.')?.strip_suffix(".new")?;
    Some(path.with_file_name(name))
}
