//! Accounts elsewhere: what CAs say of those that they do not take, and ZeroSSL's for an address.

use crate::accounts::{configure, folder};
use crate::reply::{Reply, Step};
use crate::rig::{Rig, Want, plain};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use certkeeper::config::{self, Account, Config, External};
use certkeeper::issue::{Engine, Outcome, Rounds};
use certkeeper::net::SystemClock;
use certkeeper::plan::Wish;
use certkeeper::types::Paths;
use ring::hmac;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const KEY: &str = "c2VjcmV0cw";

/// A CA that wants a binding, and a section that has one.
fn rig() -> Rig {
    let rig = Rig::due();
    configure(&rig, "\toption eab_kid 'kid-1'\n");
    let text = format!("config secret 'pebble'\n\toption eab_hmac_key '{KEY}'\n");
    let file = rig.temp.write("etc/config/certkeeper_secrets", text);
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    rig
}

/// The certificate comes, at once.
#[track_caller]
fn works(rig: &Rig) {
    let run = rig.run(&["renew", "web"]);
    assert_eq!(run.code(), 0, "{}", run.report());
}

/// The words of CAs, as users reported them and as sources have them.
#[test]
fn each_reason_has_its_own_words() {
    let used = "external account 'kid-1' is used up";
    let unknown = "external account 'kid-1' is not known there";
    let other = "external account 'kid-1' has another HMAC key";
    for (status, kind, said, words, remedy) in [
        (
            403,
            "unauthorized",
            "external account binding key with id 'kid-1' was already bound to account 'x' on 2026-01-01",
            used,
            "get a new key identifier",
        ),
        (
            400,
            "malformed",
            "[External Account Binding] The account is not awaiting external account binding",
            used,
            "get a new key identifier",
        ),
        (
            403,
            "unauthorized",
            "The EAB key has expired",
            used,
            "get a new key identifier",
        ),
        (
            400,
            "malformed",
            "[External Account Binding] The Key Identifier was not recognized",
            unknown,
            "uci set certkeeper.pebble.eab_kid='…'",
        ),
        (
            403,
            "unauthorized",
            "Unknown external account key.",
            unknown,
            "compare",
        ),
        (
            400,
            "malformed",
            "[External Account Binding] Invalid MAC on JWS request",
            other,
            "`certkeeper secret pebble eab_hmac_key`",
        ),
        (
            403,
            "unauthorized",
            "External Account Binding JWS verification failed",
            other,
            "it was used or is too old",
        ),
        (
            403,
            "unauthorized",
            "no",
            "external account 'kid-1' is not taken",
            "compare",
        ),
        (
            400,
            "externalAccountRequired",
            "The request must include a value for it",
            "external account 'kid-1' is not taken",
            "compare",
        ),
    ] {
        let rig = rig();
        rig.ca.twist(
            &[Step::Account],
            Arc::new(move |r| r.problem(status, kind, said)),
        );
        rig.suffers(&Want {
            waits: Some(7 * 86_400),
            ..Want::failure(&[words, said, remedy])
        });
        assert_eq!(folder(&rig), None, "a half-made account");
        rig.ca.heal();
        works(&rig);
    }
}

/// What a CA says to other requests says nothing against the account elsewhere.
#[test]
fn what_is_no_reason_against_it() {
    let rig = rig();
    let refuses = |r: &mut Reply| r.problem(404, "malformed", "that is not known here");
    rig.ca.twist(&[Step::Directory], Arc::new(refuses));
    rig.suffers(&Want::failure(&[
        "that is not known here",
        "check acme_server",
    ]));
    rig.ca.heal();
    works(&rig);
    rig.ca.twist(&[Step::OneAccount], Arc::new(refuses));
    let run = rig.run(&["account", "update", "pebble"]);
    assert_eq!(run.code(), 1, "{}", run.report());
    assert!(run.stderr.contains("check acme_server"), "{}", run.report());
    assert!(!run.stderr.contains("external account"), "{}", run.report());
}

