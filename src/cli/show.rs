//! `show`: what is in a section's certificate.

use super::parse::{Command, Opt};
use super::term::{columns, end, renewal, told};
use super::{Ended, Exit, Result, Run};
use crate::store::Area;
use crate::types::{Paths, SectionName, Timestamp};
use crate::x509::{Certificate, split_pem_chain};
use serde_json::json;
use std::path::PathBuf;

pub(super) const COMMAND: Command = Command {
    name: "show",
    args: "SECTION [--pem]",
    summary: "shows what is in a certificate",
    help: "Subject, names, serial number, issuer, validity, key, chain, fingerprint and files of the\n\
           certificate in use. Nothing secret is shown.",
    options: &[Opt {
        name: "pem",
        value: None,
        help: "print the certificate and its chain as PEM instead",
    }],
    run,
};

fn run(run: &Run<'_>) -> Result<Exit> {
    let config = run.config()?;
    let section = run.one_section(&config)?;
    let cert = run.able(&config, &section)?;
    let area = Area::new(&run.paths, &section, cert.staging);
    let held = area.held();
    let Some(version) = held.current() else {
        let text =
            format!("'{section}' has no certificate yet; `certkeeper renew {section}` gets one");
        return Err(Ended(Exit::Failed, text));
    };
    let file = area.version_dir(version.number).join("fullchain.pem");
    let unreadable = |e: String| Ended(Exit::Failed, format!("{}: {e}", file.display()));
    let pem = std::fs::read(&file).map_err(|e| unreadable(e.to_string()))?;
    if run.parsed.has("pem") {
        let pem = String::from_utf8_lossy(&pem);
        match run.parsed.json {
            true => run.say_json(&json!({"section": section.as_str(), "pem": pem})),
            false => run.say(&pem),
        }
        return Ok(Exit::Done);
    }
    let ders = split_pem_chain(&pem).map_err(|e| unreadable(e.to_string()))?;
    let chain: std::result::Result<Vec<Certificate>, _> =
        ders.iter().map(|der| Certificate::parse(der)).collect();
    let chain = chain.map_err(|e| unreadable(e.to_string()))?;
    let (leaf, above) = chain
        .split_first()
        .ok_or_else(|| unreadable("no certificate".into()))?;
    let names: Vec<String> = leaf.names.iter().map(ToString::to_string).collect();
    let issuers: Vec<&str> = above.iter().map(|c| c.subject.as_str()).collect();
    let files = files(&run.paths, &section, cert.staging);
    let files: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
    let engine = run.engine(&config, &|_, _, _| {}, None);
    let document = engine.documents_with_users().into_iter();
    let document = document.into_iter().find(|d| d.section == section.as_str());
    let document = document.and_then(|mut d| Some((d.certificate.take()?, d)));
    let Some((status, document)) = document else {
        return Err(unreadable("it is no longer there".into()));
    };
    if run.parsed.json {
        run.say_json(&json!({
            "section": section.as_str(), "version": version.number, "subject": leaf.subject,
            "names": names, "serial": leaf.serial_hex(), "issuer": leaf.issuer,
            "not_before": leaf.not_before.0, "not_after": leaf.not_after.0, "due": status.due, "ari": status.ari,
            "key_type": leaf.key_description(), "chain": issuers, "fingerprint": leaf.fingerprint(),
            "ca": leaf.is_ca, "account": version.meta.account, "directory": version.meta.directory,
            "uploaded": version.meta.uploaded, "key_elsewhere": version.meta.csr.is_some(),
            "files": files, "used_by": document.used_by, "named_in": document.named_in,
            "deployed": document.deployed,
        }));
        return Ok(Exit::Done);
    }
    let now = run.clock.now();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
    row(
        "subject",
        if leaf.subject.is_empty() {
            "(empty)".into()
        } else {
            leaf.subject.clone()
        },
    );
    row("names", names.join(" "));
    row("serial", leaf.serial_hex());
    row("issuer", leaf.issuer.clone());
    row("valid from", leaf.not_before.to_string());
    row(
        "valid until",
        format!("{} ({})", leaf.not_after, end(leaf.not_after, now)),
    );
    for (name, value) in renewal(&status, now) {
        row(name, value);
    }
    row(
        "key",
        match version.meta.csr {
            Some(_) => format!("{} (kept elsewhere: option csr)", leaf.key_description()),
            None => leaf.key_description(),
        },
    );
    for issuer in issuers {
        row("chain", issuer.to_owned());
    }
    row("SHA-256", leaf.fingerprint());
    row(
        "account",
        match version.meta.uploaded {
            true => format!("none: uploaded on {}", Timestamp(version.meta.issued_at)),
            false => format!("{} at {}", version.meta.account, version.meta.directory),
        },
    );
    row("version", version.number.to_string());
    for file in files {
        row("file", file);
    }
    for user in document.used_by.iter().chain(&document.named_in) {
        row("used by", user.clone());
    }
    if !document.used_by.is_empty() {
        row("deployed", told(document.deployed));
    }
    let style = run.out_style;
    let text = columns(&rows, |_, column, cell| match column {
        0 => style.bold(cell),
        _ => cell.to_owned(),
    });
    run.say(text.trim_end());
    Ok(Exit::Done)
}

/// Where services find it; a staging certificate is never served.
fn files(paths: &Paths, section: &SectionName, staging: bool) -> Vec<PathBuf> {
    let ends = ["crt", "key", "chain.crt", "pem"];
    let all = ends.iter().filter(|_| !staging);
    let all = all.map(|end| paths.domains().join(format!("{section}.{end}")));
    all.filter(|path| path.exists()).collect()
}
