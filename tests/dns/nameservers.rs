//! The module for RFC 2136, against BIND, Knot and PowerDNS.

use crate::contract::rig::{FOREIGN, Rig, module, record, settings, value};
use crate::contract::world::{Desk, Wire, ZONES};
use crate::site::{Site, ZONE as SITE_ZONE};
use crate::support::dns::{self, Type};
use crate::support::nameserver::{KEY_NAME, Kind, Nameserver, SECRET};
use crate::support::powerdns::{self, PowerDns};
use crate::support::temp_root::TempRoot;
use crate::support::{tools, wait_until};
use crate::uci::cert;
use certkeeper::dns::{Credentials, DnsError};
use certkeeper::net::Updater;
use certkeeper::types::{Clock, Nameserver as _, Secret, Timestamp, TsigKey, Update};
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

const NAME: &str = "_acme-challenge.demo.example";

fn inline(algorithm: &str) -> String {
    format!("{algorithm}:{KEY_NAME}:{SECRET}")
}

fn by(server: SocketAddr, key: &str) -> Credentials {
    let port = server.port().to_string();
    settings(&[
        ("NSUPDATE_SERVER", "127.0.0.1"),
        ("NSUPDATE_SERVER_PORT", &port),
        ("NSUPDATE_KEY", key),
    ])
}

/// A clock that shows the time, for signatures.
fn now() -> Desk {
    let desk = Desk::new();
    let system = certkeeper::net::SystemClock::new(Default::default(), None);
    desk.set(system.now());
    desk
}

/// A provider at a server; foreign values come by the same way as ours.
fn rig<'a>(server: SocketAddr, key: &str, wire: &'a Wire, clock: &'a Desk) -> Rig<'a> {
    let own = key.split(':').next().map(str::to_owned);
    Rig {
        module: module("rfc2136"),
        credentials: by(server, key),
        http: wire,
        clock,
        values: Box::new(move |name| dns::ask(server, name, Type::Txt).values),
        plant: Box::new(move |zone, name, value| {
            let key = TsigKey {
                name: KEY_NAME.to_owned(),
                algorithm: own.clone().expect("an algorithm"),
                secret: Secret::new(SECRET),
            };
            let update = Update {
                zone,
                name,
                value,
                ttl: Some(60),
                key: Some((&key, clock.now())),
            };
            Updater
                .update(("127.0.0.1", server.port()), &update)
                .expect("a foreign value");
        }),
    }
}

/// No provider of this file speaks HTTP.
fn nobody() -> Wire {
    Wire::new(|_, sent| panic!("{sent:?}"))
}

#[test]
fn bind_and_knot_take_updates() {
    for kind in [Kind::Bind, Kind::Knot] {
        if !tools::have(&[kind.needs()]) {
            return;
        }
        for algorithm in ["hmac-sha256", "hmac-sha512"] {
            let temp = TempRoot::new();
            let server = Nameserver::start(&temp, kind, algorithm, &ZONES);
            let (wire, clock) = (nobody(), now());
            rig(server.address(), &inline(algorithm), &wire, &clock).keeps_the_contract();
        }
    }
}

#[test]
fn powerdns_takes_updates() {
    if !tools::have(&[powerdns::NEEDS]) {
        return;
    }
    let temp = TempRoot::new();
    let server = PowerDns::start(&temp);
    for zone in ZONES {
        server.create_zone(zone);
        server.allow_updates(zone, KEY_NAME, "hmac-sha256", SECRET);
    }
    let (wire, clock) = (nobody(), now());
    rig(server.address(), &inline("hmac-sha256"), &wire, &clock).keeps_the_contract();
}

#[test]
fn the_key_may_be_a_file_as_bind_writes_it() {
    if !tools::have(&[Kind::Bind.needs()]) {
        return;
    }
    let temp = TempRoot::new();
    let server = Nameserver::start(&temp, Kind::Bind, "hmac-sha384", &ZONES);
    let file = temp.server_folder("key").join("acme.key");
    fs::write(
        &file,
        format!("# a comment: key secret\nkey \"{KEY_NAME}\" {{\n\talgorithm HMAC-SHA384;\n\tsecret \"{SECRET}\";\n}};\n"),
    )
    .unwrap();
    let (wire, clock) = (nobody(), now());
    let mut rig = rig(server.address(), &inline("hmac-sha384"), &wire, &clock);
    rig.credentials = by(server.address(), file.to_str().unwrap());
    rig.change(&record(NAME, &value(1)), true).unwrap();
    assert_eq!(server.txt(NAME), [value(1)]);
    // The zone may be named.
    rig.credentials
        .insert("NSUPDATE_ZONE".into(), Secret::new("demo.example."));
    rig.change(&record(NAME, &value(1)), false).unwrap();
    assert_eq!(server.txt(NAME), [""; 0]);
}

