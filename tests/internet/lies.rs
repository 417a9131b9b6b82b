//! Somebody answers in the place of the nameservers, shuts their port, or one of them comes late.

use crate::fw4::nft;
use crate::support::server::Server;
use crate::uci::with;
use crate::world::{AUTHORITY, DEMO, World};
use rustix::process::Signal;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const NAME: &str = "_acme-challenge.www.demo.example";
/// Where somebody is who answers for demo.example as if it were his.
const LIAR: &str = "192.0.2.66";
/// Updates go by a port that nobody looks at.
const ASIDE: &str = "NSUPDATE_SERVER_PORT=5354";

/// Starts a liar whose zone is one of `primary`; of the challenge he shows another value.
fn liar(world: &World, primary: &str) -> Server {
    let zone = format!(
        "demo.example. 60 SOA {primary}. hostmaster.demo.example. 1 3600 600 86400 3600\n\
         demo.example. 60 NS {primary}.\n{primary}. 60 A {LIAR}\n{NAME}. 60 TXT \"another value\"\n"
    );
    world.nameserver(LIAR, &[("demo.example", zone)])
}

/// From now on the way leads questions by these protocols to somebody else.
fn intercept(world: &World, protocols: &[&str], to: &str) {
    let rule = |p: &&str| format!("iifname ppp {p} dport 53 dnat ip to {to}:53\n");
    let rules: String = protocols.iter().map(rule).collect();
    world.internet.sh(&format!(
        "{} -f - <<END
table inet isp {{
	chain prerouting {{
		type nat hook prerouting priority dstnat;
		iifname ppp udp dport 5354 dnat ip to {AUTHORITY}:53
		iifname ppp tcp dport 5354 dnat ip to {AUTHORITY}:53
		{rules}
	}}
	chain ipv6 {{
		type filter hook prerouting priority raw;
		iifname ppp meta nfproto ipv6 meta l4proto {{ tcp, udp }} th dport 53 drop
	}}
}}
END",
        nft()
    ));
}

#[test]
fn who_shows_a_zone_of_his_own_is_not_believed() {
    let Some(world) = World::new("") else { return };
    let _liar = liar(&world, "liar.demo.example");
    intercept(&world, &["udp", "tcp"], LIAR);
    // The router's own resolver is of the same opinion.
    world
        .temp
        .write("etc/resolv.conf", format!("nameserver {LIAR}\n"));
    let way = [("list credentials", ASIDE)];
    world.configure(&["www.demo.example"], &with(world.by_update(), &way));
    world.ends(&["renew"], 0, &["all nameservers show the records"]);
    world.is_issued(&["www.demo.example"]);
    let words = [
        "port 53 is intercepted on the way: 192.0.2.53 shows another zone demo.example (of liar.demo.example)",
        "DNS over HTTPS is asked instead",
        // The operator remembers the first value: nothing is wrong with that.
        "in this network a local zone shadows demo.example (of ns.demo.example): if the record was written there",
    ];
    world.ends(&["check"], 0, &words);
}

#[test]
fn who_forges_the_authority_itself_cannot_keep_the_ca_from_being_asked() {
    let Some(world) = World::new("") else { return };
    // Nothing tells him from the nameserver but what he says.
    let _liar = liar(&world, "ns.demo.example");
    intercept(&world, &["udp", "tcp"], LIAR);
    let way = [("list credentials", ASIDE)];
    world.configure(&["www.demo.example"], &with(world.by_update(), &way));
    let words = "192.0.2.53 shows another value at _acme-challenge.www.demo.example; goes on at";
    let run = world.begin(&["renew"], words);
    // What it waits for stays: half an hour later another run goes on.
    run.signal(Signal::KILL);
    run.finish();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let later = (now.as_secs() + 1900).to_string();
    let run = world.certkeeper(&["renew"]).env("CERTKEEPER_NOW", &later);
    let run = world.router.within(|| run.run());
    world.ended(run, 0, &["asking the CA all the same, once"]);
    world.is_issued(&["www.demo.example"]);
    // The update was signed half an hour ahead of the server's time.
    world.ends(&["renew"], 0, &[]);
    assert_eq!(world.dig(&format!("@{AUTHORITY} {NAME} TXT")), "");
}

#[test]
fn where_port_53_is_shut_operators_are_asked() {
    // The last name is there: that it has no CNAME, which the first operator remembers, says nothing of
    // its TXT values.
    let line = "below._acme-challenge.alt.demo.example. 60 TXT here\n";
    let Some(world) = World::new(line) else {
        return;
    };
    intercept(&world, &[], LIAR);
    for (how, name, operator) in [
        ("drop", "www.demo.example", "192.0.2.99"),
        ("reject", "mail.demo.example", "192.0.2.99"),
        // One of the two is shut out, too.
        ("reject", "alt.demo.example", "8.8.8.8"),
    ] {
        world.router.sh(&format!(
            "{} -f - <<END
table inet shut
delete table inet shut
table inet shut {{
	chain output {{
		type filter hook output priority filter;
		meta l4proto {{ tcp, udp }} th dport 53 {how}
		ip daddr {operator} {how}
	}}
}}
END",
            nft()
        ));
        let way = [("list credentials", ASIDE)];
        world.configure(&[name], &with(world.by_update(), &way));
        let run = world.ends(&["renew"], 0, &["all nameservers show the records"]);
        assert!(run.wall < Duration::from_secs(45), "{how}: {:?}", run.wall);
        world.is_issued(&[name]);
    }
}

#[test]
fn where_udp_alone_is_intercepted_the_authorities_are_asked_by_tcp() {
    let Some(world) = World::new("") else { return };
    let _liar = liar(&world, "liar.demo.example");
    intercept(&world, &["udp"], LIAR);
    let way = [("list credentials", ASIDE)];
    world.configure(&["www.demo.example"], &with(world.by_update(), &way));
    world.ends(&["renew"], 0, &["all nameservers show the records"]);
    world.is_issued(&["www.demo.example"]);
    // At once, though the operators remember what they were asked about: they are not asked.
    let run = world.ends(&["check"], 0, &["; all nameservers show it"]);
    assert!(!run.stdout.contains("intercepted"), "{}", run.report());
}

#[test]
fn the_slowest_nameserver_is_waited_for() {
    const SLOW: &str = "192.0.2.54";
    let lines = "\
demo.example. 60 NS ns2.demo.example.
ns2.demo.example. 60 A 192.0.2.54
";
    let Some(world) = World::new(lines) else {
        return;
    };
    let old = format!("{DEMO}{lines}{NAME}. 60 TXT \"of the last time\"\n");
    let _slow = world.nameserver(SLOW, &[("demo.example", old)]);
    world.configure(&["www.demo.example"], &world.by_update());
    let words = "192.0.2.54 shows another value at _acme-challenge.www.demo.example; goes on at";
    let run = world.begin(&["renew"], words);
    let value = world.dig(&format!("@{AUTHORITY} {NAME} TXT"));
    let value = value.trim_matches('"');
    assert_eq!(value.len(), 43, "{value:?}");
    world.publish_at(SLOW, "demo.example", NAME, value);
    let run = run.finish();
    world.ended(run, 0, &["all nameservers show the records"]);
    world.is_issued(&["www.demo.example"]);
}
