//! The router between two WANs and a LAN, with a CA on the Internet.
//!
//! ```text
//! internet            router                          lan
//! 192.0.2.1    ─ pppoe-wan 192.0.2.2    br-lan ─ 192.168.1.10, 2001:db8:2::10
//!                (IPv6: link-local)     192.168.1.1, 2001:db8:2::1
//! 198.51.100.1 ─ wanb 198.51.100.2, 2001:db8:3::2
//! ```
//!
//! As with many a PPPoE provider the router's public IPv6 address is that of its LAN.

use crate::fw4::{Firewall, NETWORK, nft};
use crate::space::{self, Space};
use crate::support::certkeeper::Certkeeper;
use crate::support::challsrv::{self, ChallSrv};
use crate::support::pebble::{self, Pebble};
use crate::support::process::{Finished, Running};
use crate::support::temp_root::TempRoot;
use crate::support::{openssl, tools, wait_until};
use rustix::process::Signal;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

/// The router's addresses as the Internet knows them, with the names that lead there.
pub const WANS: [(&str, &str); 3] = [
    ("v4.example.org", "192.0.2.2"),
    ("v6.example.org", "2001:db8:2::1"),
    ("second.example.org", "198.51.100.2"),
];

/// The same with port 443.
pub const TLS: [&str; 3] = ["192.0.2.2:443", "[2001:db8:2::1]:443", "198.51.100.2:443"];

/// The same with port 80.
pub const HTTP: [&str; 3] = ["192.0.2.2:80", "[2001:db8:2::1]:80", "198.51.100.2:80"];

/// An option of section `global`: a nameserver that refuses at once.
pub const DNS: &str = "list dns_server '127.0.0.1:9'";

/// What is named first ends first.
pub struct Lab {
    pub challsrv: ChallSrv,
    pub pebble: Pebble,
    pub internet: Space,
    pub lan: Space,
    pub router: Space,
    pub temp: TempRoot,
}

impl Lab {
    /// A router with that firewall; `None` where it cannot be had, which has been told.
    pub fn new(firewall: Firewall) -> Option<Self> {
        let needs = [
            space::NEEDS,
            &["nft"],
            pebble::NEEDS,
            challsrv::NEEDS,
            openssl::NEEDS,
        ];
        if !tools::have(&needs) {
            return None;
        }
        if let Some(why) = Space::trouble() {
            tools::skip("network namespaces", &why);
            return None;
        }
        let temp = TempRoot::new();
        let [router, internet, lan] = [(); 3].map(|()| Space::new(&temp));
        join(&router, &internet, &lan);
        let (challsrv, pebble) = internet.within(|| {
            let challsrv = ChallSrv::start(&temp);
            for (name, address) in WANS {
                match address.contains(':') {
                    true => challsrv.add_aaaa(name, &[address]),
                    false => challsrv.add_a(name, &[address]),
                }
            }
            let pebble = Pebble::start(
                &temp,
                &pebble::Options {
                    dns_server: challsrv.address(),
                    listen: Ipv4Addr::UNSPECIFIED.into(),
                    http_port: 80,
                    tls_port: 443,
                    ..pebble::Options::default()
                },
            );
            (challsrv, pebble)
        });
        fs::create_dir_all(temp.path("etc/ssl")).expect("a folder");
        fs::copy(pebble.ca_file(), temp.path("etc/ssl/ca.pem")).expect("the CA's root");
        let lab = Self {
            challsrv,
            pebble,
            internet,
            lan,
            router,
            temp,
        };
        lab.temp.write("etc/config/network", NETWORK);
        lab.temp.write("etc/config/firewall", firewall.uci());
        lab.temp.write("fw4.nft", firewall.ruleset());
        lab.restart_firewall();
        lab.configure("", "option validation_method 'standalone'");
        Some(lab)
    }

    /// `fw4 restart`: everything of its table goes and comes anew.
    pub fn restart_firewall(&self) {
        let file = self.temp.path("fw4.nft");
        let nft = nft();
        self.router.sh(&format!(
            "{nft} delete table inet fw4 2>/dev/null || true; {nft} -f {}",
            file.display()
        ));
    }

    /// Section `web` has all names; more options of section `global` and of its own.
    pub fn configure(&self, global: &str, cert: &str) {
        let url = self.pebble.directory_url_at("192.0.2.1");
        let names = WANS.map(|(name, _)| format!("\tlist domains '{name}'\n"));
        self.temp.uci(&format!(
            "config certkeeper 'global'\n\toption accept_tos '1'\n\toption local_ca '0'\n\t{global}\n\
             config account 'pebble'\n\toption acme_server '{url}'\n\toption ca_file '/etc/ssl/ca.pem'\n\
             config cert 'web'\n\toption account 'pebble'\n{}\t{cert}\n",
            names.concat()
        ));
    }

    // ---- runs

    fn certkeeper(&self, args: &[&str]) -> Certkeeper {
        Certkeeper::new(&self.temp, args)
    }

