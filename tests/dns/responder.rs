//! dig, and the nameserver that a name is delegated to.

use crate::support::process::{self, Finished};
use crate::support::server::free_port;
use crate::support::tools;
use certkeeper::challenge::{Delegated, Door, Proof, Solver, Spot};
use certkeeper::types::Identifier;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, TcpStream, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

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

/// A question for the TXT values of the zone, as TCP frames it.
fn framed() -> Vec<u8> {
    let mut message = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0".to_vec();
    for label in ZONE.split('.') {
        message.push(u8::try_from(label.len()).unwrap());
        message.extend(label.as_bytes());
    }
    message.extend(b"\0\0\x10\0\x01");
    let length = u16::try_from(message.len()).unwrap();
    [&length.to_be_bytes()[..], &message].concat()
}

/// What comes back until the other end closes: how many replies, and after how long.
fn heard(mut stream: &TcpStream) -> (usize, Duration) {
    let began = Instant::now();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut all = Vec::new();
    // It may be reset: not all that was sent was read.
    let _ = stream.read_to_end(&mut all);
    let (mut rest, mut count) = (&all[..], 0);
    while let [high, low, more @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        // A reply with one value.
        assert_eq!((more[2] & 0x80, more[7]), (0x80, 1));
        rest = &more[length..];
        count += 1;
    }
    (count, began.elapsed())
}

#[test]
fn connections_are_short_and_few() {
    let (local, port) = (IpAddr::from(Ipv4Addr::LOCALHOST), free_port());
    let mut solver = Delegated::new(Door::direct(Some(local), port));
    solver.present(&proof("value")).unwrap();
    let connect = || TcpStream::connect((local, port)).unwrap();
    // Many questions at once (RFC 7766 section 6.2.1.1) are answered in one go, …
    let stream = connect();
    (&stream).write_all(&framed().repeat(3)).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(heard(&stream).0, 3);
    // … but not without an end.
    let stream = connect();
    (&stream).write_all(&framed().repeat(50)).unwrap();
    assert_eq!(heard(&stream).0, 16);
    // One that comes in pieces is one.
    let stream = connect();
    for byte in framed() {
        (&stream).write_all(&[byte]).unwrap();
    }
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(heard(&stream).0, 1);
    // Nobody is listened to for long, or tells long stories.
    let silent = connect();
    let stream = connect();
    (&stream).write_all(&[0xff; 4000]).unwrap();
    let (count, time) = heard(&stream);
    assert!(count == 0 && time < Duration::from_secs(3), "{time:?}");
    let (count, time) = heard(&silent);
    assert!(count == 0 && time < Duration::from_secs(10), "{time:?}");
    // Those who hold connections hold up nobody who sends datagrams.
    let held: Vec<TcpStream> = (0..100).map(|_| connect()).collect();
    let run = dig(port, &["+short", "+notcp", ZONE, "TXT"]);
    assert_eq!(run.stdout.trim(), "\"value\"");
    drop(held);
}
