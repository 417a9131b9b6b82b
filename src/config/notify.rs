//! `list notify`: who is told when a section fails, works again, or is about to expire.

use super::Files;
use super::reader::Reader;
use crate::types::{Secret, local_address};
use std::net::IpAddr;

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notify {
    /// A URL that takes JSON by POST. Those of chat services are secrets.
    Url(Secret),
    /// A program, by its path below /etc/certkeeper/hooks.
    Program(String),
}

impl Notify {
    /// What a value may be.
    pub const WANTED: &str = "a URL beginning with https:// (http:// to an address of the own network), or a program \
         below /etc/certkeeper/hooks is wanted";

    /// One who is told, by a value of the option.
    pub fn parse(text: &str) -> Option<Self> {
        match text.contains("://") {
            true => is_url(text).then(|| Self::Url(Secret::new(text.to_owned()))),
            false => super::deployment::hook(text).map(|h| Self::Program(h.to_owned())),
        }
    }
}

/// The option, in the main file and in `config secret 'global'`.
const OPTION: &str = "notify";

pub(super) fn read(reader: &mut Reader<'_>, files: &Files<'_>) -> Vec<Notify> {
    let mut all = listed(reader);
    if let Some(section) = files.get("secret", "global") {
        all.extend(reader.within(section, listed));
    }
    all.dedup();
    all
}

fn listed(reader: &mut Reader<'_>) -> Vec<Notify> {
    let mut all = Vec::new();
    for text in reader.list(OPTION) {
        match Notify::parse(&text) {
            Some(found) => all.push(found),
            // A URL may hold a token.
            None => reader.wrong(OPTION, "***", Notify::WANTED),
        }
    }
    all
}

/// Secrets in a URL reach whoever is between, unless it is https.
fn is_url(text: &str) -> bool {
    let plain = text.bytes().all(|c| c.is_ascii_graphic());
    let Some((scheme, rest)) = text.split_once("://").filter(|_| plain) else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let bare = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let own = || {
        bare.parse::<IpAddr>()
            .is_ok_and(|ip| local_address(ip).is_some())
    };
    match scheme {
        "https" => !bare.is_empty() && !host.contains('@'),
        "http" => own(),
        _ => false,
    }
}
