//! Runs that end before their time: the next one goes on, and nothing stays behind.

use crate::relay::{Relay, Replies};
use crate::site::{Site, ZONE};
use crate::support::process::{Finished, Running};
use crate::support::{openssl, wait_until};
use crate::together::{freeze, thaw};
use crate::uci::{GLOBAL, account, cert, section, with};
use rustix::process::Signal;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How many moments of a run are tried.
const MOMENTS: u32 = 30;

#[track_caller]
pub fn ends(run: &Finished, code: i32) {
    assert_eq!(run.code(), code, "{}", run.report());
}

/// A section that is proven by two files and two records.
fn mixed(site: &Site, name: &str) -> String {
    let wild = format!("*.{ZONE}");
    let names = ["www.demo.example", "mail.demo.example", ZONE, &wild];
    let by_file = |n: &str| {
        let options = [
            ("cert", name.into()),
            ("name", n.into()),
            ("validation_method", "webroot".into()),
        ];
        let file = n.replace('.', "_");
        section("domain", &format!("{name}_{file}"), &options)
    };
    cert(name, &names, &site.by_powerdns()) + &by_file(names[0]) + &by_file(names[1])
}

/// Drafts that hold a key. Those of other files may lie there until the next one is written.
fn drafts(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if name == ".key.pem.new" || name == "draft" {
            found.push(name);
        }
        if entry.file_type().unwrap().is_dir() {
            drafts(&entry.path(), found);
        }
    }
}

#[test]
fn killed_at_any_moment() {
    let Some(site) = Site::plan(|plan| {
        plan.nginx = true;
        plan.powerdns = true;
    }) else {
        return;
    };
    let wild = format!("*.{ZONE}");
    let names = ["www.demo.example", "mail.demo.example", ZONE, &*wild];
    site.configure(&[mixed(&site, "s")]);
    let mut length = site.ends(&["renew"], 0).wall;
    site.is_good("s", &names);
    let (mut tried, mut killed, mut left) = (0, 0, 0);
    while killed < MOMENTS {
        // Each time from nothing, the account too every other time.
        let state = ["etc/certkeeper", "etc/certkeeper/certs"][tried % 2];
        for folder in [state, "etc/ssl/domains", "var"] {
            fs::remove_dir_all(site.temp.path(folder)).expect("what the last run left");
        }
        let run = site.certkeeper(&["renew"]).start();
        thread::sleep(length * killed / MOMENTS);
        run.signal(Signal::KILL);
        let run = run.finish();
        match run.code() {
            137 => killed += 1,
            // It was quicker than the first, so the rest is tried in smaller steps.
            _ => length = length.min(run.wall),
        }
        tried += 1;
        assert!(tried < 150, "only {killed} of {tried} were killed");
        let folder = site.temp.path("etc/certkeeper/certs/s");
        left += u32::from(folder.join("cleanup.json").exists());
        // Half a pair is never served.
        if site.domain("s.crt").exists() {
            site.is_good("s", &names);
        }
        site.renew();
        site.is_good("s", &names);
        site.is_good_primary();
        site.is_tidy("s");
        let mut found = Vec::new();
        drafts(&site.temp.path("etc"), &mut found);
        assert_eq!(found, Vec::<String>::new(), "kill {killed}");
    }
    // Or the moments were not those of a run.
    assert!(left > 2, "{left} were killed with something presented");
}

/// A site with two names and a run that the CA looks at; the web server is frozen.
pub fn looked_at() -> Option<(Site, Running)> {
    let site = Site::web()?;
    let names = ["www.demo.example", "mail.demo.example"];
    site.configure(&[cert("web", &names, &site.by_webroot())]);
    freeze(&site);
    let run = site.certkeeper(&["renew"]).start();
    site.wait_for("web", "is looking");
    wait_asked(&site, "POST /my-order/");
    assert_eq!(site.tokens().len(), 2);
    Some((site, run))
}

/// The same, and the run is killed.
pub fn killed_while_looked_at() -> Option<Site> {
    let (site, run) = looked_at()?;
    run.signal(Signal::KILL);
    ends(&run.finish(), 128 + 9);
    Some(site)
}

#[test]
fn killed_while_the_ca_looks_and_found_valid() {
    let Some(site) = killed_while_looked_at() else {
        return;
    };
    thaw(&site);
    // The files are still there, so the CA finds them.
    let valid = || site.pebble.log().matches("set VALID").count() == 2;
    assert!(
        wait_until(Duration::from_secs(10), valid),
        "{}",
        site.pebble.log()
    );
    site.renew();
    assert!(
        site.log("web")
            .contains("going on with the order under way"),
        "{}",
        site.log("web")
    );
    site.is_good("web", &["mail.demo.example", "www.demo.example"]);
    // By that very run: who has a certificate for 60 days starts no other soon.
    site.is_tidy("web");
    assert_eq!(site.asked("POST /order-plz"), 1);
}

pub fn wait_asked(site: &Site, request: &str) {
    let asked = wait_until(Duration::from_secs(20), || site.asked(request) > 0);
    assert!(asked, "no {request}:\n{}", site.pebble.log());
}

