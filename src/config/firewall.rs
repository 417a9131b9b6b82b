//! The zones of `/etc/config/firewall`: their devices, and whom the WAN reaches on a port already.
//! What is not understood counts as closed.

use super::reader::switch;
use super::{LoadError, read};
use crate::types::{Owner, Owners, Paths};
use crate::uci::Section;
use std::net::IpAddr;

/// Options of a rule or redirect that do not narrow it down; with any other it is for somebody, or
/// for some time, and nothing can be said of everybody.
const PLAIN: &[&str] = &[
    "name",
    "src",
    "dest",
    "proto",
    "src_dport",
    "dest_ip",
    "dest_port",
    "target",
    "family",
    "enabled",
    "reflection",
    "reflection_src",
    "reflection_zone",
    "counter",
    "log",
    "log_limit",
];

/// A zone of fw4.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// Whom it lets reach on the port that was asked about.
    pub owners: Owners,
    /// Devices by name; a `+` or `*` at the end stands for anything.
    patterns: Vec<String>,
    /// Its networks, each with the names that its device can have, the likeliest first.
    networks: Vec<(String, Vec<String>)>,
}

impl Zone {
    /// Those of `existing` that are this zone's. `known`: the devices of networks, where netifd says
    /// so.
    pub fn devices<'a>(&self, existing: &'a [String], known: &[(String, String)]) -> Vec<&'a str> {
        let by_network = |(network, names): &(String, Vec<String>)| {
            let said = known.iter().filter(|(name, _)| name == network);
            let mut names = said.map(|(_, device)| device).chain(names);
            let first = names.find_map(|n| existing.iter().find(|e| *e == n));
            first.map(String::as_str)
        };
        let mut found: Vec<&str> = self.networks.iter().filter_map(by_network).collect();
        let fits = |device: &&String| self.patterns.iter().any(|p| matches(p, device));
        found.extend(existing.iter().filter(fits).map(String::as_str));
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn matches(pattern: &str, device: &str) -> bool {
    match pattern.strip_suffix(['+', '*']) {
        Some(start) => device.starts_with(start),
        None => device == pattern,
    }
}

/// The zones, with whom each lets reach on `port` over TCP; none where there is no firewall.
pub fn zones(paths: &Paths, port: u16) -> Result<Vec<Zone>, LoadError> {
    let firewall = read(paths.at("/etc/config/firewall"))?.unwrap_or_default();
    let network = read(paths.at("/etc/config/network"))?.unwrap_or_default();
    let zones = firewall.iter().filter(|s| s.kind == "zone" && is_on(s));
    let zones = zones.filter_map(|section| {
        let name = text(section, "name")?;
        let networks = words(section, "network");
        Some(Zone {
            owners: Owners {
                ipv4: owner(&firewall, section, &name, port, false),
                ipv6: owner(&firewall, section, &name, port, true),
            },
            patterns: words(section, "device"),
            networks: networks
                .into_iter()
                .map(|n| (n.clone(), devices_of(&network, &n)))
                .collect(),
            name,
        })
    });
    Ok(zones.collect())
}

/// The names that a network's device can have, as netifd and its protocols make them.
fn devices_of(network: &[Section], name: &str) -> Vec<String> {
    let interface = |name: &str| {
        let mut all = network.iter().filter(|s| s.kind == "interface");
        all.find(|s| s.name.as_deref() == Some(name))
    };
    let Some(mut section) = interface(name) else {
        return Vec::new();
    };
    let device = |s| [words(s, "device"), words(s, "ifname")].concat();
    let mut name = name.to_owned();
    // wan6 is often `@wan`: whatever that one's device is.
    if let [alias] = device(section).as_slice()
        && let Some(other) = alias.strip_prefix('@')
        && let Some(found) = interface(other)
    {
        (name, section) = (other.to_owned(), found);
    }
    let mut names = Vec::new();
    names.extend(text(section, "proto").map(|proto| format!("{proto}-{name}")));
    if text(section, "type").as_deref() == Some("bridge") {
        names.push(format!("br-{name}"));
    }
    names.extend(device(section));
    names.push(name);
    names
}

