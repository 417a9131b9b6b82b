//! The way to the CA: names, ports, TLS, addresses.

use crate::ca::Door;
use crate::lanes::{WAITING, each};
use crate::pki;
use crate::rig::{Rig, Want};
use crate::support::server::free_port;
use crate::support::tools;
use std::env;
use std::fs;
use std::ops::Range;
use std::process::Command;
use std::thread;
use std::time::Duration;

#[test]
fn doors_that_do_not_open() {
    let cases = [
        (
            Door::Mute,
            "did not finish the TLS handshake within 10s",
            15,
        ),
        (Door::Plain, "does not answer in TLS", 10),
        // It may come before the handshake or within it.
        (Door::Slam, "firewall", 20),
    ];
    let name = |(door, _, _): &(Door, &str, u64)| format!("{door:?}");
    each(&cases, WAITING, name, |(door, words, within)| {
        let rig = Rig::due();
        rig.ca.door(*door);
        rig.suffers(&Want {
            within: Duration::from_secs(*within),
            ..Want::failure(&["localhost:", words])
        });
        rig.ca.heal();
        rig.recovers();
    });
}

/// A certificate of the CA's own server, and what must be said of it.
struct Worn {
    name: &'static str,
    names: &'static [&'static str],
    days: Range<i64>,
    words: &'static [&'static str],
}

#[test]
fn certificates_of_the_server() {
    let worn = |name, names, days, words| Worn {
        name,
        names,
        days,
        words,
    };
    let here = &["localhost"];
    let cases = [
        worn("expired", here, -90..-1, &["expired on", "clock", "date"]),
        worn(
            "not yet valid",
            here,
            30..90,
            &["is valid from", "clock", "date"],
        ),
        worn(
            "for another name",
            &["ca.example"],
            -1..90,
            &["is for ca.example, not for localhost"],
        ),
        worn("for no name", &[], -1..90, &["not for localhost"]),
        worn(
            "for a name that steers a terminal",
            &["\u{1b}[2J\u{7}ca.example", "x.example\r\nweb: all is well"],
            -1..90,
            &["not for localhost"],
        ),
    ];
    each(
        &cases,
        2,
        |worn| worn.name.to_owned(),
        |worn| {
            let rig = Rig::due();
            let root = rewear(&rig, worn.names, worn.days.clone());
            rig.suffers(&Want::failure(worn.words));
            let well = rewear(&rig, here, -1..90);
            assert_ne!(root, well);
            rig.recovers();
        },
    );
}

/// Another certificate of another root, which the account's file then has.
fn rewear(rig: &Rig, names: &[&str], days: Range<i64>) -> String {
    let (leaf, root) = pki::server(names, days);
    rig.ca.wear(&leaf);
    rig.temp.write("etc/ssl/ca.pem", &root);
    root
}

/// A CA that was set up anew often has the same name and another key.
#[test]
fn a_root_of_the_same_name() {
    for root in ["Root of the scripted CA's server", "Somebody else's root"] {
        let rig = Rig::due();
        let (leaf, _) = pki::server_of(root, &["localhost"], -1..90);
        rig.ca.wear(&leaf);
        let run = rig.run(&["renew"]);
        assert_eq!(run.code(), 1, "{}", run.report());
        for words in [
            "is not from a CA whose root is in",
            "etc/ssl/ca.pem",
            "ca_file",
        ] {
            assert!(run.stdout.contains(words), "no {words:?}: {}", run.report());
        }
        // The bundle has no part in it.
        assert!(!run.stdout.contains("ca-bundle"), "{}", run.report());
    }
}

#[test]
fn nobody_listens() {
    let rig = Rig::due();
    rig.configure(&format!("https://localhost:{}/dir", free_port()), &[]);
    rig.suffers(&Want::failure(&[
        "cannot connect to localhost:",
        "refused",
        "firewall",
    ]));
    rig.configure(&format!("https://localhost:{}/dir", rig.ca.port()), &[]);
    rig.recovers();
}

