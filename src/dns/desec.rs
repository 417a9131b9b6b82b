//! deSEC, API v1.
//!
//! Facts (2026-11): recorded traffic of dns-lexicon's tests (2025-10) for record sets; `owns_qname`,
//! `minimum_ttl`, PUT of a list (made or replaced; no records: gone) and the limits (writes of a
//! domain: 2 a second, 15 a minute, 100 an hour, 300 a day) are in deSEC's documentation, and are
//! what the crate desec and lego do.

use super::common::{Api, Set, change_set, no_zone, plain, quoted, relative};
use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::Method;
use serde_json::json;
use std::time::Duration;

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "desec",
    aliases: &["dns_desec"],
    title: "deSEC",
    docs: "https://desec.readthedocs.io/en/latest/auth/tokens.html",
    fields: &[Field::secret("DEDYN_TOKEN", "API token")],
    alternatives: &[],
    writes: WriteClass::WholeSet,
    settle: Duration::from_secs(60),
    open: false,
};

/// What most domains ask for at least.
const TTL: u64 = 3600;

struct DeSec<'a>(Api<'a>);

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let token = format!("Token {}", context.text("DEDYN_TOKEN"));
    let login = plain(vec![("authorization", token)]);
    let api = Api::new(context, "https://desec.io/api/v1", login);
    Ok(Box::new(DeSec(api)))
}

impl Provider for DeSec<'_> {
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let api = &self.0;
        let path = format!("/domains/?owns_qname={}", record.name);
        let domains = api.get(&path)?.unwrap_or_default();
        let domain = &domains[0];
        let Some(zone) = domain["name"].as_str() else {
            return Err(no_zone(&record.name));
        };
        let least = domain["minimum_ttl"].as_u64().unwrap_or(TTL);
        let path = format!("/domains/{zone}/rrsets/");
        let name = relative(&record.name, zone, "");
        let read = || {
            let at = relative(&record.name, zone, "@");
            let found = api.get(&format!("{path}{at}/TXT/"))?.unwrap_or_default();
            Ok(Set {
                values: found["records"].as_array().cloned().unwrap_or_default(),
                ttl: found["ttl"].as_u64(),
            })
        };
        change_set(record, there, quoted(&record.value).into(), read, |set| {
            let set = json!([{"subname": name, "type": "TXT", "records": set.values,
                              "ttl": set.ttl.unwrap_or(least)}]);
            api.done(Method::Put, &path, &set.to_string())?;
            Ok(())
        })
    }
}
