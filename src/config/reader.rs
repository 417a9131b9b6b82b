//! Reads typed values out of one section and notes what is wrong with them.

use super::mistake::Mistake;
use crate::types::{Paths, Secret};
use crate::uci::{Section, UciOption};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;

pub(super) struct Reader<'a> {
    pub section: &'a Section,
    mistakes: &'a mut Vec<Mistake>,
    /// The first mistake that keeps the section from running.
    pub failed: Option<String>,
}

impl<'a> Reader<'a> {
    pub fn new(section: &'a Section, mistakes: &'a mut Vec<Mistake>) -> Self {
        Self {
            section,
            mistakes,
            failed: None,
        }
    }

    /// A reader of another section; what it finds wrong counts against this one too.
    pub fn within<T>(&mut self, section: &Section, read: impl FnOnce(&mut Reader<'_>) -> T) -> T {
        let mut inner = Reader::new(section, self.mistakes);
        let result = read(&mut inner);
        let failed = inner.failed;
        self.failed = self.failed.take().or(failed);
        result
    }

    fn option(&self, name: &str) -> Option<&'a UciOption> {
        self.section.get(name)
    }

    fn note(&mut self, mistake: Mistake) {
        if !mistake.warning && self.failed.is_none() {
            self.failed = Some(match &mistake.option {
                Some(option) => format!("option {option}: {}", mistake.message),
                None => mistake.message.clone(),
            });
        }
        self.mistakes.push(mistake);
    }

    /// Takes a mistake that was found elsewhere as this section's.
    pub fn inherit(&mut self, message: &str) {
        self.failed.get_or_insert_with(|| message.to_owned());
    }

    /// The section as a whole cannot run.
    pub fn fail(&mut self, message: impl Into<String>) {
        let mistake = Mistake::in_section(self.section, message);
        self.note(mistake);
    }

    /// A value is wrong.
    pub fn wrong(&mut self, name: &str, value: &str, allowed: impl Into<String>) {
        let value = &without_password(value);
        let mistake = match self.option(name) {
            Some(option) => Mistake::of_option(self.section, option, Some(value), allowed),
            None => Mistake {
                option: Some(name.to_owned()),
                ..Mistake::in_section(self.section, allowed)
            },
        };
        self.note(mistake);
    }

    /// Worth saying.
    pub fn warn(&mut self, name: &str, value: Option<&str>, message: impl Into<String>) {
        let mistake = match self.option(name) {
            Some(option) => Mistake::of_option(self.section, option, value, message),
            None => Mistake::in_section(self.section, message),
        };
        self.note(mistake.warning());
    }

    /// Every value of an option, trimmed; those that are empty or no UTF-8 are left out.
    pub fn list(&mut self, name: &str) -> Vec<String> {
        let Some(option) = self.option(name) else {
            return Vec::new();
        };
        let mut texts = Vec::new();
        for value in option.value.entries() {
            match std::str::from_utf8(value) {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => texts.push(text.trim().to_owned()),
                Err(_) => {
                    let lossy = String::from_utf8_lossy(value);
                    let secret = matches!(name, "credentials" | "eab_hmac_key" | "notify");
                    self.wrong(name, if secret { "***" } else { &lossy }, "no valid UTF-8");
                }
            }
        }
        texts
    }

    /// The blank-separated words of all values: people write `option domains 'a b'` too.
    pub fn words(&mut self, name: &str) -> Vec<String> {
        let values = self.list(name);
        let words = values.iter().flat_map(|v| v.split_whitespace());
        words.map(str::to_owned).collect()
    }

    pub fn text(&mut self, name: &str) -> Option<String> {
        self.list(name).pop()
    }

    /// A switch, in the spellings that OpenWrt's scripts take.
    pub fn flag(&mut self, name: &str, default: bool) -> bool {
        let Some(text) = self.text(name) else {
            return default;
        };
        switch(&text).unwrap_or_else(|| {
            self.wrong(name, &text, "1 or 0 is wanted");
            default
        })
    }

    pub fn number(&mut self, name: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let text = self.text(name)?;
        match text.parse() {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                let (low, high) = (range.start(), range.end());
                self.wrong(
                    name,
                    &text,
                    format!("a number from {low} to {high} is wanted"),
                );
                None
            }
        }
    }

    /// An absolute path, moved below the root.
    pub fn path(&mut self, name: &str, paths: &Paths) -> Option<PathBuf> {
        let text = self.text(name)?;
        if !text.starts_with('/') || text.split('/').any(|part| part == "..") {
            self.wrong(
                name,
                &text,
                "a whole path is wanted, beginning with /, without ..",
            );
            return None;
        }
        Some(paths.at(text))
    }

    pub fn email(&mut self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        let text = text.strip_prefix("mailto:").unwrap_or(&text).to_owned();
        let whole = matches!(text.split_once('@'), Some((user, host))
            if !user.is_empty() && host.contains('.') && !host.contains('@'));
        if !whole || !text.is_ascii() || text.contains([' ', ',', '<', '>', '"']) {
            self.wrong(
                name,
                &text,
                "an e-mail address is wanted, such as me@example.org",
            );
            return None;
        }
        Some(text)
    }

    /// The credentials that stand in this very section, as they are written.
    pub fn credentials_in_place(&self) -> Vec<(String, String)> {
        let values = self.option("credentials").map(|o| o.value.entries());
        let texts = values.into_iter().flatten();
        let texts = texts.map(|v| String::from_utf8_lossy(v).into_owned());
        texts
            .map(|text| {
                let (name, value) = text.split_once('=').unwrap_or((&text, ""));
                (name.trim().to_owned(), unquoted(value).to_owned())
            })
            .collect()
    }

    /// `NAME=value` pairs. Values may be secrets, so no message shows one.
    pub fn credentials(&mut self, name: &str) -> BTreeMap<String, Secret> {
        let mut pairs = BTreeMap::new();
        for text in self.list(name) {
            let Some((key, value)) = text.split_once('=') else {
                self.wrong(name, "***", "NAME=value is wanted in each entry");
                continue;
            };
            let key = key.trim().to_owned();
            // They reach programs as environment variables.
            if key.is_empty() || !key.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
                self.wrong(name, "***", "a credential's name has letters, digits and _");
                continue;
            }
            pairs.insert(key, Secret::new(unquoted(value)));
        }
        pairs
    }
}

/// A value without blanks and the quotes around it that acme's configuration has.
fn unquoted(value: &str) -> &str {
    let value = value.trim();
    let bare = ['"', '\'']
        .into_iter()
        .find_map(|q| value.strip_prefix(q)?.strip_suffix(q));
    bare.unwrap_or(value).trim()
}

/// A URL without the password that may stand before its `@`.
fn without_password(value: &str) -> String {
    let parts = value.split_once("//").and_then(|(scheme, rest)| {
        let (user, host) = rest.split_once('@')?;
        Some((scheme, user.split_once(':')?.0, host))
    });
    match parts {
        Some((scheme, user, host)) => format!("{scheme}//{user}:***@{host}"),
        None => value.to_owned(),
    }
}

/// A switch in the spellings of OpenWrt's scripts.
pub(super) fn switch(text: &str) -> Option<bool> {
    match text {
        "1" | "on" | "true" | "yes" | "enabled" => Some(true),
        "0" | "off" | "false" | "no" | "disabled" => Some(false),
        _ => None,
    }
}
/// An option's value where no mistake is told.
pub(super) fn plain(section: &Section, name: &str) -> Option<String> {
    let value = section.get(name)?.value.entries().last()?;
    Some(std::str::from_utf8(value).ok()?.trim().to_owned())
}
