//! `local-ca`: the root that clients may be told to trust.

use super::parse::Command;
use super::{Ended, Exit, Result, Run, failed, renew};
use crate::issue::Report;
use crate::local_ca::Root;
use crate::x509::to_pem;
use serde_json::json;

pub(super) const COMMAND: Command = Command {
    name: "local-ca",
    args: "show|export|issue|reissue",
    summary: "shows, prints or replaces the root of the router's own CA, or has it certify",
    help: "Until the public CA has issued, and after a lapse, sections serve a certificate of the router's\n\
           own CA (option local_ca 0 in section 'global' ends that). `show` tells about its root, `export`\n\
           prints it as PEM for clients that are to trust it, `reissue` makes a new one for the names that\n\
           are configured now: every client must be told of it anew. `issue` makes and links the local\n\
           certificates that are missing, and tells no service: the init script calls it before web\n\
           servers start.",
    options: &[],
    run,
};

fn run(run: &Run<'_>) -> Result<Exit> {
    let words: Vec<&str> = run.parsed.free.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["show"] => show(run),
        ["export"] => export(run),
        ["issue"] => issue(run),
        ["reissue"] => reissue(run),
        _ => Err(run.usage()),
    }
}

fn stored(run: &Run<'_>) -> Result<Root> {
    let config = run.config()?;
    let root = run.engine(&config, &|_, _, _| {}, None).stored_root();
    root.map_err(failed)?.ok_or_else(|| {
        let text = "the router has no CA of its own yet; `certkeeper renew` makes it when a section needs it, \
                    `certkeeper local-ca reissue` at once";
        Ended(Exit::Failed, text.into())
    })
}

fn show(run: &Run<'_>) -> Result<Exit> {
    tell(run, &stored(run)?);
    Ok(Exit::Done)
}

fn tell(run: &Run<'_>, root: &Root) {
    let certificate = root.certificate();
    let names = root.names();
    let names: Vec<&str> = names.lines().collect();
    if run.parsed.json {
        run.say_json(&json!({
            "subject": certificate.subject, "not_before": certificate.not_before.0,
            "not_after": certificate.not_after.0, "fingerprint": certificate.fingerprint(), "names": names,
        }));
        return;
    }
    run.say(&format!(
        "subject      {}\nvalid        {} to {}\nSHA-256      {}\nmay certify  {}, names of the local network, private addresses",
        certificate.subject,
        certificate.not_before,
        certificate.not_after,
        certificate.fingerprint(),
        names.join(" ")
    ));
}

fn export(run: &Run<'_>) -> Result<Exit> {
    let pem = to_pem(&stored(run)?.certificate().der);
    match run.parsed.json {
        true => run.say_json(&json!({ "pem": pem })),
        false => run.say(&pem),
    }
    Ok(Exit::Done)
}

fn issue(run: &Run<'_>) -> Result<Exit> {
    let config = run.config()?;
    let _lock = run.lock()?;
    let outcomes = run.engine(&config, &|_, _, _| {}, None).prepare_local();
    let report = Report {
        outcomes,
        ..Report::default()
    };
    Ok(renew::tell(run, &config, &report))
}

fn reissue(run: &Run<'_>) -> Result<Exit> {
    let config = run.config()?;
    let _lock = run.lock()?;
    let engine = run.engine(&config, &|_, _, _| {}, None);
    let (root, sections) = engine.reissue_root().map_err(failed)?;
    run.tell("the router's CA has a new root: clients that trusted the former one must be told of it (`certkeeper local-ca export`)");
    for section in sections {
        run.tell(&format!("{section}: its local certificate was made anew"));
    }
    tell(run, &root);
    Ok(Exit::Done)
}
