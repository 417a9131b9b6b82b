//! The HTTP client against real servers on loopback: good ones, slow ones, broken ones.

#![allow(clippy::unwrap_used, reason = "helpers may fail as tests do")]

mod anything;
mod ca;
mod connections;
mod replies;
mod server;
mod trust;

use certkeeper::net::{Client, Limits, Options, Roots};
use certkeeper::types::{Method, Request, Response, Transport, TransportError};
use server::{End, Stream};
use std::time::Duration;

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
