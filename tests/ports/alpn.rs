//! tls-alpn-01: the CA gets in on port 443, whose owner stays as hidden, or as visible, as before.

use crate::fw4::Firewall;
use crate::lab::{DNS, Lab, TLS};
use crate::secure::{Secure, seen};
use rustix::process::Signal;

const ALPN: &str = "option validation_method 'alpn'";

fn lab(firewall: Firewall) -> Option<Lab> {
    let lab = Lab::new(Firewall {
        tls: true,
        ..firewall
    })?;
    lab.configure("", ALPN);
    Some(lab)
}

#[test]
fn the_wan_sees_no_certificate_of_the_router_while_the_ca_looks() {
    let Some(lab) = lab(Firewall::default()) else {
        return;
    };
    let _luci = Secure::start(&lab.temp, &lab.router, "luci");
    for at in TLS {
        assert_eq!(lab.internet.get(at), "ConnectionRefused", "{at}");
    }
    let run = lab.hold();
    let table = lab.table();
    for device in ["pppoe-wan", "wanb"] {
        let element = format!("\"{device}\" . 443 expires 9m");
        assert!(table.contains(&element), "{table}");
    }
    assert!(
        !table.contains(" . 80") && !table.contains("br-lan"),
        "{table}"
    );
    lab.restart_firewall();
    for at in TLS {
        for protocol in ["http/1.1", "acme-tls/1"] {
            assert_eq!(seen(&lab.internet, at, protocol), "", "{at} {protocol}");
        }
        // Who comes to the listener's port without having been redirected stays outside.
        let beside = lab.internet.get(&at.replace(":443", ":61443"));
        assert_eq!(beside, "ConnectionRefused", "{at}");
        let plain = lab.internet.get(&at.replace(":443", ":80"));
        assert_eq!(plain, "ConnectionRefused", "{at}");
    }
    for at in ["192.168.1.1:443", "192.0.2.2:443"] {
        assert_eq!(
            seen(&lab.lan, at, "http/1.1"),
            "CN=luci",
            "{at} from the LAN"
        );
    }
    lab.release();
    lab.ends(&run.finish(), 0);
    lab.is_issued();
    lab.is_closed();
    assert_eq!(seen(&lab.lan, "192.168.1.1:443", "http/1.1"), "CN=luci");
}

#[test]
fn an_open_port_keeps_its_owner() {
    let Some(lab) = lab(Firewall {
        open: true,
        ..Firewall::default()
    }) else {
        return;
    };
    let _owner = Secure::start(&lab.temp, &lab.router, "owner");
    let run = lab.hold();
    for at in TLS {
        // Also somebody else's challenge is the owner's.
        for protocol in ["http/1.1", "acme-tls/1"] {
            assert_eq!(seen(&lab.internet, at, protocol), "CN=owner", "{at}");
        }
    }
    assert_eq!(seen(&lab.lan, "192.168.1.1:443", "http/1.1"), "CN=owner");
    lab.release();
    lab.ends(&run.finish(), 0);
    lab.is_issued();
    assert_eq!(lab.table(), "");
    for at in TLS {
        assert_eq!(seen(&lab.internet, at, "http/1.1"), "CN=owner", "{at}");
    }
}

#[test]
fn a_forwarded_port_leads_where_it_led() {
    let Some(lab) = lab(Firewall {
        forward: true,
        ..Firewall::default()
    }) else {
        return;
    };
    let _luci = Secure::start(&lab.temp, &lab.router, "luci");
    let _host = Secure::start(&lab.temp, &lab.lan, "host");
    assert_eq!(seen(&lab.internet, TLS[0], "http/1.1"), "CN=host");
    let run = lab.hold();
    for at in [TLS[0], TLS[2]] {
        assert_eq!(seen(&lab.internet, at, "http/1.1"), "CN=host", "{at}");
    }
    // The forward is for IPv4 alone.
    assert_eq!(seen(&lab.internet, TLS[1], "http/1.1"), "");
    lab.release();
    lab.ends(&run.finish(), 0);
    lab.is_issued();
    assert_eq!(lab.table(), "");
}

#[test]
fn a_killed_run_leaves_what_times_out_and_the_next_one_removes_it() {
    let Some(lab) = lab(Firewall::default()) else {
        return;
    };
    let run = lab.hold();
    run.signal(Signal::KILL);
    assert_eq!(run.finish().code(), 128 + 9);
    lab.release();
    assert_eq!(lab.table().matches(" . 443 expires 9m").count(), 2);
    for at in TLS {
        assert_eq!(lab.internet.get(at), "ConnectionRefused", "{at}");
    }
    lab.ends(&lab.run(&["renew"]), 0);
    lab.is_issued();
    lab.is_closed();
}

#[test]
fn the_port_is_taken_directly_where_there_is_no_nft() {
    let Some(lab) = lab(Firewall {
        open: true,
        ..Firewall::default()
    }) else {
        return;
    };
    let luci = Secure::start(&lab.temp, &lab.router, "luci");
    lab.ends(&lab.run_without_nft(&["renew"]), 1);
    let log = lab.log();
    assert!(log.contains("port 443 is held by openssl (pid "), "{log}");
    drop(luci);
    lab.ends(&lab.run_without_nft(&["renew", "web"]), 0);
    lab.is_issued();
    lab.is_closed();
}

#[test]
fn check_tells_whether_the_port_can_be_redirected() {
    for (bare, words) in [
        (
            false,
            [
                "✓ alpn",
                "port 443 of pppoe-wan, wanb can be redirected to 61443",
            ],
        ),
        (true, ["✗ alpn", "service firewall restart"]),
    ] {
        let Some(lab) = lab(Firewall {
            bare,
            ..Firewall::default()
        }) else {
            return;
        };
        lab.configure(DNS, ALPN);
        let run = lab.run(&["check"]);
        for words in words {
            assert!(run.stdout.contains(words), "{}", run.report());
        }
        assert_eq!(lab.table(), "");
    }
}
