//! dns-persist-01: the record that the owner publishes once is shown, looked for, and enough for ever.

use crate::failures::{ends, last};
use crate::site::Site;
use crate::uci::{GLOBAL, account, cert, with};

const RECORD: &str = "_validation-persist.demo.example";

fn persist() -> Vec<(&'static str, String)> {
    with(Vec::new(), &[("validation_method", "dns-persist")])
}

/// A site whose nameserver is the CA's; the newest Pebble alone knows the challenge.
fn site() -> Option<Site> {
    let site = Site::bare()?;
    if !site.is_newest() {
        crate::support::tools::skip("pebble", "this one does not know dns-persist-01");
        return None;
    }
    Some(site)
}

fn configure(site: &Site, sections: &[String]) {
    let server = site.challsrv().address();
    let global = format!("{GLOBAL}\tlist dns_server '{server}'\n");
    let account = account("pebble", &site.pebble.directory_url());
    site.temp.uci(&(global + &account + &sections.concat()));
}

/// The value that a message says is to be published.
fn asked_for(text: &str) -> String {
    let line = text.split(&format!("{RECORD}. IN TXT \"")).nth(1);
    let value = line.unwrap_or_else(|| panic!("no record in {text}"));
    value.split('"').next().expect("its end").to_owned()
}

#[test]
fn the_record_is_shown_and_then_serves_for_ever() {
    let Some(site) = site() else { return };
    let names = ["demo.example"];
    configure(&site, &[cert("web", &names, &persist())]);
    let run = site.run(&["renew"]);
    let words = [
        "there is no record for pebble.letsencrypt.org",
        "once for all renewals",
    ];
    ends(&run, 1, &words);
    let value = asked_for(&run.stdout);
    assert!(
        value.starts_with("pebble.letsencrypt.org; accounturi=https://"),
        "{value}"
    );
    let status = site.status("web");
    assert_eq!(status["state"], "dns_error");
    assert_eq!(last(&site)["stage"], "propagation");
    assert_eq!(asked_for(last(&site)["remedy"].as_str().unwrap()), value);
    let check = site.run(&["check"]);
    ends(&check, 1, &["✗ dns-persist", "publish"]);
    assert_eq!(asked_for(&check.stdout), value);
    // The CA was not made to look in vain.
    assert_eq!(site.asked("POST /chalZ/"), 0);
    site.challsrv().set_txt(RECORD, "v=spf1 -all");
    site.challsrv().set_txt(RECORD, &value);
    ends(
        &site.run(&["check"]),
        0,
        &["✓ dns-persist", "all nameservers show"],
    );
    site.renew_named("web");
    site.is_good("web", &names);
    site.is_tidy("web");
    assert_eq!(
        site.asked("POST /order-plz"),
        1,
        "the order was gone on with"
    );
    assert!(site.log("web").contains("all nameservers show the records"));
    // Nothing is to be done for the next one.
    site.ends(&["renew", "web", "--force"], 0);
    assert_eq!(site.version("web"), Some(2));
}

#[test]
fn a_wildcard_wants_the_policy() {
    let Some(site) = site() else { return };
    let names = ["demo.example", "*.demo.example"];
    configure(&site, &[cert("web", &names[..1], &persist())]);
    let value = asked_for(&site.run(&["renew"]).stdout);
    site.challsrv().set_txt(RECORD, &value);
    configure(&site, &[cert("web", &names, &persist())]);
    let run = site.run(&["renew"]);
    ends(&run, 1, &["the record lacks policy=wildcard"]);
    let wild = asked_for(&run.stdout);
    assert_eq!(wild, format!("{value}; policy=wildcard"));
    assert_eq!(
        run.stdout.matches("IN TXT").count(),
        1,
        "one record serves both"
    );
    site.challsrv().clear_txt(RECORD);
    site.challsrv()
        .set_txt(RECORD, &format!("{wild}; persistUntil=4000000000"));
    site.renew_named("web");
    site.is_good("web", &names);
}

#[test]
fn a_record_that_has_ended_or_is_for_another_account_is_told() {
    let Some(site) = site() else { return };
    configure(&site, &[cert("web", &["demo.example"], &persist())]);
    let value = asked_for(&site.run(&["renew"]).stdout);
    for (record, why) in [
        (
            format!("{value}; persistUntil=1000000000"),
            "the record ended on 2001-09-09",
        ),
        (
            format!("{value}0"),
            "the record is for the account https://",
        ),
        (format!("{value};"), "a ';' too many"),
    ] {
        site.challsrv().clear_txt(RECORD);
        site.challsrv().set_txt(RECORD, &record);
        ends(&site.run(&["renew", "web"]), 1, &[why]);
    }
    assert_eq!(site.asked("POST /chalZ/"), 0);
}

#[test]
fn without_a_nameserver_that_is_known_nothing_is_risked() {
    let Some(site) = site() else { return };
    site.configure(&[cert("web", &["demo.example"], &persist())]);
    let words = ["no nameserver is known", "certkeeper.global.dns_server"];
    ends(&site.run(&["renew"]), 1, &words);
    ends(&site.run(&["check"]), 1, &words);
    // The system's own; nobody answers there.
    site.temp
        .write("etc/resolv.conf", "nameserver 127.0.0.254\n");
    let words = [RECORD, "no DNS server answered (127.0.0.254"];
    ends(&site.run(&["renew", "web"]), 1, &words);
}