// ---- addresses, in a network of the test's own

/// Tells the test program that it runs within its own namespaces.
const INNER: &str = "CERTKEEPER_HOSTILE_NAMESPACE";

/// Names with addresses that swallow what is sent there, and none that anybody else sees.
#[test]
fn addresses_that_swallow() {
    if env::var_os(INNER).is_some() {
        return inner();
    }
    let unshare = |args: &[&str]| {
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "--net", "--mount", "--"])
            .args(args);
        command
    };
    let allowed = unshare(&["ip", "tuntap", "add", "dev", "hole", "mode", "tun"]).output();
    if !allowed.is_ok_and(|tried| tried.status.success()) {
        return tools::skip("own namespaces", "not allowed here");
    }
    let program = env::current_exe().unwrap();
    let run = unshare(&[program.to_str().unwrap()])
        .args(["--exact", "doors::addresses_that_swallow", "--nocapture"])
        .env(INNER, "1")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&run.stdout), text(&run.stderr));
    assert!(run.status.success(), "{out}\n{err}");
    assert!(out.contains("1 passed"), "{out}\n{err}");
}

fn shell(line: &str) {
    let done = Command::new("sh").args(["-ec", line]).output().unwrap();
    assert!(
        done.status.success(),
        "{line}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// The names of the namespace.
const HOSTS: &str = "127.0.0.1 localhost\n\
    2001:db8::1 dual.example\n127.0.0.1 dual.example\n\
    2001:db8::1 hole.example\n192.0.2.1 hole.example\n";

fn inner() {
    let temp = crate::support::temp_root::TempRoot::new();
    let (hosts, resolv) = (
        temp.write("hosts", HOSTS),
        temp.write("resolv.conf", "nameserver 127.0.0.1\n"),
    );
    shell(&format!(
        "ip link set lo up; ip tuntap add dev hole mode tun; ip link set hole up
         ip address add 2001:db8::2/64 dev hole nodad; ip address add 192.0.2.2/24 dev hole
         mount --bind {} /etc/hosts; mount --bind {} /etc/resolv.conf",
        hosts.display(),
        resolv.display()
    ));
    let at = |rig: &Rig, host: &str| {
        rig.configure(&format!("https://{host}:{}/dir", rig.ca.port()), &[]);
    };
    let well = |rig: &Rig| {
        at(rig, "localhost");
        rig.recovers();
    };
    let within = |seconds, words: &[&'static str]| Want {
        within: Duration::from_secs(seconds),
        ..Want::failure(words)
    };

    // IPv6 leads nowhere, IPv4 is good.
    let rig = Rig::due();
    let (leaf, root) = pki::server(&["localhost", "dual.example"], -1..90);
    rig.ca.wear(&leaf);
    rig.temp.write("etc/ssl/ca.pem", root);
    at(&rig, "dual.example");
    let run = rig.run(&["renew"]);
    assert_eq!(run.code(), 0, "{}", run.report());
    assert!(
        run.wall >= Duration::from_millis(250),
        "IPv6 was not tried: {}",
        run.report()
    );
    assert!(run.wall < Duration::from_secs(3), "{}", run.report());

    thread::scope(|scope| {
        // Neither leads anywhere.
        scope.spawn(|| {
            let rig = Rig::due();
            at(&rig, "hole.example");
            let told = "did not take the connection within 10s";
            rig.suffers(&within(15, &["hole.example", told, "firewall"]));
            well(&rig);
        });
        // The name leads nowhere, and then nobody answers for it.
        scope.spawn(|| {
            let rig = Rig::due();
            at(&rig, "nobody.example");
            rig.suffers(&within(10, &["nobody.example", "nslookup"]));
            fs::write(&resolv, "nameserver 192.0.2.1\n").unwrap();
            at(&rig, "no-one.example");
            rig.suffers(&within(15, &["no-one.example", "nslookup"]));
            well(&rig);
        });
    });
}
