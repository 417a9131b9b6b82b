//! Which devices are the WAN, and whom it reaches on the port that a CA asks.

use super::Engine;
use super::netifd::{self, Interface};
use crate::challenge::{HTTP, Port};
use crate::config::{Zone, zones};
use crate::net;
use crate::types::{Owner, Owners};

/// The way from the Internet to this router.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wan {
    /// Its devices that are there now.
    pub devices: Vec<String>,
    /// The firewall's zones that hold them.
    pub zones: Vec<String>,
    /// Whom it reaches on the port already.
    pub owners: Owners,
    /// There are zones, and each of them rejects the port.
    pub closed: bool,
}

impl Wan {
    /// The WAN by `wan_zone`, else by the default routes, as far as that port is concerned.
    pub fn find(engine: &Engine<'_>, port: Port) -> Result<Self, String> {
        let zones = zones(engine.paths, port.asked).map_err(|e| e.to_string())?;
        let wanted = engine.config.global.wan_zone.as_deref();
        // Without netifd, what the kernel's routes and the configuration say must do.
        let interfaces = netifd::interfaces(engine.paths).unwrap_or_default();
        choose(&zones, wanted, &Devices::find(&interfaces))
    }
}

impl Engine<'_> {
    /// Whom the Internet reaches on port 80, as far as is known.
    pub fn port_80(&self) -> Option<Owner> {
        let owners = Wan::find(self, HTTP).unwrap_or_default().owners;
        owners.ipv4.or(owners.ipv6)
    }
}

/// The router's devices.
#[derive(Debug, Default)]
struct Devices {
    existing: Vec<String>,
    /// Those that a default route leads through.
    defaults: Vec<String>,
    /// Those of logical interfaces, as netifd has them.
    known: Vec<(String, String)>,
}

impl Devices {
    fn find(interfaces: &[Interface]) -> Self {
        let device = |i: &Interface| Some((i.name.clone(), i.device.clone()?));
        let wan = interfaces.iter().filter(|i| i.is_wan);
        let existing = net::devices();
        let mut defaults = net::default_devices();
        for (_, device) in wan.filter_map(device) {
            if existing.contains(&device) && !defaults.contains(&device) {
                defaults.push(device);
            }
        }
        Self {
            existing,
            defaults,
            known: interfaces.iter().filter_map(device).collect(),
        }
    }
}

