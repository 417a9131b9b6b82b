//! Cloudflare, API v4.
//!
//! Facts (2026-11): recorded traffic of dns-lexicon's tests (2025-08) for paths and replies; contents
//! are wanted in quotes (Cloudflare's page on TXT records, lego #2521), and compared without; a
//! record that is there already is error 81058. 6003 complains of the form of token or key with status
//! 400; with 403, 9103 does of the key and 9109 of the token, unless that is about a right that it lacks,
//! as 10000 is (acme.sh #6435, octodns-cloudflare #60, terraform-provider-cloudflare #1533). 1200
//! requests in 5 minutes, then 429 for 5 minutes.

use super::common::{Api, Reply, change_records, find_zone, id, plain, quoted};
use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::Method;
use serde_json::json;
use std::time::Duration;

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "cloudflare",
    aliases: &["dns_cf", "cf"],
    title: "Cloudflare",
    docs: "https://developers.cloudflare.com/fundamentals/api/get-started/create-token/",
    fields: &[
        Field::secret(
            "CF_Token",
            "API token that may edit the zone's DNS (Zone.DNS)",
        )
        .optional(),
        Field::secret("CF_Key", "Global API key, instead of a token").optional(),
        Field::new("CF_Email", "E-mail of the account, with the global key").optional(),
        Field::new("CF_Zone_ID", "Zone id, for a token that may not list zones").optional(),
        Field::new(
            "CF_Account_ID",
            "Account id, if zones of several can be seen",
        )
        .optional(),
    ],
    alternatives: &[&["CF_Token"], &["CF_Key", "CF_Email"]],
    writes: WriteClass::PerValue,
    settle: Duration::from_secs(10),
    open: false,
};

/// The shortest that plans without Enterprise take is 60 s.
const TTL: u32 = 120;

struct Cloudflare<'a>(Api<'a>);

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let text = |name| context.text(name).to_owned();
    let login = match text("CF_Token") {
        none if none.is_empty() => vec![
            ("x-auth-email", text("CF_Email")),
            ("x-auth-key", text("CF_Key")),
        ],
        token => vec![("authorization", format!("Bearer {token}"))],
    };
    let base = "https://api.cloudflare.com/client/v4";
    let api = Api::new(context, base, plain(login)).meaning(meaning);
    Ok(Box::new(Cloudflare(api)))
}

fn meaning(reply: &Reply) -> u16 {
    let error = &reply.json["errors"][0];
    let says = |word| error["message"].as_str().is_some_and(|m| m.contains(word));
    match (reply.status, error["code"].as_u64()) {
        (400, Some(6003)) | (403, Some(9103)) => 401,
        (403, Some(9109)) if says("token") => 401,
        (400, Some(81058)) => 200,
        (status, _) => status,
    }
}

impl Provider for Cloudflare<'_> {
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let path = format!("/zones/{}/dns_records", self.zone(&record.name)?);
        let own = json!({"type": "TXT", "name": record.name, "content": quoted(&record.value), "ttl": TTL});
        change_records(
            record,
            there,
            || {
                let list = format!("{path}?type=TXT&name={}", record.name);
                let all = self.0.pages(&list, "result")?.into_iter();
                Ok(all.map(|r| (id(&r["id"]), id(&r["content"]))).collect())
            },
            || {
                self.0.done(Method::Post, &path, &own.to_string())?;
                Ok(())
            },
            |record| self.0.delete(&format!("{path}/{record}")),
        )
    }
}

impl Cloudflare<'_> {
    fn zone(&self, name: &str) -> Result<String, DnsError> {
        let given = self.0.context.text("CF_Zone_ID");
        if !given.is_empty() {
            return Ok(given.to_owned());
        }
        let account = match self.0.context.text("CF_Account_ID") {
            "" => String::new(),
            account => format!("&account.id={account}"),
        };
        let found = find_zone(name, |zone| {
            let path = format!("/zones?name={zone}{account}");
            let found = self.0.get(&path)?.unwrap_or_default();
            Ok(found["result"][0]["id"].as_str().map(str::to_owned))
        });
        found.map(|(_, zone)| zone).map_err(|error| match error {
            // The list is empty then, and not refused.
            DnsError::NoZone(text) => DnsError::NoZone(format!(
                "{text}, or the token may not list it (Zone.Zone Read): then CF_Zone_ID is wanted"
            )),
            other => other,
        })
    }
}
