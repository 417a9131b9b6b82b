//! Without nft the port is taken directly, and who has it is named.

use crate::fw4::Firewall;
use crate::lab::{DNS, Lab};
use crate::owner::Owner;

#[test]
fn the_port_is_taken_directly_where_there_is_no_nft() {
    let Some(lab) = Lab::new(Firewall {
        open: true,
        ..Firewall::default()
    }) else {
        return;
    };
    lab.ends(&lab.run_without_nft(&["renew"]), 0);
    lab.is_issued();
    lab.is_closed();
}

#[test]
fn who_has_the_port_is_named() {
    let Some(lab) = Lab::new(Firewall::default()) else {
        return;
    };
    let owner = Owner::start(&lab.router);
    let run = lab.run_without_nft(&["renew"]);
    lab.ends(&run, 1);
    // The owner is a thread of this very test.
    let us = format!("(pid {})", std::process::id());
    let log = lab.log();
    assert!(
        log.contains("port 80 is held by ") && log.contains(&us),
        "{log}"
    );
    lab.configure(DNS, "option validation_method 'standalone'");
    let run = lab.run_without_nft(&["check"]);
    lab.ends(&run, 1);
    assert!(run.stdout.contains(&us), "{}", run.report());
    drop(owner);
}

#[test]
fn an_nft_that_fails_is_told_and_nothing_stays() {
    let Some(lab) = Lab::new(Firewall::default()) else {
        return;
    };
    lab.temp.write(
        "bin/nft",
        "#!/bin/sh\necho 'Error: no such kernel' >&2\nexit 1\n",
    );
    let nft = lab.temp.path("bin/nft");
    lab.router.sh(&format!("chmod 755 {}", nft.display()));
    let run = crate::support::certkeeper::Certkeeper::new(&lab.temp, &["renew"]);
    let run = run.env("CERTKEEPER_NFT", &nft.display().to_string());
    let run = lab.router.within(|| run.run());
    lab.ends(&run, 1);
    let log = lab.log();
    assert!(log.contains("port 80 could not be redirected"), "{log}");
    assert!(log.contains("Error: no such kernel"), "{log}");
    assert_eq!(lab.table(), "");
    // What the next run finds of it is nothing.
    lab.ends(&lab.run(&["renew", "web"]), 0);
    lab.is_closed();
}
