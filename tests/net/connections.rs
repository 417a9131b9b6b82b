//! Connections: kept, closed, cut, silent.

use super::ca::{Ca, PemFile};
use super::server::{End, Server, Stream};
use super::*;
use std::net::{TcpListener, UdpSocket};
use std::process::Command;
use std::thread;
use std::time::Instant;

#[test]
fn calls_share_one_connection() {
    let ca = Ca::root("Root");
    let roots = PemFile::new(&ca.pem());
    let server = Server::tls(&ca.leaf(&["localhost"], -1..9), always(OK));
    let client = client_of(Roots::File(roots.0.clone()), Limits::default());
    for _ in 0..3 {
        assert_eq!(get(&client, &server.url("/")).unwrap().body, b"ok");
        assert_eq!(
            post(&client, &server.url("/"), &[b'x'; 100_000])
                .unwrap()
                .body,
            b"ok"
        );
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!((server.requests(), server.connections()), (6, 1));
}

/// The server closes what it kept open: seen before sending, while sending, or in place of a reply.
#[test]
fn a_kept_connection_that_the_server_closed_is_replaced() {
    type Script = fn(&mut dyn Stream, usize) -> End;
    let scripts: [Script; 4] = [
        |stream, _| {
            stream.read_request();
            stream.write_all(OK.as_bytes()).unwrap();
            End::Orderly
        },
        |stream, number| {
            stream.read_request();
            stream.write_all(OK.as_bytes()).unwrap();
            if number == 0 {
                stream.read_request();
            }
            End::Orderly
        },
        |stream, number| {
            stream.read_request();
            stream.write_all(OK.as_bytes()).unwrap();
            if number == 0 {
                stream.read_request();
            }
            End::Reset
        },
        |stream, _| {
            stream.read_request();
            stream.write_all(OK.as_bytes()).unwrap();
            End::Reset
        },
    ];
    let ca = Ca::root("Root");
    let roots = PemFile::new(&ca.pem());
    for (index, script) in scripts.into_iter().enumerate() {
        let leaf = ca.leaf(&["localhost"], -1..9);
        for server in [Server::plain(script), Server::tls(&leaf, script)] {
            for pause in [0, 30] {
                let client = client_of(Roots::File(roots.0.clone()), Limits::default());
                let before = server.connections();
                assert_eq!(get(&client, &server.url("/")).unwrap().body, b"ok");
                thread::sleep(Duration::from_millis(pause));
                let reply = post(&client, &server.url("/"), &[b'x'; 20_000]);
                assert_eq!(reply.unwrap().body, b"ok", "script {index}");
                assert_eq!(server.connections() - before, 2);
                server.start_over();
            }
        }
    }
}

#[test]
fn a_new_connection_that_ends_without_a_reply_is_not_tried_again() {
    for end in [End::Orderly, End::Reset] {
        let server = Server::plain(move |stream, _| {
            stream.read_request();
            end
        });
        let error = post(&client(), &server.url("/token"), b"x").unwrap_err();
        assert!(
            matches!(&error, TransportError::Broken(text) if !text.contains("token")),
            "{error:?}"
        );
        assert!(error.passing());
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn a_kept_connection_is_replaced_once() {
    let server = Server::plain(|stream, number| {
        stream.read_request();
        if number == 0 {
            stream.write_all(OK.as_bytes()).unwrap();
            stream.read_request();
        }
        End::Orderly
    });
    let client = client();
    get(&client, &server.url("/")).unwrap();
    let error = get(&client, &server.url("/")).unwrap_err();
    assert!(matches!(error, TransportError::Broken(_)), "{error:?}");
    assert_eq!((server.requests(), server.connections()), (3, 2));
}

#[test]
fn a_reply_before_the_request_is_whole_is_taken() {
    let server = Server::plain(|stream, _| {
        stream.read_some();
        stream
            .write_all(b"HTTP/1.1 413 Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
            .unwrap();
        End::Orderly
    });
    let reply = post(&client(), &server.url("/"), &vec![b'x'; 20_000_000]).unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (413, &b"no"[..]));
}

#[test]
fn cut_replies_are_errors() {
    for reply in [
        "HTTP/1.1 200 O",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
    ] {
        for end in [End::Orderly, End::Reset] {
            let server = Server::plain(once(reply, end));
            let error = get(&client(), &server.url("/token")).unwrap_err();
            assert!(
                matches!(&error, TransportError::Broken(text) if !text.contains("token")),
                "{reply}: {error:?}"
            );
        }
    }
}

/// RFC 9112 section 9.8.
#[test]
fn a_body_without_length_ends_with_an_orderly_close_alone() {
    const OPEN: &str = "HTTP/1.1 200 OK\r\n\r\nall of it";
    let ca = Ca::root("Root");
    let roots = PemFile::new(&ca.pem());
    let leaf = ca.leaf(&["localhost"], -1..9);
    let client = client_of(Roots::File(roots.0.clone()), Limits::default());
    for (server, whole) in [
        (Server::plain(once(OPEN, End::Orderly)), true),
        (Server::plain(once(OPEN, End::Reset)), false),
        (Server::tls(&leaf, once(OPEN, End::Orderly)), true),
        (Server::tls(&leaf, once(OPEN, End::Unannounced)), false),
    ] {
        match get(&client, &server.url("/")) {
            Ok(reply) => assert!(whole && reply.body == b"all of it"),
            Err(error) => assert!(!whole && error.passing(), "{error:?}"),
        }
    }
}

#[test]
fn silence_ends_in_time() {
    let ca = Ca::root("Root");
    let leaf = ca.leaf(&["localhost"], -1..9);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mute = Server::plain(|stream, _| {
        stream.read_request();
        thread::sleep(2 * LIMITS.call);
        End::Orderly
    });
    let trickle = |head: &'static str| {
        move |stream: &mut dyn Stream, _| {
            stream.read_request();
            for byte in head.bytes().chain(std::iter::repeat_n(b'x', 1000)) {
                if stream.write_all(&[byte]).is_err() {
                    break;
                }
                thread::sleep(Duration::from_millis(20));
            }
            End::Orderly
        }
    };
    let slow_head = Server::plain(trickle("HTTP/1.1 200 OK\r\n"));
    let slow_body = Server::tls(
        &leaf,
        trickle("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"),
    );
    let roots = PemFile::new(&ca.pem());
    let cases = [
        (format!("https://localhost:{port}/token"), LIMITS.connect),
        (format!("http://localhost:{port}/token"), LIMITS.call),
        (mute.url("/token"), LIMITS.call),
        (slow_head.url("/token"), LIMITS.call),
        (slow_body.url("/token"), LIMITS.call),
    ];
    let judge = |url: &str, limit: Duration| {
        let client = client_of(Roots::File(roots.0.clone()), LIMITS);
        let start = Instant::now();
        let error = get(&client, url).unwrap_err();
        let took = start.elapsed();
        let told = matches!(&error, TransportError::Timeout(text) if !text.contains("token"));
        assert!(told, "{url}: {error:?}");
        assert!(took >= limit && took < 2 * limit, "{url}: {took:?}");
    };
    thread::scope(|scope| {
        for (url, limit) in &cases {
            scope.spawn(|| judge(url, *limit));
        }
    });
}

#[test]
fn hosts_that_cannot_be_reached_are_named() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = get(&hasty_client(), &format!("http://{closed}/token")).unwrap_err();
    assert_eq!(
        error,
        TransportError::Connect(format!(
            "cannot connect to {closed} (127.0.0.1: Connection refused (os error 111))"
        ))
    );
    // Too long for DNS: no resolver asks anyone.
    let host = "a".repeat(70);
    let error = get(&hasty_client(), &format!("http://{host}/token")).unwrap_err();
    assert!(
        matches!(&error, TransportError::Resolve(text) if text.contains(&host) && !text.contains("token")),
        "{error:?}"
    );
}

/// Runs itself once more, with proxies in the environment.
#[test]
fn proxies_of_the_environment_are_ignored() {
    if let Ok(url) = std::env::var("CERTKEEPER_TEST_URL") {
        assert_eq!(get(&hasty_client(), &url).unwrap().body, b"ok");
        return;
    }
    let server = Server::plain(always(OK));
    let proxy = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        child.env(name, format!("http://{proxy}"));
    }
    let status = child
        .args([
            "--exact",
            "connections::proxies_of_the_environment_are_ignored",
        ])
        .env("CERTKEEPER_TEST_URL", server.url("/"))
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");
    assert_eq!(server.requests(), 1);
}
