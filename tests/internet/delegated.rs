//! `_acme-challenge.NAME` is delegated to the router.

use crate::world::World;

const WAY: [(&str, &str); 1] = [("validation_method", "dns-delegated")];

fn options() -> Vec<(&'static str, String)> {
    WAY.map(|(option, value)| (option, value.to_owned()))
        .to_vec()
}

#[test]
fn a_delegated_name_is_answered_for_behind_the_redirect() {
    // By the first WAN, and, behind a CNAME, by the second, where no default route leads.
    let lines = "\
_acme-challenge.www.demo.example. 60 NS www.demo.example.
_acme-challenge.mail.demo.example. 60 CNAME acme.demo.example.
acme.demo.example. 60 NS router.demo.example.
";
    let Some(world) = World::new(lines) else {
        return;
    };
    let names = [
        "www.demo.example",
        "*.www.demo.example",
        "mail.demo.example",
    ];
    world.configure(&names, &options());
    let words = [
        "_acme-challenge.www.demo.example is delegated to www.demo.example",
        "acme.demo.example is delegated to router.demo.example",
        "2 of 2 who were asked for _acme-challenge.www.demo.example got the answer from here",
    ];
    world.ends(&["check"], 0, &words);
    world.ends(&["renew"], 0, &[]);
    world.is_issued(&names);
    // Nothing stays open.
    let closed = world.dig("@192.0.2.2 _acme-challenge.www.demo.example TXT");
    assert!(
        closed.contains("no servers could be reached") || closed.contains("refused"),
        "{closed}"
    );
    let table = world
        .router
        .try_sh(&format!("{} list table inet certkeeper", crate::fw4::nft()));
    assert!(!table.status.success(), "{}", table.stdout);
}

#[test]
fn the_record_that_is_missing_is_told() {
    let Some(world) = World::new("") else { return };
    world.configure(&["www.demo.example"], &options());
    let words = [
        "_acme-challenge.www.demo.example is not delegated: the zone demo.example answers for it itself",
        "_acme-challenge.www.demo.example. IN NS www.demo.example.",
    ];
    world.ends(&["check"], 1, &words);
    world.ends(&["renew"], 1, &words);
    assert_eq!(world.status()["state"], "dns_error");
}

#[test]
fn a_delegation_that_leads_elsewhere_is_told() {
    let lines = "\
_acme-challenge.www.demo.example. 60 NS elsewhere.demo.example.
elsewhere.demo.example. 60 A 192.0.2.77
";
    let Some(world) = World::new(lines) else {
        return;
    };
    world.configure(&["www.demo.example"], &options());
    let words = ["gets no answer from here", "UDP and TCP port 53"];
    world.ends(&["check"], 1, &words);
}
