//! `config cert` sections as such: their names, which of them run, which is the primary one.

use super::*;

const GOOD: &str = "\tlist domains 'a.example.org'\n";
const BAD: &str = "\tlist domains 'a.example.org'\n\toption enabled 'maybe'\n";

fn primary(config: &Config) -> Option<&str> {
    config.primary.as_ref().map(SectionName::as_str)
}

#[test]
fn a_section_needs_a_name_that_can_name_files() {
    let text = format!("config cert\n{GOOD}config cert 'b'\n{GOOD}");
    let config = config(&text);
    says(
        &config,
        false,
        &[
            "line 1, cert: the section needs a name",
            "uci rename certkeeper.@cert[0]='web'",
        ],
    );
    assert_eq!((names(&config), broken(&config)), (vec!["b"], vec![]));

    let long = "x".repeat(64);
    for (name, why) in [
        (
            "domain",
            "'domain' is reserved for the links to the primary certificate",
        ),
        (
            long.as_str(),
            "a section's name has 1 to 63 letters, digits and _",
        ),
    ] {
        let config = super::config(&format!(
            "config cert '{name}'\n{GOOD}config cert 'b'\n{GOOD}"
        ));
        says(&config, false, &[&format!("line 1, cert '{name}': "), why]);
        assert_eq!(names(&config), ["b"]);
    }
    let longest = "x".repeat(63);
    assert_eq!(
        names(&super::config(&format!("config cert '{longest}'\n{GOOD}"))),
        [longest]
    );
}

/// `uci rename certkeeper.@cert[0]` renames the first section of the type, whichever is meant.
#[test]
fn the_command_that_names_a_section_names_the_right_one() {
    let config = config(&format!("config cert 'a'\n{GOOD}config cert\n{GOOD}"));
    says(
        &config,
        false,
        &["line 3, cert: ", "uci rename certkeeper.@cert[1]='"],
    );
}

#[test]
fn sections_keep_the_order_of_the_file() {
    let text = ["c", "a", "b"].map(|n| format!("config cert '{n}'\n{GOOD}"));
    let text = format!("{}config cert 'x'\n{BAD}", text.concat());
    let config = config(&text);
    assert_eq!(
        (names(&config), broken(&config)),
        (vec!["c", "a", "b"], vec!["x"])
    );
    let all: Vec<&str> = config.names().map(SectionName::as_str).collect();
    assert_eq!(all, ["c", "a", "b", "x"]);
    assert!(config.knows("x") && config.knows("a") && !config.knows("y"));
    assert_eq!(config.broken[0].1, "option enabled: 1 or 0 is wanted");
}

#[test]
fn the_primary_is_the_one_that_says_so_else_the_first_that_can_serve() {
    for (sections, wanted) in [
        ("a | b", Some("a")),
        ("a | b primary=1", Some("b")),
        ("a primary=0 | b", Some("a")),
        ("a enabled=0 | b", Some("b")),
        ("a staging=1 | b", Some("b")),
        ("a enabled=0 | b staging=1", None),
        ("", None),
    ] {
        let text: String = sections
            .split(" | ")
            .filter(|s| !s.is_empty())
            .map(section)
            .collect();
        let config = config(&text);
        assert_eq!(primary(&config), wanted, "{sections}");
        assert!(config.mistakes.is_empty());
    }
}

fn section(words: &str) -> String {
    let mut words = words.split(' ');
    let name = words.next().unwrap_or_default();
    let options = words.filter_map(|w| w.split_once('='));
    let options: String = options
        .map(|(k, v)| format!("\toption {k} '{v}'\n"))
        .collect();
    format!("config cert '{name}'\n{GOOD}{options}")
}

/// A slip in one section must not change what the router's own web server shows.
#[test]
fn a_mistake_does_not_hand_the_primary_to_another_section() {
    for text in [
        "a | b primary=1 renew_before=soon | c",
        "b primary=1 renew_before=soon | a",
    ] {
        let config = config(&text.split(" | ").map(section).collect::<String>());
        assert_eq!(broken(&config), ["b"]);
        assert!(
            matches!(primary(&config), None | Some("b")),
            "{text}: {:?}",
            config.primary
        );
    }
}

#[test]
fn a_primary_that_cannot_be_is_told() {
    for text in [
        "a primary=1 staging=1 | b",
        "a primary=1 enabled=0 | b",
        "a primary=1 | b primary=1",
    ] {
        let config = config(&text.split(" | ").map(section).collect::<String>());
        let all = said(&config, true);
        assert!(all.iter().any(|t| t.contains("primary")), "{text}: {all:?}");
    }
}
