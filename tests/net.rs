//! The HTTP client against real servers on loopback: good ones, slow ones, broken ones.

#[path = "net/ca.rs"]
mod ca;
#[path = "net/server.rs"]
mod server;

use ca::{Ca, Leaf, PemFile};
use certkeeper::net::{Client, Limits, Options, Roots};
use certkeeper::types::{Method, Request, Response, Transport, TransportError};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use server::{End, Server, Stream};
use std::net::{TcpListener, UdpSocket};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Short, and yet long enough for a busy machine.
const LIMITS: Limits = Limits {
    connect: Duration::from_millis(400),
    call: Duration::from_millis(800),
};

fn client_of(roots: Roots, limits: Limits) -> Client {
    Client::new(Options {
        user_agent: "certkeeper/1.2.3".into(),
        roots,
        allow_http: true,
        limits,
    })
}

/// For plain HTTP: without roots, which must not matter.
fn client() -> Client {
    client_of(Roots::Bundle("/nonexistent".into()), Limits::default())
}

fn hasty_client() -> Client {
    client_of(Roots::Bundle("/nonexistent".into()), LIMITS)
}

fn request(method: Method, url: &str) -> Request<'_> {
    Request {
        method,
        url,
        headers: &[],
        body: b"",
        max_reply: 1000,
    }
}

fn get(client: &Client, url: &str) -> Result<Response, TransportError> {
    client.call(&request(Method::Get, url))
}

fn post(client: &Client, url: &str, body: &[u8]) -> Result<Response, TransportError> {
    client.call(&Request {
        body,
        ..request(Method::Post, url)
    })
}

/// Answers each request on a connection with this text.
fn always(reply: &'static str) -> impl Fn(&mut dyn Stream, usize) -> End + Send + Sync {
    move |stream, _| {
        while stream.read_request().is_some() {
            stream.write_all(reply.as_bytes()).unwrap();
        }
        End::Orderly
    }
}

