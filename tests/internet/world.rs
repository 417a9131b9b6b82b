//! The Internet and the router before it.
//!
//! ```text
//! internet                                                         router
//! 192.0.2.53    BIND: the zones ., example, demo.example, other.example    pppoe-wan 192.0.2.2
//! 192.0.2.1     BIND: a resolver, which Pebble asks                        wanb 198.51.100.2
//! 192.0.2.81, .88    BIND: the operators' resolvers                        fw4's ruleset
//! 1.1.1.1, 8.8.8.8   dnsdist: these over HTTPS
//! ```

use crate::fw4::{Firewall, NETWORK, nft};
use crate::space::{self, Space};
use crate::support::certkeeper::Certkeeper;
use crate::support::nameserver::{KEY_NAME, SECRET};
use crate::support::pebble::{self, Pebble};
use crate::support::pki::Pki;
use crate::support::process::{Finished, Running};
use crate::support::server::{Launch, Server};
use crate::support::temp_root::TempRoot;
use crate::support::{openssl, tools, wait_until};
use crate::uci::{account, cert};
use certkeeper::net::Updater;
use certkeeper::types::{Clock as _, Nameserver as _, Secret, TsigKey, Update};
use serde_json::Value;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// The zones' server, and the resolver.
pub const AUTHORITY: &str = "192.0.2.53";
const RESOLVER: &str = "192.0.2.1";
/// Resolvers behind the operators.
const BEHIND: [&str; 2] = ["192.0.2.81", "192.0.2.88"];
/// The operators, for CERTKEEPER_DOH.
pub const OPERATORS: &str = "https://1.1.1.1/dns-query https://8.8.8.8/dns-query";

const ROOT: &str = "\
. 60 SOA ns.root. hostmaster.root. 1 3600 600 86400 3600
. 60 NS ns.root.
ns.root. 60 A 192.0.2.53
example. 60 NS ns.demo.example.
ns.demo.example. 60 A 192.0.2.53
";
const EXAMPLE: &str = "\
example. 60 SOA ns.demo.example. hostmaster.example. 1 3600 600 86400 3600
example. 60 NS ns.demo.example.
demo.example. 60 NS ns.demo.example.
other.example. 60 NS ns.demo.example.
ns.demo.example. 60 A 192.0.2.53
";
pub const DEMO: &str = "\
demo.example. 60 SOA ns.demo.example. hostmaster.demo.example. 1 3600 600 86400 3600
demo.example. 60 NS ns.demo.example.
demo.example. 60 NS ns6.demo.example.
ns.demo.example. 60 A 192.0.2.53
ns6.demo.example. 60 AAAA 2001:db8:1::53
www.demo.example. 60 A 192.0.2.2
router.demo.example. 60 A 198.51.100.2
";
const OTHER: &str = "\
other.example. 60 SOA ns.demo.example. hostmaster.other.example. 1 3600 600 86400 3600
other.example. 60 NS ns.demo.example.
";

/// What is named first ends first.
pub struct World {
    pub pebble: Pebble,
    _operators: Server,
    /// The first is the one that Pebble asks.
    pub resolvers: Vec<Server>,
    _authority: Server,
    pub internet: Space,
    pub router: Space,
    pub temp: TempRoot,
}

