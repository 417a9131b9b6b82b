//! `account`: registered, told, given another key, ended, forgotten.

use crate::accounts::{another_ca, folders, the_account};
use crate::interrupted::wait_asked;
use crate::relay::{Relay, Replies};
use crate::site::Site;
use crate::support::process::Finished;
use crate::support::wait_until;
use crate::uci::{GLOBAL, account, cert};
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

const ROLLOVER: [&str; 3] = ["account", "rollover", "pebble"];
const KEY_CHANGE: &str = "POST /rollover-account-key";

fn configure(site: &Site, directory: &str, email: &str) {
    let email = match email {
        "" => String::new(),
        email => format!("\toption email '{email}'\n"),
    };
    let section = cert("web", &["www.demo.example"], &site.by_webroot());
    let account = account("pebble", directory) + &email;
    site.temp.uci(&(GLOBAL.to_owned() + &account + &section));
}

/// Servers, and a configuration that nothing was done with yet.
fn site() -> Option<Site> {
    let site = Site::web()?;
    configure(&site, &site.pebble.directory_url(), "");
    Some(site)
}

fn listed(site: &Site) -> Value {
    let text = site.run(&["account", "list", "--json"]).ok();
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text}"));
    value["accounts"][0].clone()
}

#[track_caller]
fn says(run: &Finished, words: &[&str]) {
    for word in words {
        assert!(
            run.report().contains(word),
            "no {word:?} in {}",
            run.report()
        );
    }
}

/// The account is good for a certificate, is the only one, and no change of its key is under way.
#[track_caller]
fn serves(site: &Site) {
    site.ends(&["renew", "--force"], 0);
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
    assert!(!folders(site, "pebble")[0].join("key.next.pem").exists());
    assert!(
        !site.pebble.log().contains("There are now 2 accounts"),
        "{}",
        site.pebble.log()
    );
}

#[test]
fn terms_come_before_the_first_registration() {
    let Some(site) = site() else { return };
    let text = site.temp.read("etc/config/certkeeper");
    site.temp
        .uci(&text.replace("\toption accept_tos '1'\n", ""));
    let run = site.ends(&["account", "register", "pebble"], 1);
    says(
        &run,
        &[
            "the terms of localhost",
            "data:text/plain,Do%20what%20thou%20wilt",
            "uci set certkeeper.global=certkeeper && uci set certkeeper.global.accept_tos=1 && uci commit certkeeper",
        ],
    );
    assert_eq!(site.asked("POST"), 0);
    assert!(!site.temp.path("etc/certkeeper/accounts").exists());
}

