//! `_acme-challenge.NAME` is delegated to the router.

use crate::fw4::nft;
use crate::world::World;
use rustix::process::Signal;

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
        .try_sh(&format!("{} list table inet certkeeper", nft()));
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

#[test]
fn over_ipv6_it_is_answered_from_the_address_that_was_asked() {
    // The WAN's own address, and, as with many a PPPoE provider, one of the LAN.
    let lines = "\
six.demo.example. 60 AAAA 2001:db8:1::2
lan.demo.example. 60 AAAA 2001:db8:7::1
_acme-challenge.www.demo.example. 60 NS six.demo.example.
_acme-challenge.mail.demo.example. 60 NS lan.demo.example.
";
    let Some(world) = World::new(lines) else {
        return;
    };
    world.router.sh("ip link add br-lan type veth peer name port
         ip link set port up
         ip link set br-lan up
         ip address add 2001:db8:7::1/64 dev br-lan nodad");
    world
        .internet
        .sh("ip -6 route add 2001:db8:7::/64 via 2001:db8:1::2");
    let names = ["www.demo.example", "mail.demo.example"];
    world.configure(&names, &options());
    let words = ["2 of 2 who were asked for _acme-challenge.www.demo.example got the answer"];
    world.ends(&["check"], 0, &words);
    world.ends(&["renew"], 0, &[]);
    world.is_issued(&names);
}

#[test]
fn one_delegated_zone_does_for_many_names() {
    let lines = "\
acme.demo.example. 60 NS www.demo.example.
_acme-challenge.www.demo.example. 60 CNAME www.acme.demo.example.
_acme-challenge.mail.demo.example. 60 CNAME a.mail.acme.demo.example.
";
    let Some(world) = World::new(lines) else {
        return;
    };
    let names = ["www.demo.example", "mail.demo.example"];
    world.configure(&names, &options());
    let words = [
        "www.acme.demo.example is delegated to www.demo.example",
        "a.mail.acme.demo.example is delegated to www.demo.example",
    ];
    world.ends(&["check"], 0, &words);
    world.ends(&["renew"], 0, &[]);
    world.is_issued(&names);
}

#[test]
fn it_ends_with_its_run_however_that_ends() {
    let line = "_acme-challenge.www.demo.example. 60 NS www.demo.example.\n";
    let Some(world) = World::new(line) else {
        return;
    };
    world.configure(&["www.demo.example"], &options());
    let asked = "@192.0.2.2 _acme-challenge.www.demo.example";
    let table = || world.router.sh(&format!("{} list tables", nft()));
    for signal in [Signal::KILL, Signal::TERM] {
        // The CA hears nothing from its resolver meanwhile.
        world.resolvers[0].signal(Signal::STOP);
        let run = world.begin(&["renew"], "is looking");
        for by in ["", "+tcp", "+noedns"] {
            let value = world.dig(&format!("{asked} TXT {by}"));
            assert_eq!(value.len(), 45, "{by} {value}\n{}{}", world.log(), table());
        }
        // Nobody else's names, and nothing of the whole.
        assert_eq!(
            world.dig("@192.0.2.2 www.demo.example A"),
            "",
            "{}",
            world.log()
        );
        assert_eq!(world.dig(&format!("{asked} AAAA")), "");
        run.signal(signal);
        run.finish();
        world.resolvers[0].signal(Signal::CONT);
        let value = world.dig(&format!("{asked} TXT"));
        assert!(!value.contains('"'), "{signal:?}: {value}");
        let left = table().contains("inet certkeeper");
        assert_eq!(left, signal == Signal::KILL, "{}", table());
        if left {
            // By itself within ten minutes, or by the next run, whatever that does.
            world.configure(&["www.demo.example"], &[("enabled", "0".to_owned())]);
            world.ends(&["renew"], 0, &[]);
            assert!(!table().contains("inet certkeeper"), "{}", table());
            world.configure(&["www.demo.example"], &options());
        }
    }
}
