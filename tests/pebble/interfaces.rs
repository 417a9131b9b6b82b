//! `@IFACE`: the addresses that netifd tells of are in the certificate, and when they change it is due.

use super::site::Site;
use super::uci::{cert, with};
use crate::support::netifd::{DUMP, Netifd};

/// A site whose CA takes every answer for right: it cannot reach these addresses.
fn site() -> Option<(Netifd, Site)> {
    let site = Site::plan(|plan| plan.pebble.always_valid = true)?;
    let netifd = Netifd::start(&site.temp.path("var/run/ubus/ubus.sock"));
    Some((netifd, site))
}

fn web(site: &Site, domains: &[&str]) -> String {
    cert(
        "web",
        domains,
        &with(site.by_standalone(), &[("auto_update", "1")]),
    )
}

#[test]
fn a_certificate_follows_the_addresses_of_an_interface() {
    let Some((netifd, site)) = site() else { return };
    // Pebble takes no request with addresses of both families: it sorts them by their length.
    let six = cert("six", &["@wan6"], &site.by_standalone());
    site.configure(&[web(&site, &["www.example.org", "@wan"]), six]);
    site.renew();
    site.is_good("web", &["www.example.org", "203.0.113.5"]);
    site.is_good("six", &["2001:db8:ff::5"]);
    // Nothing changed, nothing is due; while the line is down neither.
    assert!(site.ends(&["renew"], 0).stdout.contains("nothing is due"));
    netifd.say(&DUMP.replace("203.0.113.5", "192.168.100.2"));
    assert!(site.ends(&["renew"], 0).stdout.contains("nothing is due"));
    netifd.say("{}");
    assert!(site.ends(&["renew"], 0).stdout.contains("nothing is due"));
    netifd.say(&DUMP.replace("203.0.113.5", "203.0.113.77"));
    let run = site.ends(&["renew"], 0);
    assert!(!run.stdout.contains("nothing is due"), "{}", run.report());
    site.is_good("web", &["www.example.org", "203.0.113.77"]);
    assert_eq!(site.version("six"), Some(1));
    site.is_tidy("web");
}

#[test]
fn a_section_without_any_address_says_so_and_the_others_run() {
    let Some((netifd, site)) = site() else { return };
    let other = cert("other", &["other.example.org"], &site.by_standalone());
    for (word, reply, why) in [
        ("@backup", DUMP, "it has no address now"),
        (
            "@wann",
            DUMP,
            "there is no interface of that name; there are: backup lan loopback wan wan6",
        ),
        (
            "@lan",
            &DUMP.replace("2001:db8:5:", "fd00:5:"),
            "it has no public address: 192.168.1.1",
        ),
    ] {
        netifd.say(reply);
        site.configure(&[web(&site, &[word]), other.clone()]);
        let run = site.ends(&["renew"], 1);
        assert!(run.stderr.contains(why), "{}", run.report());
        assert_eq!(site.version("other"), Some(1));
        assert_eq!(site.status("web")["state"], "internal_error");
    }
}

#[test]
fn check_compares_names_with_the_wan() {
    let Some((netifd, site)) = site() else { return };
    let dns = site.challsrv().address();
    let head = site.head().replace(
        "\toption local_ca '0'\n",
        &format!("\toption local_ca '0'\n\tlist dns_server '{dns}'\n"),
    );
    site.temp.uci(&(head + &web(&site, &["www.example.org"])));
    let check = |v4: &str, v6: &str, code: i32, wanted: &str| {
        site.challsrv()
            .set_addresses("www.example.org", &[v4], &[v6]);
        let run = site.ends(&["check", "web"], code);
        assert!(run.stdout.contains(wanted), "{wanted}\n{}", run.report());
    };
    check("203.0.113.5", "2001:db8:5::10", 0, "which is this router");
    check(
        "203.0.113.6",
        "2001:db8:5::10",
        1,
        "but 203.0.113.6 is none of this router's",
    );
    check(
        "203.0.113.5",
        "2001:db8:9::1",
        1,
        "but 2001:db8:9::1 is none of this router's",
    );
    // Behind another router.
    netifd.say(&DUMP.replace("203.0.113.5", "192.168.100.2"));
    check(
        "203.0.113.5",
        "2001:db8:5::10",
        0,
        "no such public address to compare it with",
    );
}
