//! uhttpd, OpenWrt's own web server: its certificate stands in options of its configuration.

use crate::store::uci::{Change, apply};
use crate::store::{StoreError, put, read, remove};
use crate::types::{FromJson, Paths, SectionName, Target, ToJson, json_members};
use crate::uci::{self, Section};
use crate::x509::{Certificate, split_pem_chain};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

/// Its configuration, for everybody to read.
const FILE: &str = "/etc/config/uhttpd";
const MODE: u32 = 0o644;
/// The section of the router's own pages.
const SECTION: &str = "main";

/// `uhttpd.json`: what its options were before, to be given back.
#[derive(Debug, Default)]
struct Note {
    section: String,
    cert: Option<String>,
    key: Option<String>,
}

json_members!(Note {} some { section, cert, key });

fn note_path(paths: &Paths) -> PathBuf {
    paths.state().join("uhttpd.json")
}

fn note(paths: &Paths) -> Option<Note> {
    Note::parse(&read(&note_path(paths)).ok()??)
}

/// The section that is uhttpd's certificate.
pub(super) fn main_section(paths: &Paths) -> Result<Section, String> {
    let text = fs::read(paths.at(FILE)).map_err(|e| format!("{FILE}: {e}"))?;
    let sections = uci::parse(&text).map_err(|e| format!("{FILE}: {e}"))?;
    let mut sections = sections.into_iter();
    sections
        .find(|s| s.kind == "uhttpd" && s.name.as_deref() == Some(SECTION))
        .ok_or_else(|| format!("{FILE} has no section 'config uhttpd {SECTION}'"))
}

fn value(section: &Section, option: &str) -> Option<String> {
    let value = section.get(option)?.value.entries().last()?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// What the options are to be, as uhttpd sees the paths.
fn wanted(section: &SectionName) -> [(&'static str, String); 2] {
    [("cert", "crt"), ("key", "key")]
        .map(|(option, end)| (option, format!("/etc/ssl/domains/{section}.{end}")))
}

/// Points uhttpd's options to a section's links, once: nothing is written where they lead there
/// already. True if they were changed.
pub(super) fn point(paths: &Paths, section: &SectionName) -> Result<bool, String> {
    let main = main_section(paths)?;
    let wanted = wanted(section);
    let right = |(option, path): &(&str, String)| value(&main, option).as_ref() == Some(path);
    if wanted.iter().all(right) {
        return Ok(false);
    }
    // Values of ours, for another section, are nothing to give back.
    let old = |option| {
        let old = value(&main, option);
        old.filter(|path| !path.starts_with("/etc/ssl/domains/"))
    };
    let (cert, key) = (old("cert"), old("key"));
    let earlier = note(paths).unwrap_or_default();
    let note = Note {
        section: section.to_string(),
        cert: cert.or(earlier.cert),
        key: key.or(earlier.key),
    };
    // First: without the note the earlier values would be lost.
    let text = note.text();
    put(&note_path(paths), &text).map_err(|e| e.to_string())?;
    let changes = wanted.map(|(option, path)| Change::Set(format!("{SECTION}.{option}"), path));
    apply(paths, &changes, &paths.at(FILE), MODE)?;
    Ok(true)
}

/// Gives uhttpd's options their earlier values; false if none are kept.
pub(super) fn give_back(paths: &Paths) -> Result<bool, String> {
    let Some(note) = note(paths) else {
        return Ok(false);
    };
    let changes = [("cert", note.cert), ("key", note.key)].map(|(option, old)| {
        let name = format!("{SECTION}.{option}");
        match old {
            Some(path) => Change::Set(name, path),
            None => Change::Delete(name),
        }
    });
    apply(paths, &changes, &paths.at(FILE), MODE)?;
    remove(&note_path(paths)).map_err(|e| e.to_string())?;
    Ok(true)
}

/// True if uhttpd has put a self-signed pair of its own where a section's links were: its init script
/// does so when it starts and finds no certificate at the path of its options.
pub fn has_displaced(paths: &Paths, section: &SectionName) -> bool {
    let plain = |end: &str| {
        let file = paths.domains().join(format!("{section}.{end}"));
        let plain = fs::symlink_metadata(&file).is_ok_and(|m| m.is_file());
        plain.then_some(file)
    };
    let Some(cert) = plain("crt").or_else(|| plain("key")) else {
        return false;
    };
    if note(paths).is_none_or(|n| n.section != section.as_str()) {
        return false;
    }
    // Its key alone, beside our own link, tells nothing: only a pair is known as its own.
    let bytes = fs::read(&cert).unwrap_or_default();
    let der = split_pem_chain(&bytes)
        .ok()
        .and_then(|all| all.into_iter().next());
    let certificate = Certificate::parse(&der.unwrap_or(bytes));
    certificate.is_ok_and(|c| c.issuer == c.subject)
}

/// Takes uhttpd's own pair away, for the links to take its place.
pub fn remove_displacing(paths: &Paths, section: &SectionName) -> Result<(), StoreError> {
    for end in ["crt", "key"] {
        let file = paths.domains().join(format!("{section}.{end}"));
        if fs::symlink_metadata(&file).is_ok_and(|m| m.is_file()) {
            remove(&file)?;
        }
    }
    Ok(())
}

/// Where it serves TLS: the first of `listen_https`.
pub(super) fn target(paths: &Paths) -> Option<Target> {
    let main = main_section(paths).ok()?;
    let listen = main.get("listen_https")?.value.entries();
    let words: Vec<String> = listen
        .iter()
        .map(|v| String::from_utf8_lossy(v).into_owned())
        .collect();
    let first = words.iter().flat_map(|w| w.split_whitespace()).next()?;
    let (host, port) = first.rsplit_once(':').unwrap_or(("0.0.0.0", first));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    // Who listens at every address does so here.
    let host = match host.parse() {
        Ok(IpAddr::V4(ip)) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
        Ok(IpAddr::V6(ip)) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.to_string(),
        _ => host.to_owned(),
    };
    Some(Target {
        host,
        port: port.parse().ok()?,
        name: None,
    })
}
