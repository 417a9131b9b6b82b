//! `renew --test`: one run against the CA's staging server; the configuration stays as it is, and so
//! does what is served.

use super::live::Live;
use super::renew::{tell, unable, wait};
use super::{Ended, Exit, Result, Run, trouble};
use crate::config::Config;
use crate::issue::{Outcome, Report, Rounds};
use crate::plan::Wish;
use crate::store::Lock;
use crate::types::{SectionName, Stage};

/// Tests these sections, or all that are enabled. A test is not handed to a run that is at work:
/// it waits for its turn.
pub(super) fn run(run: &Run<'_>, config: Config, named: &[SectionName]) -> Result<Exit> {
    let mut config = config;
    let lock = match Lock::take(&run.paths).map_err(trouble)? {
        Some(lock) => Some(lock),
        None if run.parsed.has("no-wait") => {
            return Err(Ended(Exit::Busy, "another run is at work".into()));
        }
        None => {
            run.tell("another run is at work; the test follows");
            let lock = wait(run, &config, || false)?;
            config = run.load(Vec::new())?;
            lock
        }
    };
    let enabled = config.certs.iter().filter(|c| c.enabled);
    let wanted = enabled.map(|c| c.name.clone());
    let wanted: Vec<SectionName> = wanted
        .filter(|name| named.is_empty() || named.contains(name))
        .collect();
    let (tested, left) = config.tested(&wanted);
    let can = |name: &SectionName| left.iter().all(|(other, _)| other != name);
    let wish = Wish {
        sections: wanted.into_iter().filter(can).collect(),
        force: true,
    };
    let mut report = match wish.sections.is_empty() {
        true => Report::default(),
        false => work(run, &tested, &wish),
    };
    report.test = true;
    let unable_now = left.iter().map(|(name, why)| {
        let text = format!("it cannot be tested: {why}");
        (name.clone(), Outcome::Unable(text))
    });
    report.outcomes.extend(unable_now);
    report.outcomes.extend(unable(&config, named));
    run.engine(&config, &|_, _, _| {}, None).publish_all();
    drop(lock);
    Ok(tell(run, &config, &report))
}

fn work(run: &Run<'_>, tested: &Config, wish: &Wish) -> Report {
    let live = Live::new(run);
    let listener =
        |section: &SectionName, stage: Stage, text: &str| live.show(section, stage, text);
    let trace = |line: &str| run.tell(line);
    let engine = run.engine(tested, &listener, run.trace(tested, &trace));
    let mut report = engine.renew(wish, &mut Rounds::default());
    live.end();
    for section in &wish.sections {
        // What comes before is cleaning up.
        let last = report.outcomes.iter_mut().rfind(|(s, _)| s == section);
        if let Some((_, Outcome::Done(text))) = last {
            *text = format!(
                "the test succeeded: {text}, and what is served stays; `certkeeper renew {section}` gets the real one"
            );
        }
    }
    report
}
