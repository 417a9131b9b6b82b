//! Looks into answers: what is not there, or of another kind, counts as nothing.

use super::blob::{Value, get};

impl Value {
    /// The value of that name in a table.
    pub fn at(&self, name: &str) -> &Self {
        match self {
            Self::Table(table) => get(table, name).unwrap_or(&Self::Null),
            _ => &Self::Null,
        }
    }

    /// The entries of a list.
    pub fn entries(&self) -> &[Self] {
        match self {
            Self::Array(all) => all,
            _ => &[],
        }
    }

    /// The values of a table, without their names.
    pub fn values(&self) -> impl Iterator<Item = &Self> {
        let table = match self {
            Self::Table(table) => table.as_slice(),
            _ => &[],
        };
        table.iter().map(|(_, value)| value)
    }

    /// Text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number.
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Int64(n) => Some(*n),
            Self::Int32(n) => Some((*n).into()),
            Self::Int16(n) => Some((*n).into()),
            _ => None,
        }
    }

    /// True if it says so.
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }
}
