//! What goes wrong: the state, the words, what its owner can do, when it is tried again.

use crate::site::Site;
use crate::support::process::Finished;
use crate::support::server::free_port;
use crate::uci::{GLOBAL, account, cert, with};
use serde_json::Value;
use std::fs;

/// The last attempt of section `web` as status tells it.
pub fn last(site: &Site) -> Value {
    site.status("web")["last_attempt"].clone()
}

#[track_caller]
fn says(text: &Value, words: &[&str]) {
    let text = text.as_str().unwrap_or_default();
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text:?}");
    }
}

/// The exit code, and all that was printed has these words.
#[track_caller]
pub fn ends(run: &Finished, code: i32, words: &[&str]) {
    assert_eq!(run.code(), code, "{}", run.report());
    for word in words {
        assert!(run.stdout.contains(word), "no {word:?}: {}", run.report());
    }
}

#[test]
fn a_closed_port() {
    let Some(site) = Site::bare() else { return };
    let elsewhere = with(site.by_standalone(), &[])
        .into_iter()
        .map(|(option, value)| {
            let port = free_port().to_string();
            (option, if option == "listen_port" { port } else { value })
        });
    site.configure(&[cert(
        "web",
        &["www.demo.example"],
        &elsewhere.collect::<Vec<_>>(),
    )]);
    let remedy =
        "nobody takes connections at port 80 of that address: the name must lead to this router";
    let words = [
        "✗ web: localhost",
        "connection refused (connection)",
        remedy,
    ];
    ends(&site.run(&["renew"]), 1, &words);
    let status = site.status("web");
    assert_eq!(status["state"], "invalid");
    assert_eq!(status["names"][0]["state"], "invalid");
    says(&status["names"][0]["problem"], &["connection refused"]);
    assert_eq!(last(&site)["stage"], "validation");
    // Ten minutes first; then six times as long.
    let wait = |a: &Value| a["next"].as_i64().unwrap() - a["at"].as_i64().unwrap();
    assert_eq!(wait(&site.attempt("web")), 600);
    ends(&site.run(&["renew", "web"]), 1, &[]);
    assert_eq!(
        (wait(&site.attempt("web")), &site.attempt("web")["failures"]),
        (3600, &2.into())
    );
}

#[test]
fn a_document_root_that_nobody_serves() {
    let Some(site) = Site::web() else { return };
    fs::create_dir_all(site.temp.path("other")).expect("a folder");
    let other = with(site.by_webroot(), &[("webroot", "/other")]);
    site.configure(&[cert("web", &["www.demo.example"], &other)]);
    let words = [
        "Non-200 status code from HTTP",
        "(unauthorized)",
        "webroot be what the web server serves",
    ];
    ends(&site.run(&["renew"]), 1, &words);
    assert_eq!(site.status("web")["state"], "invalid");
    let folder = site.temp.path("other/.well-known/acme-challenge");
    assert_eq!(
        fs::read_dir(folder)
            .expect("made for the challenge")
            .count(),
        0
    );
    // One that is not there is told before the CA looks.
    let gone = with(site.by_webroot(), &[("webroot", "/gone")]);
    site.configure(&[cert("web", &["www.demo.example"], &gone)]);
    let asked = site.asked("POST /chalZ/");
    ends(
        &site.run(&["renew"]),
        1,
        &["/gone does not exist", "set option webroot"],
    );
    assert_eq!(site.asked("POST /chalZ/"), asked);
}

#[test]
fn one_name_of_three_fails_and_is_named() {
    let Some(site) = Site::web() else { return };
    let names = ["a.demo.example", "b.demo.example", "c.demo.example"];
    // Nobody listens there.
    site.challsrv().add_a("b.demo.example", &["127.0.0.2"]);
    site.configure(&[cert("web", &names, &site.by_webroot())]);
    ends(&site.run(&["renew"]), 1, &["b.demo.example"]);
    let status = site.status("web");
    let blamed = |n: &Value| {
        n["problem"]
            .as_str()
            .is_some_and(|p| p.contains("connection refused"))
    };
    let blamed: Vec<_> = status["names"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|n| blamed(n))
        .collect();
    assert_eq!(blamed.len(), 1, "{status}");
    assert_eq!(blamed[0]["name"], "b.demo.example");
    assert!(site.tokens().is_empty());
    assert!(
        !site
            .temp
            .path("etc/certkeeper/certs/web/order.json")
            .exists()
    );
}