/// Answers one request a connection, then does this.
fn once(reply: &'static str, end: End) -> impl Fn(&mut dyn Stream, usize) -> End + Send + Sync {
    move |stream, _| {
        stream.read_request();
        stream.write_all(reply.as_bytes()).unwrap();
        end
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// What is sent, and what comes back.

#[test]
fn requests_are_sent_as_asked() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let server = Server::plain(move |stream, _| {
        while let Some(request) = stream.read_request() {
            log.lock().unwrap().push(request);
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
        }
        End::Orderly
    });
    let client = client();
    let url = server.url("/path?query=1");
    let methods = [
        Method::Get,
        Method::Head,
        Method::Delete,
        Method::Post,
        Method::Put,
        Method::Patch,
    ];
    for method in methods {
        for body in [&b""[..], b"{\"a\":1}"] {
            let asked = Request {
                headers: &[("Content-Type", "application/json"), ("X-Key", "k")],
                body,
                ..request(method, &url)
            };
            assert_eq!(client.call(&asked).unwrap().status, 204);
        }
    }
    let seen = seen.lock().unwrap();
    for (index, name) in ["GET", "HEAD", "DELETE", "POST", "PUT", "PATCH"]
        .iter()
        .enumerate()
    {
        let (bare, full) = (&seen[2 * index], &seen[2 * index + 1]);
        for text in [bare, full] {
            assert!(
                text.starts_with(&format!("{name} /path?query=1 HTTP/1.1\r\n")),
                "{text}"
            );
            let head = text.to_ascii_lowercase();
            assert!(
                head.contains("\r\nuser-agent: certkeeper/1.2.3\r\n"),
                "{text}"
            );
            assert!(
                head.contains(&format!("\r\nhost: 127.0.0.1:{}\r\n", server.port)),
                "{text}"
            );
            assert!(head.contains("\r\nx-key: k\r\n"), "{text}");
            for unwanted in [
                "accept",
                "cookie",
                "transfer-encoding",
                "expect:",
                "connection",
            ] {
                assert!(!head.contains(unwanted), "{text}");
            }
        }
        assert!(
            full.ends_with("\r\n\r\n{\"a\":1}")
                && full
                    .to_ascii_lowercase()
                    .contains("\r\ncontent-length: 7\r\n")
        );
        assert_eq!(
            bare.to_ascii_lowercase()
                .contains("\r\ncontent-length: 0\r\n"),
            index >= 3,
            "{bare}"
        );
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn replies_are_returned_as_they_are() {
    let server = Server::plain(always(
        "HTTP/1.1 404 Nope\r\nReplay-Nonce: Abc\r\nLink: <a>\r\nLINK: <b>\r\nX-Odd: \u{fc}\r\n\
         Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    ));
    let client = client();
    let reply = get(&client, &server.url("/")).unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (404, &b"abcde"[..]));
    assert_eq!(reply.header("replay-nonce"), Some("Abc"));
    assert_eq!(reply.headers_of("link").collect::<Vec<_>>(), ["<a>", "<b>"]);
    assert_eq!(reply.header("x-odd"), Some("\u{fc}"));
    let latin = Server::plain(|stream, _| {
        stream.read_request();
        stream
            .write_all(
                b"HTTP/1.1 503 Busy\r\nX-Odd: \xfc\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n",
            )
            .unwrap();
        End::Orderly
    });
    let reply = get(&client, &latin.url("/")).unwrap();
    assert_eq!((reply.status, reply.header("x-odd")), (503, None));
    assert_eq!(reply.header("retry-after"), Some("9"));
}

#[test]
fn redirects_are_returned_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let server = Server::plain(move |stream, _| {
            while stream.read_request().is_some() {
                let reply = format!(
                    "HTTP/1.1 {status} Go\r\nLocation: /elsewhere\r\nContent-Length: 2\r\n\r\ngo"
                );
                stream.write_all(reply.as_bytes()).unwrap();
            }
            End::Orderly
        });
        let client = client();
        for reply in [
            get(&client, &server.url("/")),
            post(&client, &server.url("/"), b"x"),
        ] {
            let reply = reply.unwrap();
            assert_eq!((reply.status, reply.body.as_slice()), (status, &b"go"[..]));
            assert_eq!(reply.header("location"), Some("/elsewhere"));
        }
        assert_eq!((server.requests(), server.connections()), (2, 1));
    }
}

#[test]
fn replies_that_are_too_large_are_refused() {
    let big = "x".repeat(3000);
    let wide = format!(
        "HTTP/1.1 200 OK\r\nX-Wide: {}\r\nContent-Length: 0\r\n\r\n",
        "x".repeat(100_000)
    );
    let cases = [
        format!("HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n{big}"),
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999\r\n\r\n".into(),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nbb8\r\n{big}\r\n0\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\n\r\n{big}"),
        wide,
    ];
    for reply in cases {
        let server = Server::plain(move |stream, _| {
            stream.read_request();
            let _ = stream.write_all(reply.as_bytes());
            End::Orderly
        });
        let error = get(&client(), &server.url("/token")).unwrap_err();
        assert!(
            matches!(&error, TransportError::TooLarge(text) if text.contains("127.0.0.1:")),
            "{error:?}"
        );
    }
    let exact = Server::plain(once(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        End::Orderly,
    ));
    let url = exact.url("/");
    let asked = Request {
        max_reply: 2,
        ..request(Method::Get, &url)
    };
    assert_eq!(client().call(&asked).unwrap().body, b"ok");
}

#[test]
fn a_head_reply_has_no_body_whatever_length_it_names() {
    let server = Server::plain(always(
        "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nReplay-Nonce: n\r\n\r\n",
    ));
    let client = client();
    for _ in 0..2 {
        let reply = client
            .call(&request(Method::Head, &server.url("/")))
            .unwrap();
        assert_eq!(
            (reply.body.len(), reply.header("replay-nonce")),
            (0, Some("n"))
        );
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn urls_and_headers_that_cannot_be_sent_are_refused_without_repeating_them() {
    let strict = Client::new(Options {
        user_agent: "certkeeper/1".into(),
        roots: Roots::Bundle("/nonexistent".into()),
        allow_http: false,
        limits: LIMITS,
    });
    for url in [
        "",
        "secret",
        "http://127.0.0.1/secret",
        "ftp://127.0.0.1/secret",
        "https://u:secret@127.0.0.1/",
        "https://127.0.0.1/\nsecret",
    ] {
        let error = get(&strict, url).unwrap_err();
        assert!(matches!(error, TransportError::BadUrl(_)), "{error:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let headers = [("X-Token", "secret\r\nX: y")];
    let asked = Request {
        headers: &headers,
        ..request(Method::Get, "http://127.0.0.1:1/")
    };
    let error = client().call(&asked).unwrap_err();
    assert!(
        matches!(error, TransportError::BadUrl(_)) && !error.to_string().contains("secret"),
        "{error:?}"
    );
}

// Connections.

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

#[test]
fn proxies_of_the_environment_are_ignored() {
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
            "child_with_proxies_in_its_environment",
            "--ignored",
        ])
        .env("CERTKEEPER_TEST_URL", server.url("/"))
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");
    assert_eq!(server.requests(), 1);
}

#[test]
#[ignore = "started by proxies_of_the_environment_are_ignored"]
fn child_with_proxies_in_its_environment() {
    let url = std::env::var("CERTKEEPER_TEST_URL").unwrap();
    assert_eq!(get(&hasty_client(), &url).unwrap().body, b"ok");
}

// TLS.

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

// Anything at all.

/// A panic would end certkeeper: ureq's parser, too, must take whatever comes.
#[test]
fn no_reply_makes_the_client_panic() {
    let next = Arc::new(Mutex::new(Vec::new()));
    let current = next.clone();
    let server = Server::plain(move |stream, _| {
        while stream.read_request().is_some() {
            let reply: Vec<u8> = current.lock().unwrap().clone();
            if stream.write_all(&reply).is_err() {
                break;
            }
            if reply.len() % 3 != 0 {
                break;
            }
        }
        End::Orderly
    });
    let pieces = prop::sample::select(vec![
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 200\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 101 Switch\r\n",
        "HTTP/1.1 103 Hints\r\nLink: <a>\r\n\r\n",
        "HTTP/1.1 302 F\r\n",
        "HTTP/1.1 304 N\r\n",
        "HTTP/1.1 204 N\r\n",
        "HTTP/1.1 999 X\r\n",
        "Content-Length: 5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: -1\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Connection: close\r\n",
        "Connection: keep-alive\r\n",
        "Location: http://[\r\n",
        "Location: \r\n",
        "X: \u{1}\r\n",
        ": \r\n",
        "\r\n",
        "5\r\nhello\r\n",
        "0\r\n\r\n",
        "0\r\nTrailer: x\r\n\r\n",
        "ffffffffffffffff\r\n",
        "FFFFFFFF\r\n",
        "-1\r\n",
        "5;ext=\"\r\n\"\r\n",
        "hello",
        "\0",
        "\r",
        "\n",
    ]);
    let replies = prop::collection::vec(pieces, 0..12);
    let client = hasty_client();
    let url = server.url("/");
    let mut runner = TestRunner::new(Config {
        cases: 1500,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(
            &(
                replies,
                any::<prop::sample::Index>(),
                any::<u8>(),
                any::<bool>(),
            ),
            |(pieces, at, byte, head)| {
                let mut reply = pieces.concat().into_bytes();
                if !reply.is_empty() && byte != 0 {
                    let at = at.index(reply.len());
                    reply[at] = byte;
                }
                if reply.len() % 3 == 0 {
                    reply.push(b'\n'); // or the server would wait for another request
                }
                *next.lock().unwrap() = reply;
                let method = if head { Method::Head } else { Method::Get };
                let _ = client.call(&request(method, &url));
                Ok(())
            },
        )
        .unwrap();
}
