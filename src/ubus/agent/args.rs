//! The arguments of a call, as others send them.

use crate::ubus::blob::{Table, Value, get};

/// No name, address or subject is longer.
const TEXT_MAX: usize = 4096;

/// Why a call is not done, in the words of an answer: LuCI drops the texts of other statuses than 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: &'static str,
    pub message: String,
    pub remedy: String,
}

impl Refusal {
    pub fn new(code: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// The caller is wrong.
    pub fn argument(name: &str, wanted: &str) -> Self {
        Self::new(
            "usage",
            format!("argument '{name}': {wanted} is wanted"),
            "`ubus -v list certkeeper` shows the arguments",
        )
    }

    pub fn missing(name: &str) -> Self {
        Self::argument(name, "a text")
    }

    /// `{error: {code, message, remedy}}`.
    pub fn table(&self) -> Table {
        vec![("error".to_owned(), self.value())]
    }

    pub fn value(&self) -> Value {
        let text = |name: &str, text: &str| (name.to_owned(), text.into());
        Value::Table(vec![
            text("code", self.code),
            text("message", &self.message),
            text("remedy", &self.remedy),
        ])
    }
}

/// The arguments of one call. What is not asked for is ignored, `ubus_rpc_session` among it.
pub(super) struct Args<'a>(pub &'a Table);

impl<'a> Args<'a> {
    /// A text that must be there.
    pub fn text(&self, name: &str) -> Result<&'a str, Refusal> {
        self.optional(name)?.ok_or_else(|| Refusal::missing(name))
    }

    /// A text that goes on a command line; empty is as good as none.
    pub fn optional(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        match self.long(name)? {
            Some(text) if text.len() > TEXT_MAX => {
                Err(Refusal::argument(name, "a text of up to 4096 bytes"))
            }
            text => Ok(text),
        }
    }

    /// A text of any length.
    pub fn long(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        match get(self.0, name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|t| !t.is_empty())),
            Some(_) => Err(Refusal::argument(name, "a text")),
        }
    }

    /// One of these words.
    pub fn one_of(&self, name: &str, words: &[&'static str]) -> Result<&'static str, Refusal> {
        let text = self.optional(name)?.unwrap_or_default();
        let word = words.iter().find(|w| **w == text);
        let wanted = || format!("one of {}", words.join(", "));
        word.copied()
            .ok_or_else(|| Refusal::argument(name, &wanted()))
    }

    /// A switch; LuCI and jshn write it in several ways.
    pub fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match get(self.0, name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(b)) => Ok(*b),
            _ => match self.number(name) {
                Ok(n) => Ok(n != Some(0)),
                Err(_) => Err(Refusal::argument(name, "true or false")),
            },
        }
    }

    /// A whole number that is not negative.
    pub fn number(&self, name: &str) -> Result<Option<u32>, Refusal> {
        let number = match get(self.0, name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Int16(n)) => u32::try_from(*n).ok(),
            Some(Value::Int32(n)) => u32::try_from(*n).ok(),
            Some(Value::Int64(n)) => u32::try_from(*n).ok(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        let wrong = || Refusal::argument(name, "a whole number from 0 on");
        number.map(Some).ok_or_else(wrong)
    }

    /// A table.
    pub fn table(&self, name: &str) -> Result<Option<&'a Table>, Refusal> {
        match get(self.0, name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Table(table)) => Ok(Some(table)),
            Some(_) => Err(Refusal::argument(name, "a table")),
        }
    }
}
