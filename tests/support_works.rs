//! Each server of `tests/support` starts, answers, and is gone after the test.

mod support;

use rustix::process::{Pid, Signal};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use support::certkeeper::Certkeeper;
use support::challsrv::{self, ChallSrv};
use support::dns::{self, Type};
use support::nginx::{self, Nginx, Tls};
use support::pebble::{self, Pebble};
use support::pki::Pki;
use support::powerdns::{self, PowerDns};
use support::temp_root::TempRoot;
use support::{http, openssl, process, server, tools, wait_until};

/// True when no process of the group lives; one that nobody has waited for yet does not.
fn is_gone(group: Pid) -> bool {
    let group = group.as_raw_nonzero().to_string();
    let processes = fs::read_dir("/proc").expect("/proc");
    !processes
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok())
        .any(|stat| {
            // "pid (name) state parent group …"; a name may hold blanks.
            let fields: Vec<_> = stat
                .rsplit(')')
                .next()
                .unwrap_or_default()
                .split_whitespace()
                .collect();
            fields.first() != Some(&"Z") && fields.get(2) == Some(&group.as_str())
        })
}

/// Drops a server and sees all its processes go.
#[track_caller]
fn ends(server: impl Sized, pid: Pid) {
    assert!(!is_gone(pid), "a running server counts as gone");
    drop(server);
    let gone = wait_until(Duration::from_secs(2), || is_gone(pid));
    assert!(gone, "process group {pid:?} outlived the test");
}

#[test]
fn pebble_serves_its_directory_roots_and_log() {
    if !tools::have(&[pebble::NEEDS]) {
        return;
    }
    let temp = TempRoot::new();
    let options = pebble::Options {
        strict: true,
        nonce_reject: 50,
        authz_reuse: 50,
        alternate_roots: 1,
        chain_length: 2,
        va_sleep: 1,
        retry_after: (3, 5),
        eab: true,
        profiles: vec![("default".into(), 7 * 86_400), ("short".into(), 86_400)],
        domain_blocklist: vec!["blocked.example".into()],
        ..pebble::Options::default()
    };
    let pebble = Pebble::start(&temp, &options);
    let directory = pebble.directory();
    let new_order = directory["newOrder"].as_str().expect("newOrder");
    assert!(new_order.starts_with("https://localhost:"), "{new_order}");
    assert_eq!(directory["meta"]["externalAccountRequired"], true);
    if !directory["renewalInfo"].is_null() {
        let profiles = directory["meta"]["profiles"].as_object();
        assert_eq!(profiles.map(|found| found.len()), Some(2));
    }
    assert_eq!(pebble.requests(), ["GET /dir"]);
    assert!(pebble.log().contains("reject 50% of good nonces"));
    assert!(pebble.root(0).starts_with("-----BEGIN CERTIFICATE-----"));
    assert_ne!(pebble.root(0), pebble.root(1));
    assert_eq!(pebble.cert_status("1234"), None);
    // The intermediate leads to its root (over another one, with a chain of two) or is its child.
    let intermediate = temp.write("intermediate.pem", pebble.intermediate(0));
    assert!(
        openssl::run(&["x509", "-in", text(&intermediate), "-noout", "-issuer"]).contains("Pebble")
    );
    let account_ca = fs::read_to_string(pebble.ca_file()).expect("the CA of its HTTPS certificate");
    assert!(account_ca.contains("BEGIN CERTIFICATE"));
    let pid = pebble.server().pid();
    ends(pebble, pid);
}

#[test]
fn two_pebbles_of_one_test_keep_apart() {
    if !tools::have(&[pebble::NEEDS]) {
        return;
    }
    let temp = TempRoot::new();
    let options = pebble::Options::default();
    let (one, other) = (
        Pebble::start(&temp, &options),
        Pebble::start(&temp, &options),
    );
    assert_ne!(one.directory_url(), other.directory_url());
    assert_ne!(one.root(0), other.root(0));
    assert!(other.requests().is_empty(), "{:?}", other.requests());
}

