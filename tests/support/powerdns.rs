//! PowerDNS with its HTTP API: the DNS provider of the tests, and Pebble's DNS for its zones.

use super::dns::{self, Type};
use super::http;
use super::process;
use super::server::{Launch, Server, free_port, loopback};
use super::temp_root::TempRoot;
use super::tools;
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The programs behind this module.
pub const NEEDS: &[&str] = &["pdns_server", "sqlite3"];

/// The key of its API.
pub const API_KEY: &str = "key-of-the-tests";

/// The name under which the API serves its only server.
pub const SERVER_ID: &str = "localhost";

/// A running PowerDNS.
#[derive(Debug)]
pub struct PowerDns {
    server: Server,
    dns: u16,
    api: u16,
}

impl PowerDns {
    /// Starts a server of its own for the test, without zones.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(temp: &TempRoot) -> Self {
        let folder = temp.server_folder("powerdns");
        make_database(&folder.join("zones.sqlite"));
        let (server, (dns, api)) = Server::start("pdns_server", &folder, || {
            let (dns, api) = (free_port(), free_port());
            let file = folder.join("pdns.conf");
            fs::write(&file, settings(&folder, dns, api))
                .unwrap_or_else(|e| panic!("cannot write {}: {e}", file.display()));
            let mut command = Command::new(tools::path_of("pdns_server"));
            command.arg(format!("--config-dir={}", folder.display()));
            Launch {
                command,
                ports: vec![dns, api],
                facts: (dns, api),
            }
        });
        Self { server, dns, api }
    }

    /// Where it answers, UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        loopback(self.dns)
    }

    /// The base of its API, `PDNS_Url`.
    pub fn url(&self) -> String {
        format!("http://{}", loopback(self.api))
    }

    /// A zone in which each name has the address 127.0.0.1.
    ///
    /// The wildcard does not answer for a name below which a record stands: a TXT record at
    /// `_acme-challenge.www.ZONE` takes the address of `www.ZONE` away (RFC 4592, 2.2.2). A test
    /// that needs both sets that address by [`PowerDns::set`].
    pub fn create_zone(&self, zone: &str) {
        let body = json!({
            "name": fqdn(zone), "kind": "Native", "nameservers": [format!("ns.{}", fqdn(zone))],
        });
        self.api("POST", "/zones", &body).ok();
        self.set(zone, zone, "A", &["127.0.0.1"]);
        self.set(zone, &format!("*.{zone}"), "A", &["127.0.0.1"]);
    }

    /// Replaces the records of a name and type; TXT values in quotes. None: removes them.
    pub fn set(&self, zone: &str, name: &str, kind: &str, values: &[&str]) {
        let records: Vec<_> = values
            .iter()
            .map(|value| json!({"content": value, "disabled": false}))
            .collect();
        let body = json!({"rrsets": [{
            "name": fqdn(name), "type": kind, "ttl": 1, "records": records,
            "changetype": if values.is_empty() { "DELETE" } else { "REPLACE" },
        }]});
        self.api("PATCH", &format!("/zones/{}", fqdn(zone)), &body)
            .ok();
    }

    /// Lets a key of this algorithm change a zone by updates (RFC 2136).
    pub fn allow_updates(&self, zone: &str, key: &str, algorithm: &str, secret: &str) {
        let body = json!({"name": key, "algorithm": algorithm, "key": secret});
        let made = self.api("POST", "/tsigkeys", &body);
        assert!(matches!(made.status, 201 | 409), "{made:?}");
        let body = json!({"kind": "TSIG-ALLOW-DNSUPDATE", "metadata": [key]});
        self.api("POST", &format!("/zones/{}/metadata", fqdn(zone)), &body)
            .ok();
    }

    /// The TXT values that it answers for `name`.
    pub fn txt(&self, name: &str) -> Vec<String> {
        dns::ask(self.address(), name, Type::Txt).values
    }

    /// The server, for its process and log.
    pub fn server(&self) -> &Server {
        &self.server
    }

    fn api(&self, method: &str, path: &str, body: &Value) -> http::Reply {
        let url = format!("{}/api/v1/servers/{SERVER_ID}{path}", self.url());
        let headers = [("X-API-Key", API_KEY), ("Content-Type", "application/json")];
        http::plain(method, &url, &headers, &body.to_string())
    }
}

fn settings(folder: &Path, dns: u16, api: u16) -> String {
    let folder = folder.display();
    format!(
        "\
launch=gsqlite3
gsqlite3-database={folder}/zones.sqlite
# A lost database loses nothing here, and syncing it takes longer than all the rest.
gsqlite3-pragma-synchronous=0
local-address=127.0.0.1
local-port={dns}
socket-dir={folder}
# By RFC 2136, for whom a zone's metadata let in.
dnsupdate=yes
allow-dnsupdate-from=127.0.0.0/8
api=yes
api-key={API_KEY}
webserver-address=127.0.0.1
webserver-port={api}
webserver-allow-from=127.0.0.1
webserver-loglevel=none
# What the API changes is answered at once.
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
# It would ask its makers' servers whether this version is safe.
security-poll-suffix=
daemon=no
guardian=no
write-pid=no
disable-syslog=yes
loglevel=4
"
    )
}

/// Makes the database by the file that comes with the server.
fn make_database(file: &Path) {
    let schema = schema();
    let sql = fs::read_to_string(&schema).unwrap_or_else(|e| panic!("{}: {e}", schema.display()));
    let mut command = Command::new(tools::path_of("sqlite3"));
    command.arg(file).arg(sql);
    process::run(command, Duration::from_secs(20)).ok();
}

fn schema() -> PathBuf {
    let below = "usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";
    [tools::folder(), "/".into()]
        .iter()
        .map(|root| root.join(below))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("/{below} is missing: is pdns-backend-sqlite3 installed?"))
}

fn fqdn(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}
