//! What `check` says of those who are to have a certificate, before there is one.

use crate::exports::mount;
use crate::servers::{HAPROXY, NGINX, checker, fill, nginx};
use crate::site::{Site, has};
use crate::support::tools;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::thread;

/// What was found of a topic, good or wrong.
#[track_caller]
fn found(site: &Site, topic: &str) -> Vec<(bool, String)> {
    // The CA is not there, so that something is wrong always.
    let run = site.ends(&["check", "--json"], 1);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let all = document["findings"].as_array().expect("a list").iter();
    all.filter(|f| f["topic"] == topic)
        .map(|f| (f["ok"] == true, f["text"].as_str().unwrap().to_owned()))
        .collect()
}

/// The one finding of a topic.
#[track_caller]
fn is(site: &Site, topic: &str, good: bool, words: &[&str]) {
    let all = found(site, topic);
    let [(ok, text)] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!(*ok, good, "{text}");
    has(text, words);
}

#[test]
fn all_is_well() {
    let Some((site, _nginx)) = nginx() else {
        return;
    };
    site.configure(
        "list service 'nginx'; list verify '127.0.0.1:PORT'; list hook 'told'; list export '/srv/tls:reader'",
    );
    site.temp
        .write("etc/passwd", "reader:x:65534:65534::/:/bin/false\n");
    let hook = site.program("etc/certkeeper/hooks/told", "#!/bin/sh\n>/told\n");
    let served = site.served().expect("a certificate");
    is(
        &site,
        "service",
        true,
        &[
            "/etc/init.d/nginx is told; /usr/sbin/nginx finds nothing wrong",
            "nginx.conf",
        ],
    );
    is(&site, "hook", true, &[hook.to_str().unwrap(), "is called"]);
    is(&site, "export", true, &["srv/tls is not there yet"]);
    fs::create_dir_all(site.temp.path("srv/tls")).unwrap();
    is(&site, "export", true, &["copies go to "]);
    let listens = format!("127.0.0.1:{} speaks TLS", site.port);
    is(&site, "verify", true, &[&listens, &served]);
    assert_eq!(site.calls(), [""; 0], "nobody is told of anything");
    let shown = site.ends(&["check"], 1).stdout;
    has(&shown, &["✓ service", "✓ hook", "✓ export", "✓ verify"]);
}

#[test]
fn a_service_that_could_not_take_it() {
    let Some((site, _nginx)) = nginx() else {
        return;
    };
    let file = site.temp.path("etc/nginx/nginx.conf");
    let good = fs::read_to_string(&file).unwrap();
    fs::write(&file, good.replace("location /", "loction /")).unwrap();
    let words = [
        "unknown directive \"loction\"",
        "correct its configuration",
        "rolled back",
    ];
    is(&site, "service", false, &words);
    site.configure("list service 'gone'");
    let words = ["/etc/init.d/gone does not exist", "correct list service"];
    is(&site, "service", false, &words);
    site.script("uhttpd", "");
    site.configure("list service 'uhttpd'");
    let words = ["uhttpd: /etc/config/uhttpd: No such file", "correct that"];
    is(&site, "service", false, &words);
    // Nothing is known of a checker.
    site.configure("list service 'odd'");
    site.script("odd", "");
    is(&site, "service", true, &["/etc/init.d/odd is told"]);
}

/// That a service cannot start without its first certificate is no fault of its configuration.
#[test]
fn the_first_certificate_is_not_missed() {
    for (name, config, text, more) in [
        ("nginx", "etc/nginx/nginx.conf", NGINX, "-e stderr"),
        ("haproxy", "etc/haproxy.cfg", HAPROXY, ""),
    ] {
        let Some(site) = Site::new(&[name], "") else {
            return;
        };
        site.configure(&format!("list service '{name}'"));
        site.script(name, "");
        checker(&site, name, more);
        let text = fill(&site, &site.temp.server_folder(name), text);
        site.temp.write(config, &text);
        let words = ["its checker misses ", "which the first certificate brings"];
        is(&site, "service", true, &words);
        // Another file's absence is a fault, and so is this one's once there is a certificate.
        site.temp.write(config, text.replace("/web.", "/other."));
        is(&site, "service", false, &["other."]);
        site.temp.write(config, &text);
        site.store();
        site.renew(0);
        is(&site, "service", true, &["finds nothing wrong"]);
    }
}

#[test]
fn hooks_that_would_not_be_called() {
    let Some(site) = Site::new(&[], "list hook 'told'") else {
        return;
    };
    let remedy = "put a program there that root owns and nobody else can change, or correct";
    is(&site, "hook", false, &["No such file", remedy]);
    let hook = site.program("etc/certkeeper/hooks/told", "#!/bin/sh\n");
    for (mode, words) in [
        (0o644, "is not an executable file (chmod +x"),
        (0o775, "could be changed by others"),
    ] {
        fs::set_permissions(&hook, fs::Permissions::from_mode(mode)).unwrap();
        is(&site, "hook", false, &[words, remedy]);
    }
    if rustix::process::geteuid().is_root() {
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::chown(&hook, Some(65534), None).unwrap();
        is(&site, "hook", false, &["could be changed by others"]);
    }
}

#[test]
fn copies_that_could_not_be_made() {
    let Some(site) = Site::new(&[], "list export '/srv/tls:reader'") else {
        return;
    };
    site.temp.write("etc/passwd", "root:x:0:0::/:/bin/sh\n");
    let words = ["there is no user 'reader' in /etc/passwd", "name another"];
    is(&site, "export", false, &words);
    site.configure("list export '/srv/tls'");
    site.temp.write("srv/tls", "a file");
    is(&site, "export", false, &["srv/tls is no folder"]);
    fs::remove_file(site.temp.path("srv/tls")).unwrap();
    symlink("/", site.temp.path("srv/tls")).unwrap();
    is(&site, "export", false, &["srv/tls is a link", "name the"]);
    fs::remove_file(site.temp.path("srv/tls")).unwrap();
    site.temp.write("srv/file", "");
    site.configure("list export '/srv/file/tls'");
    is(&site, "export", false, &["Not a directory"]);
    let folder = site.temp.path("srv/full");
    fs::create_dir_all(&folder).unwrap();
    let Some(_mounted) = mount(&folder, "ro") else {
        return tools::skip("export", "no tmpfs can be mounted here");
    };
    site.configure("list export '/srv/full'");
    let words = ["cannot be written to", "the file system is read-only"];
    is(&site, "export", false, &words);
}

#[test]
fn places_that_show_no_certificate() {
    let Some(site) = Site::new(&[], "list verify '127.0.0.1:PORT'") else {
        return;
    };
    let remedy = "start who is to listen there, or correct list verify";
    is(&site, "verify", false, &["nobody listens there", remedy]);
    let listener = TcpListener::bind(("127.0.0.1", site.port)).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            use std::io::Write;
            let _ = stream.map(|mut s| s.write_all(b"220 plain words\r\n"));
        }
    });
    is(&site, "verify", false, &["no TLS handshake", remedy]);
}