/// What a CA says who has the account already: the run was cut off, or the request sent twice.
#[test]
fn a_binding_that_is_used_up_by_this_very_account() {
    let rig = rig();
    let first = AtomicUsize::new(0);
    rig.ca.twist(
        &[Step::Account],
        Arc::new(move |r: &mut Reply| {
            if first.fetch_add(1, Ordering::SeqCst) == 0 {
                r.problem(
                    400,
                    "malformed",
                    "The account is not awaiting external account binding",
                );
            }
        }),
    );
    works(&rig);
    let sent = rig.ca.sent(Step::Account);
    let last = &sent[sent.len() - 2..];
    assert!(last[0]["externalAccountBinding"].is_object(), "{last:?}");
    assert_eq!(last[1], json!({"onlyReturnExisting": true}));
}

/// What is sent is what RFC 8555 section 7.3.4 says.
#[test]
fn the_binding_vouches_for_the_accounts_key() {
    let rig = rig();
    works(&rig);
    let sent = rig.ca.sent(Step::Account).pop().unwrap();
    is_good(&rig, &sent["externalAccountBinding"], "kid-1");
}

/// The binding names the account's key and the URL, and the key of the account elsewhere signed it.
#[track_caller]
fn is_good(rig: &Rig, binding: &Value, kid: &str) {
    let text = |member: &str| binding[member].as_str().unwrap().to_owned();
    let decoded = |member: &str| URL_SAFE_NO_PAD.decode(text(member)).unwrap();
    let header: Value = serde_json::from_slice(&decoded("protected")).unwrap();
    let url = format!("https://localhost:{}/account", rig.ca.port());
    assert_eq!(header, json!({"alg": "HS256", "kid": kid, "url": url}));
    let jwk: Value = serde_json::from_slice(&decoded("payload")).unwrap();
    let pem = fs::read_to_string(folder(rig).unwrap().join("key.pem")).unwrap();
    let key = certkeeper::keys::AccountKey::from_pem(&pem).unwrap();
    assert_eq!(jwk, serde_json::from_str::<Value>(&key.jwk()).unwrap());
    let mac = hmac::Key::new(hmac::HMAC_SHA256, &URL_SAFE_NO_PAD.decode(KEY).unwrap());
    let signed = format!("{}.{}", text("protected"), text("payload"));
    hmac::verify(&mac, signed.as_bytes(), &decoded("signature")).expect("a good MAC");
}

// ---- for an e-mail address

const EMAIL: &str = "me+router@demo.example";

/// The configuration of a CA that hands bindings out for addresses. Which one does is a preset's: no
/// configuration names such a place, so it is set here.
fn by_email(rig: &Rig) -> Config {
    configure(rig, &format!("\toption email '{EMAIL}'\n"));
    let mut config = config::load(&Paths::new(rig.temp.root())).unwrap();
    let account = &mut config.certs[0].account;
    *account = Arc::new(Account {
        external: External::ByEmail {
            endpoint: format!("https://localhost:{}/eab", rig.ca.port()),
        },
        ..Account::clone(account)
    });
    config
}

/// A run, in this process.
fn renew(rig: &Rig, config: &Config) -> Outcome {
    let paths = Paths::new(rig.temp.root());
    let engine = Engine {
        paths: &paths,
        config,
        clock: &SystemClock::new(Arc::default(), None),
        clock_is_set: false,
        firewall: None,
        operators: Vec::new(),
        listener: &|_, _, _| {},
        trace: None,
    };
    let wish = Wish {
        sections: vec![config.certs[0].name.clone()],
        force: false,
    };
    let mut report = engine.renew(&wish, &mut Rounds::default());
    report.outcomes.pop().expect("an outcome").1
}

