//! Any program that speaks lego's `httpreq` protocol: POST `/present` and `/cleanup` with
//! `{"fqdn": "name.", "value": "…"}`; 2xx means done.
//! Source: lego's page on the provider (checked 2026-11).

use super::common::{Api, base64, plain};
use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::Method;
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
        Field::new("HTTPREQ_ENDPOINT", "URL; /present and /cleanup are added"),
        Field::new(
            "HTTPREQ_USERNAME",
            "User name, if the endpoint asks for one",
        )
        .optional(),
        Field::secret("HTTPREQ_PASSWORD", "Password").optional(),
    ],
    alternatives: &[],
    writes: WriteClass::PerValue,
    settle: Duration::from_secs(10),
    open: false,
};

struct HttpReq<'a>(Api<'a>);

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let url = context
        .url("HTTPREQ_ENDPOINT", "https://dns.example.org/api")?
        .to_owned();
    let login = match context.text("HTTPREQ_USERNAME") {
        "" => Vec::new(),
        user => {
            let user = format!("{user}:{}", context.text("HTTPREQ_PASSWORD"));
            let login = format!("Basic {}", base64(user.as_bytes()));
            vec![("authorization", login)]
        }
    };
    Ok(Box::new(HttpReq(Api::new(context, url, plain(login)))))
}

impl Provider for HttpReq<'_> {
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let path = if there { "/present" } else { "/cleanup" };
        let body = json!({"fqdn": format!("{}.", record.name), "value": record.value});
        self.0.done(Method::Post, path, &body.to_string())?;
        Ok(())
    }
}
