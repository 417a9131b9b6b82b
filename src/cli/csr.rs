//! `csr`: a request for a certificate that is got elsewhere.

use super::parse::{Command, Opt};
use super::{Ended, Exit, Result, Run, failed};
use crate::keys::Subject;
use serde_json::json;

pub(super) const COMMAND: Command = Command {
    name: "csr",
    args: "SECTION [--subject /C=…/O=…/CN=…] [--new-key]",
    summary: "prints a request (PKCS#10) for a certificate that is got elsewhere",
    help: "The request is for the section's names and key type. Its key never leaves the router: it waits in\n\
           /etc/certkeeper until `upload SECTION CERTIFICATE` brings the certificate. The same key is used\n\
           again until then. Fields of the subject are C ST L O OU CN emailAddress; without --subject it\n\
           is the CN of the first name.",
    options: &[
        Opt {
            name: "subject",
            value: Some("/X=…"),
            help: "the subject, as `openssl req -subj` takes it",
        },
        Opt {
            name: "new-key",
            value: None,
            help: "make another key; an earlier request is void then",
        },
    ],
    run,
};

fn run(run: &Run<'_>) -> Result<Exit> {
    let config = run.config()?;
    let section = run.one_section(&config)?;
    let cert = run.able(&config, &section)?;
    let names: Vec<String> = cert.names.iter().map(|n| n.id.to_string()).collect();
    let subject = match run.parsed.value("subject") {
        Some(text) => Subject::parse(&text)
            .map_err(|why| Ended(Exit::Usage, format!("--subject '{text}': {why}")))?,
        None => Subject::common(names.first().map_or("", String::as_str)),
    };
    if let Some(name) = subject.common_name()
        && !names.iter().any(|n| n == name)
    {
        run.tell(&format!(
            "{} CN '{name}' is not among the section's names ({}); most CAs refuse that",
            run.err_style.warn("warning:"),
            names.join(" ")
        ));
    }
    let _lock = run.lock()?;
    let engine = run.engine(&config, &|_, _, _| {}, None);
    let made = engine.request(cert, &subject, run.parsed.has("new-key"));
    let made = made.map_err(failed)?;
    let key = match made.again {
        true => format!(
            "the {} key of the earlier request is used again (--new-key makes another)",
            made.key_type
        ),
        false => format!("a new {} key was made for it", made.key_type),
    };
    run.tell(&format!(
        "{key}; `certkeeper upload {section} CERTIFICATE` puts the certificate into use when you have it"
    ));
    match run.parsed.json {
        true => run.say_json(&json!({
            "section": section.as_str(), "csr": made.pem, "key_type": made.key_type.name(), "again": made.again,
        })),
        false => run.say(&made.pem),
    }
    Ok(Exit::Done)
}
