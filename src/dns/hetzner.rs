//! Hetzner, Cloud API v1.
//!
//! Facts (2026-11): recorded traffic of dns-lexicon's tests (2026-01) for paths, replies and the
//! 5 to 6 s that an action takes; `add_records` keeps the values that are there; an object at work
//! is `locked` or in `conflict` (Hetzner's reference, errors). The DNS console's API
//! (dns.hetzner.com) is another one, and closed for zones that have moved.

use super::common::{Api, Pending, Reply, change_records, find_zone, id, plain, quoted, relative};
use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::Method;
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "hetzner",
    aliases: &["dns_hetznercloud", "hetznercloud"],
    title: "Hetzner",
    docs: "https://docs.hetzner.com/cloud/api/getting-started/generating-api-token/",
    fields: &[
        Field::secret(
            "HETZNER_TOKEN",
            "API token of the project that has the zone (read and write)",
        ),
        Field::new("HETZNER_TTL", "TTL in seconds").or("120"),
    ],
    alternatives: &[],
    writes: WriteClass::PerValue,
    settle: Duration::from_secs(10),
    open: false,
};

struct Hetzner<'a> {
    api: Api<'a>,
    ttl: u32,
    pending: Pending,
}

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let ttl = context.seconds("HETZNER_TTL")?;
    let token = format!("Bearer {}", context.text("HETZNER_TOKEN"));
    let login = plain(vec![("authorization", token)]);
    Ok(Box::new(Hetzner {
        api: Api::new(context, "https://api.hetzner.cloud/v1", login).meaning(meaning),
        ttl,
        pending: Pending::default(),
    }))
}

/// Another action is at work: it is waited for.
fn meaning(reply: &Reply) -> u16 {
    match reply.json["error"]["code"].as_str() {
        Some("locked" | "conflict") => 429,
        _ => reply.status,
    }
}

impl Provider for Hetzner<'_> {
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let api = &self.api;
        // What is still at work cannot be read yet.
        self.wait()?;
        let (zone, _) = find_zone(&record.name, |zone| api.get(&format!("/zones/{zone}")))?;
        let name = relative(&record.name, zone, "@");
        let path = format!("/zones/{zone}/rrsets/{name}/TXT");
        let act = |action: &str, mut body: Value| {
            body["records"] = json!([{"value": quoted(&record.value)}]);
            let path = format!("{path}/actions/{action}");
            let reply = api.done(Method::Post, &path, &body.to_string())?;
            match &reply.json["action"]["id"] {
                Value::Null => return Err(api.refused(&reply)),
                action => self.pending.push(id(action)),
            }
            Ok(())
        };
        change_records(
            record,
            there,
            || {
                let found = api.get(&path)?.unwrap_or_default();
                let all = found["rrset"]["records"].as_array().into_iter().flatten();
                Ok(all.map(|r| (String::new(), id(&r["value"]))).collect())
            },
            || act("add_records", json!({"ttl": self.ttl})),
            |_| act("remove_records", json!({})),
        )
    }

    fn wait(&self) -> Result<(), DnsError> {
        self.pending.wait(self.api.context.clock, |action| {
            let path = format!("/zones/actions/{action}");
            let reply = self.api.done(Method::Get, &path, "")?;
            match reply.json["action"]["status"].as_str() {
                Some("error") => Err(self.api.refused(&reply)),
                status => Ok(status != Some("running")),
            }
        })
    }
}
