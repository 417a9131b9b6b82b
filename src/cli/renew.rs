//! `renew`: issues, renews, resumes and deploys what is due.

mod told;

pub(super) use told::tell;

use super::live::Live;
use super::parse::{Command, Opt};
use super::{Ended, Exit, Result, Run, trouble};
use crate::config::Config;
use crate::issue::{Outcome, Report, Rounds};
use crate::plan::Wish;
use crate::status;
use crate::store::{Lock, Queue, Wanted};
use crate::types::{SectionName, Stage, State};
use serde_json::json;
use std::time::Duration;

pub(super) const COMMAND: Command = Command {
    name: "renew",
    args: "[SECTION…] [--force] [--test] [--no-wait]",
    summary: "gets, renews and puts into use what is due (cron runs this)",
    help: "Issues what is missing, renews what is due, goes on with what an earlier run left, and puts\n\
           it into use: services reload, and what they do not serve is rolled back. A SECTION named here\n\
           is tried at once, whatever its waiting time and auto_update say. If another run is at work, the\n\
           wish is handed to it and its progress is shown. With --test a certificate is got from the CA's\n\
           staging server, whatever option staging says; it is kept apart and never served.",
    options: &[
        Opt {
            name: "force",
            value: None,
            help: "also issue what is not due",
        },
        Opt {
            name: "test",
            value: None,
            help: "try it at the CA's staging server; nothing that is served changes",
        },
        Opt {
            name: "no-wait",
            value: None,
            help: "end with exit code 3 if another run is at work",
        },
    ],
    run,
};

/// How often a waiting run looks whether the other has ended.
const LOOK: Duration = Duration::from_millis(200);

fn run(run: &Run<'_>) -> Result<Exit> {
    let mut config = run.config()?;
    let sections = run.sections(&config)?;
    if !config.global.enabled {
        match run.parsed.json {
            true => run.say_json(&json!({"enabled": false, "sections": [], "waiting": []})),
            false => run.say("certkeeper is switched off (option enabled 0 in section 'global')"),
        }
        return Ok(Exit::Done);
    }
    if run.parsed.has("test") {
        return super::test::run(run, config, &sections);
    }
    let wishes = wishes(&sections, run.parsed.has("force"));
    let mut todo = wishes.clone();
    let queue = Queue::new(&run.paths);
    // What was read before waiting or working may have changed since.
    let mut fresh = true;
    let lock = match Lock::take(&run.paths).map_err(trouble)? {
        Some(lock) => lock,
        None if run.parsed.has("no-wait") => {
            return Err(Ended(Exit::Busy, "another run is at work".into()));
        }
        None => {
            for wish in &todo {
                queue.add(wish).map_err(trouble)?;
            }
            run.tell("another run is at work; it takes this wish along");
            let fulfilled = || !wishes.iter().any(|wish| queue.holds(wish));
            let lock = wait(run, &config, fulfilled)?;
            fresh = false;
            todo = lock.as_ref().map(|_| queue.take()).unwrap_or_default();
            match lock {
                Some(lock) if !todo.is_empty() => lock,
                _ => return Ok(told_by_others(run, &config, &sections)),
            }
        }
    };
    let mut report = Report::default();
    let mut rounds = Rounds::with(Queue::new(&run.paths));
    let mut unreadable = None;
    while !todo.is_empty() || rounds.is_paused() {
        if !fresh {
            match run.load(Vec::new()) {
                Ok(changed) => config = changed,
                Err(e) => {
                    unreadable = Some(e);
                    break;
                }
            }
        }
        fresh = false;
        work(run, &config, &todo, &mut rounds, &mut report);
        if report.stopped {
            break;
        }
        let kept = queue.done(|wish| rounds.holds(wish));
        todo = queue.take();
        todo.retain(|wish| !kept.contains(wish));
    }
    if report.stopped || unreadable.is_some() {
        withdraw(&queue, &wishes);
    }
    drop(lock);
    notify(run, &config, &report);
    if let Some(e) = unreadable {
        if !report.outcomes.is_empty() && !run.parsed.json {
            tell(run, &config, &report);
        }
        return Err(e);
    }
    report.outcomes.extend(unable(&config, &sections));
    Ok(tell(run, &config, &report))
}

/// What others wish for stays with them when this run ends early; what it wished for itself ends.
fn withdraw(queue: &Queue, own: &[Wanted]) {
    for wish in own {
        queue.withdraw(wish);
    }
}

/// Sections that were named and cannot run: that nothing is due would be another answer.
pub(super) fn unable(config: &Config, sections: &[SectionName]) -> Vec<(SectionName, Outcome)> {
    let why = |name: &SectionName| {
        let broken = config.broken.iter().find(|(n, _)| n == name);
        match (broken, config.cert(name.as_str())) {
            (Some((_, why)), _) => Some(format!("its configuration is wrong: {why}")),
            (None, Some(cert)) if !cert.enabled => {
                Some("it is switched off (option enabled 0)".into())
            }
            _ => None,
        }
    };
    let named = sections.iter();
    named
        .filter_map(|name| Some((name.clone(), Outcome::Unable(why(name)?))))
        .collect()
}

