//! dig, and the nameserver that a name is delegated to.

use crate::support::process::{self, Finished};
use crate::support::server::free_port;
use crate::support::tools;
use certkeeper::challenge::{Delegated, Door, Proof, Solver, Spot};
use certkeeper::types::Identifier;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::process::Command;
use std::time::Duration;

const ZONE: &str = "_acme-challenge.www.demo.example";

fn proof(value: &str) -> Proof {
    Proof {
        id: Identifier::parse("www.demo.example").unwrap(),
        token: String::new(),
        key_authorization: String::new(),
        txt_value: value.to_owned(),
        spot: Spot {
            name: ZONE.to_owned(),
            nameservers: vec!["router.demo.example".to_owned()],
        },
    }
}

fn dig(port: u16, args: &[&str]) -> Finished {
    let mut command = Command::new(tools::path_of("dig"));
    command.args(["@127.0.0.1", "+time=1", "+tries=1", "-p", &port.to_string()]);
    command.args(args);
    process::run(command, Duration::from_secs(10))
}

#[test]
fn dig_finds_an_authority() {
    if !tools::have(&[&["dig"]]) {
        return;
    }
    let (local, port) = (IpAddr::from(Ipv4Addr::LOCALHOST), free_port());
    let mut solver = Delegated::new(Door::direct(Some(local), port));
    let values = ["a".repeat(43), "b".repeat(43)];
    for value in &values {
        solver.present(&proof(value)).unwrap();
    }
    let mixed = "_aCme-Challenge.WWW.demo.eXample";
    let below = format!("below.{ZONE}");
    for (args, words) in [
        (
            &[mixed, "TXT"][..],
            &[
                "NOERROR",
                "flags: qr aa rd;",
                "ANSWER: 2",
                "_aCme-Challenge.WWW.demo.eXample. 1 IN\tTXT",
                "EDNS: version: 0",
                "udp: 1232",
            ][..],
        ),
        (
            &[ZONE, "TXT", "+noedns"],
            &["NOERROR", "ANSWER: 2", "ADDITIONAL: 0"],
        ),
        (
            &[ZONE, "TXT", "+tcp", "+norecurse"],
            &["flags: qr aa;", "ANSWER: 2", "(TCP)"],
        ),
        (&[ZONE, "TXT", "+dnssec"], &["ANSWER: 2", "flags: do;"]),
        (&[ZONE, "TXT", "+cookie"], &["NOERROR", "ANSWER: 2"]),
        (
            &[ZONE, "SOA"],
            &["NOERROR", "ANSWER: 1", "SOA\trouter.demo.example."],
        ),
        (&[ZONE, "NS"], &["ANSWER: 1", "NS\trouter.demo.example."]),
        (&[ZONE, "AAAA"], &["NOERROR", "ANSWER: 0, AUTHORITY: 1"]),
        (&[ZONE, "ANY", "+notcp"], &["NOERROR", "ANSWER: 1"]),
        (
            &[&below, "TXT"],
            &["NXDOMAIN", "flags: qr aa rd;", "AUTHORITY: 1"],
        ),
        (&["www.demo.example", "A"], &["REFUSED", "flags: qr rd;"]),
        (&["version.bind", "TXT", "CH"], &["REFUSED"]),
        (&[ZONE, "TXT", "+edns=1", "+noednsneg"], &["BADVERS"]),
        (&[ZONE, "TXT", "+opcode=notify"], &["NOTIMP"]),
    ] {
        let run = dig(port, args);
        for word in words {
            let said = run
                .stdout
                .replace("\t\t", "\t")
                .replace(". 1\tIN", ". 1 IN")
                .replace(".\t1\tIN", ". 1 IN");
            assert!(said.contains(word), "{args:?}: no {word:?} in {said}");
        }
        assert!(!run.stdout.contains("WARNING: Messag"), "{}", run.stdout);
    }
    // Noise changes nothing.
    let socket = UdpSocket::bind((local, 0)).unwrap();
    for noise in [&b""[..], b"x", &[0; 12], &[0xff; 600]] {
        socket.send_to(noise, (local, port)).unwrap();
    }
    solver.take_back(&proof(&values[0])).unwrap();
    let left = dig(port, &["+short", ZONE, "TXT"]);
    assert_eq!(left.stdout.trim(), format!("\"{}\"", values[1]));
    solver.take_back(&proof(&values[1])).unwrap();
    let run = dig(port, &["+short", ZONE, "TXT"]);
    assert!(!run.status.success(), "it still answers: {}", run.stdout);
}

#[test]
fn more_than_a_ca_asks_is_not_answered() {
    let (local, port) = (IpAddr::from(Ipv4Addr::LOCALHOST), free_port());
    let mut solver = Delegated::new(Door::direct(Some(local), port));
    solver.present(&proof("value")).unwrap();
    let socket = UdpSocket::bind((local, 0)).unwrap();
    socket.connect((local, port)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let question = b"\0\x01\0\0\0\x01\0\0\0\0\0\0\x05other\x07example\0\0\x10\0\x01";
    let mut replies = 0;
    let mut buffer = [0; 512];
    for _ in 0..500 {
        socket.send(question).unwrap();
    }
    while socket
        .recv(&mut buffer)
        .is_ok_and(|length| length == question.len())
    {
        replies += 1;
    }
    // A second may begin on the way.
    assert!((50..=250).contains(&replies), "{replies}");
    std::thread::sleep(Duration::from_millis(1100));
    socket.send(question).unwrap();
    assert!(socket.recv(&mut buffer).is_ok(), "it went silent");
}
