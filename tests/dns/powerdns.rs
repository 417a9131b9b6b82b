//! The module for PowerDNS: other people's values stay, the right zone is found, mistakes are told.

use crate::site::{Site, ZONE};
use crate::support::http;
use crate::support::powerdns::{API_KEY, PowerDns, SERVER_ID};
use crate::support::process::Finished;
use crate::support::server::{free_port, loopback};
use crate::support::wait_until;
use crate::uci::{cert, with};
use serde_json::Value;
use std::time::Duration;

const CHALLENGE: &str = "_acme-challenge.demo.example";
/// A value of somebody else, as a TXT record and as it is answered.
const FOREIGN: &str = "v=somebody else";

/// A foreign value at the name of the challenge.
fn put_foreign(powerdns: &PowerDns) {
    powerdns.set(ZONE, CHALLENGE, "TXT", &[&format!("\"{FOREIGN}\"")]);
}

/// How many records of that type a zone holds.
fn count(powerdns: &PowerDns, zone: &str, kind: &str) -> usize {
    let url = format!(
        "{}/api/v1/servers/{SERVER_ID}/zones/{zone}.",
        powerdns.url()
    );
    let text = http::plain("GET", &url, &[("X-API-Key", API_KEY)], "").ok();
    let zone: Value = serde_json::from_str(&text).expect("JSON");
    let sets = zone["rrsets"].as_array().expect("record sets").iter();
    sets.filter(|s| s["type"] == kind)
        .map(|s| s["records"].as_array().map_or(0, Vec::len))
        .sum()
}

#[track_caller]
fn ends(run: &Finished, code: i32, words: &[&str]) {
    assert_eq!(run.code(), code, "{}", run.report());
    for word in words {
        assert!(run.stdout.contains(word), "no {word:?}: {}", run.report());
    }
    assert!(
        !(run.stdout.contains(API_KEY) || run.stderr.contains(API_KEY)),
        "{}",
        run.report()
    );
}

#[test]
fn other_values_of_the_name_stay() {
    let Some(site) = Site::zone() else { return };
    let powerdns = site.powerdns();
    put_foreign(powerdns);
    let wild = format!("*.{ZONE}");
    site.configure(&[cert(
        "wild",
        &[ZONE, &wild],
        &with(site.by_powerdns(), &[("dns_wait", "3")]),
    )]);
    let run = site.certkeeper(&["renew"]).start();
    // The foreign value and both of ours, at one name, at once.
    let three = || powerdns.txt(CHALLENGE).len() == 3;
    assert!(
        wait_until(Duration::from_secs(10), three),
        "{:?}",
        powerdns.txt(CHALLENGE)
    );
    assert!(powerdns.txt(CHALLENGE).contains(&FOREIGN.to_owned()));
    ends(&run.finish(), 0, &[]);
    site.is_good("wild", &[ZONE, &wild]);
    assert_eq!(powerdns.txt(CHALLENGE), [FOREIGN]);
    // So does check.
    ends(
        &site.run(&["check"]),
        0,
        &["takes a test record _acme-challenge.demo.example"],
    );
    assert_eq!(powerdns.txt(CHALLENGE), [FOREIGN]);
}

#[test]
fn check_sees_the_test_record_at_the_nameserver() {
    let Some(site) = Site::zone() else { return };
    let section = cert("wild", &[ZONE], &site.by_powerdns());
    let server = format!("\tlist dns_server '{}'\n", site.powerdns().address());
    let head = |lines: &str| {
        site.head()
            .replacen("\toption webroot", &format!("{lines}\toption webroot"), 1)
    };
    site.temp.uci(&(head(&server) + &section));
    ends(
        &site.run(&["check"]),
        0,
        &["; all nameservers show it", "all is well"],
    );
    assert_eq!(count(site.powerdns(), ZONE, "TXT"), 0);
    // Nothing was ordered for that.
    assert_eq!(site.asked("POST"), 0);
    let json = site.run(&["check", "--json"]);
    let found: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(found["faults"], 0);
    let topics: Vec<&str> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|f| f["topic"].as_str())
        .collect();
    assert_eq!(topics, ["clock", "directory", "caa", "dns"]);
}

#[test]
fn the_longest_zone_is_used() {
    let Some(site) = Site::zone() else { return };
    let powerdns = site.powerdns();
    powerdns.create_zone("sub.demo.example");
    let names = [
        "www.sub.demo.example",
        "*.sub.demo.example",
        "deep.er.demo.example",
    ];
    site.configure(&[cert(
        "sub",
        &names,
        &with(site.by_powerdns(), &[("dns_wait", "3")]),
    )]);
    let run = site.certkeeper(&["renew"]).start();
    let both = || {
        (
            count(powerdns, "sub.demo.example", "TXT"),
            count(powerdns, ZONE, "TXT"),
        ) == (2, 1)
    };
    assert!(
        wait_until(Duration::from_secs(10), both),
        "{}",
        site.log("sub")
    );
    ends(&run.finish(), 0, &[]);
    site.is_good("sub", &names);
    assert_eq!(
        (
            count(powerdns, "sub.demo.example", "TXT"),
            count(powerdns, ZONE, "TXT")
        ),
        (0, 0)
    );
}

