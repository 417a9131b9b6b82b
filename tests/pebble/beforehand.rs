//! Names that the CA has validated beforehand: no challenge is answered (`validation_method none`).

use crate::failures::{ends, last};
use crate::site::Site;
use crate::uci::{cert, with};

const NONE: [(&str, &str); 1] = [("validation_method", "none")];

fn none() -> Vec<(&'static str, String)> {
    with(Vec::new(), &NONE)
}

/// A CA that remembers what the account has proved.
fn site() -> Option<Site> {
    Site::plan(|plan| {
        plan.nginx = true;
        plan.pebble.authz_reuse = 100;
    })
}

#[test]
fn what_is_valid_already_needs_no_challenge() {
    let Some(site) = site() else { return };
    let names = ["a.demo.example", "b.demo.example"];
    site.configure(&[cert("first", &names, &site.by_webroot())]);
    site.renew();
    // Nobody could answer any more.
    site.configure(&[cert("web", &names, &none())]);
    site.renew();
    site.is_good("web", &names);
    site.is_tidy("web");
    let log = site.log("web");
    assert!(!log.contains("presenting"), "{log}");
    assert_eq!(site.status("web")["names"][0]["method"], "none");
}

#[test]
fn what_is_not_is_named_with_what_to_do() {
    let Some(site) = site() else { return };
    site.configure(&[cert("first", &["a.demo.example"], &site.by_webroot())]);
    site.renew();
    let names = ["a.demo.example", "b.demo.example", "*.c.demo.example"];
    site.configure(&[cert("web", &names, &none())]);
    let account = "for the account https://localhost:";
    let words = [
        "b.demo.example",
        "*.c.demo.example",
        "for this account beforehand",
        account,
        "validation_method none answers no challenge",
    ];
    ends(&site.run(&["renew"]), 1, &words);
    assert_eq!(last(&site)["state"], "invalid");
    let status = site.status("web");
    assert_eq!(status["names"][0]["state"], "not_checked");
    assert_eq!(status["names"][1]["problem"], "not validated beforehand");
    // The CA was not made to look.
    assert_eq!(site.asked("POST /chalZ/"), 1, "only the first section's");
    // Validated meanwhile, by whatever way.
    site.configure(&[
        cert("first", &names[..2], &site.by_webroot()),
        cert("web", &names[..2], &none()),
    ]);
    site.renew();
    site.is_good("web", &names[..2]);
}

#[test]
fn check_tells_that_the_ca_must_know() {
    let Some(site) = site() else { return };
    site.configure(&[cert("web", &["a.demo.example"], &none())]);
    let run = site.ends(&["check"], 0);
    let words = "must have validated the names beforehand";
    assert!(run.stdout.contains(words), "{}", run.report());
}
