//! Amazon Route 53, API of 2013-04-01.
//!
//! Facts (2026-11): Amazon's reference for paths, documents and GetChange; requests are checked by
//! moto, signatures by botocore (our tests). Too many requests are `Throttling` with status 400
//! (Amazon's page on throttling); removing wants the set exactly as it is. Zones of the same name may
//! be there several times (Amazon's page on CreateHostedZone); which one is delegated to no call tells.

use super::common::{
    Api, Call, Headers, Pending, Reply, Set, change_set, escaped, find_zone, hex, hmac_sha256,
    quoted, sha256, tag, tags,
};
use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::Method;
use serde_json::Value;
use std::time::Duration;

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "route53",
    aliases: &["dns_aws", "aws"],
    title: "Amazon Route 53",
    docs: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
    fields: &[
        Field::new(
            "AWS_ACCESS_KEY_ID",
            "Access key id of a user who may list zones and change records",
        ),
        Field::secret("AWS_SECRET_ACCESS_KEY", "Secret access key"),
        Field::secret(
            "AWS_SESSION_TOKEN",
            "Session token of temporary credentials",
        )
        .optional(),
    ],
    alternatives: &[],
    writes: WriteClass::WholeSet,
    // The provider tells.
    settle: Duration::ZERO,
    open: false,
};

const HOST: &str = "route53.amazonaws.com";
const BASE: &str = "https://route53.amazonaws.com/2013-04-01";
const TTL: u64 = 60;

struct Route53<'a> {
    api: Api<'a>,
    pending: Pending,
}

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let [id, secret, token] = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ]
    .map(|name| context.text(name).to_owned());
    let api = Api::new(context, BASE, move |call| sign(call, &id, &secret, &token));
    Ok(Box::new(Route53 {
        api: api.meaning(meaning),
        pending: Pending::default(),
    }))
}

/// Signature Version 4. Our queries are in order and need no escapes.
fn sign(call: &Call<'_>, id: &str, secret: &str, token: &str) -> Headers {
    let time = call.now.to_string().replace(['-', ':'], "");
    let day = time.split('T').next().unwrap_or_default();
    let scope = format!("{day}/us-east-1/route53/aws4_request");
    let path = call.url.split_once(HOST).unwrap_or_default().1;
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let method = if call.method == Method::Post {
        "POST"
    } else {
        "GET"
    };
    let mut headers = vec![("x-amz-date", time.clone())];
    if !token.is_empty() {
        headers.push(("x-amz-security-token", token.to_owned()));
    }
    let lines: String = headers.iter().map(|(n, v)| format!("{n}:{v}\n")).collect();
    let names: String = headers.iter().map(|(n, _)| format!(";{n}")).collect();
    let request = format!(
        "{method}\n{path}\n{query}\nhost:{HOST}\n{lines}\nhost{names}\n{}",
        hex(&sha256(call.body))
    );
    let text = format!(
        "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
        hex(&sha256(&request))
    );
    let first = format!("AWS4{secret}").into_bytes();
    let key = scope
        .split('/')
        .fold(first, |key, part| hmac_sha256(&key, part));
    let signature = hex(&hmac_sha256(&key, &text));
    headers.push((
        "authorization",
        format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders=host{names}, Signature={signature}"),
    ));
    headers
}

fn meaning(reply: &Reply) -> u16 {
    match tag(&reply.text, "Code").as_deref() {
        Some("Throttling" | "PriorRequestNotComplete") => 429,
        Some("InvalidClientTokenId" | "SignatureDoesNotMatch" | "ExpiredToken") => 401,
        _ => reply.status,
    }
}

impl Provider for Route53<'_> {
    /// In each zone of that name; one that the credentials may not change is not the one if others are.
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let (_, zones) = find_zone(&record.name, |zone| self.zones(zone))?;
        let (mut done, mut forbidden) = (false, None);
        for zone in zones {
            match self.change_in(&zone, record, there) {
                Ok(()) => done = true,
                Err(error @ DnsError::Forbidden(_)) => forbidden = Some(error),
                Err(error) => return Err(error),
            }
        }
        match forbidden {
            Some(error) if !done => Err(error),
            _ => Ok(()),
        }
    }

    fn wait(&self) -> Result<(), DnsError> {
        self.pending.wait(self.api.context.clock, |change| {
            let reply = self.api.done(Method::Get, change, "")?;
            Ok(tag(&reply.text, "Status").as_deref() != Some("PENDING"))
        })
    }
}

impl Route53<'_> {
    fn change_in(&self, zone: &str, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let own = quoted(&record.value);
        let read = || self.read(zone, &record.name);
        change_set(record, there, own.clone().into(), read, |set| {
            let gone = set.values.is_empty();
            let values = if gone {
                vec![Value::from(own.clone())]
            } else {
                set.values
            };
            let action = if gone { "DELETE" } else { "UPSERT" };
            let (name, ttl) = (&record.name, set.ttl.unwrap_or(TTL));
            let values = values.iter().filter_map(Value::as_str);
            let values: String = values
                .map(|v| {
                    format!(
                        "<ResourceRecord><Value>{}</Value></ResourceRecord>",
                        escaped(v)
                    )
                })
                .collect();
            let body = format!(
                "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
                 <ChangeBatch><Changes><Change><Action>{action}</Action><ResourceRecordSet><Name>{name}.</Name>\
                 <Type>TXT</Type><TTL>{ttl}</TTL><ResourceRecords>{values}</ResourceRecords></ResourceRecordSet>\
                 </Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
            );
            let reply = self
                .api
                .call(Method::Post, &format!("{zone}/rrset/"), &body)?;
            match reply.status {
                200..300 => self
                    .pending
                    .push(tag(&reply.text, "Id").unwrap_or_default()),
                // Somebody else was quicker: it is read and written anew.
                400 if gone && reply.text.contains("InvalidChangeBatch") => {}
                _ => return Err(self.api.refused(&reply)),
            }
            Ok(())
        })
    }

    /// The paths of the public zones of that name.
    fn zones(&self, name: &str) -> Result<Option<Vec<String>>, DnsError> {
        let path = format!("/hostedzonesbyname?dnsname={name}&maxitems=100");
        let reply = self.api.done(Method::Get, &path, "")?;
        let dotted = format!("{name}.");
        let found = tags(&reply.text, "HostedZone").filter(|zone| {
            tag(zone, "Name").as_ref() == Some(&dotted)
                && tag(zone, "PrivateZone").as_deref() != Some("true")
        });
        let ids: Vec<String> = found.filter_map(|zone| tag(zone, "Id")).collect();
        Ok((!ids.is_empty()).then_some(ids))
    }

    fn read(&self, zone: &str, name: &str) -> Result<Set, DnsError> {
        let path = format!("{zone}/rrset?maxitems=1&name={name}.&type=TXT");
        let reply = self.api.done(Method::Get, &path, "")?;
        let dotted = format!("{name}.");
        // The list begins at the name, whether it is there or not.
        let found = tags(&reply.text, "ResourceRecordSet").find(|set| {
            tag(set, "Name").as_ref() == Some(&dotted) && tag(set, "Type").as_deref() == Some("TXT")
        });
        let Some(set) = found else {
            return Ok(Set::default());
        };
        if set.contains("<SetIdentifier>") {
            let text =
                format!("{name} has a routing policy, with which no values can be added to it");
            return Err(DnsError::Refused(text));
        }
        let values = tags(set, "ResourceRecord").filter_map(|r| tag(r, "Value"));
        Ok(Set {
            values: values.map(Value::from).collect(),
            ttl: tag(set, "TTL").and_then(|t| t.parse().ok()),
        })
    }
}
