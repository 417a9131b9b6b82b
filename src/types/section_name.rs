//! What a section is called.

use super::NameError;
use std::fmt;

/// A section's name is not longer than a part of a domain's, which it is often made of.
const NAME_MAX: usize = 63;
/// The end of the name of a section's second certificate: no section's own name holds a hyphen.
const SECOND: &str = "-rsa";

/// The name of a `config cert` section: letters, digits and `_`. It names files,
/// so nothing else may ever stand in it, but for the end of a second certificate's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SectionName(String);

impl SectionName {
    /// Takes a section's name; `domain` is reserved for the links to the primary certificate.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty()
            || text.len() > NAME_MAX
            || !text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
        {
            return Err(NameError(format!(
                "a section's name has 1 to {NAME_MAX} letters, digits and _"
            )));
        }
        if text == "domain" {
            return Err(NameError(
                "'domain' is reserved for the links to the primary certificate".into(),
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name a person would give the section of this host name: `www_example_org`.
    pub fn suggest(name: &str) -> Self {
        let mut text: String = name
            .trim_start_matches("*.")
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .take(NAME_MAX)
            .collect();
        if text.is_empty() || text == "domain" {
            text.push_str("_1");
        }
        Self(text)
    }

    /// The same name with a number, cut where it would be too long.
    pub fn numbered(&self, number: u32) -> Self {
        let end = format!("_{number}");
        let kept = self.0.len().min(NAME_MAX - end.len());
        Self(format!("{}{end}", &self.0[..kept]))
    }

    /// What the section's second certificate is called, whose key is of the other kind.
    pub fn second(&self) -> Self {
        Self(format!("{}{SECOND}", self.0))
    }

    /// True for the name of a second certificate.
    pub fn is_second(&self) -> bool {
        self.0.ends_with(SECOND)
    }

    /// The section as the configuration has it.
    pub fn base(&self) -> &str {
        self.0.strip_suffix(SECOND).unwrap_or(&self.0)
    }

    /// Takes a name that files have: a section's, or that of its second certificate.
    pub fn of_files(text: &str) -> Option<Self> {
        match text.strip_suffix(SECOND) {
            Some(base) => Self::parse(base).ok().map(|name| name.second()),
            None => Self::parse(text).ok(),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_names_cannot_leave_their_folder() {
        for text in ["", "domain", "a.b", "a/b", "..", "a-b", "ü", "a-rsa"] {
            assert!(SectionName::parse(text).is_err(), "{text}");
        }
        for text in ["-rsa", "domain-rsa", "../a-rsa", "a-rsa-rsa", "a-b"] {
            assert_eq!(SectionName::of_files(text), None, "{text}");
        }
        assert_eq!(
            SectionName::suggest("*.example.org").as_str(),
            "example_org"
        );
    }

    #[test]
    fn a_second_certificate_is_told_by_its_name() {
        let web = SectionName::parse("web").expect("a name");
        let second = web.second();
        assert_eq!((second.as_str(), second.base()), ("web-rsa", "web"));
        assert!(second.is_second() && !web.is_second());
        for name in [web, second] {
            assert_eq!(SectionName::of_files(name.as_str()), Some(name));
        }
    }
}
