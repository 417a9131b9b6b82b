//! UCI text, and the configuration made of it. A line `### secrets` divides the input into the two
//! files; to UCI it is a comment.
#![no_main]

use certkeeper::config::{self, Config};
use certkeeper::types::{Paths, shown};

use certkeeper::uci::{self, ParseError, Section, Value};
use certkeeper_fuzz::{folder, split_at_line};
use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

/// Stands in for a secret; the corpus has it in many places.
const CANARY: &str = "hunter2";
/// The options whose values nothing may show.
const SECRETS: [&str; 2] = ["credentials", "eab_hmac_key"];

static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
    let root = folder("uci");
    fs::create_dir_all(root.join("etc/config")).expect("a folder");
    root
});

fuzz_target!(|input: &[u8]| {
    let (main, secrets) = split_at_line(input, b"### secrets");
    let parsed = [main, secrets].map(uci::parse);
    for (text, result) in [main, secrets].into_iter().zip(&parsed) {
        match result {
            Ok(sections) => check_sections(text, sections),
            Err(error) => check_error(text, error),
        }
    }
    let paths = Paths::new(&*ROOT);
    fs::write(paths.config(), main).expect("a file");
    fs::write(paths.secrets(), secrets).expect("a file");
    match (config::load(&paths), parsed) {
        (Ok(config), [Ok(main_sections), Ok(secret_sections)]) => {
            check_config(main, secrets, &config);
            let sections = [main_sections, secret_sections].concat();
            if !stands_open(&sections) {
                hides(&config);
            }
        }
        (Ok(_), _) => panic!("a file that libuci refuses made a configuration"),
        (Err(why), [Ok(_), Ok(_)]) => panic!("no configuration: {why}"),
        (Err(why), _) => assert!(!why.to_string().is_empty()),
    }
});

fn lines(text: &[u8]) -> usize {
    text.split(|c| *c == b'\n').count()
}

fn check_error(text: &[u8], error: &ParseError) {
    assert!((1..=lines(text)).contains(&error.line), "{error}");
}

/// What the documentation of [`Section`] promises, and that what is read stays as it is when it is
/// written and read again.
fn check_sections(text: &[u8], sections: &[Section]) {
    let count = lines(text);
    let word = |name: &str| name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
    for section in sections {
        assert!((1..=count).contains(&section.line));
        assert!(!section.kind.is_empty() && section.kind.bytes().all(|c| c.is_ascii_graphic()));
        assert!(
            section
                .name
                .as_deref()
                .is_none_or(|n| !n.is_empty() && word(n))
        );
        let mut seen = HashSet::new();
        for option in &section.options {
            assert!((section.line..=count).contains(&option.line));
            assert!(!option.name.is_empty() && word(&option.name));
            assert!(seen.insert(&option.name), "{} twice", option.name);
            assert_ne!(option.value, Value::One(Vec::new()));
            assert!(!option.value.entries().is_empty());
        }
    }
    let written = write(sections);
    let again = uci::parse(&written).expect("what was read can be written");
    assert_eq!(without_lines(again), without_lines(sections.to_vec()));
}

fn without_lines(mut sections: Vec<Section>) -> Vec<Section> {
    for section in &mut sections {
        section.line = 0;
        for option in &mut section.options {
            option.line = 0;
        }
    }
    sections
}

/// UCI text as the `uci` program writes it: all in single quotes.
fn write(sections: &[Section]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut line = |keyword: &str, words: &[&[u8]]| {
        text.extend(keyword.bytes());
        for word in words {
            text.extend(b" '");
            for byte in *word {
                match byte {
                    b'\'' => text.extend(br"'\''"),
                    other => text.push(*other),
                }
            }
            text.push(b'\'');
        }
        text.push(b'\n');
    };
    for section in sections {
        let name = section.name.as_deref().unwrap_or_default();
        line("config", &[section.kind.as_bytes(), name.as_bytes()]);
        for option in &section.options {
            let keyword = match option.value {
                Value::One(_) => "option",
                Value::List(_) => "list",
            };
            for entry in option.value.entries() {
                line(keyword, &[option.name.as_bytes(), entry]);
            }
        }
    }
    text
}

fn check_config(main: &[u8], secrets: &[u8], config: &Config) {
    let longest = lines(main).max(lines(secrets));
    for mistake in &config.mistakes {
        assert!(mistake.line <= longest, "{mistake}");
        assert!(!mistake.message.is_empty());
        assert!(
            !mistake.to_string().contains(char::is_control),
            "{mistake:?}"
        );
    }
    let mut names = HashSet::new();
    for name in config.names() {
        assert!(names.insert(name.as_str()), "{name} twice");
    }
    for cert in &config.certs {
        assert!(!cert.names.is_empty(), "{} is for nothing", cert.name);
        assert!(config.cert(cert.name.as_str()).is_some());
    }
    assert!(config.broken.is_empty() || config.has_errors());
}

/// True if the canary stands anywhere but behind the name of a credential.
fn stands_open(sections: &[Section]) -> bool {
    // Names are shown in lower case, and nothing with control characters.
    let same = |w: &[u8]| w.eq_ignore_ascii_case(CANARY.as_bytes());
    let canary = |text: &[u8]| {
        let text = shown(&String::from_utf8_lossy(text), usize::MAX);
        text.as_bytes().windows(CANARY.len()).any(same)
    };
    sections.iter().any(|section| {
        let name = section.name.as_deref().unwrap_or_default();
        canary(section.kind.as_bytes())
            || canary(name.as_bytes())
            || section.options.iter().any(|option| {
                let secret = SECRETS.contains(&option.name.as_str());
                let open = |value: &Vec<u8>| match value.iter().position(|c| *c == b'=') {
                    _ if !secret => canary(value),
                    Some(at) if option.name == "credentials" => canary(&value[..at]),
                    _ => false,
                };
                canary(option.name.as_bytes()) || option.value.entries().iter().any(open)
            })
    })
}

fn hides(config: &Config) {
    for mistake in &config.mistakes {
        assert!(!mistake.to_string().contains(CANARY), "{mistake}");
    }
    let shown = format!("{config:?}");
    assert!(!shown.contains(CANARY), "{shown}");
}
