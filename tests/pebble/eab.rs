//! External account binding against Pebble: missing, wrong and good, and what a lost reply costs.

use crate::accounts::the_account;
use crate::interrupted::{ends, wait_asked};
use crate::relay::{Relay, Replies};
use crate::site::Site;
use crate::support::pebble::EAB;
use crate::support::process::Finished;
use crate::support::wait_until;
use crate::uci::{GLOBAL, account, cert};
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

/// A CA that takes no account without a binding.
fn site() -> Option<Site> {
    Site::plan(|plan| {
        plan.nginx = true;
        plan.pebble.eab = true;
    })
}

/// Section `web` with this key identifier and this key.
fn configure(site: &Site, directory: &str, kid: Option<&str>, key: Option<&str>) {
    let kid = kid.map(|kid| format!("\toption eab_kid '{kid}'\n"));
    let section = cert("web", &["www.demo.example"], &site.by_webroot());
    let account = account("pebble", directory) + &kid.unwrap_or_default();
    site.temp.uci(&(GLOBAL.to_owned() + &account + &section));
    let key = key.map(|key| format!("config secret 'pebble'\n\toption eab_hmac_key '{key}'\n"));
    let secrets = site
        .temp
        .write("etc/config/certkeeper_secrets", key.unwrap_or_default());
    fs::set_permissions(secrets, fs::Permissions::from_mode(0o600)).expect("a mode");
}

#[track_caller]
fn says(run: &Finished, words: &[&str]) {
    for word in words {
        assert!(run.stdout.contains(word), "no {word:?} in {}", run.report());
    }
    assert!(!run.report().contains(EAB.1), "{}", run.report());
}

/// How often Pebble bound an account.
fn bound(site: &Site) -> usize {
    site.pebble
        .log()
        .matches("Successful newAccount Binding")
        .count()
}

fn has_account(site: &Site) -> bool {
    site.temp.path("etc/certkeeper/accounts/pebble").exists()
}

#[test]
fn what_is_missing_or_wrong_has_its_own_words_and_leaves_no_account() {
    let Some(site) = site() else { return };
    let another = "YW5vdGhlciBrZXkgdGhhdCBpcyBqdXN0IGFzIGdvb2Q";
    let set = "certkeeper secret pebble eab_hmac_key";
    for (kid, key, asked, words) in [
        (
            None,
            None,
            false,
            [
                "account 'pebble' names none",
                "uci set certkeeper.pebble.eab_kid='…'",
            ],
        ),
        (
            Some(EAB.0),
            None,
            false,
            [
                "the HMAC key of external account 'kid-of-the-tests' is not set",
                set,
            ],
        ),
        (
            Some("kid-of-nobody"),
            Some(EAB.1),
            true,
            [
                "external account 'kid-of-nobody' is not known there",
                "compare the key identifier",
            ],
        ),
        (
            Some(EAB.0),
            Some(another),
            true,
            [
                "external account 'kid-of-the-tests' has another HMAC key",
                set,
            ],
        ),
    ] {
        configure(&site, &site.pebble.directory_url(), kid, key);
        let before = site.asked("POST");
        let run = site.run(&["renew"]);
        ends(&run, 1);
        says(&run, &words);
        assert_eq!(site.asked("POST") > before, asked, "{}", run.report());
        assert!(!has_account(&site), "a half-made account: {}", run.report());
        let status = site.status("web");
        assert_eq!(status["state"], "invalid");
        let attempt = &status["last_attempt"];
        let time = |member: &str| attempt[member].as_i64().expect("a time");
        // Only a change of the configuration helps.
        assert_eq!(time("next") - time("at"), 7 * 86_400);
        let run = site.run(&["check", "web"]);
        assert_eq!(run.stdout.contains(words[0]), !asked, "{}", run.report());
    }
    assert_eq!(bound(&site), 0);
    // The secret is a part of the configuration: the next run tries at once, with padding too.
    let padded = format!("{}=", EAB.1);
    configure(
        &site,
        &site.pebble.directory_url(),
        Some(EAB.0),
        Some(&padded),
    );
    site.renew();
    site.is_good("web", &["www.demo.example"]);
    assert_eq!(bound(&site), 1);
    assert_eq!(the_account(&site, "pebble").1["eab_kid"], EAB.0);
}

