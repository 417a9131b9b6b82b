//! The UCI reader against what libuci made of the same files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use certkeeper::uci::{Section, Value, parse};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// Path without extension and text of every file in the corpus.
fn corpus() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/uci");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("fixtures")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "uci"))
        .map(|path| (path.with_extension(""), fs::read(&path).expect("file")))
        .collect();
    files.sort();
    assert!(files.len() >= 60, "{} files", files.len());
    files
}

/// Bytes as Latin-1 characters: JSON has no bytes.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn as_json(sections: &[Section]) -> Json {
    let sections: Vec<Json> = sections
        .iter()
        .map(|section| {
            let options: Vec<Json> = section
                .options
                .iter()
                .map(|option| {
                    json!({
                        "name": option.name,
                        "list": matches!(option.value, Value::List(_)),
                        "values": option.value.entries().iter().map(|v| latin1(v)).collect::<Vec<_>>(),
                    })
                })
                .collect();
            json!({
                "type": section.kind,
                "name": section.name.as_deref().unwrap_or_default(),
                "options": options,
            })
        })
        .collect();
    json!({ "sections": sections })
}

#[test]
fn reads_what_libuci_reads_and_refuses_what_it_refuses() {
    for (path, text) in corpus() {
        let want = fs::read(path.with_extension("json")).expect("expectation");
        let want: Json = serde_json::from_slice(&want).expect("json");
        let got = parse(&text).map_or_else(|_| json!({ "error": true }), |s| as_json(&s));
        assert_eq!(got, want, "{}", path.display());
    }
}

#[test]
fn every_prefix_ends() {
    for (_, text) in corpus() {
        for len in 0..text.len() {
            let _ = parse(&text[..len]);
        }
    }
}

#[test]
fn refusals_name_the_line_where_the_statement_begins() {
    for (text, line, reason) in [
        (
            "config a b\n\toption c 'd\n\toption e 'f'\n",
            2,
            "expected a closing '",
        ),
        ("config a b\n\n\toption c \"d", 3, "expected a closing \""),
        ("# one\n\noption c d\n", 3, "expected config before"),
        (
            "config a b\noption c d e\n",
            2,
            "expected the end of the line",
        ),
        (
            "config a b\noption c '1\n2' d\n",
            2,
            "expected the end of the line",
        ),
        (
            "config a b\noption c '1\n2'\noptions e f\n",
            4,
            "expected config, option or list",
        ),
        (
            "config a b\noption c 'd' ;\n",
            2,
            "no ; at the end of the line",
        ),
        (
            "config a b\noption c-d e\n",
            2,
            "expected a name of letters",
        ),
        ("config a b\nconfig", 2, "expected a type"),
        ("config a b-c\n", 1, "section's name"),
        ("config a b\nconfig c b\n", 2, "expected another name"),
        ("package a.b\n", 1, "expected a package name"),
        ("config a b\noption c '1\n2\0'", 3, "NUL"),
    ] {
        let error = parse(text.as_bytes()).expect_err(text);
        assert_eq!(error.line, line, "{text:?}");
        assert!(error.reason.contains(reason), "{text:?}: {error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("line {line}: expected "))
        );
    }
}

#[test]
fn lines_lead_to_the_value() {
    let text = b"\nconfig a b\n o c '1\n'\n l d 1\n l d 2\n\nconfig a b\n o c 3\n";
    let sections = parse(text).expect("valid");
    let section = &sections[0];
    let line = |name| section.get(name).map(|option| option.line);
    assert_eq!(
        (section.line, line("c"), line("d"), line("e")),
        (2, Some(9), Some(5), None)
    );
}

/// Far more than linear time takes on a slow machine, far less than quadratic time.
fn quickly(text: &str) -> Vec<Section> {
    let begun = Instant::now();
    let sections = parse(text.as_bytes()).expect("valid");
    assert!(begun.elapsed() < Duration::from_secs(5), "{}…", &text[..40]);
    sections
}

#[test]
fn large_input_takes_moments() {
    let list: String = (0..20_000).map(|i| format!("list c '{i}'\n")).collect();
    let sections = quickly(&format!("config a b\n{list}"));
    assert_eq!(sections[0].options[0].value.entries().len(), 20_000);

    for piece in ["x", "\\\n", "\\x", "''", "'\n'"] {
        quickly(&format!("config a b\noption c {}", piece.repeat(1 << 20)));
    }
    quickly(&format!(
        "config a b ''{}",
        " option c d ''".repeat(100_000)
    ));

    let named: String = (0..100_000).map(|i| format!("config a n{i}\n")).collect();
    assert_eq!(quickly(&named.repeat(2)).len(), 100_000);
    assert_eq!(quickly(&"config a\n".repeat(100_000)).len(), 100_000);
    let options: String = (0..100_000).map(|i| format!("option o{i} x\n")).collect();
    let sections = quickly(&format!("config a\n{options}{options}"));
    assert_eq!(sections[0].options.len(), 100_000);
}

/// Every promise that holds for whatever was read.
fn check(text: &[u8]) {
    let lines = 1 + text.iter().filter(|&&c| c == b'\n').count();
    match parse(text) {
        Err(error) => assert!((1..=lines).contains(&error.line), "{error}"),
        Ok(sections) => {
            for option in sections.iter().flat_map(|section| &section.options) {
                assert!(!option.name.is_empty() && (1..=lines).contains(&option.line));
                assert_ne!(option.value, Value::One(Vec::new()));
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_end(text in vec(any::<u8>(), 0..400)) {
        check(&text);
    }

    #[test]
    fn any_syntax_ends(
        parts in vec(prop::sample::select(vec![
            "config ", "option ", "list ", "package ", "a", "b", " ", "\t", "\r", "\n", "'", "\"",
            "\\", ";", "#", "cfg01b606", "\u{fc}", "\0",
        ]), 0..60)
    ) {
        check(parts.concat().as_bytes());
    }

    #[test]
    fn any_damage_ends(
        file in any::<prop::sample::Index>(),
        edits in vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..8),
    ) {
        let files = corpus();
        let mut text = file.get(&files).1.clone();
        for (at, byte, insert) in edits {
            let at = at.index(text.len() + 1);
            if insert || at == text.len() {
                text.insert(at, byte);
            } else {
                text[at] = byte;
            }
        }
        check(&text);
    }
}
