//! One test's site: a CA, what serves its challenges, and certkeeper's root beside them.

use crate::support::certkeeper::Certkeeper;
use crate::support::challsrv::{self, ChallSrv};
use crate::support::nginx::{self, Nginx};
use crate::support::pebble::{self, Pebble};
use crate::support::powerdns::{self, PowerDns};
use crate::support::process::Finished;
use crate::support::server::free_port;
use crate::support::temp_root::TempRoot;
use crate::support::{openssl, tools, wait_until};
use crate::uci::{GLOBAL, account};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The zone that PowerDNS serves.
pub const ZONE: &str = "demo.example";

/// How a site is to be.
pub struct Plan {
    /// A web server that serves `/www` below the root.
    pub nginx: bool,
    /// PowerDNS is Pebble's DNS; else every name has the address 127.0.0.1.
    pub powerdns: bool,
    /// The CA's moods.
    pub pebble: pebble::Options,
}

/// Servers and root; what is named first ends first.
pub struct Site {
    pub pebble: Arc<Pebble>,
    pub nginx: Option<Nginx>,
    pub challsrv: Option<Arc<ChallSrv>>,
    pub powerdns: Option<Arc<PowerDns>>,
    /// Where the CA fetches http-01 answers.
    pub http_port: u16,
    /// Where it looks for tls-alpn-01 answers; nobody listens there.
    pub tls_port: u16,
    pub temp: TempRoot,
}

impl Site {
    /// Names lead to an nginx; `None` when a program is missing, which has been told.
    pub fn web() -> Option<Self> {
        Self::plan(|plan| plan.nginx = true)
    }

    /// Names lead to a port that nobody has yet.
    pub fn bare() -> Option<Self> {
        Self::plan(|_| {})
    }

    /// [`ZONE`] is served by a PowerDNS with its API.
    pub fn zone() -> Option<Self> {
        Self::plan(|plan| plan.powerdns = true)
    }

    pub fn plan(change: impl FnOnce(&mut Plan)) -> Option<Self> {
        let mut plan = Plan {
            nginx: false,
            powerdns: false,
            pebble: pebble::Options::default(),
        };
        change(&mut plan);
        let mut needs = vec![pebble::NEEDS, openssl::NEEDS];
        needs.extend(plan.nginx.then_some(nginx::NEEDS));
        needs.push(if plan.powerdns {
            powerdns::NEEDS
        } else {
            challsrv::NEEDS
        });
        if !tools::have(&needs) {
            return None;
        }
        let temp = TempRoot::new();
        let nginx = plan.nginx.then(|| {
            fs::create_dir_all(temp.path("www")).expect("a document root");
            Nginx::start(&temp, &temp.path("www"))
        });
        let powerdns = plan.powerdns.then(|| Arc::new(PowerDns::start(&temp)));
        let challsrv = powerdns.is_none().then(|| Arc::new(ChallSrv::start(&temp)));
        let options = &mut plan.pebble;
        options.http_port = nginx.as_ref().map_or_else(free_port, |n| n.http().port());
        options.tls_port = free_port();
        if let Some(powerdns) = &powerdns {
            powerdns.create_zone(ZONE);
            options.dns_server = powerdns.address();
        }
        if let Some(challsrv) = &challsrv {
            options.dns_server = challsrv.address();
        }
        let site = Self {
            pebble: Arc::new(Pebble::start(&temp, options)),
            nginx,
            challsrv,
            powerdns,
            http_port: plan.pebble.http_port,
            tls_port: plan.pebble.tls_port,
            temp,
        };
        fs::create_dir_all(site.temp.path("etc/ssl")).expect("a folder");
        fs::copy(site.pebble.ca_file(), site.temp.path("etc/ssl/ca.pem")).expect("the CA's root");
        Some(site)
    }

    pub fn nginx(&self) -> &Nginx {
        self.nginx.as_ref().expect("planned")
    }

    pub fn powerdns(&self) -> &Arc<PowerDns> {
        self.powerdns.as_ref().expect("planned")
    }

