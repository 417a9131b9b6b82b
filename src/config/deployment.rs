//! The options that say who is to have a certificate.

use super::cert::Cert;
use super::reader::Reader;
use crate::types::{Deployment, Export, Identifier, Paths, SectionName, Target};
use std::net::Ipv6Addr;

/// Folders that certkeeper keeps for itself.
const OWN: [&str; 2] = ["/etc/certkeeper", "/etc/ssl/domains"];
/// Where hooks are.
const HOOKS: &str = "/etc/certkeeper/hooks/";

/// `events`: option acme_hotplug.
pub(super) fn read(reader: &mut Reader<'_>, paths: &Paths, events: bool) -> Deployment {
    let mut services = Vec::new();
    for word in reader.words("service") {
        match is_word(&word) {
            false => reader.wrong(
                "service",
                &word,
                "the name of an init script in /etc/init.d is wanted",
            ),
            true if services.contains(&word) => {}
            true => services.push(word),
        }
    }
    let mut hooks = Vec::new();
    for text in reader.list("hook") {
        match hook(&text) {
            Some(name) => hooks.push(name.to_owned()),
            None => reader.wrong(
                "hook",
                &text,
                "a program below /etc/certkeeper/hooks is wanted",
            ),
        }
    }
    let mut exports = Vec::new();
    for text in reader.list("export") {
        match export(&text, paths) {
            Ok(export) => exports.push(export),
            Err(why) => reader.wrong("export", &text, why),
        }
    }
    let mut verify = Vec::new();
    for word in reader.words("verify") {
        match target(&word) {
            Some(target) => verify.push(target),
            None => reader.wrong(
                "verify",
                &word,
                "HOST:PORT or HOST:PORT/NAME is wanted, such as 127.0.0.1:443/www.example.org",
            ),
        }
    }
    Deployment {
        services,
        exports,
        hooks,
        events,
        verify,
    }
}

/// The path below the folder of hooks.
pub(super) fn hook(text: &str) -> Option<&str> {
    let name = text.strip_prefix(HOOKS).unwrap_or(text);
    name.split('/').all(is_word).then_some(name)
}

/// One certificate is all that uhttpd serves: with two sections each would take it from the other.
/// `first`: the section before that uhttpd is told of.
pub(super) fn check_uhttpd(
    reader: &mut Reader<'_>,
    first: &mut Option<SectionName>,
    cert: &mut Cert,
) {
    let used = cert.enabled && !cert.staging;
    let services = &mut cert.deployment.services;
    if !used || !services.iter().any(|s| s == "uhttpd") {
        return;
    }
    let Some(first) = first else {
        *first = Some(cert.name.clone());
        return;
    };
    let text = format!(
        "uhttpd serves one certificate, and has that of section '{first}' already; it is not told of this one"
    );
    reader.warn("service", Some("uhttpd"), text);
    services.retain(|s| s != "uhttpd");
}

/// uhttpd reads the key from the links, and where the key is kept elsewhere there is none.
pub(super) fn check_keyless(reader: &mut Reader<'_>, deployment: &mut Deployment) {
    let services = &mut deployment.services;
    if services.iter().any(|s| s == "uhttpd") {
        let text = "the key is kept elsewhere (option csr), and uhttpd needs it here; it is not told of this certificate";
        reader.warn("service", Some("uhttpd"), text);
        services.retain(|s| s != "uhttpd");
    }
}

/// A name that leads nowhere else, neither as a path nor as an option.
fn is_word(text: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.');
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.bytes().all(plain)
}

fn export(text: &str, paths: &Paths) -> Result<Export, &'static str> {
    let (dir, user) = match text.rsplit_once(':') {
        Some((dir, user)) => (dir, Some(user)),
        None => (text, None),
    };
    let whole = dir.starts_with('/') && dir.split('/').all(|part| part != "..");
    if !whole || user.is_some_and(|u| !is_word(u)) {
        return Err("DIR or DIR:USER is wanted, DIR a whole path beginning with /, without ..");
    }
    let dir = dir.trim_end_matches('/');
    let below = |own: &str| {
        dir.strip_prefix(own)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if dir.is_empty() || OWN.into_iter().any(below) {
        return Err("certkeeper's own folder, or none: another one is wanted");
    }
    Ok(Export {
        dir: paths.at(dir),
        user: user.map(str::to_owned),
    })
}

fn target(text: &str) -> Option<Target> {
    let (server, name) = match text.split_once('/') {
        Some((server, name)) => (server, Some(Identifier::parse(name).ok()?)),
        None => (text, None),
    };
    if name
        .as_ref()
        .and_then(Identifier::domain)
        .is_some_and(|d| d.is_wildcard())
    {
        return None;
    }
    let (host, port) = server.rsplit_once(':')?;
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let host = match inner {
        Some(address) => address.parse::<Ipv6Addr>().ok()?.to_string(),
        None => Some(host).filter(|h| is_word(h))?.to_owned(),
    };
    let port = port.parse().ok().filter(|port| *port != 0)?;
    Some(Target {
        host,
        port,
        name: name.map(|n| n.to_string()),
    })
}
