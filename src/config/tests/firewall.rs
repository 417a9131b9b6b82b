//! Zones: their devices, and whom the WAN reaches.

use crate::config::firewall::{Zone, zones};
use crate::types::{Owner, Owners, Paths};
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

/// OpenWrt's own, as far as ports go.
const FIREWALL: &str = "
config defaults
	option input 'REJECT'
config zone
	option name 'lan'
	list network 'lan'
	option input 'ACCEPT'
config zone
	option name 'wan'
	list network 'wan'
	list network 'wan6'
	list device 'tun+'
	option input 'REJECT'
config rule
	option name 'Allow-Ping'
	option src 'wan'
	option proto 'icmp'
	option target 'ACCEPT'
";

const NETWORK: &str = "
config interface 'lan'
	option device 'br-lan'
	option proto 'static'
config interface 'wan'
	option device 'eth1'
	option proto 'pppoe'
config interface 'wan6'
	option device '@wan'
	option proto 'dhcpv6'
config interface 'vpn'
	option proto 'wireguard'
";

fn load(more: &str) -> Vec<Zone> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let root =
        std::env::temp_dir().join(format!("certkeeper-zones-{}-{number}", std::process::id()));
    let folder = root.join("etc/config");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("firewall"), format!("{FIREWALL}{more}")).expect("a file");
    fs::write(folder.join("network"), NETWORK).expect("a file");
    let zones = zones(&Paths::new(&root), 80).expect("readable");
    fs::remove_dir_all(&root).expect("removed");
    zones
}

/// Whom the zone `wan` lets reach.
fn wan(more: &str) -> Owners {
    let zones = load(more);
    zones
        .iter()
        .find(|z| z.name == "wan")
        .expect("a zone")
        .owners
}

#[test]
fn devices_are_those_that_netifd_makes() {
    let zones = load("config zone\n\toption name 'vpn'\n\toption network 'vpn gone'\n");
    let devices = |zone: usize, existing: &str| {
        let existing: Vec<String> = existing.split(' ').map(str::to_owned).collect();
        zones[zone].devices(&existing, &[]).join(" ")
    };
    let all = "lo eth0 eth1 br-lan pppoe-wan wan vpn tun0";
    assert_eq!(devices(0, all), "br-lan");
    assert_eq!(devices(1, all), "pppoe-wan tun0");
    assert_eq!(devices(2, all), "vpn");
    // While PPPoE is down, and on a switch whose port is called wan.
    assert_eq!(devices(1, "lo eth1 wan"), "eth1");
    assert_eq!(devices(1, "lo wan"), "wan");
    assert_eq!(devices(1, "lo br-lan"), "");
}

#[test]
fn the_wan_reaches_whom_the_firewall_lets_it_reach() {
    let here = Some(Owner {
        host: None,
        port: 80,
    });
    let (both, none) = (
        Owners {
            ipv4: here,
            ipv6: here,
        },
        Owners::default(),
    );
    let (ipv4, ipv6) = (
        Owners {
            ipv4: here,
            ipv6: None,
        },
        Owners {
            ipv4: None,
            ipv6: here,
        },
    );
    let rule = |options: &str| wan(&section("rule", options));
    assert_eq!(wan(""), none);
    for (options, wanted) in [
        ("src wan; proto tcp; dest_port 80; target ACCEPT", both),
        (
            "src wan; dest_port 443 80; target accept; name Allow-HTTP",
            both,
        ),
        ("src *; proto all; target ACCEPT", both),
        ("src wan; dest_port 79-81; target ACCEPT; family ipv4", ipv4),
        ("src wan; dest_port 80; target ACCEPT; family ipv6", ipv6),
        ("src wan; dest_port 80; target ACCEPT; enabled 0", none),
        ("src wan; dest_port 443; target ACCEPT", none),
        ("src wan; dest_port !80; target ACCEPT", none),
        ("src wan; proto udp; dest_port 80; target ACCEPT", none),
        ("src lan; dest_port 80; target ACCEPT", none),
        ("src wan; dest lan; dest_port 80; target ACCEPT", none),
        (
            "src wan; dest_port 80; target ACCEPT; src_ip 192.0.2.1",
            none,
        ),
        (
            "src wan; dest_port 80; target ACCEPT; start_time 08:00",
            none,
        ),
        ("src wan; dest_port 80; target DROP", none),
    ] {
        assert_eq!(rule(options), wanted, "{options}");
    }
    let open = "config rule\n\toption src wan\n\toption dest_port 80\n\toption target ACCEPT\n";
    let banned = section("rule", "src wan; src_ip 192.0.2.1; target DROP");
    assert_eq!(wan(&format!("{banned}{open}")), none);
    assert_eq!(wan(&format!("{open}{banned}")), both);
    let but_one = section("rule", "src wan; dest_port !443; target REJECT");
    assert_eq!(wan(&format!("{but_one}{open}")), none);
    let lan = load("")
        .iter()
        .find(|z| z.name == "lan")
        .expect("a zone")
        .owners;
    assert_eq!(lan, both);
}

#[test]
fn a_forwarded_port_has_another_owner() {
    let forward = |options: &str| wan(&section("redirect", options));
    let owner = |host: Option<&str>, port| {
        let host = host.map(|h| h.parse().expect("an address"));
        Some(Owner { host, port })
    };
    let base = "src wan; proto tcp; src_dport 80; dest lan; target DNAT";
    let of = |more: &str| forward(&format!("{base}; {more}"));
    assert_eq!(
        of("dest_ip 192.168.1.5").ipv4,
        owner(Some("192.168.1.5"), 80)
    );
    assert_eq!(of("dest_ip 192.168.1.5").ipv6, None);
    assert_eq!(
        of("dest_ip 192.168.1.5; dest_port 8080").ipv4,
        owner(Some("192.168.1.5"), 8080)
    );
    assert_eq!(
        of("dest_ip 2001:db8::5").ipv6,
        owner(Some("2001:db8::5"), 80)
    );
    assert_eq!(of("dest_port 8080").ipv4, owner(None, 8080));
    assert_eq!(
        of("dest_ip 192.168.1.5; src_ip 192.0.2.1"),
        Owners::default()
    );
    assert_eq!(of("dest_ip 192.168.1.5-192.168.1.9"), Owners::default());
    assert_eq!(of("enabled 0; dest_ip 192.168.1.5"), Owners::default());
}

fn section(kind: &str, options: &str) -> String {
    let options = options.split("; ").map(|o| {
        let (name, value) = o.split_once(' ').expect("a value");
        format!("\toption {name} '{value}'\n")
    });
    format!("config {kind}\n{}", options.collect::<String>())
}
