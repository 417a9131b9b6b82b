//! `check`: looks at what an issuance needs, without issuing.

use super::parse::{Command, Opt};
use super::{Ended, Exit, Result, Run};
use crate::issue::{self, Finding};
use crate::store::Lock;
use crate::uci;
use serde_json::json;

pub(super) const COMMAND: Command = Command {
    name: "check",
    args: "[SECTION…] [--ca] [--stdin]",
    summary: "tries beforehand what an issuance needs",
    help: "Looks at the configuration, the clock, the CA's directory, whether the names resolve, whether\n\
           the port can be opened or redirected or the document root written, whether the firewall lets\n\
           the CA to it, and tries DNS credentials by writing and removing a test record; CAA records, aliases\n\
           and delegations; whether somebody answers in the place of nameservers; then at those who are to\n\
           have the certificate: services with their own checkers, hooks, folders of copies, places to be\n\
           verified. Nothing is ordered. Exit code 1 if something is wrong.\n\
           With --ca the staging server of the CA validates each name: the view from outside. Nothing is\n\
           finalized, and all is taken back.",
    options: &[
        Opt {
            name: "ca",
            value: None,
            help: "have the CA's staging server validate the names",
        },
        Opt {
            name: "stdin",
            value: None,
            help: "sections on stdin, as UCI text, count in the place of those saved",
        },
    ],
    run,
};

fn run(run: &Run<'_>) -> Result<Exit> {
    let unsaved = match run.parsed.has("stdin") {
        true => uci::parse(run.stdin()?.as_bytes())
            .map_err(|e| Ended(Exit::Usage, format!("stdin: {e}")))?,
        false => Vec::new(),
    };
    let config = run.config_with(unsaved)?;
    let sections = run.sections(&config)?;
    let wanted = |name: &crate::types::SectionName| sections.is_empty() || sections.contains(name);
    let certs: Vec<_> = config.certs.iter().filter(|c| wanted(&c.name)).collect();
    let trace = |line: &str| run.tell(line);
    let engine = run.engine(&config, &|_, _, _| {}, run.trace(&config, &trace));
    let mut all: Vec<Finding> = Vec::new();
    for (section, why) in config.broken.iter().filter(|(name, _)| wanted(name)) {
        all.push(Finding {
            section: section.clone(),
            topic: "configuration",
            ok: false,
            text: why.clone(),
        });
        show(run, None, &all[all.len() - 1]);
    }
    // Not beside a run: both would write the same records and open the same port.
    let lock = Lock::take(&run.paths).unwrap_or_default();
    let outside = run.parsed.has("ca");
    issue::check(&engine, &certs, lock.is_some(), outside, &mut |finding| {
        show(run, all.last(), &finding);
        all.push(finding);
    });
    let faults = all.iter().filter(|f| !f.ok).count();
    if run.parsed.json {
        let findings = all.iter().map(|f| {
            json!({"section": f.section.as_str(), "topic": f.topic, "ok": f.ok, "text": f.text})
        });
        run.say_json(&json!({"findings": findings.collect::<Vec<_>>(), "faults": faults}));
    } else if certs.is_empty() && all.is_empty() {
        run.say("there is no 'config cert' section to check; `certkeeper add www.example.org` shows how to make one");
    } else {
        run.say(&match faults {
            0 => "\nall is well; `certkeeper renew` gets what is missing".to_owned(),
            1 => "\n1 fault".to_owned(),
            n => format!("\n{n} faults"),
        });
    }
    Ok(if faults > 0 || config.has_errors() {
        Exit::Failed
    } else {
        Exit::Done
    })
}

fn show(run: &Run<'_>, before: Option<&Finding>, finding: &Finding) {
    if run.parsed.json {
        return;
    }
    let style = run.out_style;
    if before.is_none_or(|b| b.section != finding.section) {
        run.say(&style.bold(finding.section.as_str()));
    }
    let mark = if finding.ok {
        style.good("✓")
    } else {
        style.bad("✗")
    };
    run.say(&format!("  {mark} {:<11} {}", finding.topic, finding.text));
}
