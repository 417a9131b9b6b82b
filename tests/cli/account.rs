//! `account` as far as no CA is asked.

use super::secret::secret;
use super::support::temp_root::TempRoot;
use super::uci_program::Uci;
use super::{cert, ended, has, run, site};
use serde_json::{Value, json};
use std::fs;

fn listed(temp: &TempRoot, line: &str) -> Value {
    let text = run(temp, line, 0).stdout;
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text}"));
    value["accounts"].clone()
}

/// Where an account is kept.
fn folder(temp: &TempRoot, name: &str, hash: &str) -> String {
    let folder = format!("etc/certkeeper/accounts/{name}/{hash}");
    temp.write(&format!("{folder}/key.pem"), "not looked at");
    folder
}

#[test]
fn each_account_is_listed_with_who_uses_it() {
    let unused =
        "config account 'spare'\n\toption ca 'letsencrypt'\n\toption email 'me@example.org'\n";
    let temp = site(&[cert("web", ""), cert("mail", ""), unused.into()]);
    let text = run(&temp, "account list", 0).stdout;
    has(
        &text,
        &[
            "own         pending (not registered yet)",
            "endpoint  https://127.0.0.1:1/dir",
            "used by   web mail",
            "contact   me@example.org",
        ],
    );
    let all = listed(&temp, "account list --json");
    assert_eq!(
        all,
        json!([
            {"name": "own", "staging": false, "configured": true, "state": "pending", "ca": "127.0.0.1:1",
             "preset": null, "endpoint": "https://127.0.0.1:1/dir", "url": null, "created": null, "terms": null,
             "email": null, "eab_kid": null, "eab_hmac_key_set": false, "sections": ["web", "mail"]},
            {"name": "spare", "staging": false, "configured": true, "state": "pending", "ca": "Let's Encrypt",
             "preset": "letsencrypt", "endpoint": "https://acme-v02.api.letsencrypt.org/directory", "url": null,
             "created": null, "terms": null, "email": "me@example.org", "eab_kid": null,
             "eab_hmac_key_set": false, "sections": []},
        ])
    );
    let one = listed(&temp, "account list spare --json");
    assert_eq!(one.as_array().map(Vec::len), Some(1));
    assert_eq!(one[0]["name"], "spare");
}

#[test]
fn without_any_it_says_how_one_comes() {
    let temp = TempRoot::new();
    temp.uci("config certkeeper 'global'\n");
    has(
        &run(&temp, "account list", 0).stdout,
        &["there is no account yet"],
    );
    assert_eq!(listed(&temp, "account list --json"), json!([]));
}

#[test]
fn what_is_wrong_is_told_by_name() {
    let google = "config account 'goggle'\n\toption ca 'google'\n\toption email 'me@example.org'\n";
    let temp = site(&[cert("web", ""), google.into()]);
    for (line, said) in [
        ("account", "usage: certkeeper account"),
        ("account list own web", "usage: certkeeper account"),
        ("account frobnicate own", "usage: certkeeper account"),
        ("account register", "usage: certkeeper account"),
        ("account register own goggle", "usage: certkeeper account"),
        (
            "account register onw",
            "there is no account 'onw'; did you mean 'own'?",
        ),
        ("account register goggle", "certkeeper.goggle.eab_kid='…'"),
        ("account register google", "certkeeper.google=account"),
        ("account register buypass", "ended its ACME service"),
        ("account register zerossl --staging", "no staging server"),
        ("account register own --staging", "no staging server"),
        ("account update sectigo-dv", "certkeeper.sectigo_dv=account"),
    ] {
        has(&run(&temp, line, 2).stderr, &[said]);
    }
}

#[test]
fn a_ca_that_cannot_be_reached_is_told_with_the_remedy() {
    let temp = site(&[cert("web", "")]);
    for line in [
        "account register own",
        "account update own",
        "account delete own",
    ] {
        let finished = run(&temp, line, 1);
        let said = match line.contains("delete") {
            true => "nothing is kept of account 'own'",
            false => "127.0.0.1:1",
        };
        has(&finished.stderr, &["certkeeper: ", said]);
    }
    let finished = run(&temp, "account register own --json", 1);
    has(&finished.stdout, &["\"error\"", "\"code\":1"]);
}

