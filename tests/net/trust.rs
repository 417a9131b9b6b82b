//! TLS: who is trusted, and what is said of who is not.

use super::ca::{Ca, Leaf, PemFile};
use super::server::{End, Server};
use super::*;

#[test]
fn certificates_are_judged_in_plain_words() {
    let (ca, unknown) = (Ca::root("Root"), Ca::root("Unknown"));
    let middle = ca.sub("Middle");
    let file = PemFile::new(&(Ca::root("Another").pem() + &ca.pem()));
    let path = file.0.display().to_string();
    let here = ["localhost"];
    let cases: [(Leaf, &[&str]); 9] = [
        (ca.leaf(&here, -1..9), &[]),
        (middle.leaf(&here, -1..9).with(&middle), &[]),
        (ca.leaf(&here, -9..-1), &["expired on 20", "clock"]),
        (ca.leaf(&here, 1..9), &["valid from 20", "clock"]),
        (
            ca.leaf(&["a.example", "*.b.example", "192.0.2.1"], -1..9),
            &["is for a.example, *.b.example, 192.0.2.1, not for localhost"],
        ),
        (
            ca.leaf(&["a", "b", "c", "d", "e", "f", "g"], -1..9),
            &["a, b, c, d, e, …"],
        ),
        (ca.leaf(&[], -1..9), &["no name at all"]),
        (unknown.leaf(&here, -1..9), &[&path, "ca-bundle", "ca_file"]),
        (middle.leaf(&here, -1..9), &[&path]),
    ];
    for (leaf, words) in cases {
        let server = Server::tls(&leaf, always(OK));
        let client = client_of(Roots::Bundle(file.0.clone()), Limits::default());
        match get(&client, &server.url("/token")) {
            Ok(reply) => assert!(words.is_empty() && reply.body == b"ok"),
            Err(TransportError::Tls(text)) => {
                let host = format!("localhost:{}", server.port);
                for word in words.iter().chain([&&host[..]]) {
                    assert!(text.contains(word), "{word}: {text}");
                }
                assert!(!words.is_empty() && !text.contains("token"), "{text}");
            }
            Err(error) => panic!("{error:?}"),
        }
        assert_eq!(server.requests(), usize::from(words.is_empty()));
    }
}

#[test]
fn addresses_and_tls_1_2_are_taken() {
    let ca = Ca::root("Root");
    let roots = PemFile::new(&ca.pem());
    let leaf = ca.leaf(&["127.0.0.1"], -1..9);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let server = Server::tls_of(&leaf, &[version], always(OK));
        let client = client_of(Roots::File(roots.0.clone()), Limits::default());
        let url = format!("https://127.0.0.1:{}/", server.port);
        assert_eq!(get(&client, &url).unwrap().body, b"ok");
    }
}

#[test]
fn missing_roots_are_an_error_of_their_own() {
    let ca = Ca::root("Root");
    let server = Server::tls(&ca.leaf(&["localhost"], -1..9), always(OK));
    let empty = PemFile::new("");
    for path in [
        "/nonexistent/bundle.crt".into(),
        empty.0.clone(),
        "/".into(),
    ] {
        let client = client_of(Roots::Bundle(path.clone()), Limits::default());
        let error = get(&client, &server.url("/")).unwrap_err();
        let TransportError::Roots(text) = error else {
            panic!("{error:?}");
        };
        assert!(
            text.contains(&path.display().to_string()) && text.contains("opkg install ca-bundle"),
            "{text}"
        );
    }
}

#[test]
fn a_server_without_tls_is_recognized() {
    let server = Server::plain(|stream, _| {
        stream.read_some();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
        End::Orderly
    });
    let error = get(&hasty_client(), &server.url("/").replace("http:", "https:")).unwrap_err();
    assert!(
        matches!(&error, TransportError::Tls(text) if text.contains("does not answer in TLS")),
        "{error:?}"
    );
    let closing = Server::plain(|stream, _| {
        stream.read_some();
        End::Orderly
    });
    let error = get(
        &hasty_client(),
        &closing.url("/").replace("http:", "https:"),
    )
    .unwrap_err();
    assert!(
        matches!(&error, TransportError::Broken(text) if text.contains("during the TLS handshake")),
        "{error:?}"
    );
}