    /// Forgets the accounts. Pebble reuses an account's authorizations once in a hundred orders even
    /// where it is told not to (its dice have a zero), and then there is no challenge to watch.
    pub fn forget_accounts(&self) {
        fs::remove_dir_all(self.temp.path("etc/certkeeper/accounts")).expect("accounts");
    }

    pub fn challsrv(&self) -> &Arc<ChallSrv> {
        self.challsrv.as_ref().expect("planned")
    }

    pub fn is_newest(&self) -> bool {
        self.pebble.is_newest()
    }

    // ---- configuration

    /// The usual head: terms accepted, account `pebble`.
    pub fn head(&self) -> String {
        GLOBAL.to_owned() + &account("pebble", &self.pebble.directory_url())
    }

    /// Writes the usual head and these sections.
    pub fn configure(&self, sections: &[String]) {
        self.temp.uci(&(self.head() + &sections.concat()));
    }

    /// Writes the secrets of sections, mode 0600.
    pub fn secrets(&self, sections: &[(&str, &[&str])]) {
        let lines = |values: &[&str]| -> String {
            let line = |v: &&str| format!("\tlist credentials '{v}'\n");
            values.iter().map(line).collect()
        };
        let text: String = sections
            .iter()
            .map(|(name, values)| format!("config secret '{name}'\n{}", lines(values)))
            .collect();
        let file = self.temp.write("etc/config/certkeeper_secrets", text);
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("a mode");
    }

    // ---- runs

    pub fn certkeeper(&self, args: &[&str]) -> Certkeeper {
        Certkeeper::new(&self.temp, args)
    }

    pub fn run(&self, args: &[&str]) -> Finished {
        self.certkeeper(args).run()
    }

    /// `renew`, which must end with 0.
    #[track_caller]
    pub fn renew(&self) {
        self.ends(&["renew"], 0);
    }

    /// `renew SECTION`, which must end with 0.
    #[track_caller]
    pub fn renew_named(&self, section: &str) {
        self.ends(&["renew", section], 0);
    }

    /// A run that must end with this code.
    #[track_caller]
    pub fn ends(&self, args: &[&str], code: i32) -> Finished {
        let run = self.run(args);
        assert_eq!(
            run.code(),
            code,
            "{}\n--- Pebble\n{}",
            run.report(),
            self.pebble.log()
        );
        run
    }

    // ---- what came of it