#[test]
fn mistakes_are_told_without_the_key() {
    for kind in [Kind::Bind, Kind::Knot] {
        if !tools::have(&[kind.needs()]) {
            return;
        }
        let temp = TempRoot::new();
        let server = Nameserver::start(&temp, kind, "hmac-sha256", &ZONES);
        let (wire, clock) = (nobody(), now());
        let port = server.address().port();
        let other = "d3Jvbmc=";
        for (key, words) in [
            (
                format!("hmac-sha256:{KEY_NAME}:{other}"),
                "has another secret for the key",
            ),
            (format!("hmac-sha256:other.key:{SECRET}"), "has no such key"),
            (String::new(), "does not let this key change demo.example"),
            (
                format!("hmac-md5:{KEY_NAME}:{SECRET}"),
                "NSUPDATE_KEY: the algorithm must be",
            ),
            (
                format!("hmac-sha256:{KEY_NAME}:a!"),
                "NSUPDATE_KEY: the secret is not base64",
            ),
            (
                format!("{KEY_NAME}:{SECRET}"),
                "NSUPDATE_KEY: algorithm:name:secret is wanted",
            ),
            (
                "/nowhere/key".to_owned(),
                "NSUPDATE_KEY: /nowhere/key: No such file",
            ),
        ] {
            let mut rig = rig(server.address(), &inline("hmac-sha256"), &wire, &clock);
            rig.credentials = by(server.address(), &key);
            let text = rig
                .change(&record(NAME, &value(1)), true)
                .unwrap_err()
                .to_string();
            assert!(text.contains(words), "{kind:?} {key}: {text}");
            assert!(!text.contains(SECRET) && !text.contains(other), "{text}");
        }
        // A clock that is wrong by more than 5 minutes.
        let right = clock.now();
        clock.set(right.plus(-3600));
        let rig = rig(server.address(), &inline("hmac-sha256"), &wire, &clock);
        let text = rig
            .change(&record(NAME, &value(1)), true)
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("the clocks of this router and of 127.0.0.1"),
            "{kind:?}: {text}"
        );
        clock.set(right);
        assert_eq!(server.txt(NAME), [""; 0], "{kind:?}\n{}", server.log());
        drop(rig);
        drop(server);
        let gone = by(
            SocketAddr::from(([127, 0, 0, 1], port)),
            &inline("hmac-sha256"),
        );
        let rig = Rig {
            module: module("rfc2136"),
            credentials: gone,
            http: &wire,
            clock: &clock,
            values: Box::new(|_| Vec::new()),
            plant: Box::new(|_, _, _| ()),
        };
        let error = rig.change(&record(NAME, &value(1)), true).unwrap_err();
        assert!(matches!(error, DnsError::Unreachable(_)), "{error:?}");
    }
}

#[test]
fn what_does_not_fit_a_datagram_goes_over_tcp() {
    if !tools::have(&[Kind::Knot.needs()]) {
        return;
    }
    // Nobody listens on UDP: a relay of TCP alone.
    let temp = TempRoot::new();
    let server = Nameserver::start(&temp, Kind::Knot, "hmac-sha256", &ZONES);
    let relay = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let (front, back) = (relay.local_addr().unwrap(), server.address());
    std::thread::spawn(move || {
        for client in relay.incoming().flatten() {
            let behind = std::net::TcpStream::connect(back).unwrap();
            let (mut a, mut b) = (client.try_clone().unwrap(), behind.try_clone().unwrap());
            let (mut c, mut d) = (client, behind);
            std::thread::spawn(move || std::io::copy(&mut a, &mut b));
            std::thread::spawn(move || std::io::copy(&mut d, &mut c));
        }
    });
    let (wire, clock) = (nobody(), now());
    let mut rig = rig(server.address(), &inline("hmac-sha256"), &wire, &clock);
    rig.credentials = by(front, &inline("hmac-sha256"));
    rig.credentials
        .insert("NSUPDATE_ZONE".into(), Secret::new("demo.example"));
    rig.change(&record(NAME, FOREIGN), true).unwrap();
    let there = || server.txt(NAME) == [FOREIGN];
    assert!(
        wait_until(Duration::from_secs(5), there),
        "{}",
        server.log()
    );
    assert!(clock.now() > Timestamp(0));
}

#[test]
fn a_certificate_by_updates_alone() {
    let Some(site) = Site::zone() else { return };
    let powerdns = site.powerdns();
    powerdns.allow_updates(SITE_ZONE, KEY_NAME, "hmac-sha256", SECRET);
    let wild = format!("*.{SITE_ZONE}");
    let settings = [
        "NSUPDATE_SERVER=127.0.0.1",
        &format!("NSUPDATE_SERVER_PORT={}", powerdns.address().port()),
    ];
    let mut options = vec![
        ("dns", "dns_nsupdate".to_owned()),
        ("dns_wait", "0".to_owned()),
    ];
    options.extend(settings.map(|s| ("list credentials", s.to_owned())));
    site.secrets(&[(
        "wild",
        &[&format!("NSUPDATE_KEY={}", inline("hmac-sha256"))],
    )]);
    site.configure(&[cert("wild", &[SITE_ZONE, &wild], &options)]);
    let checked = site.run(&["check"]);
    assert_eq!(checked.code(), 0, "{}", checked.report());
    site.renew();
    site.is_good("wild", &[SITE_ZONE, &wild]);
    site.is_tidy("wild");
}
