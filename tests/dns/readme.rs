//! src/dns/README.md is made from the descriptors.

use certkeeper::dns::{Descriptor, modules};
use std::fmt::Write;
use std::{env, fs};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/dns/README.md");

const HEAD: &str = "\
# DNS providers

Made from the descriptors by `CERTKEEPER_WRITE=1 cargo test --test dns readme`; the same test finds what is out of date.

Each module is selected in a section or a `config provider` by `option dns 'NAME'`, or by one of its other names, which are
those of acme.sh's scripts. Settings go in `list credentials 'NAME=value'`; secrets by `certkeeper secret SECTION NAME` into
/etc/config/certkeeper_secrets. Blanks around values do not count.

Every module keeps the values of others at the same name and removes its own alone (Duck DNS and acme-dns have room for one
value and for two: names beyond that, of whatever section, are validated when the first ones are), finds the zone by itself,
waits where the provider asks for patience (up to a minute; a later run goes on after longer pauses) and shows the provider's
words without secrets. `tests/dns/contract` holds all of them to it.

";

const TAIL: &str = "
## Names that are gone

`dns_hetzner` was for the DNS console at dns.hetzner.com; zones are in the Hetzner Console since: use `hetzner`.

## Providers without an interface for TXT records

spDYN (Securepoint Dynamic DNS) and No-IP document how to change addresses, and no way to set a TXT record. Their names are
validated by http-01 or tls-alpn-01 (`validation_method standalone` or `alpn`), which needs no DNS. Where you have a domain
of your own, validate that: a CNAME from its `_acme-challenge` to a zone at one of the providers above, named in `calias`, lets
even domains at a provider without any API have wildcards. A name such as NAME.spdns.de takes no CNAME below it, so no wildcard
can be had for it.
";

/// The other end in the tests.
fn tested(module: &str) -> &'static str {
    match module {
        "powerdns" => "PowerDNS 4.7, end to end with Pebble",
        "rfc2136" => "BIND 9.18, Knot 3.2, PowerDNS 4.7",
        "route53" => "moto; signatures by botocore",
        "akamai" => "replies of the documented form; signatures by edgegrid-python",
        "ovh" => "replies of the recorded form; signatures by the client `ovh`",
        "exec" | "httpreq" => "a program of the tests, end to end with Pebble",
        "acme-dns" => "a server with its two places, end to end with Pebble",
        "duckdns" => "replies of the documented form",
        _ => "replies of the recorded form",
    }
}

fn chapter(d: &Descriptor, text: &mut String) {
    let code = |names: &[&str]| {
        names
            .iter()
            .map(|n| format!("`{n}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let other = match d.aliases {
        [] => String::new(),
        names => format!(", also {}", code(names)),
    };
    let _ = writeln!(
        text,
        "\n## {}\n\n`{}`{other}. [Where the settings come from]({}).\n",
        d.title, d.name, d.docs
    );
    let _ = writeln!(text, "| setting | | |\n|---|---|---|");
    for field in d.fields {
        let in_set = d.alternatives.concat().contains(&field.name);
        let mut need = match field.default {
            None => "needed".to_owned(),
            Some("") if in_set => "see below".to_owned(),
            Some("") => "optional".to_owned(),
            Some(default) => format!("default `{default}`"),
        };
        if field.secret {
            need += ", secret";
        }
        let _ = writeln!(
            text,
            "| {} | {} | {need} |",
            field.name,
            field.label.replace('|', "\\|")
        );
    }
    if !d.alternatives.is_empty() {
        let _ = writeln!(text, "\nNeeded: {}.", d.choice());
    }
    if d.open {
        let _ = writeln!(text, "\nAny other NAME is passed on in the environment.");
    }
    let _ = writeln!(
        text,
        "\nWrites {}. Tested with {}.",
        d.writes.describe(),
        tested(d.name)
    );
}

fn made() -> String {
    let mut text = HEAD.to_owned();
    let _ = writeln!(
        text,
        "| module | provider | writes | tested with |\n|---|---|---|---|"
    );
    for d in modules().iter().map(|m| m.descriptor) {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            d.name,
            d.title,
            d.writes.describe(),
            tested(d.name)
        );
    }
    for module in modules() {
        chapter(module.descriptor, &mut text);
    }
    text + TAIL
}

#[test]
fn the_readme_is_made_from_the_descriptors() {
    let made = made();
    if env::var_os("CERTKEEPER_WRITE").is_some() {
        fs::write(FILE, &made).expect("the README");
    }
    let found = fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        found == made,
        "src/dns/README.md is out of date: CERTKEEPER_WRITE=1 cargo test --test dns readme"
    );
}