#[test]
fn handed_out_for_an_address() {
    let rig = Rig::due();
    let config = by_email(&rig);
    let outcome = renew(&rig, &config);
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    assert_eq!(
        rig.ca.sent(Step::External),
        [json!("email=me%2Brouter%40demo.example")]
    );
    let sent = rig.ca.sent(Step::Account).pop().unwrap();
    assert_eq!(sent["contact"], json!([format!("mailto:{EMAIL}")]));
    is_good(&rig, &sent["externalAccountBinding"], "kid-by-mail");
    let note = fs::read_to_string(folder(&rig).unwrap().join("account.json")).unwrap();
    assert!(
        note.contains("kid-by-mail") && !note.contains(KEY),
        "{note}"
    );
}

/// The account that the key has is found before another binding is asked for.
#[test]
fn handed_out_once() {
    let rig = Rig::due();
    let config = by_email(&rig);
    // The CA acts, but its reply makes no sense here.
    rig.ca
        .twist(&[Step::Account], Arc::new(|r| r.without("Location")));
    let outcome = renew(&rig, &config);
    assert!(matches!(outcome, Outcome::Failed(..)), "{outcome:?}");
    rig.ca.heal();
    let outcome = renew(&rig, &config);
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    assert_eq!(rig.ca.sent(Step::External).len(), 1);
}

/// A reply, what must be said of it, and whether only a change of the configuration helps.
type Refusal = (fn(&mut Reply), &'static [&'static str], bool);

/// How long a failure keeps the section waiting, in seconds; at least.
const WEEK: i64 = 7 * 86_400;

#[test]
fn what_it_says_instead_is_told_in_words() {
    let says: [Refusal; 10] = [
        (
            |r| error(r, 200, 2901, "invalid_email"),
            &[
                "for me+router@demo.example: invalid_email, code 2901",
                "correct the e-mail address",
            ],
            true,
        ),
        (
            |r| error(r, 200, 2900, "missing_email"),
            &["missing_email, code 2900", "account_email"],
            true,
        ),
        (
            |r| error(r, 422, 2977, "caddy_legacy_user_removed"),
            &[
                "caddy_legacy_user_removed, code 2977",
                "uci set certkeeper.pebble.eab_kid='…'",
            ],
            true,
        ),
        (
            |r| error(r, 200, 1, "\u{1b}[2Jevil\n"),
            &["[2Jevil, code 1"],
            true,
        ),
        (
            |r| r.page(503),
            &["HTTP status 503 and no account", "next runs"],
            false,
        ),
        (|r| r.page(429), &["HTTP status 429"], false),
        (|r| r.page(200), &["HTTP status 200 and no account"], false),
        (
            |r| r.set("eab_kid", json!("\u{202e}kid")),
            &["no account"],
            false,
        ),
        (|r| r.unset("eab_hmac_key"), &["no account"], false),
        (
            |r| r.set("eab_hmac_key", json!("no base64")),
            &["no account"],
            false,
        ),
    ];
    for (twist, words, lasts) in says {
        let rig = Rig::due();
        let config = by_email(&rig);
        rig.ca.twist(&[Step::External], Arc::new(twist));
        let Outcome::Failed(failure, next) = renew(&rig, &config) else {
            panic!("{words:?} is no failure")
        };
        let text = format!("{}\n{}", failure.problem, failure.remedy);
        plain(&text);
        for word in words {
            assert!(text.contains(word), "no {word:?} in {text}");
        }
        assert!(text.contains("localhost"), "whose? {text}");
        let attempt = rig.temp.read("etc/certkeeper/certs/web/attempt.json");
        let attempt: Value = serde_json::from_str(&attempt).unwrap();
        let waits = next.0 - attempt["at"].as_i64().unwrap();
        assert_eq!(waits == WEEK, lasts, "{text}");
        assert!(
            rig.ca.sent(Step::Account).len() == 1,
            "it registered without: {text}"
        );
        rig.ca.heal();
        let outcome = renew(&rig, &config);
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    }
}

fn error(reply: &mut Reply, status: u16, code: i64, kind: &str) {
    reply.status = status;
    let error = json!({"code": code, "type": kind, "info": null});
    reply.edit(|v| *v = json!({"success": false, "error": error}));
}
