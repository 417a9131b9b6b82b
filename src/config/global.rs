//! What holds for all sections: `config certkeeper 'global'`.

use super::Files;
use super::mistake::Mistake;
use super::notify::{self, Notify};
use super::reader::Reader;
use crate::types::{DnsServer, Paths};
use crate::uci::Section;
use std::path::PathBuf;

/// `config certkeeper 'global'`.
#[derive(Clone, Debug)]
pub struct Global {
    /// 0 stops everything.
    pub enabled: bool,
    /// The owner agrees to the terms of the CAs that are used.
    pub accept_tos: bool,
    /// Contact for accounts that name none.
    pub account_email: Option<String>,
    /// Document root of the web server on port 80.
    pub webroot: PathBuf,
    /// Nameservers that challenge records are looked up at.
    pub dns_servers: Vec<DnsServer>,
    /// The firewall's zone that is the WAN; `None`: those with a default route.
    pub wan_zone: Option<String>,
    /// Roots for CAs and DNS providers.
    pub ca_bundle: PathBuf,
    /// The router's own CA.
    pub local_ca: LocalCa,
    /// Those who listen to the events of OpenWrt's acme hear of each certificate.
    pub acme_hotplug: bool,
    /// Who is told when a section fails.
    pub notify: Vec<Notify>,
    /// Say more.
    pub debug: bool,
}

/// The router's own CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalCa {
    /// It serves until the public CA has issued.
    pub enabled: bool,
    /// The root's name; without, one made of the host's.
    pub name: Option<String>,
    /// How long a root is good.
    pub days: i64,
}

/// Ten years: clients are told of a root by hand.
const ROOT_DAYS: i64 = 3650;

pub(super) fn read(files: &Files<'_>, paths: &Paths, mistakes: &mut Vec<Mistake>) -> Global {
    let none = Section {
        kind: "certkeeper".into(),
        name: Some("global".into()),
        line: 0,
        options: Vec::new(),
    };
    let section = files.globals.first().copied();
    let mut reader = Reader::new(section.unwrap_or(&none), mistakes);
    Global {
        enabled: reader.flag("enabled", true),
        accept_tos: reader.flag("accept_tos", false),
        account_email: reader.email("account_email"),
        webroot: reader
            .path("webroot", paths)
            .unwrap_or_else(|| paths.at("/var/run/acme/challenge")),
        dns_servers: dns_servers(&mut reader),
        wan_zone: wan_zone(&mut reader),
        ca_bundle: reader
            .path("ca_bundle", paths)
            .unwrap_or_else(|| paths.at("/etc/ssl/certs/ca-certificates.crt")),
        local_ca: LocalCa {
            enabled: reader.flag("local_ca", true),
            name: local_ca_name(&mut reader),
            days: reader
                .number("local_ca_days", 1..=36_500)
                .map_or(ROOT_DAYS, i64::from),
        },
        acme_hotplug: reader.flag("acme_hotplug", false),
        notify: notify::read(&mut reader, files),
        debug: reader.flag("debug", false),
    }
}

fn wan_zone(reader: &mut Reader<'_>) -> Option<String> {
    let name = reader.text("wan_zone")?;
    let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
    if name.bytes().all(plain) {
        return Some(name);
    }
    let wanted = "the name of a zone in /etc/config/firewall is wanted, such as wan";
    reader.wrong("wan_zone", &name, wanted);
    None
}

/// No common name is longer (RFC 5280 appendix A.1, ub-common-name).
const NAME_MAX: usize = 64;

fn local_ca_name(reader: &mut Reader<'_>) -> Option<String> {
    let name = reader.text("local_ca_name")?;
    let fits = name.chars().count() <= NAME_MAX && !name.contains(char::is_control);
    if !fits {
        let allowed = format!("up to {NAME_MAX} characters on one line are wanted");
        reader.wrong("local_ca_name", &name, allowed);
    }
    fits.then_some(name)
}

fn dns_servers(reader: &mut Reader<'_>) -> Vec<DnsServer> {
    let mut servers = Vec::new();
    for word in reader.words("dns_server") {
        match DnsServer::parse(&word) {
            Some(server) => servers.push(server),
            None => reader.wrong(
                "dns_server",
                &word,
                "an address is wanted: 9.9.9.9, 9.9.9.9:53, 2620:fe::fe or [2620:fe::fe]:53; or the URL of a \
                 server for DNS over HTTPS: https://9.9.9.9/dns-query",
            ),
        }
    }
    servers
}
