//! Names whose provider keeps few values at a time are validated in turns.

use crate::endpoint::Endpoint;
use crate::site::{Site, ZONE};
use crate::support::wait_until;
use crate::uci::{cert, section, with};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// The name of the account at acme-dns, to which all challenges lead.
const ACCOUNT: &str = "d420c923.auth.example";

fn by(endpoint: &Endpoint, wait: &str) -> Vec<(&'static str, String)> {
    let url = format!("ACMEDNS_BASE_URL={}", endpoint.url());
    let all = [
        &url,
        "ACMEDNS_USERNAME=me",
        "ACMEDNS_PASSWORD=hunter2",
        &format!("ACMEDNS_SUBDOMAIN={ACCOUNT}"),
    ];
    let mut options = vec![
        ("dns", "acme-dns".to_owned()),
        ("dns_wait", wait.to_owned()),
    ];
    options.extend(all.map(|text| ("list credentials", text.to_owned())));
    options
}

#[test]
fn five_names_share_two_places() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    let wild = format!("*.{ZONE}");
    let names = [
        ZONE,
        &wild,
        "a.demo.example",
        "b.demo.example",
        "c.demo.example",
    ];
    for base in [ZONE, "a.demo.example", "b.demo.example", "c.demo.example"] {
        site.challsrv()
            .set_cname(&format!("_acme-challenge.{base}"), ACCOUNT);
    }
    site.configure(&[cert("many", &names, &by(&endpoint, "0"))]);
    site.renew();
    site.is_good("many", &names);
    site.is_tidy("many");
    // Each value once, two, two and one at a time.
    assert_eq!(endpoint.calls().len(), 5);
    let log = site.log("many");
    let steps: String = log
        .lines()
        .filter_map(|line| match line {
            line if line.contains("presenting ") => Some('p'),
            line if line.contains(" is looking") => Some('l'),
            _ => None,
        })
        .collect();
    assert_eq!(steps, "pplpplpl", "{log}");
    assert_eq!(site.asked("POST /order-plz"), 1);
}

#[test]
fn each_turn_is_given_its_time_and_one_that_is_cut_off_is_gone_on_with() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    let names = ["a.demo.example", "b.demo.example", "c.demo.example"];
    for base in names {
        site.challsrv()
            .set_cname(&format!("_acme-challenge.{base}"), ACCOUNT);
    }
    site.configure(&[cert("many", &names, &by(&endpoint, "2"))]);
    let began = Instant::now();
    let run = site.certkeeper(&["renew"]).start();
    let presented = || endpoint.calls().len();
    assert!(wait_until(Duration::from_secs(20), || presented() == 3));
    assert!(
        began.elapsed() >= Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    run.signal(Signal::TERM);
    assert_eq!(run.finish().code(), 1);
    site.renew_named("many");
    site.is_good("many", &names);
    site.is_tidy("many");
    // The names of the first turn are valid already.
    assert_eq!(presented(), 4, "{}", site.log("many"));
    assert_eq!(site.asked("POST /order-plz"), 1);
    // Where the provider refuses, nothing is left in the way of the next attempt.
    endpoint.answer(500);
    site.configure(&[cert(
        "many",
        &["d.demo.example", "e.demo.example", "f.demo.example"],
        &by(&endpoint, "0"),
    )]);
    site.ends(&["renew"], 1);
    endpoint.answer(200);
    for base in ["d.demo.example", "e.demo.example", "f.demo.example"] {
        site.challsrv()
            .set_cname(&format!("_acme-challenge.{base}"), ACCOUNT);
    }
    site.renew_named("many");
    site.is_good(
        "many",
        &["d.demo.example", "e.demo.example", "f.demo.example"],
    );
    site.is_tidy("many");
}

/// Two sections, and a name with a way of its own, are at one account: nobody pushes anybody out.
#[test]
fn sections_of_one_account_take_turns() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    let names = |letters: [char; 3]| letters.map(|l| format!("{l}.demo.example"));
    let (first, second) = (names(['a', 'b', 'c']), names(['d', 'e', 'f']));
    for base in first.iter().chain(&second) {
        site.challsrv()
            .set_cname(&format!("_acme-challenge.{base}"), ACCOUNT);
    }
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let second: Vec<&str> = second.iter().map(String::as_str).collect();
    let way = by(&endpoint, "1");
    let own = with(way.clone(), &[("cert", "two"), ("name", "f.demo.example")]);
    site.configure(&[
        cert("one", &first, &way),
        cert("two", &second, &way),
        section("domain", "own", &own),
    ]);
    site.renew();
    site.is_good("one", &first);
    site.is_good("two", &second);
    site.is_tidy("one");
    site.is_tidy("two");
    // Each value was written once.
    assert_eq!(endpoint.calls().len(), 6, "{}", site.log("two"));
    assert_eq!(site.asked("POST /order-plz"), 2);
}

/// Between two runs nobody pushes out what waits either: no other section, no check.
#[test]
fn what_waits_for_a_later_run_keeps_its_place() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    for base in ["a.demo.example", "b.demo.example"] {
        site.challsrv()
            .set_cname(&format!("_acme-challenge.{base}"), ACCOUNT);
    }
    let one = |wait: &str| cert("one", &["a.demo.example"], &by(&endpoint, wait));
    let two = cert("two", &["b.demo.example"], &by(&endpoint, "0"));
    site.configure(&[one("3000"), two.clone()]);
    let run = site.ends(&["renew"], 4);
    let words = "'one' has its values at the same provider, which keeps few";
    assert!(
        (run.stdout.clone() + &run.stderr).contains(words),
        "{}",
        run.report()
    );
    let run = site.ends(&["check"], 0);
    let words = "not tried: acme-dns keeps few values, and 'one' waits with its own";
    assert_eq!(run.stdout.matches(words).count(), 2, "{}", run.report());
    // Nor a test at the CA's staging server, its own or another's.
    let file = site.temp.read("etc/config/certkeeper");
    let more = "option staging_server 'https://localhost:1/dir'\n\toption acme_server";
    site.temp.uci(&file.replace("option acme_server", more));
    let run = site.ends(&["check", "--ca"], 0);
    let words = "'one' waits with its values at a provider that keeps few";
    assert_eq!(run.stdout.matches(words).count(), 2, "{}", run.report());
    let run = site.run(&["renew", "--test"]);
    let words = "'one' has its values at the same provider, which keeps few";
    let all = run.stdout.clone() + &run.stderr;
    assert_eq!(all.matches(words).count(), 2, "{}", run.report());
    assert_eq!(endpoint.calls().len(), 1);
    // Once it is done, the other one follows.
    site.configure(&[one("0"), two]);
    site.ends(&["renew", "one"], 0);
    site.renew();
    site.is_good("one", &["a.demo.example"]);
    site.is_good("two", &["b.demo.example"]);
}
