//! Any program that speaks lego's `httpreq` protocol: POST `/present` and `/cleanup` with
//! `{"fqdn": "name.", "value": "…"}`; 2xx means done.
//! Source: lego's page on the provider (checked 2026-11).

use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::{Method, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::time::Duration;

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "httpreq",
    aliases: &[],
    title: "HTTP request",
    docs: "https://go-acme.github.io/lego/dns/httpreq/",
    fields: &[
        Field {
            name: "HTTPREQ_ENDPOINT",
            label: "URL; /present and /cleanup are added",
            secret: false,
            default: None,
        },
        Field {
            name: "HTTPREQ_USERNAME",
            label: "User name, if the endpoint asks for one",
            secret: false,
            default: Some(""),
        },
        Field {
            name: "HTTPREQ_PASSWORD",
            label: "Password",
            secret: true,
            default: Some(""),
        },
    ],
    writes: WriteClass::PerValue,
    settle: Duration::from_secs(10),
    open: false,
};

/// A reply's body says nothing we use.
const REPLY_MAX: usize = 64 * 1024;

struct HttpReq<'a>(Context<'a>);

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let url = context.text(&DESCRIPTOR, "HTTPREQ_ENDPOINT");
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(DnsError::Setting {
            field: "HTTPREQ_ENDPOINT",
            message: "a URL is wanted, such as https://dns.example.org/api".into(),
        });
    }
    Ok(Box::new(HttpReq(context)))
}

impl Provider for HttpReq<'_> {
    fn add(&self, record: &TxtRecord) -> Result<(), DnsError> {
        self.post("present", record)
    }

    fn remove(&self, record: &TxtRecord) -> Result<(), DnsError> {
        self.post("cleanup", record)
    }
}

impl HttpReq<'_> {
    fn post(&self, action: &str, record: &TxtRecord) -> Result<(), DnsError> {
        let text = |name| self.0.text(&DESCRIPTOR, name);
        let url = format!(
            "{}/{action}",
            text("HTTPREQ_ENDPOINT").trim_end_matches('/')
        );
        let body = json!({"fqdn": format!("{}.", record.name), "value": record.value}).to_string();
        let user = text("HTTPREQ_USERNAME");
        let login = format!(
            "Basic {}",
            STANDARD.encode(format!("{user}:{}", text("HTTPREQ_PASSWORD")))
        );
        let mut headers = vec![("content-type", "application/json")];
        if !user.is_empty() {
            headers.push(("authorization", &login));
        }
        let reply = self
            .0
            .http
            .call(&Request {
                method: Method::Post,
                url: &url,
                headers: &headers,
                body: body.as_bytes(),
                max_reply: REPLY_MAX,
            })
            .map_err(|e| DnsError::Unreachable(e.to_string()))?;
        match reply.status {
            200..300 => Ok(()),
            401 | 403 => Err(DnsError::Credentials(format!(
                "the endpoint answered {} to /{action}: check HTTPREQ_USERNAME and HTTPREQ_PASSWORD",
                reply.status
            ))),
            status => Err(DnsError::Refused(format!(
                "the endpoint answered {status} to /{action}"
            ))),
        }
    }
}
