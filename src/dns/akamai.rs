//! Akamai Edge DNS, config-dns v2.
//!
//! Facts (2026-11): paths, bodies and status codes as in Akamai's own client for Go and in lego and
//! acme.sh; the signature EG1-HMAC-SHA256 as in Akamai's client for Python (edgegrid-python 2.0.9,
//! the oracle of our tests): the body's hash counts for POST alone.

use super::common::{Api, Call, Set, base64, change_set, find_zone, hmac_sha256, quoted, sha256};
use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::{Method, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;
use std::time::Duration;

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "akamai",
    aliases: &["dns_edgedns", "edgedns"],
    title: "Akamai Edge DNS",
    docs: "https://techdocs.akamai.com/developer/docs/set-up-authentication-credentials",
    fields: &[
        Field::new(
            "AKAMAI_HOST",
            "Host of the credentials, akab-….luna.akamaiapis.net",
        ),
        Field::secret("AKAMAI_ACCESS_TOKEN", "Access token"),
        Field::secret("AKAMAI_CLIENT_TOKEN", "Client token"),
        Field::secret("AKAMAI_CLIENT_SECRET", "Client secret"),
    ],
    alternatives: &[],
    writes: WriteClass::WholeSet,
    settle: Duration::from_secs(60),
    open: false,
};

const TTL: u64 = 60;

struct Akamai<'a>(Api<'a>);

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let host = context.text("AKAMAI_HOST").trim_end_matches('/');
    let host = host.strip_prefix("https://").unwrap_or(host).to_owned();
    if host.is_empty() || host.contains(['/', ' ']) {
        let message = "the host alone is wanted, akab-….luna.akamaiapis.net";
        return Err(DnsError::setting("AKAMAI_HOST", message));
    }
    let [access, client, secret] = [
        "AKAMAI_ACCESS_TOKEN",
        "AKAMAI_CLIENT_TOKEN",
        "AKAMAI_CLIENT_SECRET",
    ]
    .map(|name| context.text(name).to_owned());
    let base = format!("https://{host}/config-dns/v2/zones");
    let api = Api::new(context, base, move |call| {
        let head = format!(
            "EG1-HMAC-SHA256 client_token={client};access_token={access};timestamp={};nonce={};",
            stamp(call.now),
            nonce()
        );
        let signature = signature(&secret, &host, call, &head);
        vec![("authorization", format!("{head}signature={signature}"))]
    });
    Ok(Box::new(Akamai(api)))
}

/// `20261122T04:31:58+0000`
fn stamp(now: Timestamp) -> String {
    now.to_string().replace('-', "").replace('Z', "+0000")
}

fn nonce() -> String {
    let mut bytes = [0; 16];
    // Without random numbers there is no TLS either.
    let _ = SystemRandom::new().fill(&mut bytes);
    base64(&bytes)
}

fn signature(secret: &str, host: &str, call: &Call<'_>, head: &str) -> String {
    let path = call.url.split_once(host).unwrap_or_default().1;
    let (method, hash) = match call.method {
        Method::Post => ("POST", base64(&sha256(call.body))),
        Method::Put => ("PUT", String::new()),
        Method::Delete => ("DELETE", String::new()),
        _ => ("GET", String::new()),
    };
    let time = head.split_once("timestamp=").unwrap_or_default().1;
    let time = time.split(';').next().unwrap_or_default();
    let key = base64(&hmac_sha256(secret.as_bytes(), time));
    let text = format!("{method}\thttps\t{host}\t{path}\t\t{hash}\t{head}");
    base64(&hmac_sha256(key.as_bytes(), &text))
}

impl Provider for Akamai<'_> {
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let api = &self.0;
        let (zone, _) = find_zone(&record.name, |zone| api.get(&format!("/{zone}")))?;
        let name = &record.name;
        let path = format!("/{zone}/names/{name}/types/TXT");
        let read = || {
            let found = api.get(&path)?.unwrap_or_default();
            Ok(Set {
                values: found["rdata"].as_array().cloned().unwrap_or_default(),
                ttl: found["ttl"].as_u64(),
            })
        };
        change_set(record, there, quoted(&record.value).into(), read, |set| {
            if set.values.is_empty() {
                return api.delete(&path);
            }
            let body = json!({"name": name, "type": "TXT", "rdata": set.values,
                              "ttl": set.ttl.unwrap_or(TTL)});
            // A set has a TTL once it is there.
            let method = if set.ttl.is_some() {
                Method::Put
            } else {
                Method::Post
            };
            let reply = api.call(method, &path, &body.to_string())?;
            match reply.status {
                // Somebody else was quicker: it is read and written anew.
                200..300 | 404 | 409 => Ok(()),
                _ => Err(api.refused(&reply)),
            }
        })
    }
}
