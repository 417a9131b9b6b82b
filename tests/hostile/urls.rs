//! URLs and tokens that lead elsewhere.

use crate::lanes::BUSY;
use crate::pki;
use crate::reply::{Reply, Step};
use crate::rig::{Case, Rig, Want, play};
use crate::uci::with;
use serde_json::json;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::Arc;

#[test]
fn urls_that_are_not_followed() {
    let said = "URL that is not https";
    let cases = [
        Case::new(
            "http newNonce",
            Step::Directory,
            |r| r.set("newNonce", json!("http://localhost/")),
            &[said],
        ),
        Case::new(
            "http newOrder",
            Step::Directory,
            |r| r.set("newOrder", json!("http://localhost/")),
            &[said],
        ),
        Case::new(
            "ftp newAccount",
            Step::Directory,
            |r| r.set("newAccount", json!("ftp://localhost/")),
            &[said],
        ),
        Case::new(
            "a file",
            Step::Order,
            |r| r.set("authorizations", json!(["file:///etc/shadow"])),
            &[said],
        ),
        Case::new(
            "a path",
            Step::Order,
            |r| r.set("authorizations", json!(["/authz/1"])),
            &[said],
        ),
        Case::new(
            "a line break",
            Step::Order,
            |r| r.set("authorizations", json!(["https://localhost/\r\nX: y"])),
            &["odd characters"],
        ),
        Case::new(
            "a long one",
            Step::Order,
            |r| {
                r.set(
                    "authorizations",
                    json!([format!("https://localhost/{}", "a".repeat(5000))]),
                )
            },
            &["too long"],
        ),
        Case::new(
            "an account at http",
            Step::Account,
            |r| r.header("Location", "http://localhost/1"),
            &[said],
        ),
        Case::new(
            "an order at a path",
            Step::Order,
            |r| r.header("Location", "/order/0"),
            &[said],
        ),
        Case::new(
            "a challenge elsewhere",
            Step::Authz,
            |r| r.edit(|v| v["challenges"][0]["url"] = json!("gopher://localhost/")),
            &[said],
        ),
        Case::new(
            "a finalize of nothing",
            Step::Poll,
            |r| r.set("finalize", json!("")),
            &[said],
        ),
        Case::new(
            "a certificate at http",
            Step::Finalize,
            |r| r.set("certificate", json!("http://localhost/1")),
            &[said],
        ),
        Case::new(
            "a user name",
            Step::Order,
            |r| r.set("authorizations", json!(["https://root:secret@localhost/"])),
            &["user name", "the CA"],
        ),
        Case::new(
            "a port too many",
            Step::Poll,
            |r| r.set("finalize", json!("https://localhost:99999/")),
            &["port", "the CA"],
        ),
        Case::new(
            "no host",
            Step::Directory,
            |r| r.set("newNonce", json!("https:///nonce")),
            &["the CA"],
        ),
    ];
    play(&cases, BUSY);
}

/// The remedy of a URL that the CA made up is not to correct one's own.
#[test]
fn the_cas_own_slips_are_not_its_users() {
    let rig = Rig::due();
    rig.ca.twist(
        &[Step::Poll],
        Arc::new(|r| r.set("finalize", json!("https://u@localhost/"))),
    );
    let run = rig.run(&["renew"]);
    assert_eq!(run.code(), 1, "{}", run.report());
    assert!(!run.stdout.contains("acme_server"), "{}", run.report());
}

/// A server beside the CA is not told anything: its certificate does not lead to the CA's root.
#[test]
fn another_server_hears_nothing() {
    let neighbour = Rig::fresh();
    let (leaf, _) = pki::server_of("Root of a neighbour", &["localhost"], -1..365);
    neighbour.ca.wear(&leaf);
    let url = format!("https://localhost:{}/elsewhere", neighbour.ca.port());
    for step in [Step::Directory, Step::Order] {
        let rig = Rig::due();
        let url = url.clone();
        rig.ca.twist(
            &[step],
            Arc::new(move |r| match step {
                Step::Directory => r.set("newNonce", json!(url)),
                _ => r.set("authorizations", json!([url, url])),
            }),
        );
        rig.suffers(&Want::failure(&["etc/ssl/ca.pem", "ca_file"]));
        rig.ca.heal();
        rig.recovers();
    }
    assert_eq!(neighbour.ca.asked(), []);
}

fn token(reply: &mut Reply, text: &str) {
    reply.edit(|v| v["challenges"][0]["token"] = json!(text));
}

#[test]
fn tokens_that_are_no_tokens() {
    let said = "token that is not base64url";
    let cases = [
        Case::new(
            "a path up",
            Step::Authz,
            |r| token(r, "../../etc/passwd"),
            &[said],
        )
        .lasting(),
        Case::new(
            "a path",
            Step::Authz,
            |r| token(r, "/etc/config/network"),
            &[said],
        ),
        Case::new("dots", Step::Authz, |r| token(r, ".."), &[said]),
        Case::new("a command", Step::Authz, |r| token(r, "$(reboot)"), &[said]),
        Case::new(
            "a list of commands",
            Step::Authz,
            |r| token(r, "a;reboot;`id`"),
            &[said],
        ),
        Case::new(
            "a NUL",
            Step::Authz,
            |r| token(r, "abcdefgh\0.txt"),
            &[said],
        ),
        Case::new(
            "a line break",
            Step::Authz,
            |r| token(r, "abc\r\nSet-Cookie: a"),
            &[said],
        ),
        Case::new(
            "an escape sequence",
            Step::Authz,
            |r| token(r, "\u{1b}]0;x\u{7}"),
            &[said],
        ),
        Case::new("an empty one", Step::Authz, |r| token(r, ""), &[said]),
        Case::new(
            "a long one",
            Step::Authz,
            |r| token(r, &"a".repeat(200_000)),
            &[said],
        ),
        Case::new(
            "letters of elsewhere",
            Step::Authz,
            |r| token(r, "t\u{f6}k\u{435}n"),
            &[said],
        ),
        Case::new(
            "a number",
            Step::Authz,
            |r| r.edit(|v| v["challenges"][0]["token"] = json!(5)),
            &["not an authorization"],
        ),
        Case::new(
            "none",
            Step::Authz,
            |r| {
                r.edit(|v| drop(v["challenges"][0].as_object_mut().unwrap().remove("token")));
            },
            &[said],
        ),
    ];
    play(&cases, BUSY);
}

/// The own listener hears no longer than the run.
#[test]
fn a_listener_ends_with_its_run() {
    for (step, status) in [
        (Step::Challenge, 500),
        (Step::Poll, 503),
        (Step::Finalize, 500),
    ] {
        let rig = Rig::fresh();
        let port = crate::support::server::free_port();
        let options = with(
            vec![("validation_method", "standalone".into())],
            &[("listen_address", "127.0.0.1")],
        );
        let options = [options, vec![("listen_port", port.to_string())]].concat();
        rig.configure(
            &format!("https://localhost:{}/dir", rig.ca.port()),
            &options,
        );
        let open = move || TcpListener::bind(("127.0.0.1", port)).map_err(|e| e.kind());
        rig.ca.twist(
            &[step],
            Arc::new(move |r| {
                if step == Step::Challenge {
                    assert_eq!(open().err(), Some(ErrorKind::AddrInUse), "nobody listens");
                }
                r.page(status);
            }),
        );
        let run = rig.run(&["renew"]);
        assert_eq!(run.code(), 1, "{}", run.report());
        assert!(open().is_ok(), "somebody listens still: {}", run.report());
    }
}
