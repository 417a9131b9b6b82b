use super::super::dns_types::Data;
use super::*;
use std::io::{Read, Write};
use std::net::{Ipv6Addr, TcpListener, UdpSocket};

const TIMEOUT: Duration = Duration::from_millis(150);

fn resolver(servers: &[SocketAddr]) -> Resolver<'static> {
    Resolver {
        patience: TIMEOUT,
        ..Resolver::new(servers.to_vec())
    }
}

fn ask(servers: &[SocketAddr]) -> Result<Answer, ResolveError> {
    resolver(servers).query("_acme-challenge.a.example", RecordType::Txt, false)
}

/// What a server sends for a question.
type Reply = fn(&[u8]) -> Vec<Vec<u8>>;

/// Replies to the questions in turn; a script that is at its end says nothing more.
fn server(script: Vec<Reply>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    serve(socket, script);
    address
}

fn serve(socket: UdpSocket, script: Vec<Reply>) {
    // Ends with its script, or when no question comes any more.
    socket.set_read_timeout(Some(8 * TIMEOUT)).unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 512];
        for replies in script {
            let Ok((length, client)) = socket.recv_from(&mut buffer) else {
                return;
            };
            for reply in replies(&buffer[..length]) {
                socket.send_to(&reply, client).unwrap();
            }
        }
        let _ = socket.recv_from(&mut buffer);
    });
}

/// A reply with these flags and this TXT record.
fn reply(question: &[u8], flags: [u8; 2], text: &str) -> Vec<u8> {
    let end = question.len() - 11 * usize::from(question[11]); // without OPT
    let mut reply = question[..end].to_vec();
    reply[2..12].copy_from_slice(&[flags[0], flags[1], 0, 1, 0, 1, 0, 0, 0, 0]);
    let length = u8::try_from(text.len()).unwrap();
    reply.extend(b"\xc0\x0c\0\x10\0\x01\0\0\0\x3c\0");
    reply.extend([length + 1, length]);
    reply.extend(text.bytes());
    reply
}

fn good(question: &[u8]) -> Vec<Vec<u8>> {
    vec![reply(question, [0x84, 0], "good")]
}

fn poor(question: &[u8], rcode: u8) -> Vec<Vec<u8>> {
    vec![reply(question, [0x80, rcode], "poor")]
}

fn silent(_: &[u8]) -> Vec<Vec<u8>> {
    Vec::new()
}

fn text(answer: &Answer) -> &str {
    match &answer.answers[0].data {
        Data::Text(text) => std::str::from_utf8(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_comes_with_its_flags() {
    let answer = ask(&[server(vec![good])]).unwrap();
    assert!(answer.authoritative && !answer.truncated);
    assert_eq!((text(&answer), answer.answers[0].ttl), ("good", 60));
    assert_eq!(answer.answers[0].name, "_acme-challenge.a.example");
}

#[test]
fn a_lost_datagram_is_asked_for_again_and_a_silent_server_passed_over() {
    let start = Instant::now();
    let lossy = server(vec![silent, good]);
    assert_eq!(text(&ask(&[lossy]).unwrap()), "good");
    let mute = server(vec![silent, silent]);
    assert_eq!(text(&ask(&[mute, server(vec![good])]).unwrap()), "good");
    assert!(start.elapsed() >= 3 * TIMEOUT && start.elapsed() < 8 * TIMEOUT);
}

#[test]
fn a_closed_port_is_passed_over_at_once() {
    let closed = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let start = Instant::now();
    assert_eq!(text(&ask(&[closed, server(vec![good])]).unwrap()), "good");
    assert!(start.elapsed() < TIMEOUT);
    let error = ask(&[closed]).unwrap_err().to_string();
    let words = format!("{closed}: Connection refused");
    assert!(error.contains(&words), "{error}");
}

#[test]
fn forged_and_broken_replies_do_not_keep_the_true_one_away() {
    let forger = server(vec![|question| {
        let mut other_id = good(question).remove(0);
        other_id[0] ^= 1;
        let mut other_name = good(question).remove(0);
        other_name[13] = b'x';
        let cut = good(question).remove(0)[..40].to_vec();
        vec![
            other_id,
            other_name,
            cut,
            b"x".to_vec(),
            vec![],
            good(question).remove(0),
        ]
    }]);
    assert_eq!(text(&ask(&[forger]).unwrap()), "good");
}

#[test]
fn what_another_socket_says_is_not_heard() {
    let from_elsewhere = server(vec![silent]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    socket.set_read_timeout(Some(8 * TIMEOUT)).unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 512];
        let (length, client) = socket.recv_from(&mut buffer).unwrap();
        let other = UdpSocket::bind("127.0.0.1:0").unwrap();
        let forged = reply(&buffer[..length], [0x84, 0], "evil");
        other.send_to(&forged, client).unwrap();
        thread::sleep(TIMEOUT / 3);
        socket.send_to(&good(&buffer[..length])[0], client).unwrap();
    });
    assert_eq!(text(&ask(&[address, from_elsewhere]).unwrap()), "good");
}

#[test]
fn truncation_leads_to_tcp() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    serve(
        UdpSocket::bind(address).unwrap(),
        vec![|question| vec![reply(question, [0x86, 0], "part")]],
    );
    thread::spawn(move || {
        let (mut client, _) = tcp.accept().unwrap();
        let mut buffer = [0; 512];
        let length = client.read(&mut buffer).unwrap();
        let reply = reply(&buffer[2..length], [0x84, 0], "whole");
        let length = u16::try_from(reply.len()).unwrap().to_be_bytes();
        for piece in [&length[..1], &length[1..], &reply[..20], &reply[20..]] {
            client.write_all(piece).unwrap();
            thread::sleep(TIMEOUT / 20);
        }
    });
    let answer = ask(&[address]).unwrap();
    assert_eq!((text(&answer), answer.truncated), ("whole", false));
}

