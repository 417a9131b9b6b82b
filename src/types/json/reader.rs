//! Reads JSON as values, within bounds: a quarter of a megabyte of `{"":0}` would become twenty-four.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::Cell;
use std::fmt;
use std::mem::size_of;

/// What the values of one text may take in memory. Nothing that is needed comes near; what does
/// not fit is passed over.
const BYTES_MAX: usize = 2 * 1024 * 1024;
const VALUE: usize = size_of::<Value>();
const MEMBER: usize = size_of::<String>() + VALUE;
/// The map makes room for eleven members at once.
const OBJECT: usize = 11 * MEMBER;

/// Reads a text; `None`: it is not JSON.
pub fn read_json(text: &[u8]) -> Option<Value> {
    let left = Cell::new(BYTES_MAX);
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = Any(&left).deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(value)
}

/// A value of any kind, and the bytes that are left for all.
#[derive(Clone, Copy)]
struct Any<'a>(&'a Cell<usize>);

impl Any<'_> {
    /// Takes the bytes if they are left; once some did not fit, nothing does.
    fn fits(self, bytes: usize) -> bool {
        let rest = self.0.get().checked_sub(bytes);
        self.0.set(rest.unwrap_or_default());
        rest.is_some()
    }
}

impl<'de> DeserializeSeed<'de> for Any<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(b.into())
    }

    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_u64<E>(self, n: u64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_f64<E>(self, x: f64) -> Result<Value, E> {
        Ok(x.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while self.fits(VALUE) {
            match seq.next_element_seed(self)? {
                Some(value) => all.push(value),
                None => return Ok(all.into()),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(all.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        if self.fits(OBJECT) {
            while self.fits(MEMBER) {
                let Some(name) = map.next_key()? else {
                    return Ok(all.into());
                };
                // No member leaves nothing to those that come after it.
                let half = self.0.get() / 2;
                let left = Cell::new(half);
                all.insert(name, map.next_value_seed(Any(&left))?);
                self.0.set(self.0.get() - (half - left.get()));
            }
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(all.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As many values as fit, and a few more.
    const MANY: usize = BYTES_MAX / VALUE + 5;

    fn many(part: &str) -> String {
        format!(r#"{{"list":[{}],"end":1}}"#, vec![part; MANY].join(","))
    }

    #[test]
    fn no_text_becomes_huge() {
        for (part, kept) in [
            ("0", MANY),
            ("[]", MANY),
            (r#"{"":0}"#, BYTES_MAX / OBJECT + 2),
        ] {
            let value = read_json(many(part).as_bytes()).expect("JSON");
            assert_eq!(value["end"], 1, "{part}");
            let list = value["list"].as_array().expect("a list");
            assert!(list.len() < MANY, "{part}");
            let filled = |v: &&Value| v.as_object().is_some_and(|o| !o.is_empty());
            assert!(list.iter().filter(filled).count() <= kept, "{part}");
        }
    }

    #[test]
    fn what_is_passed_over_is_json_still() {
        assert_eq!(read_json(many("}").as_bytes()), None);
        let cut = many("0");
        assert_eq!(read_json(&cut.as_bytes()[..cut.len() - 1]), None);
    }

    proptest! {
        #[test]
        fn reads_as_serde_json_does(text in r#"[\[\]{}:,"a0-9.e\\ nul-]{0,24}"#) {
            let wanted = serde_json::from_slice::<Value>(text.as_bytes()).ok();
            prop_assert_eq!(read_json(text.as_bytes()), wanted);
        }
    }

    #[test]
    fn reads_every_kind_of_value() {
        let text = r#" {"a": [null, true, -1, 18446744073709551615, 1.5, "\u00e4\n"], "b": {"c": {}}, "a2": "x"} "#;
        assert_eq!(read_json(text.as_bytes()), serde_json::from_str(text).ok());
    }
}
