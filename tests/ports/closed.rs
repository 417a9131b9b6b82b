//! A zone that rejects port 80, as OpenWrt's does: the CA gets in, nobody else, and only then.

use crate::fw4::Firewall;
use crate::lab::{HTTP, Lab};
use crate::owner::{Owner, PAGE};

#[test]
fn the_wan_sees_answers_alone_and_only_while_the_ca_looks() {
    let Some(lab) = Lab::new(Firewall::default()) else {
        return;
    };
    let owner = Owner::start(&lab.router);
    lab.is_closed();
    let run = lab.hold();
    let table = lab.table();
    assert!(table.contains("timeout 10m"), "{table}");
    for device in ["pppoe-wan", "wanb"] {
        assert!(
            table.contains(&format!("\"{device}\" . 80 expires 9m")),
            "{table}"
        );
    }
    assert!(!table.contains("br-lan"), "{table}");
    for at in HTTP {
        let seen = lab.internet.get(at);
        assert!(
            seen.starts_with("HTTP/1.1 404") && !seen.contains(PAGE),
            "{at}: {seen}"
        );
        // Who comes to the listener's port without having been redirected stays outside.
        let beside = lab.internet.get(&at.replace(":80", ":61080"));
        assert_eq!(beside, "ConnectionRefused", "{at}");
        let secure = lab.internet.get(&at.replace(":80", ":443"));
        assert_eq!(secure, "ConnectionRefused", "{at}");
    }
    assert_eq!(owner.served(), 0, "the owner was shown to the WAN");
    for at in ["192.168.1.1:80", "192.0.2.2:80"] {
        let seen = lab.lan.get(at);
        assert!(seen.ends_with(PAGE), "{at} from the LAN: {seen}");
    }
    lab.release();
    lab.ends(&run.finish(), 0);
    lab.is_issued();
    lab.is_closed();
    assert!(lab.lan.get("192.168.1.1:80").ends_with(PAGE));
}

#[test]
fn a_restart_of_the_firewall_amid_a_validation_does_no_harm() {
    let Some(lab) = Lab::new(Firewall::default()) else {
        return;
    };
    let owner = Owner::start(&lab.router);
    let run = lab.hold();
    for _ in 0..3 {
        lab.restart_firewall();
        for at in HTTP {
            let seen = lab.internet.get(at);
            assert!(seen.starts_with("HTTP/1.1 404"), "{at}: {seen}");
        }
    }
    lab.release();
    lab.ends(&run.finish(), 0);
    lab.is_issued();
    lab.is_closed();
    assert_eq!(owner.served(), 0);
}

#[test]
fn another_zone_can_be_the_wan() {
    let Some(lab) = Lab::new(Firewall::default()) else {
        return;
    };
    let standalone = "option validation_method 'standalone'";
    lab.configure("option wan_zone 'lan'", standalone);
    let run = lab.hold();
    let table = lab.table();
    assert!(
        table.contains("\"br-lan\" . 80") && !table.contains("wanb"),
        "{table}"
    );
    drop(run);
    lab.release();
    lab.configure("option wan_zone 'wann'", standalone);
    let run = lab.run(&["renew", "web"]);
    lab.ends(&run, 1);
    for words in [
        "wan_zone 'wann' is no zone of /etc/config/firewall",
        "there are: lan wan",
    ] {
        assert!(
            run.stdout.contains(words) || run.stderr.contains(words),
            "{}",
            run.report()
        );
    }
    lab.is_closed();
    lab.configure("option wan_zone 'wan'", standalone);
    lab.ends(&lab.run(&["renew", "web"]), 0);
    lab.is_issued();
}