#[test]
fn what_is_no_longer_configured_can_be_seen_and_deleted() {
    let temp = site(&[cert("web", "")]);
    let kept = folder(&temp, "gone", "0011223344556677");
    let note =
        json!({"url": "https://ca.test/acct/1", "directory": "https://ca.test/dir", "created": 1});
    temp.write(&format!("{kept}/account.json"), note.to_string());
    folder(&temp, "gone", "8899aabbccddeeff");
    let text = run(&temp, "account list", 0).stdout;
    has(
        &text,
        &[
            "valid (no longer configured)",
            "https://ca.test/acct/1",
            "1970-01-01",
        ],
    );
    let said = run(&temp, "account delete gone", 2).stderr;
    has(
        &said,
        &["kept for several CAs; name its endpoint: https://ca.test/dir"],
    );
    let said = run(&temp, "account delete https://ca.test/dir", 0).stdout;
    has(
        &said,
        &[
            "account 'gone' at ca.test is forgotten: certificates remain in use, its orders are no longer shown",
            "the CA still has it as https://ca.test/acct/1",
        ],
    );
    assert!(!temp.path(&kept).exists());
    // The other one has a key alone.
    has(
        &run(&temp, "account list", 0).stdout,
        &["pending (not registered yet)"],
    );
    run(&temp, "account delete gone", 0);
    assert!(!temp.path("etc/certkeeper/accounts/gone").exists());
}

#[test]
fn what_others_keep_beside_an_account_does_no_harm() {
    let temp = site(&[cert("web", "")]);
    fs::create_dir_all(temp.path("etc/certkeeper/accounts/empty")).expect("a folder");
    temp.write("etc/certkeeper/accounts/file", "x");
    let all = listed(&temp, "account list --json");
    assert_eq!(all.as_array().map(Vec::len), Some(1));
}

#[test]
fn the_key_of_an_external_account_is_kept_and_never_shown() {
    let account = "config account 'bound'\n\toption acme_server 'https://127.0.0.1:1/dir'\n\toption eab_kid 'kid-1'\n";
    let section = "config cert 'web'\n\tlist domains 'web.example.org'\n\toption account 'bound'\n";
    let temp = site(&[account.into(), section.into()]);
    let Some(uci) = Uci::new(&temp) else { return };
    let all = listed(&temp, "account list bound --json");
    assert_eq!(
        (&all[0]["eab_kid"], &all[0]["eab_hmac_key_set"]),
        (&json!("kid-1"), &json!(false))
    );
    has(
        &run(&temp, "account list", 0).stdout,
        &["kid-1; eab_hmac_key is missing"],
    );
    let said = ended(
        secret(&uci, &temp, "bound eab_hmac_key", b"a2FuYXJpZW52b2dlbA==\n"),
        0,
    );
    assert_eq!(said.stdout, "eab_hmac_key of 'bound' is set\n");
    let all = listed(&temp, "account list bound --json");
    assert_eq!(all[0]["eab_hmac_key_set"], json!(true));
    for line in [
        "account list",
        "account list --json",
        "status web",
        "status web --json",
    ] {
        let finished = run(&temp, line, 0);
        assert!(
            !finished.report().contains("a2FuYXJp"),
            "{}",
            finished.report()
        );
    }
    has(
        &run(&temp, "status web", 0).stdout,
        &["credentials  set: eab_hmac_key"],
    );
    // It is an account's, and an account has no other.
    let said = ended(secret(&uci, &temp, "web eab_hmac_key", b"x\n"), 2).stderr;
    has(
        &said,
        &["eab_hmac_key is an account's; 'web' is a 'config cert' section"],
    );
    let said = ended(secret(&uci, &temp, "bound Token", b"x\n"), 2).stderr;
    has(&said, &["which has one secret: eab_hmac_key"]);
}
