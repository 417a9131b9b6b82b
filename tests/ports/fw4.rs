//! A ruleset as fw4 (OpenWrt 24.10) writes it, and the configuration it would come from.

use crate::support::tools;

/// What differs between the tests' firewalls.
#[derive(Clone, Copy, Default)]
pub struct Firewall {
    /// A rule lets everybody to port 80.
    pub open: bool,
    /// Port 443 is meant instead.
    pub tls: bool,
    /// Port 80 of IPv4 is forwarded to the LAN's host, and IPv6 may go to its own port 80.
    pub forward: bool,
    /// The include of certkeeper's is not installed.
    pub bare: bool,
}

/// The router's networks and zones.
pub const NETWORK: &str = "
config interface 'lan'
	option device 'br-lan'
	option proto 'static'
config interface 'wan'
	option device 'eth1'
	option proto 'pppoe'
config interface 'wan6'
	option device '@wan'
	option proto 'dhcpv6'
config interface 'second'
	option device 'wanb'
	option proto 'dhcp'
";

impl Firewall {
    /// `/etc/config/firewall`.
    pub fn uci(self) -> String {
        let mut text = "
config defaults
	option input 'REJECT'
	option output 'ACCEPT'
	option forward 'REJECT'
	option synflood_protect '1'
config zone
	option name 'lan'
	list network 'lan'
	option input 'ACCEPT'
	option output 'ACCEPT'
	option forward 'ACCEPT'
config zone
	option name 'wan'
	list network 'wan'
	list network 'wan6'
	list network 'second'
	option input 'REJECT'
	option output 'ACCEPT'
	option forward 'REJECT'
	option masq '1'
config forwarding
	option src 'lan'
	option dest 'wan'
"
        .to_owned();
        if self.open {
            text += "
config rule
	option name 'Allow-HTTP'
	option src 'wan'
	option proto 'tcp'
	option dest_port '80'
	option target 'ACCEPT'
";
        }
        if self.forward {
            text += "
config redirect
	option name 'web'
	option src 'wan'
	option dest 'lan'
	option proto 'tcp'
	option src_dport '80'
	option dest_ip '192.168.1.10'
	option dest_port '80'
	option target 'DNAT'
config rule
	option name 'Allow-Host'
	option src 'wan'
	option dest 'lan'
	option family 'ipv6'
	option proto 'tcp'
	option dest_ip '2001:db8:2::10'
	option dest_port '80'
	option target 'ACCEPT'
";
        }
        text.replace("'80'", &format!("'{}'", self.port()))
    }

    fn port(self) -> u16 {
        if self.tls { 443 } else { 80 }
    }

    /// What nft loads.
    pub fn ruleset(self) -> String {
        let include = format!(
            "include \"{}/files/usr/share/nftables.d/chain-pre/input/30-certkeeper.nft\"",
            env!("CARGO_MANIFEST_DIR")
        );
        let include = rule(!self.bare, &include);
        let port = self.port();
        let http = format!("tcp dport {port} accept comment \"!fw4: Allow-HTTP\"");
        let http = rule(self.open, &http);
        let dnat = rule(
            self.forward,
            "ct status dnat accept comment \"!fw4: Accept port redirections\"",
        );
        let forward = format!(
            "meta nfproto ipv4 tcp dport {port} dnat ip to 192.168.1.10:{port} comment \"!fw4: web\""
        );
        let forward = rule(self.forward, &forward);
        let host = format!(
            "ip6 daddr 2001:db8:2::10 tcp dport {port} accept comment \"!fw4: Allow-Host\""
        );
        let host = rule(self.forward, &host);
        format!(
            "\
table inet fw4
flush table inet fw4
table inet fw4 {{
	chain input {{
		type filter hook input priority filter; policy drop;
		iif \"lo\" accept comment \"!fw4: Accept traffic from loopback\"
		{include}
		ct state vmap {{ established : accept, related : accept }}
		tcp flags & (fin | syn | rst | ack) == syn jump syn_flood
		iifname \"br-lan\" jump input_lan
		iifname {{ \"pppoe-wan\", \"wanb\" }} jump input_wan
		jump handle_reject
	}}
	chain forward {{
		type filter hook forward priority filter; policy drop;
		ct state vmap {{ established : accept, related : accept }}
		iifname \"br-lan\" accept
		{dnat}
		{host}
		jump handle_reject
	}}
	chain output {{
		type filter hook output priority filter; policy accept;
	}}
	chain handle_reject {{
		meta l4proto tcp reject with tcp reset
		reject with icmpx type port-unreachable
	}}
	chain syn_flood {{
		limit rate 25/second burst 50 packets return
		drop
	}}
	chain input_lan {{
		accept
	}}
	chain input_wan {{
		meta nfproto ipv4 udp dport 68 counter accept comment \"!fw4: Allow-DHCP-Renew\"
		icmp type echo-request accept
		icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, echo-request }} accept
		{http}
		{dnat}
		jump handle_reject
	}}
	chain dstnat {{
		type nat hook prerouting priority dstnat; policy accept;
		iifname {{ \"pppoe-wan\", \"wanb\" }} jump dstnat_wan
	}}
	chain dstnat_wan {{
		{forward}
	}}
	chain srcnat {{
		type nat hook postrouting priority srcnat; policy accept;
		oifname {{ \"pppoe-wan\", \"wanb\" }} meta nfproto ipv4 masquerade
	}}
}}
"
        )
    }
}

fn rule(on: bool, text: &str) -> &str {
    if on { text } else { "" }
}

/// The program, by its whole path.
pub fn nft() -> String {
    tools::path_of("nft").display().to_string()
}
