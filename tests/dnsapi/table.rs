//! `RESULTS.md`: what became of each script. `DNSAPI_TABLE=write` writes it anew.

use crate::load::{FOREIGN, load};
use crate::same::compare;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

#[test]
fn the_committed_table_is_true() {
    let (Some(loaded), Some(compared)) = (load(), compare()) else {
        return;
    };
    let mut text = format!(
        "# acme.sh's scripts under certkeeper\n\n\
         Made by tests/dnsapi of the {} scripts of acme.sh 3.1.4. *Loads*: busybox ash with OpenWrt's applets reads it, \
         and it finds each function of acme.sh that it calls. *Same*: for add and remove it sends the same \
         requests as under acme.sh itself (with curl and openssl), given the same replies.\n\n\
         | script | loads | requests | chosen for |\n|---|---|---|---|\n",
        loaded.len()
    );
    for script in &loaded {
        let name = &script.script;
        let foreign = FOREIGN.iter().find(|(n, _)| n == name);
        let loads = match (foreign, script.lacks.as_slice()) {
            (Some((_, program)), _) => format!("cannot work without {program}"),
            (None, []) => "yes".into(),
            (None, lacks) => format!("lacks {}", lacks.join(" ")),
        };
        let beside = compared.iter().find(|c| c.case.script == *name);
        let (same, kind) = match beside {
            Some(c) if c.same() => (format!("{} same", c.ours.asked.len()), c.case.kind.as_str()),
            Some(c) => ("differ".into(), c.case.kind.as_str()),
            None => (String::new(), ""),
        };
        let _ = writeln!(text, "| {name} | {loads} | {same} | {kind} |");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dnsapi/RESULTS.md");
    if std::env::var("DNSAPI_TABLE").is_ok_and(|v| v == "write") {
        fs::write(&file, &text).expect("written");
    }
    let held = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        held, text,
        "DNSAPI_TABLE=write cargo test --test dnsapi makes it anew"
    );
}
