//! Real servers take a new certificate.

use crate::site::{Site, has};
use crate::support::server::{Launch, Server};
use crate::support::{tools, wait_until};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Settings with the site's port and links, and a folder of the server's own.
pub fn fill(site: &Site, folder: &Path, settings: &str) -> String {
    let domains = site.temp.path("etc/ssl/domains");
    settings
        .replace("PORT", &site.port.to_string())
        .replace("DOMAINS", domains.to_str().unwrap())
        .replace("FOLDER", folder.to_str().unwrap())
}

/// A server that reads its certificate from the links; its init script sends it `signal`.
pub fn start(
    site: &Site,
    name: &'static str,
    config: &str,
    settings: &str,
    args: &[&str],
    signal: &str,
) -> Server {
    let folder = site.temp.server_folder(name);
    let config = site.temp.write(config, fill(site, &folder, settings));
    let args: Vec<String> = args
        .iter()
        .map(|a| a.replace("CONFIG", config.to_str().unwrap()))
        .collect();
    let (server, ()) = Server::start(name, &folder, || {
        let mut command = Command::new(tools::path_of(name));
        command.args(&args);
        Launch {
            command,
            ports: vec![site.port],
            facts: (),
        }
    });
    let pid = server.pid().as_raw_nonzero();
    site.script(name, &format!("kill -{signal} {pid}"));
    server
}

/// The server's own program where certkeeper looks for its checker.
pub fn checker(site: &Site, name: &str, more: &str) {
    let program = tools::path_of(name);
    let text = format!("#!/bin/sh\nexec {} {more} \"$@\"\n", program.display());
    site.program(&format!("usr/sbin/{name}"), &text);
}

pub const NGINX: &str = "
user root;
daemon off;
pid FOLDER/pid;
error_log stderr notice;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path FOLDER/body; proxy_temp_path FOLDER/proxy; fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi; scgi_temp_path FOLDER/scgi;
    server {
        listen 127.0.0.1:PORT ssl;
        ssl_certificate DOMAINS/web.crt;
        ssl_certificate_key DOMAINS/web.key;
        location / { return 200 hello; }
    }
}
";

pub const HAPROXY: &str = "
global
    stats socket FOLDER/socket mode 600 level admin expose-fd listeners
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend tls
    bind 127.0.0.1:PORT ssl crt DOMAINS/web.pem
    http-request return status 200
";

/// A site with its first version in use and an nginx that serves it.
pub fn nginx() -> Option<(Site, Server)> {
    let site = Site::new(&["nginx"], "")?;
    site.store();
    site.renew(0);
    let server = start(
        &site,
        "nginx",
        "etc/nginx/nginx.conf",
        NGINX,
        &["-e", "stderr", "-c", "CONFIG"],
        "HUP",
    );
    checker(&site, "nginx", "-e stderr");
    site.configure("list service 'nginx'; list verify '127.0.0.1:PORT'");
    Some((site, server))
}

#[test]
fn nginx_takes_it_without_a_dropped_connection() {
    let Some((site, _nginx)) = nginx() else {
        return;
    };
    site.renew(0);
    assert_eq!(site.calls(), ["reload"], "a new receiver is told");
    let serial = site.store();
    let stop = AtomicBool::new(false);
    let (mut count, mut dropped) = (0, Vec::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                count += 1;
                dropped.extend(site.served().err());
            }
        });
        thread::sleep(Duration::from_millis(200));
        let run = site.renew(0);
        has(&run.stdout, &["a certificate is in use until"]);
        assert_eq!(site.served(), Ok(serial.clone()));
        thread::sleep(Duration::from_millis(200));
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(dropped, [""; 0], "of {count}");
    assert!(count > 10, "{count}");
    let log = site.log();
    has(
        &log,
        &[
            "nginx -t -c ",
            "test is successful",
            &format!("127.0.0.1:{} serves serial {serial}", site.port),
        ],
    );
    assert_eq!(site.calls(), ["reload"]);
    let status = site.status();
    assert_eq!(status["used_by"], serde_json::json!(["service nginx"]));
    assert!(status["deployed"].is_i64(), "{status}");
    has(
        &site.ends(&["show", "web"], 0).stdout,
        &["used by", "service nginx", "deployed"],
    );
    // Nothing more is to do, and nobody is told again.
    site.renew(0);
    assert_eq!(site.calls(), [""; 0]);
}

