//! PowerDNS Authoritative Server, HTTP API v1.
//!
//! Facts checked against pdns 4.7.3 (2026-11): names want a trailing dot and contents want quotes,
//! else 422; REPLACE drops the values it does not name, so they are read first; EXTEND and PRUNE
//! are not known to 4.7; a wrong key is 401, an unknown zone 404.

use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::{Method, Request, Response, TransportError};
use serde_json::{Value, json};
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
        Field {
            name: "PDNS_Url",
            label: "URL of the server, such as http://192.0.2.53:8081",
            secret: false,
            default: None,
        },
        Field {
            name: "PDNS_Token",
            label: "API key",
            secret: true,
            default: None,
        },
        Field {
            name: "PDNS_ServerId",
            label: "Server id",
            secret: false,
            default: Some("localhost"),
        },
        Field {
            name: "PDNS_Ttl",
            label: "TTL in seconds",
            secret: false,
            default: Some("60"),
        },
    ],
    writes: WriteClass::WholeSet,
    settle: Duration::from_secs(5),
    open: false,
};

/// A zone's reply is read only as far as one name's records.
const REPLY_MAX: usize = 256 * 1024;

struct PowerDns<'a> {
    context: Context<'a>,
    base: String,
    ttl: u32,
}

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let text = |name| context.text(&DESCRIPTOR, name);
    let ttl = text("PDNS_Ttl").parse().map_err(|_| DnsError::Setting {
        field: "PDNS_Ttl",
        message: "a number of seconds is wanted, such as 60".into(),
    })?;
    let url = text("PDNS_Url").trim_end_matches('/');
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(DnsError::Setting {
            field: "PDNS_Url",
            message: "a URL is wanted, such as http://192.0.2.53:8081".into(),
        });
    }
    let base = format!("{url}/api/v1/servers/{}", text("PDNS_ServerId"));
    Ok(Box::new(PowerDns { context, base, ttl }))
}

impl Provider for PowerDns<'_> {
    fn add(&self, record: &TxtRecord) -> Result<(), DnsError> {
        self.change(record, |records, content| {
            let there = |r: &Value| r["content"] == content && r["disabled"] != true;
            if !records.iter().any(there) {
                records.push(json!({"content": content, "disabled": false}));
            }
        })
    }

    fn remove(&self, record: &TxtRecord) -> Result<(), DnsError> {
        self.change(record, |records, content| {
            records.retain(|r| r["content"] != content)
        })
    }
}

impl PowerDns<'_> {
    /// Reads the name's records, changes them and writes them if they changed. The others, and the
    /// set's TTL, stay as they are.
    fn change(
        &self,
        record: &TxtRecord,
        edit: impl Fn(&mut Vec<Value>, &str),
    ) -> Result<(), DnsError> {
        let zone = self.zone(&record.name)?;
        let (before, ttl) = self.records(&zone, &record.name)?;
        let mut after = before.clone();
        edit(&mut after, &format!("\"{}\"", record.value));
        if after == before {
            return Ok(());
        }
        let name = format!("{}.", record.name);
        let set = if after.is_empty() {
            json!({"name": name, "type": "TXT", "changetype": "DELETE"})
        } else {
            json!({"name": name, "type": "TXT", "ttl": ttl.unwrap_or(self.ttl.into()),
                   "changetype": "REPLACE", "records": after})
        };
        let body = json!({"rrsets": [set]}).to_string();
        let reply = self.call(Method::Patch, &zone_path(&zone), body.as_bytes())?;
        if !reply.ok() {
            return Err(refused("changing the zone", &reply));
        }
        // Secondaries learn of the change at once; a zone without any answers an error that says so.
        self.call(Method::Put, &format!("{}/notify", zone_path(&zone)), b"")?;
        Ok(())
    }

    /// The zone that holds the name: the longest of its suffixes that the server knows.
    fn zone(&self, name: &str) -> Result<String, DnsError> {
        let mut rest = name;
        loop {
            let reply = self.call(
                Method::Get,
                &format!("{}?rrsets=false", zone_path(rest)),
                b"",
            )?;
            match reply.status {
                200 => return Ok(rest.to_owned()),
                404 | 422 => {}
                _ => return Err(refused("looking for the zone", &reply)),
            }
            match rest.split_once('.') {
                Some((_, shorter)) => rest = shorter,
                None => break,
            }
        }
        Err(DnsError::NoZone(format!(
            "the PowerDNS server has no zone for {name}"
        )))
    }

    /// The name's TXT records as the server has them, and the TTL of their set.
    fn records(&self, zone: &str, name: &str) -> Result<(Vec<Value>, Option<u64>), DnsError> {
        let path = format!("{}?rrset_name={name}.&rrset_type=TXT", zone_path(zone));
        let reply = self.call(Method::Get, &path, b"")?;
        if !reply.ok() {
            return Err(refused("reading the zone", &reply));
        }
        let zone: Value = serde_json::from_slice(&reply.body)
            .map_err(|_| DnsError::Refused("the PowerDNS server's reply is no JSON".into()))?;
        // Servers before 4.4 ignore the filter and send every record set.
        let mut sets = zone["rrsets"].as_array().into_iter().flatten();
        let own = sets.find(|s| {
            s["type"] == "TXT" && s["name"].as_str().map(|n| n.trim_end_matches('.')) == Some(name)
        });
        let records = own.and_then(|s| s["records"].as_array().cloned());
        Ok((
            records.unwrap_or_default(),
            own.and_then(|s| s["ttl"].as_u64()),
        ))
    }

    fn call(&self, method: Method, path: &str, body: &[u8]) -> Result<Response, DnsError> {
        let token = self.context.text(&DESCRIPTOR, "PDNS_Token");
        let reply = self
            .context
            .http
            .call(&Request {
                method,
                url: &format!("{}{path}", self.base),
                headers: &[("x-api-key", token), ("content-type", "application/json")],
                body,
                max_reply: REPLY_MAX,
            })
            .map_err(|e: TransportError| DnsError::Unreachable(e.to_string()))?;
        match reply.status {
            401 | 403 => Err(DnsError::Credentials(
                "the PowerDNS server does not take the API key (PDNS_Token)".into(),
            )),
            _ => Ok(reply),
        }
    }
}

fn zone_path(zone: &str) -> String {
    format!("/zones/{zone}.")
}

/// What the server said, in one short line.
fn refused(doing: &str, reply: &Response) -> DnsError {
    let text = serde_json::from_slice::<Value>(&reply.body)
        .ok()
        .and_then(|v| v["error"].as_str().map(str::to_owned))
        .unwrap_or_default();
    let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    DnsError::Refused(format!(
        "{doing}: the PowerDNS server answered {} {text}",
        reply.status
    ))
}
