//! A command line of certkeeper, made of a call's arguments, and what the command reads from stdin.

use super::args::Refusal;
use crate::types::Secret;
use crate::ubus::blob::{Table, Value};
use std::fmt::Display;

/// A command line without the program's name. Nothing secret is in it: everybody can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    words: Vec<String>,
    free: Vec<String>,
    /// The section that it is about.
    pub section: Option<String>,
    /// What it reads from stdin.
    pub input: Option<Secret>,
}

impl Command {
    pub fn new(name: &str) -> Self {
        Self {
            words: vec![name.to_owned()],
            free: Vec::new(),
            section: None,
            input: None,
        }
    }

    /// One of our own words.
    pub fn word(mut self, word: &'static str) -> Self {
        self.words.push(word.to_owned());
        self
    }

    pub fn switch(self, name: &'static str, on: bool) -> Self {
        if on { self.word(name) } else { self }
    }

    pub fn value(mut self, name: &str, value: Option<impl Display>) -> Self {
        self.words.extend(value.map(|v| format!("{name}={v}")));
        self
    }

    /// A caller's word; it cannot become an option.
    pub fn free(mut self, word: &str) -> Self {
        self.free.push(word.to_owned());
        self
    }

    pub fn section(mut self, section: Option<&str>) -> Self {
        self.section = section.map(str::to_owned);
        self.free.extend(self.section.clone());
        self
    }

    pub fn input(mut self, text: String) -> Self {
        self.input = Some(Secret::new(text));
        self
    }

    /// The words for `exec`.
    pub fn line(&self) -> impl Iterator<Item = &str> {
        let end = (!self.free.is_empty()).then_some("--");
        let words = self.words.iter().map(String::as_str);
        words.chain(end).chain(self.free.iter().map(String::as_str))
    }
}

/// A section that is not saved yet, as UCI text. Names that begin with a dot are LuCI's own.
pub(super) fn unsaved(section: &str, options: &Table) -> Result<String, Refusal> {
    let mut text = format!("config cert {}\n", quote(section));
    for (name, value) in options.iter().filter(|(name, _)| !name.starts_with('.')) {
        let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(Refusal::argument("cert", "a table of options"));
        }
        match value {
            Value::Null => {}
            Value::Array(all) => {
                for value in all {
                    text += &format!("\tlist {name} {}\n", quote(&scalar(value)?));
                }
            }
            one => text += &format!("\toption {name} {}\n", quote(&scalar(one)?)),
        }
    }
    Ok(text)
}

fn scalar(value: &Value) -> Result<String, Refusal> {
    Ok(match value {
        Value::String(text) => text.clone(),
        Value::Bool(b) => u8::from(*b).to_string(),
        Value::Int16(n) => n.to_string(),
        Value::Int32(n) => n.to_string(),
        Value::Int64(n) => n.to_string(),
        _ => {
            return Err(Refusal::argument(
                "cert",
                "a table of texts and lists of texts",
            ));
        }
    })
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uci;

    fn text(text: &str) -> Value {
        text.into()
    }

    #[test]
    fn words_of_callers_are_no_options() {
        let command = Command::new("revoke")
            .switch("--yes", true)
            .value("--reason", Some("--cert=/etc/shadow"))
            .section(Some("--cert=/etc/shadow"));
        let line: Vec<&str> = command.line().collect();
        let end = line
            .iter()
            .position(|w| *w == "--")
            .expect("an end of options");
        assert_eq!(line[end + 1..], ["--cert=/etc/shadow"]);
        assert_eq!(line[2], "--reason=--cert=/etc/shadow");
    }

    #[test]
    fn an_unsaved_section_is_one_section_whatever_it_holds() {
        let hostile = "a'\nconfig cert 'other'\n\toption x 'y";
        let options = vec![
            (".name".to_owned(), text("ignored")),
            (
                "domains".to_owned(),
                Value::Array(vec![text("a.example"), text(hostile)]),
            ),
            ("dns".to_owned(), text(hostile)),
            ("staging".to_owned(), Value::Bool(true)),
            ("dns_wait".to_owned(), Value::Int32(30)),
            ("empty".to_owned(), Value::Null),
        ];
        let sections = unsaved(hostile, &options).expect("UCI text");
        let Ok(sections) = uci::parse(sections.as_bytes()) else {
            // libuci takes no such name of a section: the command refuses all of it.
            let sections = unsaved("web", &options).expect("UCI text");
            let sections = uci::parse(sections.as_bytes()).expect("UCI");
            assert_eq!(sections.len(), 1);
            assert_eq!(sections[0].name.as_deref(), Some("web"));
            assert_eq!(sections[0].options.len(), 4);
            return;
        };
        panic!("{sections:?}");
    }

    #[test]
    fn names_of_options_carry_no_text_along() {
        for name in ["", "a b", "a'b", "a\nb", "ä"] {
            let options = vec![(name.to_owned(), text("x"))];
            assert!(unsaved("web", &options).is_err(), "{name:?}");
        }
        for value in [Value::Table(Vec::new()), Value::Double(1.5)] {
            let options = vec![("dns".to_owned(), value)];
            assert!(unsaved("web", &options).is_err());
        }
    }
}