/// A section behind a relay that withholds what the CA says to `finalize`.
fn withheld(site: &Site) -> Relay {
    let relay = Relay::to(&site.pebble);
    let section = cert("web", &["www.demo.example"], &site.by_webroot());
    site.temp
        .uci(&(GLOBAL.to_owned() + &account("pebble", &relay.directory_url()) + &section));
    relay
}

#[test]
fn the_reply_to_finalize_is_lost() {
    let Some(site) = Site::web() else { return };
    let relay = withheld(&site);
    relay.set(Replies::Cut(
        Arc::downgrade(&site.pebble),
        "POST /finalize-order/",
    ));
    site.renew();
    assert_eq!(relay.lost(), 1, "nothing was lost");
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
    assert_eq!(site.asked("POST /order-plz"), 1);
    assert_eq!(
        site.pebble
            .log()
            .matches("Issued certificate serial")
            .count(),
        1
    );
}

#[test]
fn killed_before_the_reply_to_finalize() {
    let Some(site) = Site::web() else { return };
    let relay = withheld(&site);
    relay.set(Replies::Hold(
        Arc::downgrade(&site.pebble),
        "POST /finalize-order/",
    ));
    let run = site.certkeeper(&["renew"]).start();
    assert!(
        wait_until(Duration::from_secs(20), || relay.lost() > 0),
        "{}",
        site.pebble.log()
    );
    run.signal(Signal::KILL);
    ends(&run.finish(), 128 + 9);
    relay.set(Replies::Pass);
    let key = site.temp.read("etc/certkeeper/certs/web/pending/key.pem");
    assert_eq!(site.version("web"), None);
    site.renew();
    assert!(
        site.log("web")
            .contains("going on with the order under way"),
        "{}",
        site.log("web")
    );
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
    assert_eq!(site.temp.read("etc/ssl/domains/web.key"), key);
    // It looked at the order instead of asking twice.
    assert_eq!(site.asked("POST /order-plz"), 1);
    assert_eq!(site.asked("POST /finalize-order/"), 1);
}

/// A kill between two steps of putting a version into use, played by hand: `undo` takes back what
/// had not been done yet.
fn half_done(undo: impl Fn(&Site)) {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    undo(&site);
    let requests = site.pebble.requests().len();
    site.renew();
    assert_eq!(
        site.pebble.requests().len(),
        requests,
        "what is stored needs no CA"
    );
    assert_eq!(site.version("web"), Some(1));
    site.is_good("web", &["www.demo.example"]);
    site.is_good_primary();
    site.is_tidy("web");
    // The next certificate has a new key.
    let key = site.temp.read("etc/ssl/domains/web.key");
    site.ends(&["renew", "--force"], 0);
    assert_ne!(site.temp.read("etc/ssl/domains/web.key"), key);
    site.is_good("web", &["www.demo.example"]);
}

#[test]
fn killed_between_storing_and_linking() {
    half_done(|site| {
        fs::remove_file(site.temp.path("etc/certkeeper/certs/web/current")).unwrap();
        fs::remove_file(site.temp.path("etc/certkeeper/primary")).unwrap();
        fs::remove_dir_all(site.temp.path("etc/ssl/domains")).unwrap();
    });
}

#[test]
fn killed_between_linking_and_the_primary_links() {
    half_done(|site| {
        fs::remove_file(site.temp.path("etc/certkeeper/primary")).unwrap();
        fs::remove_file(site.domain("domain.key")).unwrap();
    });
}

#[test]
fn killed_while_forgetting_the_key_under_way() {
    half_done(|site| {
        // order.json goes first, then the key.
        let folder = site.temp.path("etc/certkeeper/certs/web");
        fs::create_dir(folder.join("pending")).unwrap();
        fs::copy(
            folder.join("current/key.pem"),
            folder.join("pending/key.pem"),
        )
        .unwrap();
        fs::remove_file(folder.join("current")).unwrap();
    });
}

#[test]
fn damaged_notes_are_made_anew() {
    let Some(site) = Site::web() else { return };
    let section = |names: &[&str]| cert("web", names, &with(site.by_webroot(), &[]));
    site.configure(&[section(&["www.demo.example"])]);
    site.renew();
    for name in ["order.json", "attempt.json", "issued.json"] {
        for text in ["", "{\"url\":\"https://loc", "[]"] {
            site.temp
                .write(&format!("etc/certkeeper/certs/web/{name}"), text);
            site.ends(&["renew", "web", "--force"], 0);
            site.is_good("web", &["www.demo.example"]);
            site.is_tidy("web");
        }
    }
    // A version that lost its note does not count, the one before it does.
    let version = site.version("web").expect("a version");
    let file = format!("etc/certkeeper/certs/web/versions/{version}/meta.json");
    fs::remove_file(site.temp.path(&file)).unwrap();
    site.renew();
    let serial = openssl::serial(&site.domain("web.crt"));
    assert_eq!(site.pebble.cert_status(&serial).as_deref(), Some("Valid"));
    assert_ne!(site.version("web"), Some(version));
    site.is_good("web", &["www.demo.example"]);
}
