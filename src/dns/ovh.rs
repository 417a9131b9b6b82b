//! OVHcloud, API 1.0.
//!
//! Facts (2026-11): recorded traffic of dns-lexicon's tests for paths and replies; nothing is
//! published before POST refresh; signatures, endpoints and error codes as in OVH's own client for
//! Python (`ovh` 1.2.0, the oracle of our tests), which takes the time from /auth/time, too.

use super::common::{
    Api, Reply, change_records, find_zone, hex, id, plain, quoted, relative, sha1,
};
use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::Method;
use serde_json::json;
use std::time::Duration;

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "ovh",
    aliases: &["dns_ovh"],
    title: "OVHcloud",
    docs: "https://help.ovhcloud.com/csm/en-api-getting-started-ovhcloud-api?id=kb_article_view&sysparm_article=KB0042777",
    fields: &[
        Field::new("OVH_AK", "Application key"),
        Field::secret("OVH_AS", "Application secret"),
        Field::secret(
            "OVH_CK",
            "Consumer key with GET, POST, DELETE on /domain/zone/* (make all three at https://eu.api.ovh.com/createToken/)",
        ),
        Field::new("OVH_END_POINT", "Endpoint").or("ovh-eu"),
    ],
    alternatives: &[],
    writes: WriteClass::PerValue,
    settle: Duration::from_secs(60),
    open: false,
};

const ENDPOINTS: [(&str, &str); 7] = [
    ("ovh-eu", "https://eu.api.ovh.com/1.0"),
    ("ovh-ca", "https://ca.api.ovh.com/1.0"),
    ("ovh-us", "https://api.us.ovhcloud.com/1.0"),
    ("kimsufi-eu", "https://eu.api.kimsufi.com/1.0"),
    ("kimsufi-ca", "https://ca.api.kimsufi.com/1.0"),
    ("soyoustart-eu", "https://eu.api.soyoustart.com/1.0"),
    ("soyoustart-ca", "https://ca.api.soyoustart.com/1.0"),
];

const TTL: u32 = 60;
/// Each record of a name is asked for by itself.
const RECORDS_MAX: usize = 300;

struct Ovh<'a>(Api<'a>);

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let name = context.text("OVH_END_POINT");
    let endpoint = ENDPOINTS.iter().find(|(n, _)| *n == name);
    let Some((_, base)) = endpoint else {
        let names = ENDPOINTS.map(|(n, _)| n).join(" ");
        return Err(DnsError::setting(
            "OVH_END_POINT",
            format!("one of {names} is wanted"),
        ));
    };
    let [key, secret, consumer] =
        ["OVH_AK", "OVH_AS", "OVH_CK"].map(|n| context.text(n).to_owned());
    let api = Api::new(context, *base, plain(Vec::new()));
    let reply = api.done(Method::Get, "/auth/time", "")?;
    let Ok(time) = reply.text.trim().parse::<i64>() else {
        return Err(api.refused(&reply));
    };
    let ahead = time - api.context.clock.now().0;
    let api = Api::new(api.context, *base, move |call| {
        let time = call.now.0 + ahead;
        let method = match call.method {
            Method::Get => "GET",
            Method::Delete => "DELETE",
            _ => "POST",
        };
        let text = format!(
            "{secret}+{consumer}+{method}+{}+{}+{time}",
            call.url, call.body
        );
        vec![
            ("x-ovh-application", key.clone()),
            ("x-ovh-consumer", consumer.clone()),
            ("x-ovh-timestamp", time.to_string()),
            ("x-ovh-signature", format!("$1${}", hex(&sha1(&text)))),
        ]
    });
    Ok(Box::new(Ovh(api.meaning(meaning))))
}

fn meaning(reply: &Reply) -> u16 {
    match reply.json["errorCode"].as_str() {
        Some("INVALID_KEY" | "INVALID_CREDENTIAL" | "INVALID_SIGNATURE" | "NOT_CREDENTIAL") => 401,
        _ => reply.status,
    }
}

impl Provider for Ovh<'_> {
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let api = &self.0;
        let (zone, _) = find_zone(&record.name, |zone| {
            api.get(&format!("/domain/zone/{zone}"))
        })?;
        let base = format!("/domain/zone/{zone}");
        let path = format!("{base}/record");
        let name = relative(&record.name, zone, "");
        let own = json!({"fieldType": "TXT", "subDomain": name, "target": quoted(&record.value), "ttl": TTL});
        change_records(
            record,
            there,
            || {
                let list = format!("{path}?fieldType=TXT&subDomain={name}");
                let ids = api.done(Method::Get, &list, "")?.json;
                let mut all = Vec::new();
                let ids = ids.as_array().into_iter().flatten();
                for record in ids.take(RECORDS_MAX).map(id) {
                    // It may go while we look.
                    if let Some(found) = api.get(&format!("{path}/{record}"))? {
                        all.push((record, id(&found["target"])));
                    }
                }
                Ok(all)
            },
            || {
                api.done(Method::Post, &path, &own.to_string())?;
                Ok(())
            },
            |record| api.delete(&format!("{path}/{record}")),
        )?;
        // Always: a run that was cut off may have changed records without publishing them.
        api.done(Method::Post, &format!("{base}/refresh"), "")?;
        Ok(())
    }
}
