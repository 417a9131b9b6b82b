//! HTTP that is wrong: codes, redirects, types, replies that are no HTTP.

use crate::lanes::BUSY;
use crate::reply::{Reply, Step, Way};
use crate::rig::{Case, Rig, Want, play};
use serde_json::json;
use std::sync::Arc;

fn raw(reply: &mut Reply, text: &str) {
    reply.way = Way::Raw(text.into());
}

#[test]
fn codes_that_say_no() {
    let cases = [
        Case::new("404 directory", Step::Directory, |r| r.page(404), &["404"]),
        Case::new(
            "500 directory",
            Step::Directory,
            |r| r.page(500),
            &["500", "out of order"],
        ),
        Case::new(
            "500 nonce",
            Step::Nonce,
            |r| r.page(500),
            &["500", "out of order"],
        ),
        Case::new("404 nonce", Step::Nonce, |r| r.page(404), &["404"]),
        Case::new(
            "500 account",
            Step::Account,
            |r| r.page(500),
            &["500", "out of order"],
        ),
        Case::new(
            "503 order",
            Step::Order,
            |r| r.page(503),
            &["503", "out of order"],
        ),
        Case::new(
            "502 authorization",
            Step::Authz,
            |r| r.page(502),
            &["502", "out of order"],
        ),
        Case::new(
            "504 poll",
            Step::Poll,
            |r| r.page(504),
            &["504", "out of order"],
        ),
        Case::new(
            "500 finalize",
            Step::Finalize,
            |r| r.page(500),
            &["500", "out of order"],
        ),
        Case::new("403 finalize", Step::Finalize, |r| r.page(403), &["403"]),
        Case::new(
            "500 certificate",
            Step::Certificate,
            |r| r.page(500),
            &["500", "out of order"],
        ),
        Case::new(
            "404 certificate",
            Step::Certificate,
            |r| r.page(404),
            &["404"],
        ),
        Case::new("status 999", Step::Order, |r| r.page(999), &["999"]),
        Case::new(
            "an error of the server in its own words",
            Step::Order,
            |r| r.problem(500, "serverInternal", "the database is away"),
            &["the database is away", "serverInternal"],
        ),
        Case::new(
            "no account any more, whatever is done",
            Step::Order,
            |r| r.problem(400, "accountDoesNotExist", "who are you?"),
            &["who are you?"],
        ),
        Case::new(
            "204 without content",
            Step::Authz,
            |r| raw(r, "HTTP/1.1 204 Nothing\r\n\r\n"),
            &["not an authorization"],
        ),
    ];
    play(&cases, BUSY);
}

#[test]
fn redirects_are_not_followed() {
    fn to(reply: &mut Reply, status: u16, url: &str) {
        reply.page(status);
        reply.header("Location", url);
    }
    let cases = [
        Case::new(
            "301 directory, to itself",
            Step::Directory,
            |r| to(r, 301, "/dir"),
            &["301", "redirects"],
        ),
        Case::new(
            "302 nonce",
            Step::Nonce,
            |r| to(r, 302, "/nonce"),
            &["302", "redirects"],
        ),
        Case::new(
            "307 order, to the router",
            Step::Order,
            |r| to(r, 307, "http://127.0.0.1/cgi-bin/luci"),
            &["307", "redirects"],
        ),
        Case::new(
            "308 finalize, to itself",
            Step::Finalize,
            |r| to(r, 308, "/finalize/1"),
            &["308", "redirects"],
        ),
        Case::new(
            "303 certificate",
            Step::Certificate,
            |r| to(r, 303, "file:///etc/shadow"),
            &["303", "redirects"],
        ),
    ];
    play(&cases, BUSY);
}

/// What is no HTTP is told as such, and not tried again for long.
#[test]
fn replies_that_are_no_http() {
    let host = "localhost:";
    let cases = [
        Case::new(
            "another protocol",
            Step::Directory,
            |r| raw(r, "220 mail ready\r\n"),
            &[host],
        )
        .within(20),
        Case::new(
            "nothing but noise",
            Step::Order,
            |r| raw(r, "\0\u{1b}]0;owned\u{7}\r\n\r\n"),
            &[host],
        )
        .within(20),
        Case::new(
            "a header with an escape sequence",
            Step::Order,
            |r| raw(r, "HTTP/1.1 200 \u{1b}[31mOK\r\nX\u{1b}[2J: y\r\n\r\n"),
            &[host],
        )
        .within(20),
        Case::new(
            "a length that is none",
            Step::Order,
            |r| raw(r, "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}"),
            &[host],
        )
        .within(20),
        Case::new(
            "a chunk that is none",
            Step::Order,
            |r| {
                raw(
                    r,
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
                )
            },
            &[host],
        )
        .within(20),
        Case::new(
            "another protocol from now on",
            Step::Order,
            |r| raw(r, "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n"),
            &[host],
        )
        .within(20),
    ];
    play(&cases, crate::lanes::WAITING);
}

/// Types are judged by what is there, not by what it is called.
#[test]
fn a_wrong_content_type_does_no_harm() {
    for step in [
        Step::Directory,
        Step::Account,
        Step::Order,
        Step::Authz,
        Step::Certificate,
    ] {
        for kind in ["text/html", "", "application/x-sh; charset=none"] {
            let rig = Rig::due();
            rig.ca
                .twist(&[step], Arc::new(move |r| r.header("Content-Type", kind)));
            rig.recovers();
        }
    }
}

/// A root without a certificate fares no worse.
#[test]
fn a_first_certificate_meets_a_sick_ca() {
    for step in [
        Step::Directory,
        Step::Account,
        Step::Order,
        Step::Authz,
        Step::Finalize,
        Step::Certificate,
    ] {
        let rig = Rig::fresh();
        rig.ca.twist(&[step], Arc::new(|r| r.page(500)));
        rig.suffers(&Want::failure(&["500", "out of order"]));
        assert_eq!(rig.status()["state"], "connection_error");
        rig.ca.heal();
        rig.recovers();
    }
    let rig = Rig::fresh();
    rig.ca
        .twist(&[Step::Order], Arc::new(|r| r.set("status", json!("odd"))));
    rig.suffers(&Want::failure(&["odd"]));
    rig.ca.heal();
    rig.recovers();
}
