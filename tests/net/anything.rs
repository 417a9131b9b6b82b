//! Replies that no server sends.

use super::server::{End, Server};
use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::sync::{Arc, Mutex};

/// A panic would end certkeeper: ureq's parser, too, must take whatever comes.
#[test]
fn no_reply_makes_the_client_panic() {
    let next = Arc::new(Mutex::new(Vec::new()));
    let current = next.clone();
    let server = Server::plain(move |stream, _| {
        stream.read_request();
        let reply: Vec<u8> = current.lock().unwrap().clone();
        let _ = stream.write_all(&reply);
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
                *next.lock().unwrap() = reply;
                let method = if head { Method::Head } else { Method::Get };
                let _ = client.call(&request(method, &url));
                Ok(())
            },
        )
        .unwrap();
}