#[test]
fn without_tcp_the_truncated_answer_must_do() {
    let address = server(vec![|question| vec![reply(question, [0x86, 0], "part")]]);
    let answer = ask(&[address]).unwrap();
    assert_eq!((text(&answer), answer.truncated), ("part", true));
}

#[test]
fn a_server_without_edns_is_asked_without() {
    let old = server(vec![
        |question| {
            let mut header = question[..12].to_vec();
            header[2..12].copy_from_slice(&[0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
            vec![header]
        },
        |question| {
            assert_eq!(question[11], 0);
            good(question)
        },
    ]);
    assert_eq!(text(&ask(&[old]).unwrap()), "good");
}

#[test]
fn a_server_in_trouble_is_passed_over_if_another_does_better() {
    let failing = || server(vec![|question| poor(question, 2)]);
    assert_eq!(
        text(&ask(&[failing(), server(vec![good])]).unwrap()),
        "good"
    );
    assert_eq!(ask(&[failing()]).unwrap().rcode, Rcode::ServFail);
    let missing = server(vec![|question| poor(question, 3)]);
    assert_eq!(ask(&[missing, failing()]).unwrap().rcode, Rcode::NxDomain);
}

#[test]
fn errors_say_what_happened() {
    assert_eq!(ask(&[]), Err(ResolveError::NoServer));
    let bad = resolver(&[]).query("a..b", RecordType::A, true);
    assert_eq!(bad, Err(ResolveError::BadName("a..b".into())));
    let mute = server(vec![silent, silent]);
    let error = ask(&[mute]).unwrap_err().to_string();
    assert!(
        error.contains(&format!("{mute}: nothing within 150ms")),
        "{error}"
    );
    let noise = server(vec![|q| vec![good(q)[0][..40].to_vec()]; 2]);
    let error = ask(&[noise]).unwrap_err().to_string();
    assert!(error.contains("no DNS answer"), "{error}");
}

#[test]
fn hosts_are_looked_up_the_systems_way() {
    let local = lookup_host("localhost").unwrap();
    assert!(local.iter().all(IpAddr::is_loopback) && !local.is_empty());
    assert_eq!(lookup_host("192.0.2.1"), Ok(vec![[192, 0, 2, 1].into()]));
    assert_eq!(lookup_host("::1"), Ok(vec![Ipv6Addr::LOCALHOST.into()]));
    let error = lookup_within("localhost", Duration::ZERO);
    assert!(error.is_ok() || error.is_err_and(|e| e.contains("localhost")));
}
