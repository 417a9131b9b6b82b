//! One mistake in the configuration, in words.

use super::{MAIN, SECRETS};
use crate::types::shown;
use crate::uci::{Section, UciOption};
use std::fmt;

/// Names and values are shown up to this length.
const SHOWN: usize = 300;
/// So is what is said of them; some messages list all that is allowed.
const MESSAGE_MAX: usize = 2000;

/// What is wrong, where, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file as users know it, without root.
    pub file: &'static str,
    /// Its line; 0 where it has none.
    pub line: usize,
    /// The section's type and name.
    pub section: Option<String>,
    /// The option.
    pub option: Option<String>,
    /// The value that is wrong; never a secret.
    pub value: Option<String>,
    /// What is wrong and what is allowed.
    pub message: String,
    /// True: worth saying, but nothing is left out for it.
    pub warning: bool,
}

impl Mistake {
    pub(super) fn in_file(file: &'static str, message: impl Into<String>) -> Self {
        Self {
            file,
            line: 0,
            section: None,
            option: None,
            value: None,
            message: message.into(),
            warning: false,
        }
    }

    pub(super) fn in_section(section: &Section, message: impl Into<String>) -> Self {
        let name = match &section.name {
            Some(name) => format!("{} '{name}'", section.kind),
            None => section.kind.clone(),
        };
        let file = if section.kind == "secret" {
            SECRETS
        } else {
            MAIN
        };
        Self {
            line: section.line,
            section: Some(name),
            ..Self::in_file(file, message)
        }
    }

    pub(super) fn of_option(
        section: &Section,
        option: &UciOption,
        value: Option<&str>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            line: option.line,
            option: Some(option.name.clone()),
            value: value.map(str::to_owned),
            ..Self::in_section(section, message)
        }
    }

    pub(super) fn warning(self) -> Self {
        Self {
            warning: true,
            ..self
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file)?;
        if self.line > 0 {
            write!(f, " line {}", self.line)?;
        }
        if let Some(section) = &self.section {
            write!(f, ", {}", shown(section, SHOWN))?;
        }
        if let Some(option) = &self.option {
            write!(f, ", option {}", shown(option, SHOWN))?;
        }
        if let Some(value) = &self.value {
            write!(f, " '{}'", shown(value, SHOWN))?;
        }
        write!(f, ": {}", shown(&self.message, MESSAGE_MAX))
    }
}