/// Whom everybody in a zone reaches on a port of the router.
fn owner(all: &[Section], zone: &Section, name: &str, port: u16, v6: bool) -> Option<Owner> {
    let here = Owner { host: None, port };
    let concerns = |s: &&Section, kind: &str, port_option: &str| {
        let src = text(s, "src");
        let src = src.as_deref();
        s.kind == kind
            && is_on(s)
            && (src == Some(name) || (kind == "rule" && src == Some("*")))
            && is_tcp(s)
            && covers(s, port_option, port)
    };
    // fw4 redirects before it filters.
    let forwards = all.iter().filter(|s| concerns(s, "redirect", "src_dport"));
    for section in forwards {
        let target = text(section, "target").unwrap_or_else(|| "DNAT".into());
        let host = text(section, "dest_ip").map(|ip| ip.parse::<IpAddr>());
        let of_family = match &host {
            Some(Ok(ip)) => ip.is_ipv6() == v6,
            _ => family(section, v6) && (!v6 || text(section, "family").is_some()),
        };
        if !of_family || !target.eq_ignore_ascii_case("DNAT") {
            continue;
        }
        let to = text(section, "dest_port").map_or(Ok(port), |p| p.parse());
        return match (host.transpose(), to) {
            (Ok(host), Ok(port)) if is_plain(section) => Some(Owner { host, port }),
            _ => None,
        };
    }
    let rules = all.iter().filter(|s| concerns(s, "rule", "dest_port"));
    for section in rules.filter(|s| text(s, "dest").is_none() && family(s, v6)) {
        let target = text(section, "target").unwrap_or_default();
        match target.to_ascii_uppercase().as_str() {
            "ACCEPT" if is_plain(section) && text(section, "dest_ip").is_none() => {
                return Some(here);
            }
            "REJECT" | "DROP" => return None,
            _ => {}
        }
    }
    let defaults = all.iter().find(|s| s.kind == "defaults");
    let policy = text(zone, "input").or_else(|| text(defaults?, "input"));
    let open = policy.is_some_and(|p| p.eq_ignore_ascii_case("ACCEPT"));
    let of_family = text(zone, "family").is_none() || family(zone, v6);
    (open && of_family).then_some(here)
}

fn words(section: &Section, option: &str) -> Vec<String> {
    let values = section.get(option).map(|o| o.value.entries());
    let values = values.into_iter().flatten();
    let texts = values.filter_map(|v| std::str::from_utf8(v).ok());
    let words = texts.flat_map(str::split_whitespace);
    words.map(str::to_owned).collect()
}

fn text(section: &Section, option: &str) -> Option<String> {
    words(section, option).pop()
}

fn is_on(section: &Section) -> bool {
    text(section, "enabled").is_none_or(|t| switch(&t) != Some(false))
}

fn is_plain(section: &Section) -> bool {
    let mut options = section.options.iter();
    options.all(|o| PLAIN.contains(&o.name.as_str()))
}

fn is_tcp(section: &Section) -> bool {
    let protocols = words(section, "proto");
    let tcp = |p: &String| matches!(p.as_str(), "tcp" | "tcpudp" | "all" | "any" | "*" | "6");
    protocols.is_empty() || protocols.iter().any(tcp)
}

fn family(section: &Section, v6: bool) -> bool {
    match text(section, "family").as_deref() {
        Some("ipv4" | "inet" | "4") => !v6,
        Some("ipv6" | "inet6" | "6") => v6,
        _ => true,
    }
}

/// `80`, `80-90`, `80:90`; none: all. All but a few (`!443`) is not for opening anything by.
fn covers(section: &Section, option: &str, port: u16) -> bool {
    let ranges = words(section, option);
    let closes = text(section, "target").is_some_and(|t| !t.eq_ignore_ascii_case("ACCEPT"));
    let hit = |range: &String| {
        if range.starts_with('!') {
            return closes;
        }
        let (low, high) = range.split_once(['-', ':']).unwrap_or((range, range));
        matches!((low.parse::<u16>(), high.parse::<u16>()), (Ok(l), Ok(h)) if (l..=h).contains(&port))
    };
    ranges.is_empty() || ranges.iter().any(hit)
}