#[test]
fn the_key_may_go_once_the_account_is_registered() {
    let Some(site) = site() else { return };
    let url = site.pebble.directory_url();
    configure(&site, &url, Some(EAB.0), Some(EAB.1));
    site.ends(&["account", "register", "pebble"], 0);
    let hint = "account 'pebble' is registered, so eab_hmac_key is no longer needed";
    let warnings = site.status("web")["warnings"].to_string();
    assert!(warnings.contains(hint), "{warnings}");
    let text = site.run(&["status"]).ok();
    assert!(
        text.contains("uci delete certkeeper_secrets.pebble.eab_hmac_key"),
        "{text}"
    );
    assert!(text.contains(hint), "{text}");
    let list = site.run(&["account", "list"]).ok();
    assert!(
        list.contains("kid-of-the-tests; eab_hmac_key is no longer needed"),
        "{list}"
    );
    for kid in [Some(EAB.0), None] {
        configure(&site, &url, kid, None);
        site.ends(&["renew", "--force"], 0);
        assert!(site.status("web")["warnings"].is_null());
        let list = site.run(&["account", "list"]).ok();
        assert!(
            list.contains("external account  kid-of-the-tests\n"),
            "{list}"
        );
    }
    assert_eq!((bound(&site), site.asked("POST /sign-me-up")), (1, 1));
    // Another identifier counts with another account alone, and that is said.
    configure(&site, &url, Some("kid-2"), Some(EAB.1));
    let list = site.run(&["account", "list"]).ok();
    assert!(
        list.contains("eab_kid 'kid-2' counts when the account is made anew (`certkeeper account delete pebble`)"),
        "{list}"
    );
}

/// The connection ends after the CA has made the account: the same run finds it.
#[test]
fn a_lost_reply_spends_the_binding_once() {
    let Some(site) = site() else { return };
    let relay = Relay::to(&site.pebble);
    configure(&site, &relay.directory_url(), Some(EAB.0), Some(EAB.1));
    relay.set(Replies::Cut(
        Arc::downgrade(&site.pebble),
        "POST /sign-me-up",
    ));
    site.renew();
    assert_eq!(relay.lost(), 1, "nothing was lost");
    site.is_good("web", &["www.demo.example"]);
    assert_eq!(bound(&site), 1);
}

/// The run is killed before it hears of its account: the next one finds it by the key, also where
/// the key of the account elsewhere is gone.
#[test]
fn a_run_killed_before_the_reply_spends_the_binding_once() {
    for key_is_gone in [false, true] {
        let Some(site) = site() else { return };
        let relay = Relay::to(&site.pebble);
        let url = relay.directory_url();
        configure(&site, &url, Some(EAB.0), Some(EAB.1));
        relay.set(Replies::Hold(
            Arc::downgrade(&site.pebble),
            "POST /sign-me-up",
        ));
        let run = site.certkeeper(&["renew"]).start();
        wait_asked(&site, "POST /sign-me-up");
        assert!(wait_until(Duration::from_secs(20), || relay.lost() > 0));
        run.signal(Signal::KILL);
        ends(&run.finish(), 128 + 9);
        relay.set(Replies::Pass);
        assert!(has_account(&site), "the key is lost");
        if key_is_gone {
            configure(&site, &url, Some(EAB.0), None);
        }
        site.renew();
        assert!(
            site.log("web").contains("looking for the key's account"),
            "{}",
            site.log("web")
        );
        site.is_good("web", &["www.demo.example"]);
        assert_eq!(bound(&site), 1);
    }
}
