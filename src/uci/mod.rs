//! UCI text → sections, exactly as libuci's `uci_load` reads it (strict mode): same
//! sections, options, order, bytes and refusals. One difference on purpose: a NUL byte
//! is refused, where libuci drops part of the line without a word.
//!
//! Read only. Changes go through the `uci` program, which knows locks and pending changes.

mod lexer;

use std::collections::HashMap;
use std::fmt;

use lexer::Lexer;

/// One section. Later `config` statements with its name and type add to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The section's type: printable ASCII without blanks.
    pub kind: String,
    /// Its name (letters, digits and `_`), unless it is anonymous.
    pub name: Option<String>,
    /// The line of its first `config`, from 1.
    pub line: usize,
    /// Its options, each name once, in the order of first mention.
    pub options: Vec<UciOption>,
}

impl Section {
    /// The option of this name.
    pub fn get(&self, name: &str) -> Option<&UciOption> {
        self.options.iter().find(|option| option.name == name)
    }
}

/// One option or list of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UciOption {
    /// Its name: letters, digits and `_`.
    pub name: String,
    /// The line, from 1, of the `option` that gave the value or of a list's first entry.
    pub line: usize,
    /// What it is set to.
    pub value: Value,
}

/// What an option is set to. Values are bytes: UCI knows no encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Set by `option`; never empty, since an empty `option` leaves all as it was.
    One(Vec<u8>),
    /// Set by `list`; entries may be empty and may repeat.
    List(Vec<Vec<u8>>),
}

impl Value {
    /// The entries of a list, or the one value.
    pub fn entries(&self) -> &[Vec<u8>] {
        match self {
            Value::One(value) => std::slice::from_ref(value),
            Value::List(values) => values,
        }
    }
}

/// Why libuci would not load the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1, where the refused statement begins: with a forgotten quote this is
    /// the line to mend, while the end that libuci runs into may be far below.
    pub line: usize,
    /// What is expected there.
    pub reason: &'static str,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for ParseError {}

/// Reads a whole file. Takes time in proportion to its length.
pub fn parse(text: &[u8]) -> Result<Vec<Section>, ParseError> {
    let mut lines = text.split(|&c| c == b'\n');
    if let Some(before) = lines.position(|line| line.contains(&0)) {
        return Err(ParseError {
            line: before + 1,
            reason: "expected text, and found a NUL byte",
        });
    }
    let mut reader = Reader::default();
    let mut lexer = Lexer::new(text);
    while lexer.next_line() {
        while let Some(keyword) = lexer.keyword() {
            let line = lexer.line();
            reader
                .statement(keyword, &mut lexer)
                .map_err(|reason| ParseError { line, reason })?;
        }
    }
    Ok(reader.sections)
}

const NO_KEYWORD: &str =
    "expected config, option or list as the first word, and no ; at the end of the line";
const BAD_SECTION_NAME: &str = "expected letters, digits and _ alone in the section's name";

#[derive(Default)]
struct Reader {
    sections: Vec<Section>,
    /// The section that options go to; before the first, none is there.
    current: usize,
    /// Where the section of a name is, generated names included.
    by_name: HashMap<String, usize>,
    /// Where in a section the option of a name is.
    option_at: HashMap<(usize, String), usize>,
}

impl Reader {
    fn statement(&mut self, keyword: &[u8], words: &mut Lexer) -> Result<(), &'static str> {
        match keyword {
            b"config" | b"c" => self.config(words),
            b"option" | b"o" => self.option(words, Value::One),
            b"list" | b"l" => self.option(words, |entry| Value::List(vec![entry])),
            b"package" | b"p" => {
                // A file is one package, whatever it calls itself.
                ascii(words.word()?, |c| is_name(c) || c == b'-')
                    .ok_or("expected a package name of letters, digits, _ and - after package")?;
                end_of_statement(words)
            }
            _ => Err(NO_KEYWORD),
        }
    }

    fn config(&mut self, words: &mut Lexer) -> Result<(), &'static str> {
        let line = words.line();
        let kind = ascii(words.word()?, |c| c.is_ascii_graphic())
            .ok_or("expected a type of printable ASCII characters without blanks after config")?;
        let name = words.word()?;
        let name = if name.is_empty() {
            None
        } else {
            Some(ascii(name, is_name).ok_or(BAD_SECTION_NAME)?)
        };
        end_of_statement(words)?;
        let next = self.sections.len();
        let earlier = name.as_ref().and_then(|name| self.by_name.get(name));
        let at = earlier.copied().unwrap_or(next);
        self.current = at;
        if let Some(section) = self.sections.get(at) {
            return if section.kind == kind {
                Ok(())
            } else {
                Err("expected another name: a section of another type has this one")
            };
        }
        let known_as = name.clone().unwrap_or_else(|| generated_name(next, &kind));
        // A name may have been given before it is generated; the first section keeps it.
        self.by_name.entry(known_as).or_insert(next);
        self.sections.push(Section {
            kind,
            name,
            line,
            options: Vec::new(),
        });
        Ok(())
    }

    fn option(
        &mut self,
        words: &mut Lexer,
        value: fn(Vec<u8>) -> Value,
    ) -> Result<(), &'static str> {
        let line = words.line();
        let section = self.sections.get_mut(self.current);
        let section = section.ok_or("expected config before the first option or list")?;
        let name = ascii(words.word()?, is_name)
            .ok_or("expected a name of letters, digits and _ after option or list")?;
        let value = value(words.word()?);
        end_of_statement(words)?;
        if value == Value::One(Vec::new()) {
            return Ok(());
        }
        let key = (self.current, name.clone());
        let at = *self.option_at.entry(key).or_insert(section.options.len());
        let Some(option) = section.options.get_mut(at) else {
            section.options.push(UciOption { name, line, value });
            return Ok(());
        };
        match (&mut option.value, value) {
            (Value::List(entries), Value::List(more)) => entries.extend(more),
            (Value::One(first), Value::List(more)) => {
                let first = std::mem::take(first);
                option.value = Value::List([vec![first], more].concat());
            }
            (_, one) => {
                option.value = one;
                option.line = line;
            }
        }
        Ok(())
    }
}

fn end_of_statement(words: &mut Lexer) -> Result<(), &'static str> {
    if words.word()?.is_empty() {
        Ok(())
    } else {
        Err("expected the end of the line; put quotes around a value with blanks")
    }
}

/// The word as text, if it is not empty and each byte is allowed.
fn ascii(word: Vec<u8>, allowed: impl Fn(u8) -> bool) -> Option<String> {
    let text = String::from_utf8(word).ok()?;
    (!text.is_empty() && text.bytes().all(allowed)).then_some(text)
}

fn is_name(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_'
}

/// What libuci calls an anonymous section with `before` sections before it:
/// a later `config` may use this name.
fn generated_name(before: usize, kind: &str) -> String {
    let hash = kind.bytes().fold(5381_u16, |hash, c| {
        hash.wrapping_mul(33).wrapping_add(c.into())
    });
    format!("cfg{:02x}{hash:04x}", before + 1)
}
