//! What a failed run told its owner, and what the harness tells us.

use crate::scenario::Scenario;
use crate::strace::{Fault, Traced};
use crate::trace::Op;
use std::fmt;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Something that must not be.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Fault and point.
    pub at: String,
    pub text: String,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    pub scenario: &'static str,
    pub fault: String,
    pub tried: usize,
    pub violations: Vec<Violation>,
    pub time: Duration,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let broken = points_of(&self.violations);
        write!(
            f,
            "{:<26} {:<26} {:>5} tried {:>4} violations {:>6.1} s",
            self.scenario,
            self.fault,
            self.tried,
            broken,
            self.time.as_secs_f64()
        )
    }
}

/// Points with at least one violation.
fn points_of(violations: &[Violation]) -> usize {
    let mut at: Vec<&str> = violations.iter().map(|v| v.at.as_str()).collect();
    at.dedup();
    at.len()
}

/// How much of the violations is shown.
const SHOWN: usize = 40;

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
    let all: Vec<_> = rows.iter().flat_map(|row| &row.violations).collect();
    let mut text = String::new();
    for violation in all.iter().take(SHOWN) {
        text += &format!(
            "\n{}\n    {}\n",
            violation.at,
            violation.text.replace('\n', "\n    ")
        );
    }
    assert!(all.is_empty(), "{} violations\n{text}", all.len());
}

/// What is wrong with the end of a run in which one call failed: either it is done all the same, or
/// it says what failed, where, and what to do.
pub fn told(scenario: &Scenario, traced: &Traced, error: &'static str) -> Vec<String> {
    let run = &traced.finished;
    let all = format!("{}\n{}", run.stdout, run.stderr);
    let told = |text: &str| format!("{text}: exit code {}\n{}", run.code(), all.trim());
    if all.contains("panicked") || run.code() > 4 {
        return vec![told("it panicked")];
    }
    let call = traced
        .met(Fault::Error(error))
        .and_then(|call| call.op.clone());
    let places = call.map(|op| places(&op)).unwrap_or_default();
    let named = places
        .iter()
        .any(|place| all.contains(&place.display().to_string()));
    if run.code() == 0 {
        // What could not be tidied up is left to the next run, but not in silence.
        let wrong = scenario
            .undone()
            .into_iter()
            .chain((!named).then(|| scenario.leftovers()).into_iter().flatten());
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
    let message: String = run
        .stdout
        .lines()
        .chain(ends)
        .collect::<Vec<_>>()
        .join("\n");
    let flash = scenario.site.flash();
    let is_flash = places
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

/// `folder/.name.new` is on its way to `folder/name`.
fn target(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_prefix('.')?.strip_suffix(".new")?;
    Some(path.with_file_name(name))
}
