//! Gandi LiveDNS, API v5.
//!
//! Facts (2026-11): recorded traffic of dns-lexicon's tests for paths and replies; values come back
//! in quotes; TTLs below 300 are refused; personal access tokens took the place of API keys in 2023
//! (Gandi's page on authentication).

use super::common::{Api, Set, change_set, find_zone, plain, quoted, relative};
use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::Method;
use serde_json::json;
use std::time::Duration;

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "gandi",
    aliases: &["dns_gandi_livedns", "gandi_livedns", "gandiv5"],
    title: "Gandi LiveDNS",
    docs: "https://api.gandi.net/docs/authentication/",
    fields: &[
        Field::secret("GANDI_LIVEDNS_TOKEN", "Personal access token").optional(),
        Field::secret("GANDI_LIVEDNS_KEY", "API key, the former way").optional(),
    ],
    alternatives: &[&["GANDI_LIVEDNS_TOKEN"], &["GANDI_LIVEDNS_KEY"]],
    writes: WriteClass::WholeSet,
    settle: Duration::from_secs(60),
    open: false,
};

const TTL: u64 = 300;

struct Gandi<'a>(Api<'a>);

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let login = match context.text("GANDI_LIVEDNS_TOKEN") {
        "" => format!("Apikey {}", context.text("GANDI_LIVEDNS_KEY")),
        token => format!("Bearer {token}"),
    };
    let login = plain(vec![("authorization", login)]);
    let api = Api::new(context, "https://api.gandi.net/v5/livedns", login);
    Ok(Box::new(Gandi(api)))
}

impl Provider for Gandi<'_> {
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let api = &self.0;
        let (zone, _) = find_zone(&record.name, |zone| api.get(&format!("/domains/{zone}")))?;
        let name = relative(&record.name, zone, "@");
        let path = format!("/domains/{zone}/records/{name}/TXT");
        let read = || {
            let found = api.get(&path)?.unwrap_or_default();
            let values = found["rrset_values"].as_array().cloned();
            Ok(Set {
                values: values.unwrap_or_default(),
                ttl: found["rrset_ttl"].as_u64(),
            })
        };
        change_set(record, there, quoted(&record.value).into(), read, |set| {
            if set.values.is_empty() {
                return api.delete(&path);
            }
            let ttl = set.ttl.unwrap_or(TTL);
            let body = json!({"rrset_values": set.values, "rrset_ttl": ttl});
            api.done(Method::Put, &path, &body.to_string())?;
            Ok(())
        })
    }
}