#[test]
fn challsrv_answers_what_is_set() {
    if !tools::have(&[challsrv::NEEDS]) {
        return;
    }
    let temp = TempRoot::new();
    let challsrv = ChallSrv::start(&temp);
    let ask = |name, kind| dns::ask(challsrv.address(), name, kind).values;
    assert_eq!(ask("any.example", Type::A), ["127.0.0.1"]);
    challsrv.add_a("own.example", &["127.0.0.2"]);
    assert_eq!(ask("own.example", Type::A), ["127.0.0.2"]);
    challsrv.add_aaaa("own.example", &["::2"]);
    let long = "v".repeat(43);
    challsrv.set_txt("_acme-challenge.own.example", &long);
    challsrv.set_txt("_acme-challenge.own.example", "another");
    assert_eq!(
        ask("_acme-challenge.own.example", Type::Txt),
        ["another", &long]
    );
    challsrv.clear_txt("_acme-challenge.own.example");
    assert!(ask("_acme-challenge.own.example", Type::Txt).is_empty());
    challsrv.set_cname("alias.example", "own.example");
    assert_eq!(ask("alias.example", Type::Cname), ["own.example."]);
    challsrv.add_caa("own.example", "issue", "ca.example");
    challsrv.set_servfail("own.example");
    assert_eq!(
        dns::ask(challsrv.address(), "own.example", Type::A).rcode,
        2
    );
    assert_eq!(challsrv.questions("own.example"), 2);
    let pid = challsrv.server().pid();
    ends(challsrv, pid);
}

#[test]
fn powerdns_answers_what_its_api_was_told() {
    if !tools::have(&[powerdns::NEEDS]) {
        return;
    }
    let temp = TempRoot::new();
    let powerdns = PowerDns::start(&temp);
    powerdns.create_zone("demo.example");
    let ask = |name| dns::ask(powerdns.address(), name, Type::A).values;
    assert_eq!(ask("demo.example"), ["127.0.0.1"]);
    assert_eq!(ask("www.demo.example"), ["127.0.0.1"]);
    let name = "_acme-challenge.demo.example";
    assert!(powerdns.txt(name).is_empty());
    powerdns.set("demo.example", name, "TXT", &["\"one\"", "\"two\""]);
    assert_eq!(powerdns.txt(name), ["one", "two"]);
    powerdns.set("demo.example", name, "TXT", &[]);
    assert!(powerdns.txt(name).is_empty());
    let url = format!(
        "{}/api/v1/servers/{}/zones",
        powerdns.url(),
        powerdns::SERVER_ID
    );
    assert_eq!(
        http::plain("GET", &url, &[("X-API-Key", "wrong")], "").status,
        401
    );
    let pid = powerdns.server().pid();
    ends(powerdns, pid);
}

#[test]
fn nginx_serves_tokens_and_reloads_certificates() {
    if !tools::have(&[nginx::NEEDS, openssl::NEEDS]) {
        return;
    }
    let temp = TempRoot::new();
    temp.write("www/.well-known/acme-challenge/token", "token.thumbprint");
    let folders = ["old", "new"].map(|name| temp.server_folder(name));
    let [old, new] = folders.each_ref().map(|folder| Pki::new(folder));
    let tls = Tls {
        cert: old.cert.clone(),
        key: old.key.clone(),
    };
    let nginx = Nginx::start_tls(&temp, &temp.path("www"), &tls);
    let get = |path: &str| http::get(&format!("http://{}{path}", nginx.http()), "");
    assert_eq!(
        get("/.well-known/acme-challenge/token").ok(),
        "token.thumbprint"
    );
    assert_eq!(get("/.well-known/acme-challenge/other").status, 404);
    assert_eq!(get("/cgi-bin/luci").ok(), nginx::PAGE);

    let served = || openssl::served_serial(nginx.https(), "localhost");
    let [old_serial, new_serial] = [&old, &new].map(|pki| openssl::serial(&pki.cert));
    assert_eq!(served(), old_serial);
    fs::copy(&new.cert, &old.cert).expect("the new certificate");
    fs::copy(&new.key, &old.key).expect("the new key");
    nginx.reload();
    assert_eq!(served(), new_serial);
    let pid = nginx.server().pid();
    ends(nginx, pid);

    let plain = Nginx::start(&temp, &temp.path("www"));
    let page = http::get(&format!("http://{}/", plain.http()), "");
    assert_eq!(page.ok(), nginx::PAGE);
}

