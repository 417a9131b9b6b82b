//! The walls between the rooms: who may import whom (ARCHITECTURE, "Folders").

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// For each room, what it never imports. `room/part` is a part of a room that stays allowed:
/// constants and descriptors, no code that acts.
const NEVER: &[(&str, &str)] = &[
    (
        "types",
        "acme challenge cli config deploy dns issue keys net plan program status store ubus uci x509",
    ),
    (
        "program",
        "acme challenge cli config deploy dns issue keys net plan status store ubus uci x509",
    ),
    (
        "uci",
        "acme challenge cli config deploy dns issue net plan status store ubus",
    ),
    (
        "config",
        "acme challenge cli deploy issue net plan status store ubus",
    ),
    (
        "plan",
        "acme challenge cli deploy dns issue net status store ubus",
    ),
    (
        "acme",
        "challenge cli config deploy dns issue net plan status store ubus uci",
    ),
    (
        "challenge",
        "acme cli config deploy issue plan status store ubus uci",
    ),
    (
        "dns",
        "acme challenge cli config deploy issue net plan status store ubus uci",
    ),
    (
        "store",
        "acme challenge cli config deploy dns issue net plan status ubus uci",
    ),
    (
        "deploy",
        "acme challenge cli config dns issue plan status ubus",
    ),
    (
        "keys",
        "acme challenge cli config deploy dns issue net plan status store ubus uci x509",
    ),
    (
        "x509",
        "acme challenge cli config deploy dns issue net plan status store ubus uci",
    ),
    (
        "local_ca",
        "acme challenge cli config deploy dns issue net plan status store ubus uci",
    ),
    (
        "status",
        "acme challenge cli config deploy dns issue keys net plan store ubus uci x509",
    ),
    (
        "net",
        "acme challenge cli config deploy dns issue keys plan status store ubus uci x509",
    ),
    ("issue", "cli uci"),
    ("cli", "challenge net"),
    (
        "ubus",
        "acme challenge cli config deploy dns issue keys local_ca net plan store x509",
    ),
];

/// Imports that pass although their room is forbidden.
const PARTS: &[(&str, &str)] = &[
    // Presets: a table.
    ("config", "crate::acme::ca::"),
];

/// What `plan` decides by comes as arguments.
const NO_IO: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "SystemTime",
    "Instant",
    "rustix",
];

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// The source files by room: the first part of their path below `src`.
fn rooms() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut rooms: BTreeMap<String, Vec<(PathBuf, String)>> = BTreeMap::new();
    for file in files {
        let below = file.strip_prefix(&src).expect("below src").to_owned();
        let room = below
            .iter()
            .next()
            .expect("a name")
            .to_str()
            .expect("a name");
        let room = room.trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&file).expect("a source");
        rooms.entry(room).or_default().push((below, text));
    }
    rooms
}

/// Every `crate::ROOM` of a source; comments do not count.
fn imports(text: &str) -> impl Iterator<Item = (String, &str)> {
    let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
    code.flat_map(|line| {
        line.match_indices("crate::").map(move |(at, _)| {
            let rest = &line[at + "crate::".len()..];
            let room: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            (room, &line[at..])
        })
    })
}

#[test]
fn nobody_reaches_through_a_wall() {
    let rooms = rooms();
    let mut broken = Vec::new();
    for (room, never) in NEVER {
        for (file, text) in &rooms[*room] {
            for (import, place) in imports(text) {
                let passes = PARTS
                    .iter()
                    .any(|(r, part)| r == room && place.starts_with(part));
                if never.split(' ').any(|n| n == import) && !passes {
                    broken.push(format!("{} uses {place}", file.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_room_has_its_rule() {
    for room in rooms().keys().filter(|r| *r != "lib" && *r != "main") {
        assert!(
            NEVER.iter().any(|(r, _)| r == room),
            "src/{room} is not in the table"
        );
    }
}

#[test]
fn the_plan_does_no_io() {
    for (file, text) in &rooms()["plan"] {
        for word in NO_IO {
            assert!(!text.contains(word), "{} uses {word}", file.display());
        }
    }
}

#[test]
fn providers_do_not_know_each_other() {
    let rooms = rooms();
    // What all share lies in dns/common, and in these.
    const SHARED: [&str; 4] = ["mod", "descriptor", "error", "tests"];
    let all = rooms["dns"].iter();
    let all = all.filter(|(f, _)| f.parent().is_some_and(|folder| folder.ends_with("dns")));
    let all: Vec<(&str, &String)> = all
        .filter_map(|(f, text)| Some((f.file_stem()?.to_str()?, text)))
        .filter(|(name, _)| !SHARED.contains(name))
        .collect();
    let names = || all.iter().map(|(name, _)| *name);
    for (file, text) in &all {
        for name in names() {
            let sibling = format!("super::{name}");
            let deep = format!("dns::{name}");
            assert!(
                !text.contains(&sibling) && !text.contains(&deep),
                "{file} uses {name}"
            );
        }
    }
}

#[test]
fn results_are_printed_by_main_alone() {
    for (room, files) in rooms() {
        for (file, text) in files.iter().filter(|_| room != "main") {
            if file.ends_with("tests.rs") {
                continue;
            }
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            for word in [
                "process::exit",
                "io::stdout",
                "io::stderr",
                "println!",
                "eprintln!",
            ] {
                assert!(!text.contains(word), "{} uses {word}", file.display());
            }
        }
    }
}