#[test]
fn haproxy_takes_it() {
    let Some(site) = Site::new(&["haproxy"], "") else {
        return;
    };
    site.store();
    site.renew(0);
    let _server = start(
        &site,
        "haproxy",
        "etc/haproxy.cfg",
        HAPROXY,
        &["-W", "-db", "-f", "CONFIG"],
        "USR2",
    );
    checker(&site, "haproxy", "");
    site.configure("list service 'haproxy'; list verify '127.0.0.1:PORT/www.example.org'");
    let serial = site.store();
    site.renew(0);
    assert_eq!(site.served(), Ok(serial));
    has(&site.log(), &["haproxy -c -f "]);
    assert_eq!(site.calls(), ["reload"]);
}

#[test]
fn lighttpd_takes_it() {
    let Some(site) = Site::new(&["lighttpd"], "") else {
        return;
    };
    let modules = tools::folder().join("usr/lib/lighttpd");
    let modules = match modules.is_dir() {
        true => format!("-m {}", modules.display()),
        false => String::new(),
    };
    site.store();
    site.renew(0);
    let settings = "
server.modules = ( \"mod_openssl\" )
server.document-root = \"FOLDER\"
server.errorlog = \"FOLDER/errors\"
server.bind = \"127.0.0.1\"
server.port = PORT
ssl.engine = \"enable\"
ssl.pemfile = \"DOMAINS/web.pem\"
";
    let mut args = vec!["-D", "-f", "CONFIG"];
    args.extend(modules.split_whitespace());
    let _server = start(
        &site,
        "lighttpd",
        "etc/lighttpd/lighttpd.conf",
        settings,
        &args,
        "USR1",
    );
    checker(&site, "lighttpd", &modules);
    site.configure("list service 'lighttpd'; list verify '127.0.0.1:PORT'");
    let serial = site.store();
    site.renew(0);
    assert_eq!(site.served(), Ok(serial));
    has(&site.log(), &["lighttpd -tt -f "]);
}

/// `openssl s_server` as a service that reads its certificate when it starts.
pub const S_SERVER: &str = "
stop() { [ ! -e $here/pid ] || kill $(cat $here/pid); }
case $1 in
restart) stop; sleep 0.2;;
start) ;;
*) exit 0;;
esac
OPENSSL s_server -accept 127.0.0.1:PORT -cert DOMAINS/web.crt -key DOMAINS/web.key -quiet -www MORE >/dev/null 2>&1 </dev/null &
echo $! >$here/pid
";

/// Ends what a stand-in started.
pub struct Started<'a>(pub &'a Site);

impl Drop for Started<'_> {
    fn drop(&mut self) {
        if let Ok(pid) = std::fs::read_to_string(self.0.temp.path("tmp/service/pid")) {
            let _ = Command::new("kill").arg(pid.trim()).status();
        }
    }
}

pub fn s_server(site: &Site) -> Started<'_> {
    s_server_with(site, "")
}

fn s_server_with<'a>(site: &'a Site, more: &str) -> Started<'a> {
    let script = S_SERVER
        .replace("MORE", more)
        .replace("PORT", &site.port.to_string())
        .replace(
            "DOMAINS",
            site.temp.path("etc/ssl/domains").to_str().unwrap(),
        )
        .replace("OPENSSL", tools::path_of("openssl").to_str().unwrap());
    site.script("odd", &script);
    let init = site.temp.path("etc/init.d/odd");
    assert!(Command::new(init).arg("start").status().unwrap().success());
    let up = wait_until(Duration::from_secs(10), || site.served().is_ok());
    assert!(up, "{:?}", site.served());
    let _ = site.calls();
    Started(site)
}

/// Keys that ring does not check are served all the same; and a service that reload leaves as it was
/// is restarted.
#[test]
fn p521_and_a_service_that_must_be_restarted() {
    for version in ["-tls1_2", "-tls1_3"] {
        p521(version);
    }
}

fn p521(version: &str) {
    let Some(site) = Site::new(&[], "") else {
        return;
    };
    let site = site.with_key("ec521");
    site.configure("");
    site.store();
    site.renew(0);
    let _service = s_server_with(&site, version);
    site.configure("list service 'odd'; list verify '127.0.0.1:PORT'");
    let serial = site.store();
    site.renew(0);
    assert_eq!(site.calls(), ["reload", "reload", "restart"]);
    assert_eq!(site.served(), Ok(serial));
    has(&site.log(), &["it still serves serial "]);
}

/// strongSwan's init script has other names; there is nothing to shake hands with.
#[test]
fn strongswan_reloads_by_the_script_that_there_is() {
    let Some(site) = Site::new(&[], "list service 'strongswan'") else {
        return;
    };
    site.script("swanctl", "");
    site.store();
    site.renew(0);
    assert_eq!(site.calls(), ["reload"]);
    has(&site.log(), &["/etc/init.d/swanctl reload`"]);
}
