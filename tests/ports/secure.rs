//! A web server with TLS that has port 443 already, and clients that see whose certificate they get.

use crate::space::Space;
use crate::support::server::{Launch, Server};
use crate::support::temp_root::TempRoot;
use crate::support::{openssl, tools, wait_until};
use std::process::Command;
use std::time::Duration;

/// A server; it ends when dropped.
pub struct Secure {
    _server: Server,
}

impl Secure {
    /// Takes port 443 of all addresses of a namespace, with a certificate of this name.
    pub fn start(temp: &TempRoot, space: &Space, name: &str) -> Self {
        let folder = temp.server_folder(name);
        let [key, cert] = ["key.pem", "cert.pem"].map(|file| {
            let path = folder.join(file);
            path.to_str().expect("a path of plain text").to_owned()
        });
        let subject = format!("/CN={name}");
        openssl::run(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            &subject,
            "-keyout",
            &key,
            "-out",
            &cert,
        ]);
        let (server, ()) = space.within(|| {
            Server::start("openssl", &folder, || {
                let mut command = Command::new(tools::path_of("openssl"));
                command.args([
                    "s_server", "-accept", "443", "-www", "-key", &key, "-cert", &cert,
                ]);
                Launch {
                    command,
                    ports: Vec::new(),
                    facts: (),
                }
            })
        });
        let listens = || {
            space
                .sh("cat /proc/net/tcp /proc/net/tcp6")
                .contains(":01BB ")
        };
        assert!(
            wait_until(Duration::from_secs(10), listens),
            "{}",
            server.log()
        );
        Self { _server: server }
    }
}

/// Whose certificate a client of that namespace sees; empty where it sees none.
pub fn seen(space: &Space, at: &str, protocol: &str) -> String {
    let run = space.try_sh(&format!(
        "timeout 8 openssl s_client -connect '{at}' -servername www.elsewhere.example -alpn {protocol} </dev/null 2>&1 || true"
    ));
    let mut lines = run.stdout.lines();
    let subject = lines.find_map(|line| line.trim().strip_prefix("subject="));
    subject.unwrap_or_default().replace("CN = ", "CN=")
}
