//! DigitalOcean, API v2.
//!
//! Facts (2026-11): recorded traffic of dns-lexicon's tests for paths, replies and the 20 records of
//! a page; the filters `type` and `name` (an absolute name) are in DigitalOcean's reference, as are
//! the limits of 5000 requests an hour and 250 a minute.

use super::common::{Api, change_records, find_zone, id, plain, relative};
use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::Method;
use serde_json::json;
use std::time::Duration;

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "digitalocean",
    aliases: &["dns_dgon", "dgon"],
    title: "DigitalOcean",
    docs: "https://docs.digitalocean.com/reference/api/create-personal-access-token/",
    fields: &[Field::secret(
        "DO_API_KEY",
        "Personal access token with the scopes of domains",
    )],
    alternatives: &[],
    writes: WriteClass::PerValue,
    settle: Duration::from_secs(10),
    open: false,
};

/// The shortest is 30 s.
const TTL: u32 = 30;

struct DigitalOcean<'a>(Api<'a>);

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let login = plain(vec![(
        "authorization",
        format!("Bearer {}", context.text("DO_API_KEY")),
    )]);
    let api = Api::new(context, "https://api.digitalocean.com/v2", login);
    Ok(Box::new(DigitalOcean(api)))
}

impl Provider for DigitalOcean<'_> {
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let api = &self.0;
        let (zone, _) = find_zone(&record.name, |zone| api.get(&format!("/domains/{zone}")))?;
        let path = format!("/domains/{zone}/records");
        let name = relative(&record.name, zone, "@");
        let own = json!({"type": "TXT", "name": name, "data": record.value, "ttl": TTL});
        change_records(
            record,
            there,
            || {
                let list = format!("{path}?type=TXT&name={}", record.name);
                let all = api.pages(&list, "domain_records")?.into_iter();
                // A filter that is not heeded must not make us remove what is not ours.
                let ours = all.filter(|r| r["name"] == name && r["type"] == "TXT");
                Ok(ours.map(|r| (id(&r["id"]), id(&r["data"]))).collect())
            },
            || {
                api.done(Method::Post, &path, &own.to_string())?;
                Ok(())
            },
            |record| api.delete(&format!("{path}/{record}")),
        )
    }
}
