//! Where records are written, and who is asked whether they are there.

use crate::fw4::nft;
use crate::uci::{cert, section, with};
use crate::world::World;

const CHAIN: &str = "\
_acme-challenge.www.demo.example. 60 CNAME one.demo.example.
one.demo.example. 60 CNAME _acme.other.example.
";

#[test]
fn cnames_are_followed_and_the_authorities_asked() {
    let Some(world) = World::new(CHAIN) else {
        return;
    };
    world.configure(&["www.demo.example"], &world.by_update());
    let words = ["all nameservers show the records"];
    world.ends(&["renew"], 0, &words);
    world.is_issued(&["www.demo.example"]);
    let left = world.dig("@192.0.2.53 _acme.other.example TXT");
    assert_eq!(left, "", "it was not taken back");
    // Nothing was there when the run began: nobody who keeps answers was asked about it.
    let log = world.log();
    assert!(!log.contains("does not show"), "{log}");
}

#[test]
fn a_wildcard_and_its_base_have_two_values_at_one_name() {
    let Some(world) = World::new("") else { return };
    let names = ["demo.example", "*.demo.example"];
    world.configure(&names, &world.by_update());
    world.ends(&["renew"], 0, &["all nameservers show the records"]);
    world.is_issued(&names);
}

#[test]
fn cnames_that_go_round_are_told_with_the_chain() {
    let circle = "\
_acme-challenge.www.demo.example. 60 CNAME one.demo.example.
one.demo.example. 60 CNAME _acme-challenge.www.demo.example.
";
    let Some(world) = World::new(circle) else {
        return;
    };
    world.configure(&["www.demo.example"], &world.by_update());
    let chain = "the CNAMEs go round in a circle: _acme-challenge.www.demo.example → one.demo.example → \
                 _acme-challenge.www.demo.example";
    world.ends(&["renew"], 1, &[chain, "mend the CNAME records"]);
    assert_eq!(world.status()["state"], "dns_error");
    world.ends(&["check"], 1, &[chain]);
}

#[test]
fn ten_cnames_are_followed_and_no_more() {
    // From `_acme-challenge.HOST` over HOST1, HOST2, … to the last.
    let chain = |host: &str, count: usize| -> String {
        let from = |n: usize| match n {
            0 => format!("_acme-challenge.{host}"),
            n => format!("{host}{n}"),
        };
        let line = |n| {
            format!(
                "{}.demo.example. 60 CNAME {}.demo.example.\n",
                from(n),
                from(n + 1)
            )
        };
        (0..count).map(line).collect()
    };
    let Some(world) = World::new(&(chain("www", 10) + &chain("mail", 11))) else {
        return;
    };
    world.configure(&["www.demo.example"], &world.by_update());
    world.ends(&["renew"], 0, &["all nameservers show the records"]);
    world.is_issued(&["www.demo.example"]);
    world.configure(&["mail.demo.example"], &world.by_update());
    let words = [
        "more than 10 CNAMEs follow each other: _acme-challenge.mail.demo.example → mail1.demo.example → ",
        " → mail11.demo.example — mend the CNAME records",
    ];
    world.ends(&["check"], 1, &words);
}

/// A section whose second name has a provider and an alias of its own.
fn apart(world: &World, dalias: &str) {
    let provider = |name: &str, zone: &str| {
        let zone = format!("NSUPDATE_ZONE={zone}");
        let zone = [("list credentials", zone.as_str())];
        section("provider", name, &with(world.by_update(), &zone))
    };
    let by = |name: &str| vec![("provider", name.to_owned())];
    let own = [
        ("cert", "web"),
        ("name", "mail.demo.example"),
        ("dalias", dalias),
    ];
    world.sections(
        &[
            provider("one", "demo.example"),
            provider("two", "other.example"),
            cert(
                "web",
                &["www.demo.example", "mail.demo.example"],
                &by("one"),
            ),
            section("domain", "mail", &with(by("two"), &own)),
        ]
        .concat(),
    );
}

#[test]
fn an_alias_leads_into_the_zone_of_another_provider() {
    let line = "_acme-challenge.mail.demo.example. 60 CNAME txt.other.example.\n";
    let Some(world) = World::new(line) else {
        return;
    };
    apart(&world, "txt.other.example");
    let words = [
        "takes a test record _acme-challenge.www.demo.example",
        "takes a test record txt.other.example",
    ];
    world.ends(&["check"], 0, &words);
    world.ends(&["renew"], 0, &["all nameservers show the records"]);
    world.is_issued(&["www.demo.example", "mail.demo.example"]);
    // The CA knows nothing of calias and dalias.
    apart(&world, "lost.other.example");
    let words = "_acme-challenge.mail.demo.example leads to txt.other.example, but the record is written at \
                 lost.other.example (calias, dalias) — publish: \
                 _acme-challenge.mail.demo.example. IN CNAME lost.other.example.";
    world.ends(&["check"], 1, &[words]);
    let way = with(world.by_update(), &[("calias", "other.example")]);
    world.configure(&["www.demo.example"], &way);
    let words = "_acme-challenge.www.demo.example is no CNAME, but the record is written at \
                 _acme-challenge.other.example";
    world.ends(&["check"], 1, &[words]);
}

#[test]
fn where_port_53_is_intercepted_operators_are_asked_over_https() {
    let Some(world) = World::new(CHAIN) else {
        return;
    };
    // The way leads all questions to a resolver; updates, which are longer, still pass.
    world.internet.sh(&format!(
        "{nft} -f - <<END
table inet isp {{
	chain prerouting {{
		type nat hook prerouting priority dstnat;
		iifname ppp udp dport 53 udp length < 120 dnat ip to 192.0.2.1:53
		iifname ppp tcp dport 53 dnat ip to 192.0.2.1:53
		iifname ppp meta nfproto ipv6 meta l4proto {{ tcp, udp }} th dport 53 drop
	}}
}}
END",
        nft = nft()
    ));
    let zone = [("list credentials", "NSUPDATE_ZONE=other.example")];
    world.configure(&["www.demo.example"], &with(world.by_update(), &zone));
    let words = [
        "port 53 is intercepted on the way: 192.0.2.53 answers for other.example without authority",
        "DNS over HTTPS is asked instead",
    ];
    world.ends(&["renew"], 0, &["all nameservers show the records"]);
    world.is_issued(&["www.demo.example"]);
    // After it: who keeps answers shows the first value until its time is over.
    world.ends(&["check"], 0, &words);
}

#[test]
fn a_nameserver_of_this_network_that_lies_is_not_asked() {
    let Some(world) = World::new("") else { return };
    // Whoever asks it is led astray: it takes questions and answers none.
    world
        .temp
        .write("etc/resolv.conf", "nameserver 192.0.2.2\n");
    world.configure(&["www.demo.example"], &world.by_update());
    world.ends(&["renew"], 0, &["all nameservers show the records"]);
    world.is_issued(&["www.demo.example"]);
}
