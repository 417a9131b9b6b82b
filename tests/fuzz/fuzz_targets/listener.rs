//! Requests to the http-01 listener.
//!
//! The input is what a client sends. One that begins with `!` goes, without it, through a real
//! listener on the loopback, in pieces as long as the byte after the `!` says.
#![no_main]

use certkeeper::challenge::{Door, Proof, Solver, Standalone, WELL_KNOWN, token};
use certkeeper::types::Identifier;
use libfuzzer_sys::fuzz_target;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::OnceLock;

const TOKEN: &str = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
const ANSWER: &str = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.thumbprint";

fuzz_target!(|input: &[u8]| {
    match input {
        [b'!', size, request @ ..] => send(request, usize::from(*size).max(1)),
        _ => check(input),
    }
});

/// A token is a part of a GET for the well-known path, and nothing but a word.
fn check(request: &[u8]) {
    let Some(found) = token(request) else {
        return;
    };
    assert!(!found.contains([' ', '\r', '\n']), "{found:?}");
    let line = format!("GET {WELL_KNOWN}{found} HTTP/1.");
    assert!(request.starts_with(line.as_bytes()));
}

/// Every client gets an answer, or the end of the connection; the secret one, who knows the token.
fn send(request: &[u8], size: usize) {
    let mut stream = match TcpStream::connect(address()) {
        // The kernel keeps the ports of former connections for a while.
        Err(e) if e.kind() == ErrorKind::AddrNotAvailable => return,
        connected => connected.expect("the listener accepts"),
    };
    stream.set_nodelay(true).expect("an option of the socket");
    for piece in request.chunks(size) {
        // The listener hangs up on who sends too much, or more than one request.
        if stream.write_all(piece).is_err() {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Write);
    let mut reply = Vec::new();
    // It also hangs up on who is slow, as we are on a busy machine.
    if stream.read_to_end(&mut reply).is_err() || reply.is_empty() {
        return;
    }
    let reply = String::from_utf8(reply).expect("the reply is text");
    let (head, body) = reply.split_once("\r\n\r\n").expect("a whole head");
    assert!(head.contains(&format!("\r\nContent-Length: {}", body.len())));
    if head.starts_with("HTTP/1.1 200 OK\r\n") {
        assert_eq!((token(request), body), (Some(TOKEN), ANSWER));
    } else {
        assert!(head.starts_with("HTTP/1.1 404 Not Found\r\n"), "{head}");
        assert!(!body.contains(TOKEN));
    }
}

/// Where the listener is; it stays open as long as the process.
fn address() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| {
        let local = IpAddr::from(Ipv4Addr::LOCALHOST);
        let free = TcpListener::bind((local, 0)).and_then(|socket| socket.local_addr());
        let address = free.expect("a free port");
        let mut solver = Standalone::new(Door::direct(Some(local), address.port()));
        let proof = Proof {
            id: Identifier::parse("a.example.org").expect("a name"),
            token: TOKEN.into(),
            key_authorization: ANSWER.into(),
            txt_value: String::new(),
            spot: Default::default(),
        };
        solver.present(&proof).expect("the listener opens");
        std::mem::forget(solver);
        address
    })
}
