//! What may stand in the configuration: every section type with its options.
//! The reader, the help for a mistyped option and the tests all come from this table.

use super::Mistake;
use crate::types::nearest;
use crate::uci::{Section, Value};

/// An option of a section.
#[derive(Debug)]
pub(super) struct Spec {
    /// Its name.
    pub name: &'static str,
    /// It may hold several values.
    pub list: bool,
}

const fn one(name: &'static str) -> Spec {
    Spec { name, list: false }
}

const fn list(name: &'static str) -> Spec {
    Spec { name, list: true }
}

pub(super) const GLOBAL: &[Spec] = &[
    one("enabled"),
    one("accept_tos"),
    one("account_email"),
    one("webroot"),
    list("dns_server"),
    one("wan_zone"),
    one("ca_bundle"),
    one("local_ca"),
    one("local_ca_name"),
    one("local_ca_days"),
    one("acme_hotplug"),
    list("notify"),
    one("debug"),
];

pub(super) const ACCOUNT: &[Spec] = &[
    one("ca"),
    one("acme_server"),
    one("staging_server"),
    one("ca_file"),
    one("email"),
    one("eab_kid"),
    one("eab_hmac_key"),
];

pub(super) const PROVIDER: &[Spec] = &[one("dns"), list("credentials")];

pub(super) const CERT: &[Spec] = &[
    one("enabled"),
    list("domains"),
    one("auto_names"),
    one("primary"),
    list("key_type"),
    one("reuse_key"),
    one("csr"),
    list("account"),
    one("staging"),
    one("cert_profile"),
    one("preferred_chain"),
    one("validation_method"),
    one("webroot"),
    one("listen_address"),
    one("listen_port"),
    one("provider"),
    one("dns"),
    list("credentials"),
    one("calias"),
    one("dalias"),
    one("dns_wait"),
    one("auto_update"),
    one("renew_before"),
    list("service"),
    list("hook"),
    list("export"),
    list("verify"),
];

pub(super) const DOMAIN: &[Spec] = &[
    one("cert"),
    one("name"),
    one("validation_method"),
    one("webroot"),
    one("provider"),
    one("dns"),
    list("credentials"),
    one("calias"),
    one("dalias"),
    one("dns_wait"),
];

pub(super) const SECRET: &[Spec] = &[list("credentials"), one("eab_hmac_key"), list("notify")];

/// The section types of a file with their options.
pub(super) fn kinds(secrets: bool) -> &'static [(&'static str, &'static [Spec])] {
    if secrets {
        &[("secret", SECRET)]
    } else {
        &[
            ("certkeeper", GLOBAL),
            ("account", ACCOUNT),
            ("provider", PROVIDER),
            ("cert", CERT),
            ("domain", DOMAIN),
        ]
    }
}

/// Warns of unknown section types and options, and of lists where one value is allowed.
pub(super) fn review(sections: &[Section], secrets: bool, out: &mut Vec<Mistake>) {
    let kinds = kinds(secrets);
    for section in sections {
        let Some((_, specs)) = kinds.iter().find(|(kind, _)| *kind == section.kind) else {
            let hint = nearest(&section.kind, kinds.iter().map(|(k, _)| *k));
            let meant = hint.map(|k| format!("; did you mean 'config {k}'?"));
            out.push(
                Mistake::in_section(
                    section,
                    format!(
                        "a section type that certkeeper does not know{}",
                        meant.unwrap_or_default()
                    ),
                )
                .warning(),
            );
            continue;
        };
        for option in &section.options {
            match specs.iter().find(|s| s.name == option.name) {
                None => {
                    let hint = nearest(&option.name, specs.iter().map(|s| s.name));
                    let meant = hint.map(|n| format!("; did you mean '{n}'?"));
                    let text = format!("unknown option{}", meant.unwrap_or_default());
                    out.push(Mistake::of_option(section, option, None, text).warning());
                }
                Some(spec) if !spec.list => {
                    if matches!(&option.value, Value::List(values) if values.len() > 1) {
                        let text = "one value is allowed here, not a list; the last one counts";
                        out.push(Mistake::of_option(section, option, None, text).warning());
                    }
                }
                Some(_) => {}
            }
        }
    }
}
