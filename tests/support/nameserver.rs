//! Nameservers that take updates signed by a key: BIND and Knot.

use super::dns::{self, Type};
use super::server::{Launch, Server, free_port, loopback};
use super::temp_root::TempRoot;
use super::tools;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// The name and the secret of the key that may change the zones.
pub const KEY_NAME: &str = "acme-key.demo.example";
pub const SECRET: &str = "bm90LWEtc2VjcmV0LWJ1dC1hLWtleS1vZi10aGUtdGVzdHM=";

/// One of the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bind,
    Knot,
}

impl Kind {
    /// The program behind it.
    pub fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Bind => &["named"],
            Self::Knot => &["knotd"],
        }
    }
}

/// A running nameserver.
#[derive(Debug)]
pub struct Nameserver {
    server: Server,
    port: u16,
}

impl Nameserver {
    /// Starts a server with these zones, which a key of this algorithm (`hmac-sha256`) may change.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(temp: &TempRoot, kind: Kind, algorithm: &str, zones: &[&str]) -> Self {
        let folder = temp.server_folder("nameserver");
        for zone in zones {
            let text = format!(
                "$ORIGIN {zone}.\n$TTL 60\n@ SOA ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 60\n@ NS ns.{zone}.\nns A 127.0.0.1\n"
            );
            fs::write(folder.join(format!("{zone}.zone")), text).expect("a zone");
        }
        let (server, port) = Server::start("nameserver", &folder, || {
            let port = free_port();
            let file = folder.join("conf");
            let text = match kind {
                Kind::Bind => bind(&folder, port, algorithm, zones),
                Kind::Knot => knot(&folder, port, algorithm, zones),
            };
            fs::write(&file, text).expect("a configuration");
            let mut command = Command::new(tools::path_of(kind.needs()[0]));
            if kind == Kind::Bind {
                command.args(["-g", "-n", "1"]);
            }
            command.arg("-c").arg(&file);
            Launch {
                command,
                ports: vec![port],
                facts: port,
            }
        });
        Self { server, port }
    }

    /// Where it answers, UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        loopback(self.port)
    }

    /// The TXT values that it answers for `name`.
    pub fn txt(&self, name: &str) -> Vec<String> {
        dns::ask(self.address(), name, Type::Txt).values
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        self.server.log()
    }
}

fn bind(folder: &Path, port: u16, algorithm: &str, zones: &[&str]) -> String {
    let folder = folder.display();
    let mut text = format!(
        "options {{ directory \"{folder}\"; pid-file none; session-keyfile none;\n\
         listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n\
         recursion no; dnssec-validation no; notify no; }};\n\
         controls {{ }};\n\
         key \"{KEY_NAME}\" {{ algorithm {algorithm}; secret \"{SECRET}\"; }};\n"
    );
    for zone in zones {
        text += &format!(
            "zone \"{zone}\" {{ type primary; file \"{zone}.zone\"; allow-update {{ key \"{KEY_NAME}\"; }}; }};\n"
        );
    }
    text
}

fn knot(folder: &Path, port: u16, algorithm: &str, zones: &[&str]) -> String {
    let folder = folder.display();
    let mut text = format!(
        "server:\n  rundir: {folder}\n  listen: 127.0.0.1@{port}\n\
         log:\n  - target: stderr\n    any: info\n\
         database:\n  storage: {folder}\n\
         key:\n  - id: {KEY_NAME}\n    algorithm: {algorithm}\n    secret: {SECRET}\n\
         acl:\n  - id: update\n    key: {KEY_NAME}\n    action: update\n\
         template:\n  - id: default\n    storage: {folder}\n    file: \"%s.zone\"\n    acl: update\n    zonefile-sync: -1\n    zonefile-load: difference\n    journal-content: changes\n\
         zone:\n"
    );
    for zone in zones {
        text += &format!("  - domain: {zone}\n");
    }
    text
}
