use super::super::Spot;
use super::super::door::bind;
use super::super::listener::Listener;
use super::*;
use crate::net::Signed;
use crate::net::served::Witness;
use crate::types::{Owner, Owners};
use crate::x509::Certificate;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn proof(id: &str) -> Proof {
    Proof {
        id: Identifier::parse(id).expect("an identifier"),
        token: "token".into(),
        key_authorization: format!("{id}.thumb"),
        txt_value: String::new(),
        spot: Spot::default(),
    }
}

fn free_port() -> u16 {
    let socket = TcpListener::bind((LOCAL, 0)).expect("a port");
    socket.local_addr().expect("bound").port()
}

fn client(name: &str, protocol: &str) -> ClientConnection {
    let config = ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions");
    let mut config = config
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Witness::new(Signed::Any)))
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.into()];
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    ClientConnection::new(Arc::new(config), name).expect("a client")
}

/// The certificate that a CA sees.
fn look(port: u16, name: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((LOCAL, port))?;
    let mut client = client(name, "acme-tls/1");
    while client.is_handshaking() {
        client.complete_io(&mut stream)?;
    }
    assert_eq!(client.alpn_protocol(), Some(ACME_TLS));
    let shown = client.peer_certificates().expect("a certificate")[0].to_vec();
    // Nothing is said after.
    let mut rest = Vec::new();
    let ended = rustls::Stream::new(&mut client, &mut stream).read_to_end(&mut rest);
    assert_eq!((ended.expect("an end"), rest.len()), (0, 0));
    Ok(shown)
}

#[test]
fn addresses_are_asked_for_by_their_reverse_names() {
    let name = |text| server_name(&Identifier::parse(text).expect("an identifier"));
    assert_eq!(name("www.example.org"), "www.example.org");
    assert_eq!(name("192.0.2.7"), "7.2.0.192.in-addr.arpa");
    // The example of RFC 8738 section 6 in another form.
    assert_eq!(
        name("2001:DB8::8:800:200c:417A"),
        "a.7.1.4.c.0.0.2.0.0.8.0.8.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
    );
}

#[test]
fn shows_each_answer_to_whom_asks_for_it() {
    let port = free_port();
    let mut solver = Alpn::new(Door::direct(Some(LOCAL), port));
    let proofs = ["a.example", "192.0.2.7", "2001:db8::1"].map(proof);
    for proof in &proofs {
        solver.present(proof).expect("opens");
    }
    for proof in &proofs {
        let shown = look(port, &server_name(&proof.id)).expect("an answer");
        let certificate = Certificate::parse(&shown).expect("a certificate");
        assert_eq!(certificate.names, std::slice::from_ref(&proof.id));
        let digest = digest::digest(&digest::SHA256, proof.key_authorization.as_bytes());
        // The extension: its name, critical, and an OCTET STRING within another.
        let head = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x01\x1f\x01\x01\xff\x04\x22\x04\x20";
        let answer = [head, digest.as_ref()].concat();
        assert!(shown.windows(answer.len()).any(|w| w == answer));
    }
    assert!(look(port, "b.example").is_err());
    for proof in &proofs {
        solver.take_back(proof).expect("goes");
    }
    assert!(TcpStream::connect((LOCAL, port)).is_err(), "still open");
}

/// Sends back all that it gets, once.
fn echo(owner: TcpListener) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let (mut stream, _) = owner.accept().expect("a client");
        let mut all = Vec::new();
        stream.read_to_end(&mut all).expect("all of it");
        stream.write_all(&all).expect("takes it");
    })
}

#[test]
fn passes_on_what_is_for_the_owner() {
    let mut hello = Vec::new();
    let mut browser = client("a.example", "h2");
    browser.write_tls(&mut hello).expect("a ClientHello");
    let mut stranger = Vec::new();
    let mut other = client("other.example", "acme-tls/1");
    other.write_tls(&mut stranger).expect("a ClientHello");
    let body: Vec<u8> = (0..50_000u32).map(|n| n.to_le_bytes()[0]).collect();
    // Also who is asked for a challenge that is not ours: the owner may have one of its own.
    for (words, size) in [
        (&hello[..], 7),
        (&hello, 10_000),
        (&stranger, 10_000),
        (b"SSH-2.0-client\r\n", 100),
        (b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc", 3),
    ] {
        let owner = TcpListener::bind((LOCAL, 0)).expect("a port");
        let owners = Owners {
            ipv4: Some(Owner {
                host: None,
                port: owner.local_addr().expect("bound").port(),
            }),
            ipv6: None,
        };
        let echo = echo(owner);
        let port = free_port();
        let shown = Shown::default();
        let config = config(&proof("a.example")).expect("a server");
        let entry = ("a.example".to_owned(), Arc::new(config));
        shown.lock().expect("free").extend([entry]);
        let socket = bind(Some(LOCAL), port).expect("opens");
        let listener = Listener::start(socket, answering(&shown), Relay::new(owners));
        let listener = listener.expect("starts");
        let mut stream = TcpStream::connect((LOCAL, port)).expect("connects");
        stream.set_nodelay(true).expect("an option");
        for piece in words.chunks(size) {
            stream.write_all(piece).expect("sent");
        }
        stream.write_all(&body).expect("sent");
        stream.shutdown(Shutdown::Write).expect("ended");
        let mut back = Vec::new();
        stream.read_to_end(&mut back).expect("all of it");
        assert!(back == [words, &body].concat(), "{} bytes", back.len());
        echo.join().expect("served");
        assert!(look(port, "a.example").is_ok(), "the CA still looks");
        drop(listener);
    }
}

#[test]
fn nobody_keeps_the_listener_from_answering() {
    let port = free_port();
    let mut solver = Alpn::new(Door::direct(Some(LOCAL), port));
    let proof = proof("a.example");
    solver.present(&proof).expect("opens");
    let connect = || TcpStream::connect((LOCAL, port)).expect("connects");
    let _silent: Vec<TcpStream> = (0..8).map(|_| connect()).collect();
    let mut slow = connect();
    slow.write_all(b"\x16\x03\x01\x01").expect("sent");
    // Whatever cannot become a question of a CA's is hung up on at once.
    for words in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x16; 40_000]] {
        let mut odd = connect();
        odd.set_read_timeout(Some(Duration::from_secs(3)))
            .expect("an option");
        let began = Instant::now();
        let _ = odd.write_all(words);
        let mut rest = Vec::new();
        let _ = odd.read_to_end(&mut rest);
        assert!(rest.is_empty() && began.elapsed() < Duration::from_secs(2));
    }
    look(port, "a.example").expect("an answer");
    let began = Instant::now();
    slow.set_read_timeout(Some(Duration::from_secs(20)))
        .expect("an option");
    assert_eq!(slow.read(&mut [0; 9]).expect("an end"), 0);
    assert!(began.elapsed() < Duration::from_secs(15), "never dropped");
    solver.take_back(&proof).expect("goes");
}