impl World {
    /// The zone demo.example has these lines more; `None` where it cannot be had, which has been told.
    pub fn new(demo: &str) -> Option<Self> {
        let needs = [
            space::NEEDS,
            &["nft", "named", "dnsdist", "dig"],
            pebble::NEEDS,
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
        let [router, internet] = [(); 2].map(|()| Space::new(&temp));
        join(&router, &internet);
        let zones = [
            (".", ROOT.to_owned()),
            ("example", EXAMPLE.to_owned()),
            ("demo.example", DEMO.to_owned() + demo),
            ("other.example", OTHER.to_owned()),
        ];
        let pki = Pki::new(&temp.server_folder("pki"));
        let (authority, resolvers, operators, pebble) = internet.within(|| {
            let authority = named(&temp, (AUTHORITY, 5353), &zones);
            let all = [(RESOLVER, 5301), (BEHIND[0], 5381), (BEHIND[1], 5388)];
            let resolvers = all.map(|at| named(&temp, at, &[])).into();
            let operators = dnsdist(&temp, &pki);
            let options = pebble::Options {
                dns_server: format!("{RESOLVER}:53").parse().unwrap(),
                listen: Ipv4Addr::UNSPECIFIED.into(),
                ..pebble::Options::default()
            };
            let pebble = Pebble::start(&temp, &options);
            (authority, resolvers, operators, pebble)
        });
        fs::create_dir_all(temp.path("etc/ssl")).unwrap();
        fs::copy(pebble.ca_file(), temp.path("etc/ssl/ca.pem")).unwrap();
        fs::copy(&pki.ca, temp.path("etc/ssl/bundle.pem")).unwrap();
        temp.write("etc/config/network", NETWORK);
        let firewall = Firewall::default();
        temp.write("etc/config/firewall", firewall.uci());
        let ruleset = temp.write("fw4.nft", firewall.ruleset());
        router.sh(&format!("{} -f {}", nft(), ruleset.display()));
        Some(Self {
            pebble,
            _operators: operators,
            resolvers,
            _authority: authority,
            internet,
            router,
            temp,
        })
    }

    /// Section `web` with these names and options.
    pub fn configure(&self, names: &[&str], options: &[(&str, String)]) {
        self.sections(&cert("web", names, options));
    }

    /// These sections, beside the account.
    pub fn sections(&self, sections: &str) {
        let global = "config certkeeper 'global'\n\toption accept_tos '1'\n\toption local_ca '0'\n\t\
                      option ca_bundle '/etc/ssl/bundle.pem'\n";
        let pebble = account("pebble", &self.pebble.directory_url_at(RESOLVER));
        self.temp.uci(&format!("{global}{pebble}{sections}"));
    }

    /// Options of a section that writes to the authority.
    pub fn by_update(&self) -> Vec<(&'static str, String)> {
        vec![
            ("dns", "rfc2136".into()),
            ("list credentials", format!("NSUPDATE_SERVER={AUTHORITY}")),
            (
                "list credentials",
                format!("NSUPDATE_KEY=hmac-sha256:{KEY_NAME}:{SECRET}"),
            ),
        ]
    }

    /// A run on the router that is being put together.
    pub fn certkeeper(&self, args: &[&str]) -> Certkeeper {
        Certkeeper::new(&self.temp, args)
            .env("CERTKEEPER_NFT", &nft())
            .env("CERTKEEPER_DOH", OPERATORS)
    }

    /// A run on the router.
    pub fn run(&self, args: &[&str]) -> Finished {
        let run = self.certkeeper(args);
        self.router.within(|| run.run())
    }

    /// One that goes on by itself, once it has said these words.
    #[track_caller]
    pub fn begin(&self, args: &[&str], words: &str) -> Running {
        let _ = fs::remove_file(self.log_file());
        let run = self.certkeeper(args);
        let run = self.router.within(|| run.start());
        let said = || self.log().contains(words);
        let heard = wait_until(Duration::from_secs(40), said);
        assert!(heard, "no {words:?} in {}", self.log());
        run
    }

    /// A run that ends with this code, and says these words.
    #[track_caller]
    pub fn ends(&self, args: &[&str], code: i32, words: &[&str]) -> Finished {
        self.ended(self.run(args), code, words)
    }

    /// The same of one that has ended.
    #[track_caller]
    pub fn ended(&self, run: Finished, code: i32, words: &[&str]) -> Finished {
        let (report, log) = (run.report(), self.log());
        let pebble = self.pebble.log();
        assert_eq!(run.code(), code, "{report}\n{log}\n--- Pebble\n{pebble}");
        let said = [&run.stdout[..], &run.stderr[..], &log[..]].concat();
        for word in words {
            assert!(said.contains(word), "no {word:?} in {report}\n{log}");
        }
        run
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.temp.path("var/run/certkeeper/log/web")
    }

    pub fn status(&self) -> Value {
        let text = self.run(&["status", "web", "--json"]).ok();
        serde_json::from_str(&text).unwrap()
    }

    /// OpenSSL finds the certificate good.
    #[track_caller]
    pub fn is_issued(&self, names: &[&str]) {
        let [crt, key] =
            ["crt", "key"].map(|end| self.temp.path(&format!("etc/ssl/domains/web.{end}")));
        assert!(openssl::key_matches(&crt, &key), "{}", self.log());
        let mut names: Vec<String> = names.iter().map(|n| format!("DNS:{n}")).collect();
        names.sort();
        assert_eq!(openssl::names(&crt), names);
    }

    /// The owner writes a record into a zone.
    pub fn publish(&self, zone: &str, name: &str, value: &str) {
        self.publish_at(AUTHORITY, zone, name, value);
    }

    /// The same at another of its nameservers.
    pub fn publish_at(&self, server: &str, zone: &str, name: &str, value: &str) {
        let key = TsigKey {
            name: KEY_NAME.to_owned(),
            algorithm: "hmac-sha256".to_owned(),
            secret: Secret::new(SECRET),
        };
        let clock = certkeeper::net::SystemClock::new(Default::default(), None);
        let now = clock.now();
        self.router.within(|| {
            let update = Update {
                zone,
                name,
                value,
                ttl: Some(60),
                key: Some((&key, now)),
            };
            Updater.update((server, 53), &update).unwrap();
        });
    }

    /// One more nameserver on the Internet.
    pub fn nameserver(&self, address: &str, zones: &[(&str, String)]) -> Server {
        self.internet
            .sh(&format!("ip address add {address}/32 dev ppp"));
        self.internet
            .within(|| named(&self.temp, (address, 5399), zones))
    }

    /// What dig, on the Internet, says in short.
    pub fn dig(&self, args: &str) -> String {
        let dig = tools::path_of("dig");
        let command = format!("{} +short +time=1 +tries=1 {args} || true", dig.display());
        self.internet.sh(&command).trim().to_owned()
    }
}

fn named(temp: &TempRoot, (address, port): (&str, u16), zones: &[(&str, String)]) -> Server {
    let folder = temp.server_folder("named");
    let at = folder.display();
    let mut text = format!(
        "options {{ directory \"{at}\"; pid-file none; session-keyfile none;\n\
         listen-on port 53 {{ {address}; }}; listen-on port {port} {{ 127.0.0.1; }};\n\
         dnssec-validation no; notify no; allow-query {{ any; }};\n"
    );
    if zones.is_empty() {
        fs::write(folder.join("hints"), ROOT.split_once('\n').unwrap().1).unwrap();
        text += "recursion yes; allow-recursion { any; }; listen-on-v6 { none; }; };\ncontrols { };\nzone \".\" { type hint; file \"hints\"; };\n";
    } else {
        let v6 = match address {
            AUTHORITY => "2001:db8:1::53",
            _ => "none",
        };
        text += &format!(
            "recursion no; listen-on-v6 port 53 {{ {v6}; }}; }};\ncontrols {{ }};\n\
             key \"{KEY_NAME}\" {{ algorithm hmac-sha256; secret \"{SECRET}\"; }};\n"
        );
    }
    for (number, (zone, lines)) in zones.iter().enumerate() {
        fs::write(folder.join(format!("zone{number}")), lines).unwrap();
        text += &format!(
            "zone \"{zone}\" {{ type primary; file \"zone{number}\"; allow-update {{ key \"{KEY_NAME}\"; }}; }};\n"
        );
    }
    let file = folder.join("conf");
    fs::write(&file, text).unwrap();
    start("named", &folder, port, &["-g", "-n", "1", "-c"], &file)
}

fn dnsdist(temp: &TempRoot, pki: &Pki) -> Server {
    let folder = temp.server_folder("dnsdist");
    let (cert, key) = (pki.cert.display(), pki.key.display());
    let mut text =
        "setSecurityPollSuffix(\"\")\nsetACL({\"0.0.0.0/0\"})\nsetLocal(\"127.0.0.1:5300\")\n"
            .to_owned();
    for (address, behind) in ["1.1.1.1", "8.8.8.8"].into_iter().zip(BEHIND) {
        text += &format!(
            "newServer({{address=\"{behind}:53\", pool=\"{address}\"}})\n\
             addDOHLocal(\"{address}:443\", \"{cert}\", \"{key}\", \"/dns-query\")\n\
             local to = newNMG()\nto:addMask(\"{address}/32\")\naddAction(NetmaskGroupRule(to, false), PoolAction(\"{address}\"))\n"
        );
    }
    let file = folder.join("conf");
    fs::write(&file, text).unwrap();
    start(
        "dnsdist",
        &folder,
        5300,
        &["--supervised", "--disable-syslog", "-C"],
        &file,
    )
}

fn start(
    program: &'static str,
    folder: &std::path::Path,
    port: u16,
    args: &[&str],
    file: &std::path::Path,
) -> Server {
    let launch = || {
        let mut command = Command::new(tools::path_of(program));
        command.args(args).arg(file);
        Launch {
            command,
            ports: vec![port],
            facts: (),
        }
    };
    Server::start(program, folder, launch).0
}

/// Cables and addresses.
fn join(router: &Space, internet: &Space) {
    for space in [router, internet] {
        // A second of duplicate detection for each address helps nobody here.
        space.sh("echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad");
    }
    router.sh(&format!(
        "ip link add pppoe-wan type veth peer name ppp netns {internet}
         ip link add wanb type veth peer name second netns {internet}
         ip address add 192.0.2.2/24 dev pppoe-wan
         ip address add 198.51.100.2/24 dev wanb
         for device in pppoe-wan wanb; do ip link set $device up; done
         ip address add 2001:db8:1::2/64 dev pppoe-wan nodad",
        internet = internet.pid()
    ));
    internet.sh(
        "for address in 192.0.2.1/24 192.0.2.53/32 192.0.2.81/32 192.0.2.88/32 1.1.1.1/32 8.8.8.8/32; do ip address add $address dev ppp; done
         ip address add 198.51.100.1/24 dev second
         ip link set ppp up
         ip link set second up
         ip address add 2001:db8:1::1/64 dev ppp nodad
         ip address add 2001:db8:1::53/128 dev ppp nodad",
    );
    router.sh("ip route add default via 192.0.2.1 dev pppoe-wan
         ip -6 route add default via 2001:db8:1::1 dev pppoe-wan");
}