/// What the command line asks for, as it is queued.
fn wishes(sections: &[SectionName], force: bool) -> Vec<Wanted> {
    let wish = |section| Wanted { section, force };
    match sections {
        [] => vec![wish(None)],
        some => some.iter().cloned().map(|s| wish(Some(s))).collect(),
    }
}

/// One round of work on all wishes; without any it goes on with what was paused for them.
fn work(run: &Run<'_>, config: &Config, todo: &[Wanted], rounds: &mut Rounds, report: &mut Report) {
    let live = Live::new(run);
    let listener =
        |section: &SectionName, stage: Stage, text: &str| live.show(section, stage, text);
    let trace = |line: &str| run.tell(line);
    let engine = run.engine(config, &listener, run.trace(config, &trace));
    let mut add = |more: Report| {
        report.outcomes.extend(more.outcomes);
        report.waiting.extend(more.waiting);
        report.next_due = more.next_due;
        report.news = more.news;
        report.stopped |= more.stopped;
        report.stopped
    };
    if todo.is_empty() {
        add(engine.go_on(rounds));
    }
    for wish in merge(todo, config) {
        if add(engine.renew(&wish, rounds)) {
            break;
        }
    }
    live.end();
}

/// Tells whoever wants to know. Who is not reached keeps nothing from its end.
fn notify(run: &Run<'_>, config: &Config, report: &Report) {
    if report.news.is_empty() || report.stopped {
        return;
    }
    let engine = run.engine(config, &|_, _, _| {}, None);
    engine.notify(&report.news, &mut |text| {
        status::syslog(&run.paths, true, text);
        run.tell(text);
    });
}

/// Wishes of one kind become one.
fn merge(wishes: &[Wanted], config: &Config) -> Vec<Wish> {
    let mut merged = Vec::new();
    for force in [false, true] {
        let of_kind = || wishes.iter().filter(|w| w.force == force);
        if of_kind().any(|w| w.section.is_none()) {
            merged.push(Wish {
                sections: Vec::new(),
                force,
            });
        }
        let known = |s: &&SectionName| config.knows(s.as_str());
        let named = of_kind().filter_map(|w| w.section.as_ref()).filter(known);
        let sections: Vec<SectionName> = named.cloned().collect();
        if !sections.is_empty() {
            merged.push(Wish { sections, force });
        }
    }
    merged
}

/// Waits for the lock, and shows what the run that has it does; `None`: nothing is to be done any more.
pub(super) fn wait(
    run: &Run<'_>,
    config: &Config,
    fulfilled: impl Fn() -> bool,
) -> Result<Option<Lock>> {
    let live = Live::new(run);
    loop {
        if let Some(lock) = Lock::take(&run.paths).map_err(trouble)? {
            live.end();
            return Ok(Some(lock));
        }
        if fulfilled() {
            live.end();
            return Ok(None);
        }
        if run.err_style.terminal {
            for section in config.names() {
                let stage = status::read(&run.paths, section).and_then(|d| d.stage);
                if let Some(stage) = stage.filter(|s| *s != Stage::Done) {
                    live.show(section, stage, "");
                }
            }
        }
        if run.clock.sleep(LOOK).is_err() {
            live.end();
            return Err(Ended(
                Exit::Failed,
                "stopped while waiting for the other run".into(),
            ));
        }
    }
}

/// The other run did it all: what became of the sections?
fn told_by_others(run: &Run<'_>, config: &Config, sections: &[SectionName]) -> Exit {
    let mut exit = if config.has_errors() {
        Exit::Failed
    } else {
        Exit::Done
    };
    let wanted = config
        .names()
        .filter(|n| sections.is_empty() || sections.contains(n));
    let mut results = Vec::new();
    for section in wanted {
        let Some(document) = status::read(&run.paths, section) else {
            continue;
        };
        let failed = document.failed();
        let text = match failed {
            Some(attempt) => attempt.problem.clone(),
            None => document.label.clone(),
        };
        exit = match (exit, failed.map(|a| a.state)) {
            (Exit::Failed, _) => Exit::Failed,
            (_, Some(State::Deferred)) => Exit::Deferred,
            (_, Some(_)) => Exit::Failed,
            (exit, None) => exit,
        };
        results.push(json!({"section": section.as_str(), "text": text, "state": document.state}));
        if !run.parsed.json {
            run.say(&format!("{section}: {text} (done by the other run)"));
        }
    }
    if run.parsed.json {
        run.say_json(&json!({"sections": results, "waiting": []}));
    }
    exit
}