    pub fn status(&self, section: &str) -> Value {
        let text = self.run(&["status", section, "--json"]).ok();
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text}"))
    }

    /// The log of the last run that worked on the section, as it stands.
    pub fn log(&self, section: &str) -> String {
        let file = self.temp.path(&format!("var/run/certkeeper/log/{section}"));
        fs::read_to_string(file).unwrap_or_default()
    }

    pub fn attempt(&self, section: &str) -> Value {
        let file = format!("etc/certkeeper/certs/{section}/attempt.json");
        serde_json::from_str(&self.temp.read(&file)).expect("JSON")
    }

    /// The number of the version in use.
    pub fn version(&self, section: &str) -> Option<u64> {
        let link = self
            .temp
            .path(&format!("etc/certkeeper/certs/{section}/current"));
        let target = fs::read_link(link).ok()?;
        target.strip_prefix("versions").ok()?.to_str()?.parse().ok()
    }

    /// A link in /etc/ssl/domains.
    pub fn domain(&self, name: &str) -> PathBuf {
        self.temp.path(&format!("etc/ssl/domains/{name}"))
    }

    /// OpenSSL finds the section's files good: they lead to the first root, belong together, and
    /// hold these names.
    #[track_caller]
    pub fn is_good(&self, section: &str, names: &[&str]) {
        let [crt, key] = ["crt", "key"].map(|end| self.domain(&format!("{section}.{end}")));
        assert!(
            openssl::verifies(&crt, &self.root(0)),
            "{section} leads elsewhere"
        );
        assert!(openssl::key_matches(&crt, &key), "{section}: another key");
        let is_ip = |n: &str| n.parse::<std::net::IpAddr>().is_ok();
        let mut wanted: Vec<String> = names
            .iter()
            .map(|n| format!("{}:{n}", if is_ip(n) { "IP Address" } else { "DNS" }))
            .collect();
        wanted.sort();
        assert_eq!(openssl::names(&crt), wanted);
    }

    /// The primary links lead to a whole pair.
    #[track_caller]
    pub fn is_good_primary(&self) {
        let [crt, cer, key] = ["domain.crt", "domain.cer", "domain.key"].map(|n| self.domain(n));
        assert!(
            openssl::key_matches(&crt, &key),
            "domain.key is another key"
        );
        assert_eq!(
            fs::read(crt).expect("a file"),
            fs::read(cer).expect("a file")
        );
    }

    /// The root of chain `n`, in a file.
    pub fn root(&self, n: u8) -> PathBuf {
        let file = self.temp.server_folder("root").join("root.pem");
        fs::write(&file, self.pebble.root(n)).expect("a root");
        file
    }

    /// How often the CA answered such a request: `POST /order-plz`.
    pub fn asked(&self, request: &str) -> usize {
        self.pebble
            .requests()
            .iter()
            .filter(|r| r.starts_with(request))
            .count()
    }

    /// Nothing that was presented is there any more, and nothing is under way.
    #[track_caller]
    pub fn is_tidy(&self, section: &str) {
        let folder = self.temp.path(&format!("etc/certkeeper/certs/{section}"));
        for name in ["order.json", "pending", "cleanup.json", "attempt.json"] {
            assert!(
                !folder.join(name).exists(),
                "{section}/{name} is left\n{}",
                self.log(section)
            );
        }
        assert_eq!(self.tokens(), Vec::<PathBuf>::new());
        if let Some(powerdns) = &self.powerdns {
            assert_eq!(
                powerdns.txt(&format!("_acme-challenge.{ZONE}")),
                Vec::<String>::new()
            );
        }
    }

    /// The challenge files below the document root.
    pub fn tokens(&self) -> Vec<PathBuf> {
        let folder = self.temp.path("www/.well-known/acme-challenge");
        fs::read_dir(folder).map_or_else(
            |_| Vec::new(),
            |files| files.flatten().map(|f| f.path()).collect(),
        )
    }

    /// Waits for a word in a section's log.
    #[track_caller]
    pub fn wait_for(&self, section: &str, word: &str) {
        let seen = wait_until(Duration::from_secs(20), || self.log(section).contains(word));
        assert!(
            seen,
            "no {word:?} in the log of {section}:\n{}",
            self.log(section)
        );
    }

    // ---- ways

    /// Options of a section by the document root that nginx serves.
    pub fn by_webroot(&self) -> Vec<(&'static str, String)> {
        vec![("validation_method", "webroot".into())]
    }

    /// Options of a section by its own listener, where the CA looks.
    pub fn by_standalone(&self) -> Vec<(&'static str, String)> {
        vec![
            ("validation_method", "standalone".into()),
            ("listen_address", "127.0.0.1".into()),
            ("listen_port", self.http_port.to_string()),
        ]
    }

    /// The same by TLS.
    pub fn by_alpn(&self) -> Vec<(&'static str, String)> {
        vec![
            ("validation_method", "alpn".into()),
            ("listen_address", "127.0.0.1".into()),
            ("listen_port", self.tls_port.to_string()),
        ]
    }

    /// Options of a section by PowerDNS, which publishes at once.
    pub fn by_powerdns(&self) -> Vec<(&'static str, String)> {
        vec![
            ("dns", "powerdns".into()),
            ("dns_wait", "0".into()),
            (
                "list credentials",
                format!("PDNS_Url={}", self.powerdns().url()),
            ),
            (
                "list credentials",
                format!("PDNS_Token={}", powerdns::API_KEY),
            ),
        ]
    }
}
