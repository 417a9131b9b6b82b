//! Sections that are removed or renamed while they are worked on, or before they could clean up.

use crate::site::{Site, ZONE};
use crate::together::{freeze, thaw};
use crate::uci::{cert, with};
use rustix::process::Signal;
use std::fs;

/// A run of this section is killed while its answers are presented.
fn killed_while_presented(site: &Site, section: &str, word: &str) {
    let run = site.certkeeper(&["renew", section]).start();
    site.wait_for(section, word);
    run.signal(Signal::KILL);
    run.finish();
    assert!(note(site, section), "nothing is noted as presented");
}

/// It is noted that something may be presented.
fn note(site: &Site, section: &str) -> bool {
    site.temp
        .path(&format!("etc/certkeeper/certs/{section}/cleanup.json"))
        .exists()
}

/// The challenge records of the zone.
fn records(site: &Site) -> Vec<String> {
    site.powerdns().txt(&format!("_acme-challenge.{ZONE}"))
}

#[test]
fn what_a_removed_section_left_is_taken_back() {
    let Some(site) = Site::web() else { return };
    let other = cert("other", &["other.demo.example"], &site.by_webroot());
    let web = cert("web", &["www.demo.example"], &site.by_webroot());
    site.configure(&[web, other.clone()]);
    freeze(&site);
    killed_while_presented(&site, "web", "is looking");
    thaw(&site);
    assert_eq!(site.tokens().len(), 1);
    site.configure(&[other]);
    let run = site.ends(&["renew"], 0);
    assert!(
        run.stdout
            .contains("web: took back 1 leftover challenge answers"),
        "{}",
        run.report()
    );
    assert_eq!(site.tokens().len(), 0);
    assert!(!note(&site, "web"));
    site.is_good("other", &["other.demo.example"]);
    // It is told once.
    let run = site.ends(&["renew"], 0);
    assert!(!run.stdout.contains("web"), "{}", run.report());
}

/// By DNS, with a wait long enough to be killed in.
fn slow(site: &Site) -> Vec<(&'static str, String)> {
    let mut options = site.by_powerdns();
    options.retain(|(name, _)| *name != "dns_wait");
    with(options, &[("dns_wait", "30")])
}

#[test]
fn what_a_renamed_section_left_is_taken_back() {
    let Some(site) = Site::zone() else { return };
    site.configure(&[cert("before", &[ZONE], &slow(&site))]);
    killed_while_presented(&site, "before", "giving DNS");
    assert_eq!(records(&site).len(), 1);
    site.configure(&[cert("after", &[ZONE], &site.by_powerdns())]);
    site.renew();
    assert_eq!(records(&site), Vec::<String>::new());
    assert!(!note(&site, "before"));
    site.is_good("after", &[ZONE]);
}

#[test]
fn a_record_that_nobody_can_remove_any_more_is_told_once() {
    let Some(site) = Site::zone() else { return };
    site.configure(&[cert("gone", &[ZONE], &slow(&site))]);
    killed_while_presented(&site, "gone", "giving DNS");
    site.configure(&[]);
    let run = site.ends(&["renew"], 1);
    for words in [
        "gone: the TXT record _acme-challenge.",
        "stays at powerdns",
        "remove it by hand",
    ] {
        assert!(run.stdout.contains(words), "{}", run.report());
    }
    let run = site.ends(&["renew"], 0);
    assert!(!run.stdout.contains("gone"), "{}", run.report());
}

#[test]
fn a_section_with_mistakes_cleans_up_when_they_are_mended() {
    let Some(site) = Site::zone() else { return };
    let section = cert("web", &[ZONE], &slow(&site));
    site.configure(std::slice::from_ref(&section));
    killed_while_presented(&site, "web", "giving DNS");
    site.configure(&[section.replace("'powerdns'", "'powerdms'")]);
    site.ends(&["renew"], 1);
    assert!(note(&site, "web"), "forgotten while it could not be done");
    assert_eq!(records(&site).len(), 1);
    site.configure(&[cert("web", &[ZONE], &site.by_powerdns())]);
    site.renew();
    assert_eq!(records(&site), Vec::<String>::new());
    site.is_tidy("web");
}

#[test]
fn removed_and_renamed_while_a_run_works() {
    let Some(site) = Site::web() else { return };
    let section = |name: &str| cert(name, &[&format!("{name}.demo.example")], &site.by_webroot());
    site.configure(&[section("one"), section("two"), section("three")]);
    freeze(&site);
    let run = site.certkeeper(&["renew", "one"]).start();
    site.wait_for("one", "is looking");
    // Others come with the old configuration; then `one` goes, `two` gets another name.
    let others: Vec<_> = ["two", "three"]
        .map(|name| site.certkeeper(&["renew", name]).start())
        .into();
    for name in ["two", "three"] {
        let wish = site.temp.path(&format!("var/run/certkeeper/wanted/{name}"));
        assert!(crate::support::wait_until(
            std::time::Duration::from_secs(20),
            || wish.exists()
        ));
    }
    site.configure(&[section("second"), section("three")]);
    thaw(&site);
    let run = run.finish();
    assert_eq!(run.code(), 0, "{}", run.report());
    for other in others {
        let other = other.finish();
        assert_eq!(other.code(), 0, "{}", other.report());
    }
    assert_eq!(site.tokens().len(), 0);
    site.is_good("three", &["three.demo.example"]);
    // What was issued for `one` is not lost: it is linked as it was asked for.
    site.is_good("one", &["one.demo.example"]);
    site.renew();
    site.is_good("second", &["second.demo.example"]);
    let documents = fs::read_dir(site.temp.path("var/run/certkeeper/status")).expect("a folder");
    let mut names: Vec<String> = documents
        .flatten()
        .map(|f| f.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["second.json", "three.json"]);
}
