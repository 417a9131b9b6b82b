//! What a CA writes reaches terminals, logs and pages: without what would steer them.

use crate::lanes::BUSY;
use crate::pki::Form;
use crate::reply::{Reply, STEPS, Step};
use crate::rig::{Case, Rig, Want, plain, play};
use serde_json::json;
use std::sync::Arc;

/// Clears the screen, sets the title, rings, begins lines of its own.
const EVIL: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31mtxt.exe\r\nweb: all is well\t\u{85}\0";

#[test]
fn texts_of_the_ca_steer_no_terminal() {
    let cases = [
        Case::new(
            "a problem",
            Step::Order,
            |r| r.problem(400, "malformed", EVIL),
            &["txt.exe"],
        ),
        Case::new(
            "a problem's type",
            Step::Order,
            |r| r.problem(400, EVIL, "said so"),
            &["said so"],
        ),
        Case::new(
            "a type alone",
            Step::Order,
            |r| {
                r.problem(400, "", "");
                r.set("type", json!(EVIL));
            },
            &["txt.exe"],
        ),
        Case::new(
            "names in a problem",
            Step::Order,
            |r| {
                r.problem(400, "compound", "several");
                let name = json!({"type": "dns", "value": EVIL});
                r.set(
                    "subproblems",
                    json!([{"type": EVIL, "detail": EVIL, "identifier": name}]),
                );
            },
            &["several"],
        ),
        Case::new(
            "a status",
            Step::Order,
            |r| r.set("status", json!(EVIL)),
            &["txt.exe"],
        ),
        Case::new(
            "the kinds of challenges",
            Step::Authz,
            |r| r.edit(|v| v["challenges"][0]["type"] = json!(EVIL)),
            &["does not offer"],
        ),
        Case::new("an order's error", Step::Poll, failed, &["txt.exe"]),
        Case::new(
            "an authorization's error",
            Step::Authz,
            |r| r.problem(403, "unauthorized", EVIL),
            &["txt.exe", "unauthorized"],
        ),
        Case::new(
            "a long problem",
            Step::Order,
            |r| r.problem(400, "malformed", &"\u{1b}[31mlong ".repeat(10_000)),
            &["long"],
        ),
        Case::new(
            "an account that is wanted elsewhere",
            Step::Directory,
            |r| {
                r.set(
                    "meta",
                    json!({"externalAccountRequired": true, "termsOfService": EVIL}),
                )
            },
            &["EAB"],
        ),
    ];
    play(&cases, BUSY);
}

/// Marks of writing from right to left turn around what is shown after them.
#[test]
fn texts_of_the_ca_turn_no_line_around() {
    let cases = [
        Case::new(
            "a problem",
            Step::Order,
            |r| r.problem(400, "malformed", "\u{202e}gpj.exe\u{2066}"),
            &["exe"],
        ),
        Case::new(
            "a status",
            Step::Order,
            |r| r.set("status", json!("\u{202e}odd")),
            &["odd"],
        ),
    ];
    play(&cases, BUSY);
}

fn failed(reply: &mut Reply) {
    reply.set("status", json!("invalid"));
    reply.set("error", json!({"type": EVIL, "detail": EVIL}));
}

/// A site whose section asks for that profile.
fn with_profile(profile: &str) -> Rig {
    let rig = Rig::due();
    rig.configure(
        &format!("https://localhost:{}/dir", rig.ca.port()),
        &[
            ("validation_method", "webroot".into()),
            ("cert_profile", profile.into()),
        ],
    );
    rig
}

#[test]
fn profiles_by_the_thousand() {
    let rig = with_profile("wanted");
    rig.ca.twist(
        &[Step::Directory],
        Arc::new(|r| {
            let profile = |n: usize| (format!("{EVIL}{n}"), json!(""));
            let profiles: serde_json::Map<_, _> = (0..3000).map(profile).collect();
            r.set("meta", json!({ "profiles": profiles }));
        }),
    );
    rig.suffers(&Want::failure(&["no profile 'wanted'", "cert_profile"]));
}

#[test]
fn a_profile_that_is_offered_and_refused() {
    let rig = with_profile("default");
    rig.ca.twist(
        &[Step::Order],
        Arc::new(|r| r.problem(400, "invalidProfile", "not for this account")),
    );
    let words = [
        "not for this account (invalidProfile)",
        "its profiles are: default",
    ];
    rig.suffers(&Want::failure(&words));
}

#[test]
fn terms_that_nobody_accepted() {
    let rig = Rig::due();
    let text = rig.temp.read("etc/config/certkeeper");
    rig.temp.uci(&text.replace("\toption accept_tos '1'\n", ""));
    rig.ca.twist(
        &[Step::Directory],
        Arc::new(|r| r.set("meta", json!({"termsOfService": EVIL}))),
    );
    rig.suffers(&Want::failure(&["accept_tos=1"]));
}

/// Names within a certificate are shown, too.
#[test]
fn the_issuers_name_steers_no_terminal() {
    let rig = Rig::due();
    rig.ca.form(Form {
        issuer: EVIL.into(),
        ..Form::good()
    });
    rig.recovers();
    for args in [
        &["status"][..],
        &["status", "web"],
        &["show", "web"],
        &["log", "web"],
    ] {
        let run = rig.run(args);
        assert_eq!(run.code(), 0, "{}", run.report());
        plain(&run.stdout);
        plain(&run.stderr);
    }
    assert!(
        rig.status()["certificate"]["issuer"]
            .as_str()
            .unwrap()
            .contains("txt.exe")
    );
}

/// Each request is shown with --debug.
#[test]
fn debugging_steers_no_terminal() {
    for step in STEPS {
        let rig = Rig::due();
        rig.ca
            .twist(&[step], Arc::new(|r| r.problem(400, "malformed", EVIL)));
        let run = rig.run(&["renew", "--debug"]);
        // The CA has heard the answer to its challenge all the same, and that counts.
        let code = i32::from(step != Step::Challenge);
        assert_eq!(run.code(), code, "{}", run.report());
        plain(&run.stderr);
        plain(&run.stdout);
    }
}