#[test]
fn a_waiting_section_asks_nobody_until_it_is_named() {
    let Some(site) = Site::web() else { return };
    fs::create_dir_all(site.temp.path("other")).expect("a folder");
    let section = cert(
        "web",
        &["www.demo.example"],
        &with(site.by_webroot(), &[("webroot", "/other")]),
    );
    site.configure(&[section]);
    ends(&site.run(&["renew"]), 1, &[]);
    let asked = site.pebble.requests().len();
    for _ in 0..2 {
        ends(&site.run(&["renew"]), 4, &["waits"]);
    }
    assert_eq!(site.pebble.requests().len(), asked);
    let json: Value = serde_json::from_str(&site.run(&["renew", "--json"]).stdout).expect("JSON");
    assert_eq!(json["waiting"][0]["section"], "web");
    assert_eq!(json["waiting"][0]["next"], site.attempt("web")["next"]);
    // Somebody repairs the server instead of the section, and names it.
    fs::remove_dir_all(site.temp.path("other")).expect("a folder");
    std::os::unix::fs::symlink("www", site.temp.path("other")).expect("a link");
    site.renew_named("web");
    site.is_good("web", &["www.demo.example"]);
}

#[test]
fn a_listener_whose_port_is_taken() {
    let Some(site) = Site::web() else { return };
    // nginx has it.
    site.configure(&[cert("web", &["www.demo.example"], &site.by_standalone())]);
    let words = [
        &*format!("port {} is held by nginx (pid ", site.http_port),
        "validation_method webroot",
    ];
    ends(&site.run(&["renew"]), 1, &words);
    assert_eq!(site.status("web")["state"], "internal_error");
    ends(&site.run(&["check"]), 1, &words);
    // The order waits for the way to be changed; it does not need to be made again.
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    site.is_good("web", &["www.demo.example"]);
    assert_eq!(site.asked("POST /order-plz"), 1);
}

/// Section `web` with a document root that nobody serves; `check` resolves names as the CA does.
fn with_resolver(site: &Site, names: &[&str]) {
    let webroot = with(site.by_webroot(), &[("webroot", "/other")]);
    let head = GLOBAL.to_owned() + &format!("\tlist dns_server '{}'\n", site.challsrv().address());
    let account = account("pebble", &site.pebble.directory_url());
    site.temp
        .uci(&(head + &account + &cert("web", names, &webroot)));
}

/// A `check` that finds no fault ends the wait; whether it has been mended the next run sees.
#[test]
fn after_a_check_that_passes_it_is_tried_at_once() {
    let Some(site) = Site::web() else { return };
    fs::create_dir_all(site.temp.path("other")).expect("a folder");
    with_resolver(&site, &["www.demo.example"]);
    ends(&site.run(&["renew"]), 1, &["(unauthorized)"]);
    ends(&site.run(&["renew"]), 4, &["waits"]);
    fs::remove_dir_all(site.temp.path("other")).expect("a folder");
    ends(&site.run(&["check"]), 1, &["/other does not exist"]);
    ends(&site.run(&["renew"]), 4, &["waits"]);
    std::os::unix::fs::symlink("www", site.temp.path("other")).expect("a link");
    let words = [
        "what failed before is tried again by the next run",
        "all is well",
    ];
    ends(&site.run(&["check"]), 0, &words);
    ends(&site.run(&["renew"]), 0, &[]);
    site.is_good("web", &["www.demo.example"]);
    let again = site.run(&["check"]);
    assert!(!again.stdout.contains("tried again"), "{}", again.report());
}

/// What lasts until the configuration changes lasts beyond a `check` and a reboot.
#[test]
fn a_refusal_waits_for_a_change() {
    let Some(site) = Site::plan(|plan| {
        plan.nginx = true;
        plan.pebble.domain_blocklist = vec!["blocked.example".into()];
    }) else {
        return;
    };
    fs::create_dir_all(site.temp.path("other")).expect("a folder");
    with_resolver(&site, &["www.blocked.example"]);
    ends(
        &site.run(&["renew"]),
        1,
        &["(rejectedIdentifier)", "policy forbids"],
    );
    let attempt = site.attempt("web");
    let wait = |a: &Value| a["next"].as_i64().unwrap() - a["at"].as_i64().unwrap();
    assert_eq!(wait(&attempt), 7 * 86_400);
    let check = site.run(&["check"]);
    ends(&check, 0, &[]);
    assert!(!check.stdout.contains("tried again"), "{}", check.report());
    fs::remove_dir_all(site.temp.path("var/run/certkeeper")).expect("tmpfs");
    ends(&site.run(&["renew"]), 4, &["waits"]);
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    site.is_good("web", &["www.demo.example"]);
}
