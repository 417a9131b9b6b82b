//! Our reader and libuci on the same mutated files.
//!
//! `UCI_ORACLE_MUTANTS` and `UCI_ORACLE_SEED` choose how many and which.

use std::env;
use std::fs;
use std::path::Path;

use certkeeper::uci::{self, Value};
use uci_oracle::libuci;

const MUTANTS: u64 = 20_000;

/// Bytes and pieces that mean something to UCI. The generated names are those of the
/// first sections of type `cert` and `a`.
#[rustfmt::skip]
const PIECES: [&str; 41] = [
    "'", "\"", "\\", ";", "#", "\n", "\r", "\t", " ", "\x0b", "\x0c", "\r\n", "\\\n", "\\\r\n",
    "''", "\"\"", "'\\''", " ;", "; ", " '' ", "\n;", "\u{e9}", "\u{7f}", "c ", "o ", "l ", "p ",
    "config ", "option ", "list ", "package ", "package x-1\n", "config cert m\n", "config cert\n",
    "config cert cfg01abd4\n", "config a\n", "config a cfg02b606\n", "option v '1'\n",
    "option v ''\n", "list v '2'\n", "list v\n",
];

type Sections = Vec<(String, Option<String>, Vec<(String, Value)>)>;

fn ours(text: &[u8]) -> Option<Sections> {
    let sections = uci::parse(text).ok()?.into_iter().map(|section| {
        let options = section
            .options
            .into_iter()
            .map(|option| (option.name, option.value));
        (section.kind, section.name, options.collect())
    });
    Some(sections.collect())
}

fn theirs(text: &[u8]) -> Result<Sections, String> {
    let sections = libuci::load(text)?.into_iter().map(|section| {
        let name = (!section.anonymous).then_some(section.name);
        (section.kind, name, section.options)
    });
    Ok(sections.collect())
}

/// libuci-sys brings a libuci of 2021. Until November 2022 libuci moved a changed option to
/// the end of its section, and lost a section at the third `config` that names it.
fn is_current() -> bool {
    let text = b"config a b\noption c 1\noption d 1\noption c 22\n";
    theirs(text).ok() == ours(text)
}

fn differ(text: &[u8], current: bool) -> bool {
    match (ours(text), theirs(text)) {
        (Some(_), Err(why)) => current || !why.contains("before the first section"),
        (Some(mut ours), Ok(mut theirs)) => {
            if !current {
                for (_, _, options) in ours.iter_mut().chain(&mut theirs) {
                    options.sort_by(|a, b| a.0.cmp(&b.0));
                }
            }
            ours != theirs
        }
        (ours, theirs) => ours.is_some() != theirs.is_ok(),
    }
}

/// Leaves out what the difference does not need.
fn minimise(mut text: Vec<u8>, current: bool) -> Vec<u8> {
    let mut len = text.len() / 2;
    while len > 0 {
        let mut at = 0;
        while at + len <= text.len() {
            let shorter = [&text[..at], &text[at + len..]].concat();
            if differ(&shorter, current) {
                text = shorter;
            } else {
                at += 1;
            }
        }
        len /= 2;
    }
    text
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn span(&mut self, len: usize) -> std::ops::Range<usize> {
        let (a, b) = (self.below(len + 1), self.below(len + 1));
        a.min(b)..a.max(b)
    }
}

/// Statements that are right as a rule, in all the ways to write them.
fn generate(random: &mut Random) -> Vec<u8> {
    let mut text = random
        .pick(&["config a\n", "c a b\n", ""])
        .as_bytes()
        .to_vec();
    for _ in 0..=random.below(5) {
        let keyword = random.pick(&["config", "c", "option", "o", "option", "list", "l", "list"]);
        let words = 2 - usize::from(random.below(9) == 0);
        text.extend(keyword.bytes());
        for _ in 0..words {
            text.extend(random.pick(&[" ", "\t", "  ", " \x0b", " \r "]).bytes());
            for _ in 0..=random.below(10) / 8 {
                let word =
                    random.pick(&["a", "b", "'a'", "\"b\"", "\\a", "b\\\n", "''", "cfg01b606"]);
                text.extend(word.bytes());
            }
        }
        let end = [
            "\n", "\n", "\n", " ; ", ";", " # x\n", "\r\n", "\n\n", " '' ",
        ];
        text.extend(random.pick(&end).bytes());
    }
    text
}

fn mutate(random: &mut Random, files: &[Vec<u8>]) -> Vec<u8> {
    let mut text = match random.below(2) {
        0 => generate(random),
        _ => random.pick(files).clone(),
    };
    for _ in 0..random.below(4) {
        let at = random.below(text.len() + 1);
        match random.below(10) {
            0 if at < text.len() => text[at] ^= 1 << random.below(8),
            1 if at < text.len() => text[at] = random.below(256) as u8,
            2 if at < text.len() => drop(text.remove(at)),
            3 => {
                let span = random.span(text.len().min(at + 12) - at);
                text.drain(at + span.start..at + span.end);
            }
            4 => {
                let other = random.pick(files);
                let piece = other[random.span(other.len())].to_vec();
                text.splice(at..at, piece);
            }
            5 => {
                let mut lines: Vec<&[u8]> = text.split(|&c| c == b'\n').collect();
                let (a, b) = (random.below(lines.len()), random.below(lines.len()));
                match random.below(3) {
                    0 => lines.swap(a, b),
                    1 => lines.insert(a, lines[b]),
                    _ => drop(lines.remove(a)),
                }
                text = lines.join(&b'\n');
            }
            6 => {
                if let Some(newline) = text[at..].iter().position(|&c| c == b'\n') {
                    text[at + newline] = *random.pick(b" \t;\r\\'");
                }
            }
            _ => {
                let piece = random.pick(&PIECES).bytes();
                text.splice(at..at, piece);
            }
        }
    }
    text.retain(|&c| c != 0); // refused on purpose
    text
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn reads_as_libuci_reads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/uci");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("fixtures")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "uci"))
        .collect();
    paths.sort();
    let files: Vec<_> = paths
        .iter()
        .map(|path| fs::read(path).expect("file"))
        .collect();

    let current = is_current();
    let mut random = Random(number("UCI_ORACLE_SEED", 1));
    let mutants = (0..number("UCI_ORACLE_MUTANTS", MUTANTS)).map(|_| mutate(&mut random, &files));
    let mut accepted = 0;
    for text in files.iter().cloned().chain(mutants) {
        if differ(&text, current) {
            let text = minimise(text, current);
            panic!(
                "\"{}\"\nours: {:?}\nlibuci: {:?}",
                text.escape_ascii(),
                uci::parse(&text),
                libuci::load(&text)
            );
        }
        accepted += u64::from(uci::parse(&text).is_ok());
    }
    println!("{accepted} accepted by both; order compared: {current}");
}
