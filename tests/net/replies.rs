//! What is sent, and what comes back.

use super::server::{End, Server};
use super::*;
use std::sync::{Arc, Mutex};

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
