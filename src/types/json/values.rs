//! Values that every document has.

use super::{FromJson, Object, ToJson, quoted};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Numbers and switches.
macro_rules! plain {
    ($type:ty, $read:expr) => {
        impl FromJson for $type {
            fn read(value: Value) -> Option<Self> {
                $read(&value)
            }
        }

        impl ToJson for $type {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(self.to_string().as_bytes());
            }

            fn is_empty(&self) -> bool {
                *self == <$type>::default()
            }
        }
    };
}

plain!(bool, Value::as_bool);
plain!(i64, Value::as_i64);
plain!(u64, Value::as_u64);
plain!(u32, |value: &Value| value.as_u64()?.try_into().ok());

impl FromJson for String {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl ToJson for &str {
    fn write(&self, out: &mut Vec<u8>) {
        quoted(self, out);
    }
}

impl ToJson for String {
    fn write(&self, out: &mut Vec<u8>) {
        quoted(self, out);
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::read(value).map(Some),
        }
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }

    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Array(list) => list.into_iter().map(T::read).collect(),
            _ => None,
        }
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_slice().write(out);
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl<T: ToJson> ToJson for [T] {
    fn write(&self, out: &mut Vec<u8>) {
        list(&mut self.iter().map(|one| one as &dyn ToJson), out);
    }
}

impl FromJson for BTreeSet<String> {
    fn read(value: Value) -> Option<Self> {
        Vec::read(value).map(Self::from_iter)
    }
}

impl ToJson for BTreeSet<String> {
    fn write(&self, out: &mut Vec<u8>) {
        list(&mut self.iter().map(|one| one as &dyn ToJson), out);
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl<T: FromJson> FromJson for BTreeMap<String, T> {
    fn read(value: Value) -> Option<Self> {
        let Value::Object(members) = value else {
            return None;
        };
        let each = members.into_iter();
        each.map(|(name, value)| Some((name, T::read(value)?)))
            .collect()
    }
}

impl<T: ToJson> ToJson for BTreeMap<String, T> {
    fn write(&self, out: &mut Vec<u8>) {
        let mut object = Object::begin(out);
        for (name, value) in self {
            object.put(name, value);
        }
        object.end();
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

/// Writes a list.
fn list(all: &mut dyn Iterator<Item = &dyn ToJson>, out: &mut Vec<u8>) {
    out.push(b'[');
    for one in all {
        if !out.ends_with(b"[") {
            out.push(b',');
        }
        one.write(out);
    }
    out.push(b']');
}