fn choose(zones: &[Zone], wanted: Option<&str>, all: &Devices) -> Result<Wan, String> {
    let defaults = &all.defaults;
    let devices = |z: &Zone| z.devices(&all.existing, &all.known);
    let held: Vec<_> = zones.iter().map(|z| (z, devices(z))).collect();
    let is_wan = |(zone, devices): &&(&Zone, Vec<&str>)| match wanted {
        Some(name) => zone.name == name,
        None => devices.iter().any(|d| defaults.iter().any(|e| e == d)),
    };
    let chosen: Vec<_> = held.iter().filter(is_wan).collect();
    if let (Some(name), true) = (wanted, chosen.is_empty()) {
        let all: Vec<&str> = zones.iter().map(|z| z.name.as_str()).collect();
        return Err(format!(
            "wan_zone '{name}' is no zone of /etc/config/firewall; there are: {}",
            all.join(" ")
        ));
    }
    let named = chosen.iter().any(|(_, devices)| !devices.is_empty()) && wanted.is_some();
    // The device of a modem is known to netifd alone: what leads to the Internet and is in no zone
    // is the WAN too, unless the owner says what is, and reaches nobody.
    let known = |device: &&String| {
        held.iter()
            .any(|(_, devices)| devices.contains(&device.as_str()))
    };
    let strays = defaults.iter().filter(|d| !named && !known(d)).cloned();
    let strays: Vec<String> = strays.collect();
    let owners = chosen.iter().map(|(zone, _)| zone.owners);
    let owners = owners.reduce(Owners::both).filter(|_| strays.is_empty());
    let devices = chosen.iter().flat_map(|(_, devices)| devices.iter());
    let mut devices: Vec<String> = devices.map(|d| (*d).to_owned()).chain(strays).collect();
    devices.sort_unstable();
    devices.dedup();
    Ok(Wan {
        devices,
        zones: chosen.iter().map(|(zone, _)| zone.name.clone()).collect(),
        owners: owners.unwrap_or_default(),
        closed: !chosen.is_empty() && chosen.iter().all(|(zone, _)| zone.owners.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Paths;
    use std::fs;

    const FIREWALL: &str = "
config zone
	option name 'lan'
	list device 'br-lan'
	option input 'ACCEPT'
config zone
	option name 'wan'
	list device 'pppoe-wan'
	list device 'wanb'
	list device 'gone'
config zone
	option name 'open'
	list device 'eth9'
	option input 'ACCEPT'
config zone
	option name 'modem'
	list network 'modem'
";

    fn wan(wanted: Option<&str>, defaults: &[&str]) -> Result<Wan, String> {
        told(wanted, defaults, &[])
    }

    /// With what netifd says of interfaces' devices.
    fn told(
        wanted: Option<&str>,
        defaults: &[&str],
        known: &[(&str, &str)],
    ) -> Result<Wan, String> {
        let root = std::env::temp_dir().join(format!(
            "certkeeper-wan-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        fs::create_dir_all(root.join("etc/config")).expect("a folder");
        fs::write(root.join("etc/config/firewall"), FIREWALL).expect("a file");
        let zones = zones(&Paths::new(&root), HTTP.asked).expect("readable");
        let existing = ["lo", "br-lan", "pppoe-wan", "wanb", "eth9", "wwan0"];
        let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        fs::remove_dir_all(&root).expect("removed");
        let all = Devices {
            existing: owned(&existing),
            defaults: owned(defaults),
            known: known
                .iter()
                .map(|(n, d)| ((*n).into(), (*d).into()))
                .collect(),
        };
        choose(&zones, wanted, &all)
    }

    #[track_caller]
    fn devices(wanted: Option<&str>, defaults: &[&str]) -> String {
        wan(wanted, defaults).expect("found").devices.join(" ")
    }

    #[test]
    fn the_wan_is_each_zone_with_a_default_route() {
        assert_eq!(devices(None, &["pppoe-wan"]), "pppoe-wan wanb");
        assert_eq!(devices(None, &["wanb", "eth9"]), "eth9 pppoe-wan wanb");
        assert_eq!(devices(None, &["br-lan"]), "br-lan");
        assert_eq!(devices(None, &["wwan0"]), "wwan0");
        assert_eq!(devices(None, &[]), "");
        assert_eq!(devices(Some("wan"), &["br-lan"]), "pppoe-wan wanb");
        assert_eq!(devices(Some("wan"), &["wwan0"]), "pppoe-wan wanb");
        assert_eq!(devices(Some("modem"), &["wwan0"]), "wwan0");
        let said = wan(Some("wann"), &["wanb"]).expect_err("no such zone");
        assert!(
            said.contains("'wann'") && said.ends_with("lan wan open modem"),
            "{said}"
        );
    }

    #[test]
    fn netifd_knows_a_modem_s_device() {
        let known = [("modem", "wwan0")];
        let wan = told(None, &["wwan0"], &known).expect("found");
        assert_eq!(
            (wan.devices.join(" "), wan.zones),
            ("wwan0".into(), vec!["modem".into()])
        );
    }

    #[test]
    fn the_strictest_zone_says_who_is_reached() {
        let here = Some(Owner {
            host: None,
            port: HTTP.asked,
        });
        let open = wan(None, &["eth9"]).expect("found");
        assert_eq!(
            (open.owners.ipv4, open.owners.ipv6, open.closed),
            (here, here, false)
        );
        let mixed = wan(None, &["eth9", "wanb"]).expect("found");
        assert!(mixed.owners.is_empty() && !mixed.closed);
        let stray = wan(None, &["eth9", "wwan0"]).expect("found");
        assert!(stray.owners.is_empty() && !stray.closed);
        assert!(wan(None, &["wanb"]).expect("found").closed);
    }
}
