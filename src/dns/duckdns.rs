//! Duck DNS.
//!
//! Facts (2026-11): duckdns.org/spec.jsp and recorded traffic of dns-lexicon's tests. One TXT value
//! for an account's domain, answered at every name below it, for 60 s; the token goes in the URL, so
//! no text may show that.

use super::common::{Api, Reply, plain};
use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::Method;
use std::time::Duration;

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "duckdns",
    aliases: &["dns_duckdns"],
    title: "Duck DNS",
    docs: "https://www.duckdns.org/",
    fields: &[Field::secret("DuckDNS_Token", "Token of the account")],
    alternatives: &[],
    writes: WriteClass::Slots(1),
    settle: Duration::from_secs(60),
    open: false,
};

const SUFFIX: &str = ".duckdns.org";

struct DuckDns<'a>(Api<'a>);

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let base = "https://www.duckdns.org/update";
    let api = Api::new(context, base, plain(Vec::new())).meaning(meaning);
    Ok(Box::new(DuckDns(api)))
}

/// All it says is OK or KO.
fn meaning(reply: &Reply) -> u16 {
    match reply.text.lines().next().map(str::trim) {
        Some("KO") => 401,
        Some("OK") => reply.status,
        // Something else speaks in its name.
        _ if reply.status == 200 => 502,
        _ => reply.status,
    }
}

impl Provider for DuckDns<'_> {
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let below = record.name.strip_suffix(SUFFIX);
        let Some(domain) = below.and_then(|below| below.rsplit('.').next()) else {
            let text = format!("{} is not below duckdns.org", record.name);
            return Err(DnsError::NoZone(text));
        };
        let clear = if there { "" } else { "&clear=true" };
        let token = self.0.context.text("DuckDNS_Token");
        let path = format!(
            "?domains={domain}&token={token}&txt={}{clear}",
            record.value
        );
        let done = self.0.done(Method::Get, &path, "");
        done.map(drop).map_err(|error| match error {
            DnsError::Credentials(_) => DnsError::Credentials(format!(
                "Duck DNS answers KO: the token (DuckDNS_Token) is wrong, or {domain}{SUFFIX} is not of its account"
            )),
            other => other,
        })
    }
}
