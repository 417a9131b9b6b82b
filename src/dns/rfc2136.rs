//! Any nameserver that takes updates (RFC 2136) signed by a shared key (RFC 8945).
//!
//! Facts checked against BIND 9.18, Knot 3.2 and PowerDNS 4.7 (2026-11): all take hmac-sha256, keep
//! the values that are there, and call it done to remove what is not.

use super::common::find_zone;
use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::{Secret, TsigKey, Update, UpdateError};
use std::fs::File;
use std::io::Read;
use std::time::Duration;

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "rfc2136",
    aliases: &["dns_nsupdate", "nsupdate"],
    title: "DNS UPDATE (BIND, Knot, PowerDNS, …)",
    docs: "https://bind9.readthedocs.io/en/latest/chapter6.html#dynamic-update",
    fields: &[
        Field::new(
            "NSUPDATE_SERVER",
            "The primary nameserver, a name or an address",
        ),
        Field::secret(
            "NSUPDATE_KEY",
            "TSIG key: algorithm:name:secret, or the path of a BIND key file",
        )
        .or_file()
        .optional(),
        Field::new("NSUPDATE_SERVER_PORT", "Its port").or("53"),
        Field::new("NSUPDATE_ZONE", "The zone, where the server does not tell").optional(),
        Field::new("NSUPDATE_TTL", "TTL in seconds").or("60"),
    ],
    alternatives: &[],
    writes: WriteClass::PerValue,
    settle: Duration::from_secs(10),
    open: false,
};

/// A key file is a few lines.
const FILE_MAX: u64 = 64 * 1024;

struct Rfc2136<'a> {
    context: Context<'a>,
    port: u16,
    ttl: u32,
    key: Option<TsigKey>,
}

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let port = context.text("NSUPDATE_SERVER_PORT").parse();
    let port = port.map_err(|_| DnsError::setting("NSUPDATE_SERVER_PORT", "a port is wanted"))?;
    let ttl = context.seconds("NSUPDATE_TTL")?;
    let key = match context.text("NSUPDATE_KEY") {
        "" => None,
        text => {
            let key = key(text);
            Some(key.map_err(|why| DnsError::setting("NSUPDATE_KEY", why))?)
        }
    };
    Ok(Box::new(Rfc2136 {
        context,
        port,
        ttl,
        key,
    }))
}

/// Reads `algorithm:name:secret`, or the first key of a file as BIND has it.
fn key(text: &str) -> Result<TsigKey, String> {
    let parts = |algorithm: &str, name: &str, secret: &str| TsigKey {
        name: name.to_owned(),
        algorithm: algorithm.to_ascii_lowercase(),
        secret: Secret::new(secret),
    };
    if !text.starts_with('/') {
        let mut all = text.split(':').map(str::trim);
        return match (all.next(), all.next(), all.next(), all.next()) {
            (Some(algorithm), Some(name), Some(secret), None) => Ok(parts(algorithm, name, secret)),
            _ => Err("algorithm:name:secret is wanted, or the path of a BIND key file".into()),
        };
    }
    let mut file = String::new();
    File::open(text)
        .and_then(|f| f.take(FILE_MAX).read_to_string(&mut file))
        .map_err(|e| format!("{text}: {e}"))?;
    let comment = |line: &&str| ["#", "//"].iter().any(|c| line.trim_start().starts_with(c));
    let lines = file.lines().filter(|line| !comment(line));
    let words = lines.flat_map(|l| l.split([' ', '\t', '{', '}', ';', '"']));
    let mut words = words.filter(|w| !w.is_empty());
    let mut after = |word: &str| words.find(|w| *w == word).and_then(|_| words.next());
    match (after("key"), after("algorithm"), after("secret")) {
        (Some(name), Some(algorithm), Some(secret)) => Ok(parts(algorithm, name, secret)),
        _ => Err(format!(
            "{text} holds no key as BIND's tsig-keygen writes it"
        )),
    }
}

impl Provider for Rfc2136<'_> {
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let context = &self.context;
        let server = (context.text("NSUPDATE_SERVER"), self.port);
        let zone = match context.text("NSUPDATE_ZONE").trim_end_matches('.') {
            "" => {
                let ask = |name: &str| context.nameserver.zone(server, name).map_err(told);
                find_zone(&record.name, ask)?.1
            }
            zone => zone.to_owned(),
        };
        let update = Update {
            zone: &zone,
            name: &record.name,
            value: &record.value,
            ttl: there.then_some(self.ttl),
            key: self.key.as_ref().map(|key| (key, context.clock.now())),
        };
        context.nameserver.update(server, &update).map_err(told)
    }
}

fn told(error: UpdateError) -> DnsError {
    match error {
        UpdateError::Key(why) => DnsError::setting("NSUPDATE_KEY", why),
        UpdateError::Denied(text) => DnsError::Credentials(text),
        UpdateError::Unreachable(text) => DnsError::Unreachable(text),
        UpdateError::Refused(text) => DnsError::Refused(text),
    }
}
