//! What follows when the configuration changes, or when somebody asks.

use crate::site::Site;
use crate::support::openssl;
use crate::uci::{cert, with};
use std::fs;

#[test]
fn other_names_are_issued_at_once() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    let both = ["mail.demo.example", "www.demo.example"];
    site.configure(&[cert("web", &both, &site.by_webroot())]);
    let run = site.ends(&["renew"], 0);
    assert!(
        run.stderr
            .contains("the names changed (+mail.demo.example)"),
        "{}",
        run.report()
    );
    assert_eq!(site.version("web"), Some(2));
    site.is_good("web", &both);
    // The same names in another order are the same names.
    site.configure(&[cert(
        "web",
        &["www.demo.example", "mail.demo.example"],
        &site.by_webroot(),
    )]);
    site.renew();
    assert_eq!(site.version("web"), Some(2));
    site.configure(&[cert("web", &["mail.demo.example"], &site.by_webroot())]);
    site.renew();
    site.is_good("web", &["mail.demo.example"]);
}

#[test]
fn another_key_type_is_issued_at_once() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    let ec384 = with(site.by_webroot(), &[("key_type", "ec384")]);
    site.configure(&[cert("web", &["www.demo.example"], &ec384)]);
    let run = site.ends(&["renew"], 0);
    assert!(
        run.stderr
            .contains("the key type changed from ec256 to ec384"),
        "{}",
        run.report()
    );
    assert_eq!(site.version("web"), Some(2));
    site.is_good("web", &["www.demo.example"]);
    let crt = site.domain("web.crt");
    let text = openssl::run(&["x509", "-in", crt.to_str().unwrap(), "-noout", "-text"]);
    assert!(text.contains("secp384r1"), "{text}");
}

#[test]
fn a_refused_name_leaves_the_old_certificate_in_use() {
    let Some(site) = Site::plan(|plan| {
        plan.nginx = true;
        plan.pebble.domain_blocklist = vec!["blocked.example".into()];
    }) else {
        return;
    };
    site.configure(&[
        cert("web", &["www.demo.example"], &site.by_webroot()),
        cert("other", &["other.demo.example"], &site.by_webroot()),
    ]);
    site.renew();
    let pair = || ["crt", "key"].map(|end| fs::read(site.domain(&format!("web.{end}"))).unwrap());
    let before = pair();
    let names = ["www.demo.example", "www.blocked.example"];
    site.configure(&[
        cert("web", &names, &site.by_webroot()),
        cert(
            "other",
            &["other.demo.example", "more.demo.example"],
            &site.by_webroot(),
        ),
    ]);
    let run = site.ends(&["renew"], 1);
    assert!(
        run.stdout.contains("(rejectedIdentifier)"),
        "{}",
        run.report()
    );
    assert!(
        run.stdout
            .contains("what to do: the CA's policy forbids the name"),
        "{}",
        run.report()
    );
    // The old pair serves on; the status has both truths.
    assert_eq!(pair(), before);
    assert_eq!(site.version("web"), Some(1));
    site.is_good("web", &["www.demo.example"]);
    let status = site.status("web");
    assert_eq!(status["state"], "valid");
    assert_eq!(status["last_attempt"]["state"], "invalid");
    assert_eq!(status["last_attempt"]["stage"], "order");
    assert!(
        status["warnings"][0]
            .as_str()
            .unwrap()
            .contains("rejectedIdentifier"),
        "{status}"
    );
    let name = |n: usize| &status["names"][n];
    assert_eq!(
        (&name(0)["name"], &name(0)["state"]),
        (&names[0].into(), &"valid".into())
    );
    // The CA said which name it was about.
    if site.is_newest() {
        assert_eq!(name(1)["state"], "invalid");
        let problem = name(1)["problem"].as_str().unwrap();
        assert!(problem.contains("forbidden domain"), "{status}");
    }
    // The other section went on.
    site.is_good("other", &["other.demo.example", "more.demo.example"]);
    // Only a change helps: the CA is not asked again by itself, not in a day either.
    let orders = site.asked("POST /order-plz");
    let attempt = site.attempt("web");
    let wait = attempt["next"].as_i64().unwrap() - attempt["at"].as_i64().unwrap();
    assert_eq!(wait, 7 * 86_400);
    site.ends(&["renew"], 4);
    assert_eq!(site.asked("POST /order-plz"), orders);
    // The change does, at once.
    site.configure(&[
        cert(
            "web",
            &["www.demo.example", "new.demo.example"],
            &site.by_webroot(),
        ),
        cert(
            "other",
            &["other.demo.example", "more.demo.example"],
            &site.by_webroot(),
        ),
    ]);
    site.renew();
    site.is_good("web", &["www.demo.example", "new.demo.example"]);
    site.is_tidy("web");
    assert!(site.status("web")["warnings"].get(0).is_none());
}

#[test]
fn a_change_that_failed_and_is_undone_is_forgotten() {
    let Some(site) = Site::plan(|plan| {
        plan.nginx = true;
        plan.pebble.domain_blocklist = vec!["blocked.example".into()];
    }) else {
        return;
    };
    let section = |names: &[&str]| cert("web", names, &site.by_webroot());
    site.configure(&[section(&["www.demo.example"])]);
    site.renew();
    let good = site.status("web");
    site.configure(&[section(&["www.demo.example", "www.blocked.example"])]);
    site.ends(&["renew"], 1);
    assert_ne!(site.status("web"), good);
    // The owner takes the name out again: all is as it was.
    site.configure(&[section(&["www.demo.example"])]);
    site.renew();
    assert_eq!(site.version("web"), Some(1));
    assert_eq!(site.status("web"), good);
}

#[test]
fn force_issues_what_is_not_due_and_that_alone() {
    let Some(site) = Site::web() else { return };
    site.configure(&[
        cert("one", &["one.demo.example"], &site.by_webroot()),
        cert("two", &["two.demo.example"], &site.by_webroot()),
    ]);
    site.renew();
    site.ends(&["renew", "one"], 0);
    assert_eq!(site.version("one"), Some(1), "named is not forced");
    site.ends(&["renew", "one", "--force"], 0);
    assert_eq!(
        (site.version("one"), site.version("two")),
        (Some(2), Some(1))
    );
    site.is_good("one", &["one.demo.example"]);
    site.ends(&["renew", "--force"], 0);
    assert_eq!(
        (site.version("one"), site.version("two")),
        (Some(3), Some(2))
    );
}

#[test]
fn a_section_in_error_keeps_none_from_running() {
    let Some(site) = Site::web() else { return };
    site.configure(&[
        cert("bad", &["nodot"], &site.by_webroot()),
        cert(
            "off",
            &["off.demo.example"],
            &with(site.by_webroot(), &[("enabled", "0")]),
        ),
        cert("good", &["good.demo.example"], &site.by_webroot()),
    ]);
    let run = site.ends(&["renew"], 1);
    let words = "cert 'bad', option domains 'nodot': a name has at least two parts";
    assert!(run.stderr.contains(words), "{}", run.report());
    site.is_good("good", &["good.demo.example"]);
    assert_eq!(site.version("off"), None);
    assert_eq!(site.status("off")["state"], "disabled");
    assert_eq!(site.status("bad")["state"], "internal_error");
    assert_eq!(site.asked("POST /order-plz"), 1);
    // The disabled one was not put before the first that runs.
    assert_eq!(site.status("good")["primary"], true);
}
