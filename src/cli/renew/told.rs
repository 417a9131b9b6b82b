//! What came of a run, in lines and as JSON.

use super::super::{Exit, Run, term};
use crate::config::Config;
use crate::issue::{Outcome, Report};
use crate::plan::Waiting;
use crate::status;
use crate::types::{SectionName, State, Timestamp};
use serde_json::{Value, json};

pub(in crate::cli) fn tell(run: &Run<'_>, config: &Config, report: &Report) -> Exit {
    for (section, outcome) in &report.outcomes {
        let (error, text) = line(outcome);
        status::syslog(&run.paths, error, &format!("{section}: {text}"));
    }
    let waits = |o: &Outcome| match o {
        Outcome::Waiting(..) => true,
        Outcome::Failed(failure, _) => failure.state == State::Deferred,
        Outcome::Done(_) | Outcome::Unable(_) => false,
    };
    let later = report.outcomes.iter().any(|(_, o)| waits(o));
    let failed = |o: &Outcome| !matches!(o, Outcome::Done(_)) && !waits(o);
    let failed = report.outcomes.iter().any(|(_, o)| failed(o));
    if run.parsed.json {
        run.say_json(&as_json(report));
    } else {
        show(run, config, report);
    }
    if report.stopped {
        run.tell("stopped; what was presented has been taken back, and the next run goes on");
    }
    if failed || report.stopped || config.has_errors() {
        Exit::Failed
    } else if later || !report.waiting.is_empty() {
        Exit::Deferred
    } else {
        Exit::Done
    }
}

/// An outcome in one line, and whether it is an error.
fn line(outcome: &Outcome) -> (bool, String) {
    match outcome {
        Outcome::Done(text) => (false, text.clone()),
        Outcome::Waiting(until, text) => (false, format!("{text}; goes on at {until}")),
        Outcome::Unable(text) => (true, text.clone()),
        Outcome::Failed(failure, next) => (
            true,
            format!(
                "{}. What to do: {}. Next attempt: {next}",
                failure.problem, failure.remedy
            ),
        ),
    }
}

fn show(run: &Run<'_>, config: &Config, report: &Report) {
    let style = run.out_style;
    let now = run.clock.now();
    for (section, outcome) in &report.outcomes {
        match outcome {
            Outcome::Done(text) => run.say(&format!("{} {section}: {text}", style.good("✓"))),
            Outcome::Waiting(until, text) => {
                let when = term::until(*until, now);
                let how = match report.test {
                    true => format!("`certkeeper renew {section} --test` "),
                    false => String::new(),
                };
                run.say(&format!(
                    "{} {section}: {text}; {how}goes on {when}",
                    style.warn("…")
                ));
            }
            Outcome::Unable(text) => run.say(&format!("{} {section}: {text}", style.bad("✗"))),
            Outcome::Failed(failure, next) => {
                run.say(&format!(
                    "{} {section}: {}",
                    style.bad("✗"),
                    failure.problem
                ));
                for (name, problem) in &failure.names {
                    if !failure.problem.contains(problem.as_str()) {
                        run.say(&format!("    {name}: {problem}"));
                    }
                }
                run.say(&format!("    what to do: {}", failure.remedy));
                if !report.stopped && !report.test {
                    let when = term::until(*next, now);
                    run.say(&format!(
                        "    next attempt {when}, or at once with `certkeeper renew {section}`"
                    ));
                }
            }
        }
    }
    for Waiting {
        section,
        until,
        reason,
    } in &report.waiting
    {
        let when = term::until(*until, now);
        run.say(&format!(
            "{} {section}: waits; next attempt {when} ({reason})",
            style.warn("…")
        ));
    }
    if report.outcomes.is_empty() && report.waiting.is_empty() && !report.stopped {
        run.say(&nothing_due(config, report.next_due.as_ref(), now));
    }
}

fn nothing_due(config: &Config, next: Option<&(Timestamp, SectionName)>, now: Timestamp) -> String {
    if config.certs.is_empty() {
        return match config.has_errors() {
            true => "no section can run: correct the errors above".into(),
            false => "there is no 'config cert' section yet; `certkeeper add www.example.org` shows how to make one".into(),
        };
    }
    match next {
        Some((at, section)) => format!(
            "nothing is due; the next is {section} {}",
            term::until(*at, now)
        ),
        None => "nothing is due".into(),
    }
}

fn as_json(report: &Report) -> Value {
    let outcome = |(section, outcome): &(SectionName, Outcome)| match outcome {
        Outcome::Done(text) => {
            json!({"section": section.as_str(), "outcome": "done", "text": text})
        }
        Outcome::Unable(text) => {
            json!({"section": section.as_str(), "outcome": "failed", "problem": text})
        }
        Outcome::Waiting(until, text) => {
            json!({"section": section.as_str(), "outcome": "waiting", "text": text, "next": until.0})
        }
        Outcome::Failed(failure, next) => json!({
            "section": section.as_str(), "outcome": "failed", "state": failure.state,
            "problem": failure.problem, "remedy": failure.remedy, "names": failure.names, "next": next.0,
        }),
    };
    let waiting =
        |w: &Waiting| json!({"section": w.section.as_str(), "next": w.until.0, "text": w.reason});
    let mut document = json!({
        "sections": report.outcomes.iter().map(outcome).collect::<Vec<_>>(),
        "waiting": report.waiting.iter().map(waiting).collect::<Vec<_>>(),
        "stopped": report.stopped,
    });
    if report.test {
        document["test"] = true.into();
    }
    document
}
