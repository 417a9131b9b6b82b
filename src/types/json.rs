//! Our own JSON: what types say of themselves in files and documents, and how they are read again.
//!
//! Everything goes through [`Value`]. Readers that serde makes for each type are a tenth of the
//! program, and what is read here is small.

mod reader;
mod values;

pub use reader::read_json;

use serde_json::{Map, Value};

/// What can be read from JSON.
pub trait FromJson: Sized {
    /// Reads a value; `None`: it is none of these.
    fn read(value: Value) -> Option<Self>;

    /// Reads a text.
    fn parse(text: &[u8]) -> Option<Self> {
        Self::read(read_json(text)?)
    }
}

/// What can be written as JSON.
pub trait ToJson {
    /// Writes its text.
    fn write(&self, out: &mut Vec<u8>);

    /// True if it says nothing, and what is missing is read as the same.
    fn is_empty(&self) -> bool {
        false
    }

    /// Its text.
    fn text(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        self.write(&mut out);
        out
    }
}

/// An object that is read, one member after the other.
#[derive(Default)]
pub struct Members {
    all: Map<String, Value>,
    wrong: bool,
}

impl Members {
    /// The members of a value; what is no object has none, and is wrong.
    pub fn of(value: Value) -> Self {
        match value {
            Value::Object(all) => Self { all, wrong: false },
            _ => Self {
                wrong: true,
                ..Self::default()
            },
        }
    }

    /// A member that may be missing.
    pub fn take(&mut self, name: &str) -> Value {
        self.all.get_mut(name).map(Value::take).unwrap_or_default()
    }

    /// A member that must be there, unless its type has a null.
    pub fn must<T: FromJson + Default>(&mut self, name: &str) -> T {
        let value = self.take(name);
        self.read(value)
    }

    /// A member that may be missing.
    pub fn may<T: FromJson + Default>(&mut self, name: &str) -> T {
        match self.take(name) {
            Value::Null => T::default(),
            value => self.read(value),
        }
    }

    fn read<T: FromJson + Default>(&mut self, value: Value) -> T {
        T::read(value).unwrap_or_else(|| {
            self.wrong = true;
            T::default()
        })
    }

    /// What was made of the members, unless one was missing or wrong.
    pub fn made<T>(self, whole: T) -> Option<T> {
        (!self.wrong).then_some(whole)
    }
}

/// An object that is written, one member after the other.
pub struct Object<'a>(&'a mut Vec<u8>);

impl<'a> Object<'a> {
    /// Begins it.
    pub fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self(out)
    }

    /// Writes a member.
    pub fn put(&mut self, name: &str, value: &dyn ToJson) {
        self.name(name);
        value.write(self.0);
    }

    /// Writes a member unless it says nothing.
    pub fn put_some(&mut self, name: &str, value: &dyn ToJson) {
        if !value.is_empty() {
            self.put(name, value);
        }
    }

    fn name(&mut self, name: &str) {
        if !self.0.ends_with(b"{") {
            self.0.push(b',');
        }
        quoted(name, self.0);
        self.0.push(b':');
    }

    /// Ends it.
    pub fn end(self) {
        self.0.push(b'}');
    }
}

/// Writes a text in quotes.
fn quoted(text: &str, out: &mut Vec<u8>) {
    // A vector takes all.
    let _ = serde_json::to_writer(out, text);
}

/// A type's members: those that are always written and must be there to be read, and after `some`
/// those that are left out while they are empty. `field = "name"` gives a member another name.
macro_rules! json_members {
    ($type:ty { $($field:ident $(= $name:literal)?),* } some { $($bare:ident),* }) => {
        impl $crate::types::FromJson for $type {
            fn read(value: serde_json::Value) -> Option<Self> {
                let mut members = $crate::types::Members::of(value);
                let whole = Self {
                    $($field: members.must($crate::types::json_members!(name $field $($name)?)),)*
                    $($bare: members.may(stringify!($bare)),)*
                };
                members.made(whole)
            }
        }

        impl $crate::types::ToJson for $type {
            fn write(&self, out: &mut Vec<u8>) {
                let mut object = $crate::types::Object::begin(out);
                $(object.put($crate::types::json_members!(name $field $($name)?), &self.$field);)*
                $(object.put_some(stringify!($bare), &self.$bare);)*
                object.end();
            }
        }

        $crate::types::json_serialize!($type);
    };
    ($type:ty { $($all:tt)* }) => {
        $crate::types::json_members!($type { $($all)* } some {});
    };
    (name $field:ident) => { stringify!($field) };
    (name $field:ident $name:literal) => { $name };
}

/// A type whose values have names: `ALL` and `name()`.
macro_rules! json_names {
    ($type:ty) => {
        impl $crate::types::FromJson for $type {
            fn read(value: serde_json::Value) -> Option<Self> {
                let name = value.as_str()?;
                Self::ALL.into_iter().find(|one| one.name() == name)
            }
        }

        impl $crate::types::ToJson for $type {
            fn write(&self, out: &mut Vec<u8>) {
                $crate::types::ToJson::write(&self.name(), out);
            }
        }

        $crate::types::json_serialize!($type);
    };
}

/// Lets `serde_json::json!` take a type.
macro_rules! json_serialize {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let text = $crate::types::ToJson::text(self);
                $crate::types::read_json(&text).serialize(serializer)
            }
        }
    };
}

pub(crate) use {json_members, json_names, json_serialize};

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[derive(Debug, Default, PartialEq)]
    struct Note {
        kind: String,
        at: i64,
        url: Option<String>,
        names: Vec<String>,
        firm: bool,
    }
    json_members!(Note { kind = "type", at, url } some { names, firm });

    #[test]
    fn members_may_be_missing_where_they_are_left_out() {
        let bare = Note {
            kind: "a".into(),
            at: 3,
            ..Note::default()
        };
        let text = json!({"type": "a", "at": 3, "url": null});
        assert_eq!(json!([bare]), json!([text]));
        let full = Note {
            url: Some("u".into()),
            names: vec!["n".into()],
            firm: true,
            ..Note::default()
        };
        let text = json!({"type": "", "at": 0, "url": "u", "names": ["n"], "firm": true});
        assert_eq!(json!(full), text);
        for note in [bare, full] {
            assert_eq!(Note::parse(&note.text()), Some(note));
        }
        assert!(Note::parse(br#"{"type":"a","at":1,"more":[1]}"#).is_some());
    }

    #[test]
    fn damage_is_seen() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"type":"a"}"#,
            r#"{"type":"a","at":"3"}"#,
            r#"{"type":"a","at":3.5}"#,
            r#"{"type":"a","at":3,"url":3}"#,
            r#"{"type":"a","at":3,"names":["x",1]}"#,
            r#"{"type":"a","at":3,"names":{}}"#,
            r#"{"type":"a","at":3}}"#,
        ] {
            assert_eq!(Note::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(u32::read(json!(4_294_967_296_u64)), None);
        assert_eq!(u64::read(json!(-1)), None);
        assert_eq!(BTreeMap::<String, i64>::read(json!({"a": "b"})), None);
    }
}