#[test]
fn registered_once_and_shown() {
    let Some(site) = site() else { return };
    let run = site.ends(&["account", "register", "pebble"], 0);
    says(
        &run,
        &[
            "account 'pebble' at localhost",
            "is registered, since ",
            "/my-account/",
        ],
    );
    site.ends(&["account", "register", "pebble"], 0);
    assert_eq!(site.asked("POST /sign-me-up"), 1);
    let (_, note) = the_account(&site, "pebble");
    let account = listed(&site);
    assert_eq!(account["state"], "valid");
    assert_eq!(account["endpoint"], site.pebble.directory_url());
    for member in ["url", "created", "terms"] {
        assert_eq!(account[member], note[member], "{member}");
    }
    assert!(note["created"].as_i64().expect("a time") > 1_700_000_000);
    assert!(note["terms"].as_str().expect("a link").starts_with("data:"));
    let text = site.run(&["account", "list"]).ok();
    for word in ["valid", "created   ", "terms     data:", "used by   web"] {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
    serves(&site);
}

#[test]
fn the_contact_is_told() {
    let Some(site) = site() else { return };
    let url = site.pebble.directory_url();
    let run = site.ends(&["account", "update", "pebble"], 1);
    says(
        &run,
        &[
            "is not registered with",
            "`certkeeper account register pebble`",
        ],
    );
    site.ends(&["account", "register", "pebble"], 0);
    for (email, requests) in [("me@demo.example", 1), ("me@demo.example", 2), ("", 3)] {
        configure(&site, &url, email);
        let run = site.ends(&["account", "update", "pebble"], 0);
        let said = match email {
            "" => "no e-mail address (option email, account_email)",
            email => email,
        };
        says(&run, &[said]);
        assert_eq!(site.asked("POST /my-account/"), requests, "{email}");
        let note = the_account(&site, "pebble").1;
        assert_eq!(note["email"].as_str().unwrap_or_default(), email);
    }
}

#[test]
fn another_key() {
    let Some(site) = site() else { return };
    let run = site.ends(&ROLLOVER, 1);
    says(&run, &["is not registered with"]);
    site.renew();
    let (old, note) = the_account(&site, "pebble");
    let run = site.ends(&ROLLOVER, 0);
    says(&run, &["account 'pebble' at localhost", "has a new key"]);
    let (new, note_now) = the_account(&site, "pebble");
    assert_ne!(new, old);
    assert_eq!(note_now, note, "the account is the same");
    serves(&site);
    // The old one is good for nothing any more.
    fs::write(folders(&site, "pebble")[0].join("key.pem"), old).expect("written");
    let run = site.run(&["renew", "--force"]);
    assert_eq!(run.code(), 1, "{}", run.report());
}

/// The reply is lost, and the request that is sent again is refused: the CA has the new key.
#[test]
fn another_key_whose_reply_is_lost() {
    let Some(site) = Site::web() else { return };
    let relay = Relay::to(&site.pebble);
    configure(&site, &relay.directory_url(), "");
    site.renew();
    let (old, _) = the_account(&site, "pebble");
    relay.set(Replies::Cut(Arc::downgrade(&site.pebble), KEY_CHANGE));
    let run = site.ends(&ROLLOVER, 0);
    assert_eq!(relay.lost(), 1, "nothing was lost");
    says(&run, &["asking the CA which one it has", "has a new key"]);
    assert_ne!(the_account(&site, "pebble").0, old);
    serves(&site);
}

/// Killed before the reply: nobody here knows whether the CA took the key. Then a run needs the
/// account, or the key is to be changed once more.
#[test]
fn another_key_killed_before_the_reply() {
    for next in [&["renew", "--force"][..], &ROLLOVER] {
        let Some(site) = Site::web() else { return };
        let relay = Relay::to(&site.pebble);
        configure(&site, &relay.directory_url(), "");
        site.renew();
        let (old, _) = the_account(&site, "pebble");
        relay.set(Replies::Hold(Arc::downgrade(&site.pebble), KEY_CHANGE));
        let run = site.certkeeper(&ROLLOVER).start();
        wait_asked(&site, KEY_CHANGE);
        assert!(wait_until(Duration::from_secs(20), || relay.lost() > 0));
        run.signal(Signal::KILL);
        assert_eq!(run.finish().code(), 128 + 9);
        relay.set(Replies::Pass);
        let next_key = folders(&site, "pebble")[0].join("key.next.pem");
        let kept = fs::read_to_string(&next_key).expect("the key that the CA has");
        assert_eq!(the_account(&site, "pebble").0, old);
        site.ends(next, 0);
        let now = the_account(&site, "pebble").0;
        assert_eq!(now == kept, next[0] == "renew");
        serves(&site);
    }
}

/// Cut off before the CA heard of it: the old key stays.
#[test]
fn another_key_that_the_ca_never_heard_of() {
    let Some(site) = site() else { return };
    site.renew();
    let (old, note) = the_account(&site, "pebble");
    let folder = folders(&site, "pebble").remove(0);
    let other = site.temp.server_folder("other").join("key.pem");
    assert!(
        std::process::Command::new("openssl")
            .args([
                "genpkey",
                "-algorithm",
                "EC",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-out"
            ])
            .arg(&other)
            .status()
            .is_ok_and(|s| s.success())
    );
    for text in [
        fs::read_to_string(&other).expect("a key"),
        "damaged".to_owned(),
    ] {
        fs::write(folder.join("key.next.pem"), text).expect("written");
        serves(&site);
        assert_eq!(the_account(&site, "pebble"), (old.clone(), note.clone()));
    }
}

#[test]
fn ended_at_the_ca() {
    let Some(site) = site() else { return };
    site.renew();
    let run = site.ends(&["account", "deactivate", "pebble"], 0);
    says(
        &run,
        &[
            "is deactivated for good; certificates remain",
            "account delete pebble",
        ],
    );
    assert_eq!(listed(&site)["state"], "deactivated");
    let (key, _) = the_account(&site, "pebble");
    // What is not due is not touched by it; what is, says why and what to do.
    site.renew();
    let asked = site.asked("POST");
    for args in [
        &["renew", "--force"][..],
        &["account", "deactivate", "pebble"],
        &ROLLOVER,
        &["check", "web"],
    ] {
        let run = site.ends(args, 1);
        says(
            &run,
            &[
                "account 'pebble' at localhost",
                "is deactivated, for good",
                "`certkeeper account delete pebble` forgets it",
            ],
        );
    }
    assert_eq!(site.asked("POST"), asked, "the CA was asked all the same");
    site.is_good("web", &["www.demo.example"]);
    let run = site.ends(&["account", "delete", "pebble"], 0);
    says(
        &run,
        &["certificates remain in use, its orders are no longer shown"],
    );
    assert!(
        !run.stdout.contains("the CA still has it"),
        "{}",
        run.report()
    );
    site.is_good("web", &["www.demo.example"]);
    assert_eq!(site.status("web")["state"], "valid");
    site.ends(&["renew", "web", "--force"], 0);
    assert_ne!(the_account(&site, "pebble").0, key);
    assert_eq!(listed(&site)["state"], "valid");
}

/// Somebody else ended it: the CA's words are noted, and what later runs say is the same.
#[test]
fn ended_by_somebody_else() {
    let Some(site) = site() else { return };
    site.renew();
    let folder = folders(&site, "pebble").remove(0);
    let note = fs::read(folder.join("account.json")).expect("a note");
    site.ends(&["account", "deactivate", "pebble"], 0);
    for args in [
        &["renew", "--force"][..],
        &["account", "deactivate", "pebble"],
    ] {
        fs::write(folder.join("account.json"), &note).expect("written");
        assert_eq!(listed(&site)["state"], "valid");
        let ends = i32::from(args[0] == "renew");
        let run = site.ends(args, ends);
        says(&run, &["deactivated", "account delete pebble"]);
        assert_eq!(listed(&site)["state"], "deactivated", "{}", run.report());
    }
}

#[test]
fn forgotten_here() {
    let Some(site) = site() else { return };
    site.renew();
    let (_, note) = the_account(&site, "pebble");
    let run = site.ends(&["account", "delete", "pebble"], 0);
    let url = note["url"].as_str().expect("a URL");
    says(&run, &["the CA still has it as", url]);
    assert!(!site.temp.path("etc/certkeeper/accounts/pebble").exists());
    assert_eq!(listed(&site)["state"], "pending");
    site.is_good("web", &["www.demo.example"]);
    site.ends(&["account", "delete", "pebble"], 1);
    site.ends(&["renew", "--force"], 0);
    assert_eq!(site.asked("POST /sign-me-up"), 2);
}

/// The CA does not know the account any more while its key is changed: the old key makes it again.
#[test]
fn another_key_at_a_ca_that_lost_the_account() {
    let Some(site) = Site::web() else { return };
    let relay = Relay::to(&site.pebble);
    configure(&site, &relay.directory_url(), "");
    site.renew();
    let (old, _) = the_account(&site, "pebble");
    let other = another_ca(&site);
    relay.lead_to(&other);
    let run = site.ends(&ROLLOVER, 1);
    says(&run, &["accountDoesNotExist", "account delete pebble"]);
    assert!(!folders(&site, "pebble")[0].join("key.next.pem").exists());
    assert_eq!(the_account(&site, "pebble").0, old);
    site.ends(&["renew", "--force"], 0);
    assert_eq!(the_account(&site, "pebble").0, old);
}
