//! PowerDNS Authoritative Server, HTTP API v1.
//!
//! Facts checked against pdns 4.7.3 (2026-11): names want a trailing dot and contents want quotes,
//! else 422; REPLACE drops the values it does not name, so they are read first; EXTEND and PRUNE
//! are not known to 4.7; a wrong key is 401, an unknown zone 404.

use super::common::{Api, Set, change_set, find_zone, plain, quoted};
use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::Method;
use serde_json::json;
use std::time::Duration;

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "powerdns",
    aliases: &["dns_pdns", "pdns"],
    title: "PowerDNS Authoritative Server",
    docs: "https://doc.powerdns.com/authoritative/http-api/",
    fields: &[
        Field::new(
            "PDNS_Url",
            "URL of the server, such as http://192.0.2.53:8081",
        ),
        Field::secret("PDNS_Token", "API key"),
        Field::new("PDNS_ServerId", "Server id").or("localhost"),
        Field::new("PDNS_Ttl", "TTL in seconds").or("60"),
    ],
    alternatives: &[],
    writes: WriteClass::WholeSet,
    settle: Duration::from_secs(5),
    open: false,
};

struct PowerDns<'a> {
    api: Api<'a>,
    ttl: u32,
}

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let ttl = context.seconds("PDNS_Ttl")?;
    let url = context.url("PDNS_Url", "http://192.0.2.53:8081")?;
    let base = format!(
        "{url}/api/v1/servers/{}/zones",
        context.text("PDNS_ServerId")
    );
    let login = plain(vec![("x-api-key", context.text("PDNS_Token").to_owned())]);
    let api = Api::new(context, base, login).meaning(|reply| match reply.status {
        // What cannot be a zone's name is none.
        422 if reply.text.contains("canonical") => 404,
        status => status,
    });
    Ok(Box::new(PowerDns { api, ttl }))
}

impl Provider for PowerDns<'_> {
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let api = &self.api;
        let (zone, _) = find_zone(&record.name, |zone| {
            api.get(&format!("/{zone}.?rrsets=false"))
        })?;
        let name = format!("{}.", record.name);
        let path = format!("/{zone}.");
        let read = || {
            let found = api.get(&format!("{path}?rrset_name={name}&rrset_type=TXT"))?;
            let found = found.unwrap_or_default();
            // Servers before 4.4 ignore the filter and send every record set.
            let mut sets = found["rrsets"].as_array().into_iter().flatten();
            let own = sets.find(|s| s["type"] == "TXT" && s["name"] == *name);
            Ok(Set {
                values: own
                    .and_then(|s| s["records"].as_array().cloned())
                    .unwrap_or_default(),
                ttl: own.and_then(|s| s["ttl"].as_u64()),
            })
        };
        let own = json!({"content": quoted(&record.value), "disabled": false});
        change_set(record, there, own, read, |set| {
            let set = if set.values.is_empty() {
                json!({"name": name, "type": "TXT", "changetype": "DELETE"})
            } else {
                json!({"name": name, "type": "TXT", "ttl": set.ttl.unwrap_or(self.ttl.into()),
                       "changetype": "REPLACE", "records": set.values})
            };
            let body = json!({"rrsets": [set]}).to_string();
            api.done(Method::Patch, &path, &body)?;
            // Secondaries learn of the change at once; a zone without any answers an error that says so.
            api.call(Method::Put, &format!("{path}/notify"), "")?;
            Ok(())
        })
    }
}
