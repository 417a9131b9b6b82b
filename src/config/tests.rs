//! What the configuration becomes, and what is said of the mistakes in it.
//!
//! Tables of cases are text, one case a line: `section type | option | value | …`.

mod accounts;
mod canary;
mod domains;
mod external;
mod fallback;
mod fingerprint;
mod firewall;
mod import;
mod names;
mod secrets;
mod sections;
mod staging;
mod tables;
mod values;
mod words;

use super::*;

/// Three certificates; tests edit `web` and what it refers to, and see that the others still run.
const BASE: &str = "
config certkeeper 'global'
config account 'own'
	option acme_server 'https://ca.test/dir'
config provider 'names'
	option dns 'exec'
	list credentials 'EXEC_PATH=/bin/true'
config cert 'before'
	list domains 'before.example.org'
config cert 'web'
	list domains 'www.example.org'
	option account 'own'
config domain 'one'
	option cert 'web'
	option name 'www.example.org'
config cert 'after'
	list domains 'after.example.org'
";

fn config_of(main: impl AsRef<[u8]>, secrets: impl AsRef<[u8]>) -> Config {
    let parse = |text: &[u8]| uci::parse(text).expect("a file that libuci takes");
    let (main, secrets) = (parse(main.as_ref()), parse(secrets.as_ref()));
    build(&main, &secrets, &Paths::new("/r"))
}

fn config(main: &str) -> Config {
    config_of(main, "")
}

/// `config cert 'web'` with these lines, `;` between them.
fn web(lines: &str) -> Config {
    config(&format!(
        "config cert 'web'\n{}\nconfig cert 'after'\n\tlist domains 'after.example.org'\n",
        lines.replace("; ", "\n")
    ))
}

/// Adds lines (`; ` between them) to the end of the first section that begins so; with them, the
/// number of the first added line.
fn edit(text: &str, section: &str, lines: &str) -> (String, usize) {
    let mut all: Vec<&str> = text.lines().collect();
    let begin = all.iter().position(|l| l.starts_with(section));
    let begin = begin.unwrap_or_else(|| panic!("no {section}")) + 1;
    let rest = all[begin..].iter().position(|l| l.starts_with("config"));
    let at = rest.map_or(all.len(), |n| begin + n);
    all.splice(at..at, lines.split("; "));
    (all.join("\n") + "\n", at + 1)
}

/// The base with lines added to the section that tests of a type edit.
fn edited(kind: &str, lines: &str) -> (String, usize) {
    match kind {
        "cert" => edit(BASE, "config cert 'web'", lines),
        // It counts only if it is used.
        "provider" => {
            let base = edit(BASE, "config cert 'web'", "option provider names").0;
            edit(&base, "config provider", lines)
        }
        _ => edit(BASE, &format!("config {kind}"), lines),
    }
}

fn cells(table: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = table.lines().filter(|l| !l.trim().is_empty());
    rows.map(|l| l.split(" | ").map(str::trim).collect())
}

fn names(config: &Config) -> Vec<&str> {
    config.certs.iter().map(|c| c.name.as_str()).collect()
}

fn broken(config: &Config) -> Vec<&str> {
    config.broken.iter().map(|(n, _)| n.as_str()).collect()
}

fn errors(config: &Config) -> Vec<String> {
    said(config, false)
}

fn warnings(config: &Config) -> Vec<String> {
    said(config, true)
}

fn said(config: &Config, warning: bool) -> Vec<String> {
    let mistakes = config.mistakes.iter().filter(|m| m.warning == warning);
    mistakes.map(ToString::to_string).collect()
}

/// The identifiers of `web`, which must run.
#[track_caller]
fn identifiers(config: &Config) -> Vec<String> {
    let cert = config.cert("web");
    let cert = cert.unwrap_or_else(|| panic!("{:#?}", errors(config)));
    cert.names.iter().map(|n| n.id.to_string()).collect()
}

/// The one way of `web`'s first name.
#[track_caller]
fn way(config: &Config) -> &Validation {
    let cert = config.cert("web");
    let cert = cert.unwrap_or_else(|| panic!("{:#?}", errors(config)));
    &cert.names[0].validation
}

#[track_caller]
fn by_dns(config: &Config) -> &DnsMethod {
    match way(config) {
        Validation::Dns(method) => method,
        other => panic!("{other:?}"),
    }
}

/// That exactly one thing is said, an error or a warning, with these words in it.
#[track_caller]
fn says(config: &Config, warning: bool, words: &[&str]) {
    let all = said(config, warning);
    assert_eq!(all.len(), 1, "{all:#?} wanted: {words:?}");
    for word in words {
        assert!(all[0].contains(word), "{} lacks {word}", all[0]);
    }
}

/// CONFIG.md's options; `*`: a list; `!`: nothing acts on it yet. `listen_address` is not in CONFIG.
const OPTIONS: &str = "
certkeeper | enabled accept_tos account_email webroot *dns_server wan_zone ca_bundle local_ca local_ca_name local_ca_days acme_hotplug *notify debug
account | ca acme_server staging_server ca_file email eab_kid eab_hmac_key
provider | dns *credentials
cert | enabled *domains auto_names primary *key_type reuse_key csr *account staging cert_profile preferred_chain validation_method webroot listen_address listen_port provider dns *credentials calias dalias dns_wait auto_update renew_before *service *hook *export *verify
domain | cert name validation_method webroot provider dns *credentials calias dalias dns_wait
secret | *credentials eab_hmac_key *notify
";
