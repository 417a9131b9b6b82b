//! nginx as a router's web server: serves challenge files, shows its own page for the rest.

use super::server::{Launch, Server, free_port, loopback};
use super::temp_root::TempRoot;
use super::{tools, wait_until};
use rustix::process::{Signal, geteuid};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The program behind this module.
pub const NEEDS: &[&str] = &["nginx"];

/// The page that stands for a router's login.
pub const PAGE: &str = "the router's own page\n";

/// A certificate and its key to serve over HTTPS.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The chain, leaf first.
    pub cert: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// A running nginx.
#[derive(Debug)]
pub struct Nginx {
    server: Server,
    http: u16,
    https: u16,
}

impl Nginx {
    /// Serves `/.well-known/acme-challenge/` from `webroot` over HTTP.
    pub fn start(temp: &TempRoot, webroot: &Path) -> Self {
        Self::launch(temp, webroot, None)
    }

    /// The same, and over HTTPS with the certificate of `tls` as well.
    pub fn start_tls(temp: &TempRoot, webroot: &Path, tls: &Tls) -> Self {
        Self::launch(temp, webroot, Some(tls))
    }

    /// # Panics
    /// When it does not come up.
    fn launch(temp: &TempRoot, webroot: &Path, tls: Option<&Tls>) -> Self {
        let folder = temp.server_folder("nginx");
        let (server, (http, https)) = Server::start("nginx", &folder, || {
            let (http, https) = (free_port(), free_port());
            let file = folder.join("nginx.conf");
            fs::write(
                &file,
                settings(&folder, webroot, http, tls.map(|tls| (https, tls))),
            )
            .unwrap_or_else(|e| panic!("cannot write {}: {e}", file.display()));
            let mut command = Command::new(tools::path_of("nginx"));
            command.arg("-p").arg(&folder).arg("-c").arg(&file);
            // Until it has read the file, it would write to a log below /var.
            command.args(["-e", "stderr"]);
            let mut ports = vec![http];
            ports.extend(tls.map(|_| https));
            Launch {
                command,
                ports,
                facts: (http, https),
            }
        });
        Self {
            server,
            http,
            https,
        }
    }

    /// Where it answers http; its port is Pebble's `http_port`.
    pub fn http(&self) -> SocketAddr {
        loopback(self.http)
    }

    /// Where it answers https, if it was started with a certificate.
    pub fn https(&self) -> SocketAddr {
        loopback(self.https)
    }

    /// Has it read configuration and certificates again, and waits until the old ones are gone.
    ///
    /// # Panics
    /// When it goes on with the old ones.
    pub fn reload(&self) {
        let ended = |log: String| log.matches(" exited with code 0").count();
        let before = ended(self.server.log());
        self.server.signal(Signal::HUP);
        // The old worker ends once the new one serves.
        let done = wait_until(Duration::from_secs(10), || {
            ended(self.server.log()) > before
        });
        assert!(done, "nginx did not reload:\n{}", self.server.log());
    }

    /// The server, for its process and log.
    pub fn server(&self) -> &Server {
        &self.server
    }
}

fn settings(folder: &Path, webroot: &Path, http: u16, tls: Option<(u16, &Tls)>) -> String {
    // Started by root its worker would be "nobody", who may not enter the folder; others may not choose.
    let user = if geteuid().is_root() {
        "user root root;"
    } else {
        ""
    };
    let https = tls.map_or_else(String::new, |(port, Tls { cert, key })| {
        format!(
            "listen 127.0.0.1:{port} ssl; ssl_certificate {}; ssl_certificate_key {};",
            cert.display(),
            key.display()
        )
    });
    // All that it would write below /var otherwise.
    let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("    {kind}_temp_path {}/{kind};\n", folder.display()))
        .collect();
    format!(
        "\
{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log stderr notice;
events {{ worker_connections 64; }}
http {{
{temp}
    access_log off;
    default_type text/plain;
    server {{
        listen 127.0.0.1:{http};
        {https}
        location /.well-known/acme-challenge/ {{ root {webroot}; }}
        location / {{ return 200 \"{PAGE}\"; }}
    }}
}}
",
        folder = folder.display(),
        webroot = webroot.display(),
    )
}
