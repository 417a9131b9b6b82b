//! Faults: kill -9, a full disk, a broken disk and a power cut at every change of a file.

mod check;
mod disk;
mod power;
mod report;
mod scenario;
mod site;
mod steps;
mod strace;
#[path = "../support/mod.rs"]
mod support;
mod trace;

use certkeeper::store::Area;
use certkeeper::types::{Paths, SectionName};
use scenario::Kind;
use std::env;
use steps::Lanes;
use strace::Fault;

fn look(kind: Kind, faults: &[Fault]) {
    let Some(lanes) = Lanes::new(kind, 2) else {
        return;
    };
    let points = steps::points(lanes.first());
    let rows: Vec<_> = faults
        .iter()
        .map(|fault| steps::walk(&lanes, &points, *fault))
        .collect();
    report::judge(&rows);
}

#[test]
fn first_issuance() {
    look(Kind::First, &[Fault::Kill, Fault::Error("ENOSPC")]);
}

#[test]
fn renewal() {
    look(Kind::Renewal, &[Fault::Kill, Fault::Error("ENOSPC")]);
}

#[test]
fn power() {
    for kind in [
        Kind::Renewal,
        Kind::FirstByDns,
        Kind::Primary,
        Kind::KeyType,
        Kind::Rollback,
    ] {
        let lanes = Lanes::new(kind, 2).expect("lanes");
        for order in [disk::Order::Kept, disk::Order::None] {
            let points = steps::points(lanes.first());
            let row = power::walk(&lanes, &points, order);
            println!("{row}");
            let mut n = 0;
            for v in &row.violations {
                n += 1;
                if n < 30 {
                    println!("{}\n    {}", v.at, v.text.replace('\n', "\n    "));
                }
            }
        }
    }
}

#[test]
fn rolls_back_in_a_process_of_its_own() {
    let Ok(root) = env::var(scenario::ROLLBACK_ROOT) else {
        return;
    };
    let section = SectionName::parse("web").expect("a name");
    let area = Area::new(&Paths::new(root), &section, false);
    if let Err(e) = area.activate(1) {
        println!("{e}\n    what to do: {}", e.remedy());
        std::process::exit(1);
    }
}
