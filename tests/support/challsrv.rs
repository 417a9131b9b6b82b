//! pebble-challtestsrv as Pebble's DNS: every name has the address 127.0.0.1, the rest is set.

use super::dns::{self, Type};
use super::http;
use super::process;
use super::server::{Launch, Server, free_port, loopback};
use super::temp_root::TempRoot;
use super::tools;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The program behind this module.
pub const NEEDS: &[&str] = &["pebble-challtestsrv"];

/// A running DNS server.
#[derive(Debug)]
pub struct ChallSrv {
    server: Server,
    dns: u16,
    management: u16,
}

impl ChallSrv {
    /// Starts a DNS server of its own for the test.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(temp: &TempRoot) -> Self {
        let folder = temp.server_folder("challsrv");
        let program = tools::path_of("pebble-challtestsrv");
        let flags = flags(&program);
        let (server, (dns, management)) = Server::start("pebble-challtestsrv", &folder, || {
            let (dns, management) = (free_port(), free_port());
            let mut command = Command::new(&program);
            command.arg(flags.dns).arg(loopback(dns).to_string());
            command
                .arg("-management")
                .arg(loopback(management).to_string());
            // No AAAA by default: Pebble would go there first and not come back to IPv4.
            command.args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]);
            for other in flags.others {
                command.args([other, ""]);
            }
            Launch {
                command,
                ports: vec![dns, management],
                facts: (dns, management),
            }
        });
        let started = Self {
            server,
            dns,
            management,
        };
        // TCP listens; UDP follows in a thread of its own.
        dns::ask(started.address(), "ready.test", Type::A);
        started
    }

    /// Where it answers, UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        loopback(self.dns)
    }

    /// Addresses of `host` other than 127.0.0.1.
    pub fn add_a(&self, host: &str, addresses: &[&str]) {
        self.set(
            "add-a",
            &json!({"host": fqdn(host), "addresses": addresses}),
        );
    }

    /// IPv6 addresses of `host`.
    pub fn add_aaaa(&self, host: &str, addresses: &[&str]) {
        self.set(
            "add-aaaa",
            &json!({"host": fqdn(host), "addresses": addresses}),
        );
    }

    /// These addresses and no others.
    pub fn set_addresses(&self, host: &str, v4: &[&str], v6: &[&str]) {
        for what in ["clear-a", "clear-aaaa"] {
            self.set(what, &json!({"host": fqdn(host)}));
        }
        if !v4.is_empty() {
            self.add_a(host, v4);
        }
        if !v6.is_empty() {
            self.add_aaaa(host, v6);
        }
    }

    /// One more TXT value.
    pub fn set_txt(&self, host: &str, value: &str) {
        self.set("set-txt", &json!({"host": fqdn(host), "value": value}));
    }

    /// All TXT values gone.
    pub fn clear_txt(&self, host: &str) {
        self.set("clear-txt", &json!({"host": fqdn(host)}));
    }

    /// An alias.
    pub fn set_cname(&self, host: &str, target: &str) {
        self.set(
            "set-cname",
            &json!({"host": fqdn(host), "target": fqdn(target)}),
        );
    }

    /// A CAA policy, such as `("issue", "ca.example")`.
    pub fn add_caa(&self, host: &str, tag: &str, value: &str) {
        let policies = json!([{"tag": tag, "value": value}]);
        self.set(
            "add-caa",
            &json!({"host": fqdn(host), "policies": policies}),
        );
    }

    /// Every question about `host` fails.
    pub fn set_servfail(&self, host: &str) {
        self.set("set-servfail", &json!({"host": fqdn(host)}));
    }

    /// How often `host` was asked about, for any type.
    ///
    /// # Panics
    /// When the reply cannot be read.
    pub fn questions(&self, host: &str) -> usize {
        // The one place where it wants no dot at the end.
        let text = self.set("dns-request-history", &json!({"host": host}));
        let found: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text}"));
        found.as_array().map_or(0, Vec::len)
    }

    /// The server, for its process and log.
    pub fn server(&self) -> &Server {
        &self.server
    }

    fn set(&self, what: &str, body: &Value) -> String {
        let url = format!("http://{}/{what}", loopback(self.management));
        http::plain("POST", &url, &[], &body.to_string()).ok()
    }
}

/// How its flags are called.
struct Flags {
    dns: &'static str,
    /// Listeners that would otherwise open on all addresses.
    others: &'static [&'static str],
}

/// 2.4 calls `-dns01` what is `-dnsserver` since 2.5, and has no DNS over HTTPS.
fn flags(program: &Path) -> Flags {
    let mut help = Command::new(program);
    help.arg("-help");
    let help = process::run(help, Duration::from_secs(10)).stderr;
    if help.contains("-dnsserver") {
        Flags {
            dns: "-dnsserver",
            others: &["-http01", "-https01", "-tlsalpn01", "-doh"],
        }
    } else {
        Flags {
            dns: "-dns01",
            others: &["-http01", "-https01", "-tlsalpn01"],
        }
    }
}

fn fqdn(host: &str) -> String {
    format!("{}.", host.trim_end_matches('.'))
}
