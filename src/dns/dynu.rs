//! Dynu, API v2.
//!
//! Facts (2026-11): recorded traffic of dns-lexicon's tests (2025-05) for paths and replies; errors
//! come with a `statusCode` in the body (recorded fixtures of lego: 501 for what it does not know);
//! OAuth2 by GET /oauth2/token is what acme.sh's dns_dynu does.

use super::common::{Api, Reply, base64, change_records, id, no_zone, plain, relative};
use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::{Method, Secret};
use serde_json::json;
use std::time::Duration;

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "dynu",
    aliases: &["dns_dynu"],
    title: "Dynu",
    docs: "https://www.dynu.com/en-US/ControlPanel/APICredentials",
    fields: &[
        Field::new("Dynu_ClientId", "Client ID of the API credentials (OAuth2)"),
        Field::secret("Dynu_Secret", "Secret of the API credentials (OAuth2)"),
    ],
    alternatives: &[],
    writes: WriteClass::PerValue,
    settle: Duration::from_secs(30),
    open: false,
};

const BASE: &str = "https://api.dynu.com/v2";
const TTL: u32 = 90;

struct Dynu<'a>(Api<'a>);

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let user = format!(
        "{}:{}",
        context.text("Dynu_ClientId"),
        context.text("Dynu_Secret")
    );
    let login = format!("Basic {}", base64(user.as_bytes()));
    let api = Api::new(context, BASE, plain(vec![("authorization", login)])).meaning(meaning);
    let reply = api.done(Method::Get, "/oauth2/token", "")?;
    let Some(token) = reply.json["access_token"].as_str().map(str::to_owned) else {
        return Err(api.refused(&reply));
    };
    let mut context = api.context;
    let login = format!("Bearer {token}");
    // Kept with the other secrets, so that no text shows it.
    let name = "access_token".to_owned();
    context.credentials.insert(name, Secret::new(token));
    let api = Api::new(context, BASE, plain(vec![("authorization", login)])).meaning(meaning);
    Ok(Box::new(Dynu(api)))
}

/// The status is 200, whatever happened.
fn meaning(reply: &Reply) -> u16 {
    let told = reply.json["statusCode"].as_u64();
    told.and_then(|s| s.try_into().ok()).unwrap_or(reply.status)
}

impl Provider for Dynu<'_> {
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let api = &self.0;
        let root = api.call(Method::Get, &format!("/dns/getroot/{}", record.name), "")?;
        let root = match root.status {
            200 => root.json,
            404 | 501 => return Err(no_zone(&record.name)),
            _ => return Err(api.refused(&root)),
        };
        let path = format!("/dns/{}/record", id(&root["id"]));
        let zone = root["domainName"].as_str().unwrap_or_default();
        let name = relative(&record.name, zone, "");
        let own = json!({"recordType": "TXT", "nodeName": name, "textData": record.value,
                         "state": true, "ttl": TTL});
        change_records(
            record,
            there,
            || {
                let reply = api.done(Method::Get, &path, "")?;
                let all = reply.json["dnsRecords"].as_array().into_iter().flatten();
                let ours = all.filter(|r| r["recordType"] == "TXT" && r["nodeName"] == name);
                Ok(ours.map(|r| (id(&r["id"]), id(&r["textData"]))).collect())
            },
            || {
                api.done(Method::Post, &path, &own.to_string())?;
                Ok(())
            },
            |record| api.delete(&format!("{path}/{record}")),
        )
    }
}
