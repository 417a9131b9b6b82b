//! However a run ends, nothing stays open.

use crate::fw4::{Firewall, nft};
use crate::lab::{HTTP, Lab};
use crate::owner::{Owner, PAGE};
use rustix::process::Signal;

/// A certificate that is not due asks for nothing but what is left to be put right.
fn renew(lab: &Lab) {
    let run = lab.run(&["renew"]);
    lab.ends(&run, 0);
    lab.is_closed();
}

#[test]
fn a_killed_run_leaves_what_times_out_and_the_next_one_removes_it() {
    let Some(lab) = Lab::new(Firewall::default()) else {
        return;
    };
    let owner = Owner::start(&lab.router);
    let run = lab.hold();
    run.signal(Signal::KILL);
    assert_eq!(run.finish().code(), 128 + 9);
    lab.release();
    // Nobody listens behind it, and each element ends by itself.
    let table = lab.table();
    let elements = table.matches(" . 80 expires 9m").count();
    assert_eq!(
        (elements, table.matches(" . 80").count()),
        (2, 2),
        "{table}"
    );
    assert!(lab.note().exists());
    for at in HTTP {
        assert_eq!(lab.internet.get(at), "ConnectionRefused", "{at}");
    }
    assert!(lab.lan.get("192.168.1.1:80").ends_with(PAGE));
    renew(&lab);
    lab.is_issued();
    assert_eq!(lab.internet.get(HTTP[0]), "ConnectionRefused");
    assert_eq!(owner.served(), 1, "only the LAN was served");
}

#[test]
fn a_run_with_nothing_to_do_removes_what_a_killed_one_left() {
    let Some(lab) = Lab::new(Firewall::default()) else {
        return;
    };
    let run = lab.hold();
    run.signal(Signal::KILL);
    run.finish();
    lab.release();
    assert_ne!(lab.table(), "");
    lab.configure("", "option enabled '0'");
    renew(&lab);
}

#[test]
fn an_element_that_has_run_out_closes_the_port() {
    let Some(lab) = Lab::new(Firewall::default()) else {
        return;
    };
    let run = lab.hold();
    let nft = nft();
    let shorter = |device: &str| {
        let set = "inet certkeeper wan";
        format!(
            "{nft} delete element {set} '{{ \"{device}\" . 80 }}'
             {nft} add element {set} '{{ \"{device}\" . 80 timeout 1s }}'\n"
        )
    };
    lab.router.sh(&(shorter("pppoe-wan") + &shorter("wanb")));
    assert!(lab.internet.get(HTTP[0]).starts_with("HTTP/1.1 404"));
    std::thread::sleep(std::time::Duration::from_millis(1200));
    for at in HTTP {
        assert_eq!(lab.internet.get(at), "ConnectionRefused", "{at}");
    }
    run.signal(Signal::TERM);
    lab.release();
    run.finish();
    lab.is_closed();
}

#[test]
fn a_run_that_is_asked_to_stop_closes_the_port() {
    let Some(lab) = Lab::new(Firewall::default()) else {
        return;
    };
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let run = lab.hold();
        assert_ne!(lab.table(), "");
        run.signal(signal);
        let run = run.finish();
        lab.release();
        assert!(run.code() != 0 && run.code() < 128, "{}", run.report());
        lab.is_closed();
        // For the next one to have something to hold.
        let _ = std::fs::remove_dir_all(lab.temp.path("etc/certkeeper"));
        let _ = std::fs::remove_file(lab.temp.path("var/run/certkeeper/log/web"));
    }
}

#[test]
fn a_run_that_leaves_the_rest_to_the_next_one_closes_the_port() {
    let Some(lab) = Lab::new(Firewall::default()) else {
        return;
    };
    // One of the names is by DNS, and its record takes longer than a run waits.
    let way = "config domain 'slow'\n\toption cert 'web'\n\toption name 'v4.example.org'\n\toption dns 'exec'\n\
               \tlist credentials 'EXEC_PATH=/bin/true'\n\toption dns_wait '300'\n";
    let before = lab.temp.read("etc/config/certkeeper");
    lab.temp.uci(&(before + way));
    lab.ends(&lab.run(&["renew"]), 4);
    let log = lab.log();
    assert!(
        log.contains("presenting http-01 for v6.example.org"),
        "{log}"
    );
    lab.is_closed();
}