    /// A run on the router, whose firewall it may change.
    pub fn run(&self, args: &[&str]) -> Finished {
        let run = self.certkeeper(args).env("CERTKEEPER_NFT", &nft());
        self.router.within(|| run.run())
    }

    /// A run that finds no nft.
    pub fn run_without_nft(&self, args: &[&str]) -> Finished {
        let run = self.certkeeper(args);
        self.router.within(|| run.run())
    }

    /// A run that ends with this code.
    #[track_caller]
    pub fn ends(&self, finished: &Finished, code: i32) {
        let log = self.log();
        assert_eq!(
            finished.code(),
            code,
            "{}\n--- log\n{log}\n--- Pebble\n{}",
            finished.report(),
            self.pebble.log()
        );
    }

    /// Starts `renew` and stops the world while the CA validates: its DNS answers nobody.
    #[track_caller]
    pub fn hold(&self) -> Running {
        self.challsrv.server().signal(Signal::STOP);
        let run = self.certkeeper(&["renew"]).env("CERTKEEPER_NFT", &nft());
        let run = self.router.within(|| run.start());
        let looking = || self.log().contains("is looking");
        assert!(
            wait_until(Duration::from_secs(20), looking),
            "{}",
            self.log()
        );
        run
    }

    /// Lets the CA go on.
    pub fn release(&self) {
        self.challsrv.server().signal(Signal::CONT);
    }

    // ---- what is to be seen

    pub fn log(&self) -> String {
        let file = self.temp.path("var/run/certkeeper/log/web");
        fs::read_to_string(file).unwrap_or_default()
    }

    /// The router's own table; empty where there is none.
    pub fn table(&self) -> String {
        let nft = nft();
        let listed = format!("{nft} list table inet certkeeper 2>/dev/null || true");
        self.router.sh(&listed)
    }

    /// What tells the next run of a table.
    pub fn note(&self) -> PathBuf {
        self.temp.path("var/run/certkeeper/redirect")
    }

    /// Nothing is left open.
    #[track_caller]
    pub fn is_closed(&self) {
        assert_eq!(self.table(), "");
        assert!(!self.note().exists(), "the note is left");
        for at in HTTP.into_iter().chain(TLS) {
            let seen = self.internet.get(at);
            assert_eq!(seen, "ConnectionRefused", "{at}");
        }
    }

    /// OpenSSL finds the certificate good.
    #[track_caller]
    pub fn is_issued(&self) {
        let [crt, key] =
            ["crt", "key"].map(|end| self.temp.path(&format!("etc/ssl/domains/web.{end}")));
        assert!(openssl::key_matches(&crt, &key), "{}", self.log());
        let mut names = WANS.map(|(name, _)| format!("DNS:{name}"));
        names.sort();
        assert_eq!(openssl::names(&crt), names);
    }
}

/// Cables and addresses.
fn join(router: &Space, internet: &Space, lan: &Space) {
    for space in [router, internet, lan] {
        // A second of duplicate detection for each address helps nobody here.
        space.sh("echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad");
    }
    router.sh(&format!(
        "ip link add pppoe-wan type veth peer name ppp netns {internet}
         ip link add wanb type veth peer name second netns {internet}
         ip link add br-lan type veth peer name lan netns {lan}
         ip address add 192.0.2.2/24 dev pppoe-wan
         ip address add 198.51.100.2/24 dev wanb
         ip address add 2001:db8:3::2/64 dev wanb nodad
         ip address add 192.168.1.1/24 dev br-lan
         ip address add 2001:db8:2::1/64 dev br-lan nodad
         for device in pppoe-wan wanb br-lan; do ip link set $device up; done
         ip address add fe80::2/64 dev pppoe-wan nodad
         echo 1 > /proc/sys/net/ipv4/ip_forward
         echo 1 > /proc/sys/net/ipv6/conf/all/forwarding",
        internet = internet.pid(),
        lan = lan.pid()
    ));
    internet.sh("ip address add 192.0.2.1/24 dev ppp
         ip address add 198.51.100.1/24 dev second
         ip address add 2001:db8:3::1/64 dev second nodad
         ip link set ppp up
         ip link set second up
         ip address add fe80::1/64 dev ppp nodad
         ip address add 2001:db8:1::1/128 dev ppp nodad
         ip route add 2001:db8:2::/64 via fe80::2 dev ppp src 2001:db8:1::1");
    lan.sh("ip address add 192.168.1.10/24 dev lan
         ip address add 2001:db8:2::10/64 dev lan nodad
         ip link set lan up
         ip route add default via 192.168.1.1
         ip -6 route add default via 2001:db8:2::1");
    router.sh("ip route add default via 192.0.2.1 dev pppoe-wan
         ip route add default via 198.51.100.1 dev wanb metric 20
         ip -6 route add default via fe80::1 dev pppoe-wan");
}