#[test]
fn a_wrong_token_is_told_and_asks_no_ca_for_a_look() {
    let Some(site) = Site::zone() else { return };
    let url = format!("PDNS_Url={}", site.powerdns().url());
    let options = [("dns", "powerdns".to_owned()), ("list credentials", url)];
    site.configure(&[cert("wild", &[ZONE], &options)]);
    // Without any the section cannot run, and says what is missing.
    let run = site.run(&["renew"]);
    ends(&run, 1, &[]);
    assert!(
        run.stderr.contains("PDNS_Token (API key) is missing"),
        "{}",
        run.report()
    );
    assert!(
        run.stderr.contains("certkeeper secret wild PDNS_Token"),
        "{}",
        run.report()
    );
    site.secrets(&[("wild", &["PDNS_Token=not-the-token"])]);
    let words = [
        "does not take the credentials (PDNS_Token)",
        "correct the credentials of 'wild'",
    ];
    for args in [&["check"][..], &["renew"]] {
        let run = site.run(args);
        ends(&run, 1, &words);
        assert!(!(run.stdout + &run.stderr + &site.log("wild")).contains("not-the-token"));
    }
    let status = site.status("wild");
    assert_eq!(status["state"], "dns_error");
    assert_eq!(
        status["secrets"],
        serde_json::json!(["PDNS_Token", "PDNS_Url"])
    );
    assert!(!status.to_string().contains("not-the-token"));
    assert_eq!(site.asked("POST /chalZ/"), 0);
    // The right one is a change of the section, so at once; the order serves on.
    site.secrets(&[("wild", &[&format!("PDNS_Token=\"{API_KEY}\"")])]);
    site.ends(&["renew"], 0);
    site.is_good("wild", &[ZONE]);
    assert_eq!(site.asked("POST /order-plz"), 1);
}

#[test]
fn mistakes_in_the_settings() {
    let Some(site) = Site::zone() else { return };
    let base = [
        ("dns", "powerdns".to_owned()),
        ("list credentials", format!("PDNS_Token={API_KEY}")),
    ];
    let url = format!("PDNS_Url={}", site.powerdns().url());
    let gone = format!("PDNS_Url=http://{}", loopback(free_port()));
    let cases: [(&[&str], &str, &str, &str); 6] = [
        (
            &["www.nobody.example"],
            &url,
            "",
            "no zone for _acme-challenge.www.nobody.example",
        ),
        (
            &[ZONE],
            &url,
            "PDNS_Ttl=soon",
            "PDNS_Ttl: a number of seconds is wanted",
        ),
        (
            &[ZONE],
            &url,
            "PDNS_Ttl=-1",
            "PDNS_Ttl: a number of seconds is wanted",
        ),
        (&[ZONE], &url, "PDNS_ServerId=other", "there is no zone for"),
        (
            &[ZONE],
            "PDNS_Url=192.0.2.53",
            "",
            "PDNS_Url: a URL is wanted",
        ),
        (
            &[ZONE],
            &gone,
            "",
            "look at the connection to the DNS provider",
        ),
    ];
    for (names, url, more, words) in cases {
        let mut options = base.to_vec();
        options.push(("list credentials", url.to_owned()));
        options.push(("list credentials", more.to_owned()));
        options.retain(|(_, value)| !value.is_empty());
        site.configure(&[cert("wild", names, &options)]);
        for args in [&["check"][..], &["renew"]] {
            ends(&site.run(args), 1, &[words]);
        }
        let state = if words.contains("connection") {
            "connection_error"
        } else {
            "dns_error"
        };
        assert_eq!(site.status("wild")["state"], state, "{words}");
    }
    assert_eq!(site.asked("POST /chalZ/"), 0);
    assert_eq!(count(site.powerdns(), ZONE, "TXT"), 0);
}

#[test]
fn what_a_killed_run_wrote_is_taken_back_even_if_nothing_is_wanted_any_more() {
    let Some(site) = Site::zone() else { return };
    let powerdns = site.powerdns();
    put_foreign(powerdns);
    let way = with(site.by_powerdns(), &[("dns_wait", "30")]);
    site.configure(&[cert("wild", &[ZONE], &way)]);
    let run = site.certkeeper(&["renew"]).start();
    assert!(wait_until(Duration::from_secs(10), || powerdns
        .txt(CHALLENGE)
        .len()
        == 2));
    site.wait_for("wild", "giving DNS");
    run.signal(rustix::process::Signal::KILL);
    run.finish();
    assert_eq!(powerdns.txt(CHALLENGE).len(), 2);
    let off = with(way, &[("enabled", "0")]);
    site.configure(&[cert("wild", &[ZONE], &off)]);
    let run = site.ends(&["renew"], 0);
    assert!(
        run.stdout
            .contains("took back 1 leftover challenge answers"),
        "{}",
        run.report()
    );
    assert_eq!(powerdns.txt(CHALLENGE), [FOREIGN]);
    assert!(
        !site
            .temp
            .path("etc/certkeeper/certs/wild/cleanup.json")
            .exists()
    );
}
