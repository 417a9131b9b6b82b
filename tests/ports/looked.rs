//! What `check` says of ports.

use crate::fw4::Firewall;
use crate::lab::{DNS, Lab};
use crate::owner::Owner;
use std::fs;

#[track_caller]
fn says(lab: &Lab, code: i32, words: &[&str]) {
    let run = lab.run(&["check"]);
    lab.ends(&run, code);
    for word in words {
        assert!(run.stdout.contains(word), "{word:?} in {}", run.report());
    }
    assert_eq!(lab.table(), "");
    assert!(!lab.note().exists());
}

/// So that `check` never ends with 0 here.
const FAULTS: i32 = 1;

#[test]
fn a_rejected_port_keeps_webroot_from_working() {
    let Some(lab) = Lab::new(Firewall::default()) else {
        return;
    };
    let _owner = Owner::start(&lab.router);
    fs::create_dir_all(lab.temp.path("www")).expect("a folder");
    lab.configure(DNS, "option webroot '/www'");
    says(
        &lab,
        FAULTS,
        &[
            "✗ webroot",
            "zone wan rejects port 80",
            "validation_method standalone",
        ],
    );
    lab.configure(DNS, "option validation_method 'standalone'");
    says(
        &lab,
        FAULTS,
        &[
            "✓ standalone",
            "port 80 of pppoe-wan, wanb can be redirected to 61080",
        ],
    );
}

#[test]
fn an_open_port_lets_webroot_work() {
    let Some(lab) = Lab::new(Firewall {
        open: true,
        ..Firewall::default()
    }) else {
        return;
    };
    fs::create_dir_all(lab.temp.path("www")).expect("a folder");
    lab.configure(DNS, "option webroot '/www'");
    says(&lab, FAULTS, &["✓ webroot", "can be written"]);
}

#[test]
fn a_forwarded_port_is_named() {
    let Some(lab) = Lab::new(Firewall {
        forward: true,
        ..Firewall::default()
    }) else {
        return;
    };
    fs::create_dir_all(lab.temp.path("www")).expect("a folder");
    lab.configure(DNS, "option webroot '/www'");
    says(&lab, FAULTS, &["forwards port 80 to 192.168.1.10"]);
}

#[test]
fn a_firewall_without_the_include_is_told() {
    let Some(lab) = Lab::new(Firewall {
        bare: true,
        ..Firewall::default()
    }) else {
        return;
    };
    lab.configure(DNS, "option validation_method 'standalone'");
    says(
        &lab,
        FAULTS,
        &[
            "✗ standalone",
            "chain-pre/input/30-certkeeper.nft",
            "service firewall restart",
        ],
    );
}
