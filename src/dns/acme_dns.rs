//! acme-dns, a server for challenges alone.
//!
//! Facts (2026-11): README of github.com/joohoi/acme-dns: the last two values of an account are
//! answered and nothing is removed; values have 43 characters; `_acme-challenge` of each name must be
//! a CNAME to the account's name.

use super::common::{Api, plain};
use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::Method;
use serde_json::json;
use std::time::Duration;

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "acme-dns",
    aliases: &["acmedns", "acme_dns", "dns_acmedns"],
    title: "acme-dns",
    docs: "https://github.com/joohoi/acme-dns#usage",
    fields: &[
        Field::new("ACMEDNS_USERNAME", "User name that /register answered"),
        Field::secret("ACMEDNS_PASSWORD", "Password that /register answered"),
        Field::new(
            "ACMEDNS_SUBDOMAIN",
            "Subdomain that /register answered; _acme-challenge of each name must be a CNAME to its fulldomain",
        ),
        Field::new("ACMEDNS_BASE_URL", "URL of the server").or("https://auth.acme-dns.io"),
    ],
    alternatives: &[],
    writes: WriteClass::Slots(2),
    settle: Duration::from_secs(5),
    open: false,
};

struct AcmeDns<'a>(Api<'a>);

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let base = context
        .url("ACMEDNS_BASE_URL", "https://auth.acme-dns.io")?
        .to_owned();
    let login = plain(vec![
        ("x-api-user", context.text("ACMEDNS_USERNAME").to_owned()),
        ("x-api-key", context.text("ACMEDNS_PASSWORD").to_owned()),
    ]);
    Ok(Box::new(AcmeDns(Api::new(context, base, login))))
}

impl Provider for AcmeDns<'_> {
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        // Nothing is removed there: newer values push older ones out.
        if !there {
            return Ok(());
        }
        let subdomain = self.0.context.text("ACMEDNS_SUBDOMAIN");
        let body = json!({"subdomain": subdomain, "txt": record.value}).to_string();
        self.0.done(Method::Post, "/update", &body)?;
        Ok(())
    }
}
