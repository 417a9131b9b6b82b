//! netifd's interfaces, as ubus tells of them: which are the WAN, and which addresses they have.

use crate::config::Config;
use crate::store::Area;
use crate::types::{Identifier, Paths, local_address};
use crate::ubus::blob::Value;
use crate::ubus::{Client, UbusError};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// How long netifd may take to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// A logical interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub name: String,
    /// It is up.
    pub up: bool,
    /// The device that IP uses.
    pub device: Option<String>,
    /// A default route leads through it.
    pub is_wan: bool,
    /// Its addresses; those of IPv6 that are given up are left out.
    pub addresses: Vec<IpAddr>,
    /// Its part of a prefix, or the prefix that it was given for others.
    pub prefixes: Vec<(Ipv6Addr, u8)>,
}

/// All interfaces.
pub(super) fn interfaces(paths: &Paths) -> Result<Vec<Interface>, UbusError> {
    let mut client = Client::connect(&paths.ubus())?;
    let answer = client.call("network.interface", "dump", &[], LIMIT)?;
    let answer = Value::Table(answer);
    let all = answer.at("interface").entries().iter();
    Ok(all.filter_map(interface).collect())
}

fn interface(said: &Value) -> Option<Interface> {
    let up = said.at("up").is_true();
    let ip = |v: &Value| v.at("address").text().and_then(|a| a.parse().ok());
    // RFC 4862 section 5.5.4: such an address is on its way out.
    let kept = |v: &&Value| v.at("preferred").number() != Some(0);
    let own = said.at("ipv6-prefix-assignment").entries().iter();
    let local = own.clone().map(|v| v.at("local-address"));
    let listed = ["ipv4-address", "ipv6-address"];
    let listed = listed.iter().flat_map(|key| said.at(key).entries());
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in listed.filter(kept).chain(local).filter_map(ip) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let prefix = |v: &Value| match ip(v)? {
        IpAddr::V6(start) => Some((start, u8::try_from(v.at("mask").number()?).ok()?)),
        IpAddr::V4(_) => None,
    };
    let default = |v: &Value| v.at("mask").number() == Some(0);
    let device = ["l3_device", "device"].map(|key| said.at(key).text());
    Some(Interface {
        name: said.at("interface").text()?.to_owned(),
        up,
        device: device.into_iter().flatten().next().map(str::to_owned),
        is_wan: up && said.at("route").entries().iter().any(default),
        addresses,
        prefixes: own
            .chain(said.at("ipv6-prefix").entries())
            .filter_map(prefix)
            .collect(),
    })
}

impl Interface {
    /// The addresses that the whole Internet knows it by.
    pub fn public(&self) -> impl Iterator<Item = IpAddr> {
        let public = |a: &&IpAddr| self.up && local_address(**a).is_none();
        self.addresses.iter().filter(public).copied()
    }

    /// True if that is an address of its own, or of a host behind it.
    pub fn has(&self, address: IpAddr) -> bool {
        let within = |(start, length): &(Ipv6Addr, u8)| match address {
            IpAddr::V6(v6) => {
                let host = 128_u32.saturating_sub((*length).into());
                let network = |a: Ipv6Addr| a.to_bits().checked_shr(host).unwrap_or_default();
                network(v6) == network(*start)
            }
            IpAddr::V4(_) => false,
        };
        self.addresses.contains(&address) || self.prefixes.iter().any(within)
    }
}

/// Puts the addresses of interfaces in the place of `@IFACE` in all sections.
pub fn resolve(paths: &Paths, config: &mut Config) {
    if !config.names_interfaces() {
        return;
    }
    let all = interfaces(paths);
    let now = |name: &str| {
        let all = all
            .as_ref()
            .map_err(|e| format!("netifd does not tell which addresses it has: {e}"))?;
        let Some(found) = all.iter().find(|i| i.name == name) else {
            let names: Vec<&str> = all.iter().map(|i| i.name.as_str()).collect();
            return Err(format!(
                "there is no interface of that name; there are: {}",
                names.join(" ")
            ));
        };
        let public: Vec<IpAddr> = found.public().collect();
        match (public.is_empty(), found.addresses.first()) {
            (false, _) => Ok(public),
            (true, Some(address)) if found.up => Err(format!(
                "it has no public address: {address} is known behind another router alone"
            )),
            _ => Err("it has no address now; the next runs look again".to_owned()),
        }
    };
    config.with_addresses(now, |cert| {
        let held = Area::new(paths, &cert.name, cert.staging).held();
        let newest = held.versions.first().map(|v| v.meta.names.as_slice());
        let ids = newest.into_iter().flatten().map(|n| Identifier::parse(n));
        let addresses = ids.filter_map(|id| match id {
            Ok(Identifier::Ip(ip)) => Some(ip),
            _ => None,
        });
        addresses.collect()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_behind_the_router_is_in_its_prefix() {
        let interface = Interface {
            name: "wan6".into(),
            up: true,
            device: None,
            is_wan: true,
            addresses: vec!["2001:db8::2".parse().expect("an address")],
            prefixes: vec![("2001:db8:1::".parse().expect("a prefix"), 48)],
        };
        let has = |text: &str| interface.has(text.parse().expect(text));
        assert!(has("2001:db8::2") && has("2001:db8:1:5::10"));
        assert!(!has("2001:db8:2::1") && !has("2001:db8::3") && !has("192.0.2.1"));
    }
}