#[test]
fn openssl_tells_good_from_bad() {
    if !tools::have(&[openssl::NEEDS]) {
        return;
    }
    let temp = TempRoot::new();
    let folders = ["one", "other"].map(|name| temp.server_folder(name));
    let [one, other] = folders.each_ref().map(|folder| Pki::new(folder));
    assert!(openssl::verifies(&one.cert, &one.ca));
    assert!(!openssl::verifies(&one.cert, &other.ca));
    assert!(openssl::key_matches(&one.cert, &one.key));
    assert!(!openssl::key_matches(&one.cert, &other.key));
    let names = [
        "DNS:localhost",
        "IP Address:1.1.1.1",
        "IP Address:127.0.0.1",
        "IP Address:192.0.2.1",
        "IP Address:8.8.8.8",
        "IP Address:::1",
    ];
    assert_eq!(openssl::names(&one.cert), names);
    assert_ne!(openssl::serial(&one.cert), openssl::serial(&other.cert));
    let (begin, end) = openssl::dates(&one.cert);
    assert!(begin < end && end.ends_with('Z'), "{begin} {end}");
}

#[test]
fn certkeeper_runs_with_an_empty_environment() {
    let temp = TempRoot::new();
    temp.uci("config certkeeper 'global'\n");
    assert_eq!(
        temp.read("etc/config/certkeeper"),
        "config certkeeper 'global'\n"
    );
    let run = Certkeeper::new(&temp, &["--version"])
        .env("CERTKEEPER_NOW", "1900000000")
        .limit(Duration::from_secs(20))
        .run();
    assert_eq!(run.code(), 0, "{}", run.report());
}

#[test]
fn a_program_past_its_time_limit_is_killed_and_fails_the_test() {
    let mut command = Command::new("sleep");
    command.arg("60");
    let running = process::start(command, Duration::from_millis(50));
    let pid = running.pid();
    let message = catch_unwind(AssertUnwindSafe(|| running.finish()))
        .expect_err("a panic")
        .downcast::<String>()
        .expect("its words");
    assert!(message.contains("still ran after 50ms"), "{message}");
    assert!(is_gone(pid));
}

#[test]
fn a_program_can_be_disturbed_while_it_runs() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo begun; sleep 60 & wait"]);
    let running = process::start(command, Duration::from_secs(20));
    let pid = running.pid();
    assert!(!is_gone(pid));
    drop(running);
    assert!(wait_until(Duration::from_secs(2), || is_gone(pid)));

    let mut command = Command::new("sleep");
    command.arg("60");
    let running = process::start(command, Duration::from_secs(20));
    running.signal(Signal::TERM);
    assert_eq!(running.finish().code(), 128 + 15);
}

#[test]
fn a_server_that_finds_its_port_taken_gets_another() {
    let temp = TempRoot::new();
    let folder = temp.server_folder("stubborn");
    let mut tries = 0;
    let (server, tries) = server::Server::start("stubborn", &folder, || {
        tries += 1;
        let mut command = Command::new("sh");
        let script = if tries < 3 {
            "echo 'bind: Address already in use'; exit 1"
        } else {
            "exec sleep 60"
        };
        command.args(["-c", script]);
        // The last one listens nowhere and so is up at once.
        let ports = if tries < 3 {
            vec![server::free_port()]
        } else {
            Vec::new()
        };
        server::Launch {
            command,
            ports,
            facts: tries,
        }
    });
    assert_eq!(tries, 3);
    let pid = server.pid();
    ends(server, pid);
}

#[test]
fn temporary_folders_go_and_ports_differ() {
    let temp = TempRoot::new();
    let root = temp.root();
    assert!(root.is_dir());
    drop(temp);
    assert!(!root.exists());
    assert_ne!(server::free_port(), server::free_port());
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of plain text")
}
