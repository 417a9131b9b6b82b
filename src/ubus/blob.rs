//! The bytes of libubox's blobs: attributes with an id or a name, values as `blobmsg` has them.
//!
//! An attribute begins with 32 bits, big-endian: bit 31 says that a name follows, bits 24 to 30 are
//! the id, the rest is the length with these four bytes. Each is padded to a multiple of four. Bytes
//! from outside never panic: lengths are checked, depth is bounded, text is read lossily.

use std::fmt;

/// No message is longer, its header aside (ubusd's `UBUS_MAX_MSGLEN`).
pub const BLOB_MAX: usize = 1024 * 1024;

/// Tables within tables within lists: nobody nests deeper.
const DEPTH_MAX: usize = 32;

/// The length of an attribute's own header.
const HEAD: usize = 4;
const EXTENDED: u32 = 0x8000_0000;
const LENGTH: u32 = 0x00ff_ffff;

/// What a value is, in an attribute's id (`BLOBMSG_TYPE_…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A list.
    Array = 1,
    /// Named values.
    Table = 2,
    /// Text.
    String = 3,
    /// A whole number of 64 bits.
    Int64 = 4,
    /// A whole number of 32 bits.
    Int32 = 5,
    /// A whole number of 16 bits.
    Int16 = 6,
    /// True or false; libubox's int8.
    Bool = 7,
    /// A number with a fraction.
    Double = 8,
}

/// A value of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, or of a type that is not known.
    Null,
    /// A list.
    Array(Vec<Value>),
    /// Named values, in order.
    Table(Table),
    /// Text; what was not UTF-8 is replaced.
    String(String),
    /// A whole number of 64 bits.
    Int64(i64),
    /// A whole number of 32 bits.
    Int32(i32),
    /// A whole number of 16 bits.
    Int16(i16),
    /// True or false.
    Bool(bool),
    /// A number with a fraction.
    Double(f64),
}

/// Named values, in order.
pub type Table = Vec<(String, Value)>;

/// The value of that name: the last one, as libubox's policy parser takes it.
pub fn get<'a>(table: &'a [(String, Value)], name: &str) -> Option<&'a Value> {
    let named = table.iter().rev().find(|(n, _)| n == name);
    named.map(|(_, value)| value)
}

/// Bytes that are no blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes that are no ubus message")
    }
}

/// An attribute as it lies in a message.
#[derive(Clone, Copy, Debug)]
pub struct Attr<'a> {
    /// Its id: a field's number, or a value's kind.
    pub id: u8,
    extended: bool,
    /// What follows its header.
    pub data: &'a [u8],
}

/// The attributes that lie one after the other.
pub fn attrs(bytes: &[u8]) -> impl Iterator<Item = Result<Attr<'_>, Malformed>> {
    let mut rest = Ok(bytes);
    std::iter::from_fn(move || {
        let bytes = rest.ok().filter(|r: &&[u8]| !r.is_empty())?;
        let attr = split(bytes);
        rest = attr.map(|(_, rest)| rest);
        Some(attr.map(|(attr, _)| attr))
    })
}

/// The first attribute, and what follows it.
fn split(bytes: &[u8]) -> Result<(Attr<'_>, &[u8]), Malformed> {
    let (head, _) = bytes.split_first_chunk::<HEAD>().ok_or(Malformed)?;
    let head = u32::from_be_bytes(*head);
    let length = usize::try_from(head & LENGTH).map_err(|_| Malformed)?;
    let data = bytes.get(HEAD..length).ok_or(Malformed)?;
    let attr = Attr {
        id: u8::try_from(head >> 24 & 0x7f).map_err(|_| Malformed)?,
        extended: head & EXTENDED != 0,
        data,
    };
    // The last one may lack its padding.
    let next = padded(length).min(bytes.len());
    Ok((attr, &bytes[next..]))
}

fn padded(length: usize) -> usize {
    length.div_ceil(4) * 4
}

impl<'a> Attr<'a> {
    /// A number of 32 bits.
    pub fn number(&self) -> Result<u32, Malformed> {
        Ok(u32::from_be_bytes(self.fixed()?))
    }

    /// A number of eight bits that is not 0.
    pub fn flag(&self) -> Result<bool, Malformed> {
        let [byte] = self.fixed()?;
        Ok(byte != 0)
    }

    /// Text up to its NUL.
    pub fn text(&self) -> String {
        let end = self.data.iter().position(|b| *b == 0);
        let text = &self.data[..end.unwrap_or(self.data.len())];
        String::from_utf8_lossy(text).into_owned()
    }

    /// The number's bytes; more may follow, as libubox allows.
    fn fixed<const N: usize>(&self) -> Result<[u8; N], Malformed> {
        let bytes = self.data.first_chunk::<N>().ok_or(Malformed)?;
        Ok(*bytes)
    }

    /// Name and value of a `blobmsg` attribute.
    fn named(self, depth: usize) -> Result<(String, Value), Malformed> {
        if !self.extended {
            return Err(Malformed);
        }
        let (length, rest) = self.data.split_first_chunk::<2>().ok_or(Malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let name = rest.get(..length).ok_or(Malformed)?;
        // Length, name and NUL are padded together.
        let start = padded(2 + length + 1);
        let data = self.data.get(start..).ok_or(Malformed)?;
        let name = String::from_utf8_lossy(name).into_owned();
        let value = Attr { data, ..self }.value(depth)?;
        Ok((name, value))
    }

    fn value(&self, depth: usize) -> Result<Value, Malformed> {
        let inner = depth.checked_sub(1);
        let list = || -> Result<Table, Malformed> {
            let depth = inner.ok_or(Malformed)?;
            attrs(self.data).map(|a| a?.named(depth)).collect()
        };
        Ok(match self.id {
            1 => Value::Array(list()?.into_iter().map(|(_, value)| value).collect()),
            2 => Value::Table(list()?),
            3 => Value::String(self.text()),
            4 => Value::Int64(i64::from_be_bytes(self.fixed()?)),
            5 => Value::Int32(i32::from_be_bytes(self.fixed()?)),
            6 => Value::Int16(i16::from_be_bytes(self.fixed()?)),
            7 => Value::Bool(self.flag()?),
            8 => Value::Double(f64::from_be_bytes(self.fixed()?)),
            _ => Value::Null,
        })
    }
}

/// Reads the named values of a message.
pub fn table(bytes: &[u8]) -> Result<Table, Malformed> {
    attrs(bytes).map(|a| a?.named(DEPTH_MAX)).collect()
}

/// Writes attributes, each with its length once that is known.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// All that was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// An attribute with these bytes.
    pub fn bytes(&mut self, id: u8, data: &[u8]) {
        self.attr(u32::from(id) << 24, |w| w.0.extend_from_slice(data));
    }

    /// A number of 32 bits.
    pub fn number(&mut self, id: u8, number: u32) {
        self.bytes(id, &number.to_be_bytes());
    }

    /// Text with its NUL.
    pub fn text(&mut self, id: u8, text: &str) {
        self.attr(u32::from(id) << 24, |w| w.push_text(text));
    }

    /// An attribute of attributes.
    pub fn nest(&mut self, id: u8, inner: impl FnOnce(&mut Self)) {
        self.attr(u32::from(id) << 24, inner);
    }

    /// A table of named values.
    pub fn table(&mut self, id: u8, table: &[(String, Value)]) {
        self.nest(id, |w| w.values(table));
    }

    /// Named values, one after the other.
    pub fn values(&mut self, table: &[(String, Value)]) {
        for (name, value) in table {
            self.value(name, value);
        }
    }

    /// A named table whose content is written by `inner`.
    pub fn named(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        self.extended(name, Kind::Table as u8, inner);
    }

    /// A named value.
    pub fn value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Null => self.extended(name, 0, |_| {}),
            Value::Array(all) => self.extended(name, Kind::Array as u8, |w| {
                all.iter().for_each(|value| w.value("", value));
            }),
            Value::Table(all) => self.named(name, |w| w.values(all)),
            Value::String(text) => {
                self.extended(name, Kind::String as u8, |w| w.push_text(text));
            }
            Value::Int64(n) => self.fixed(name, Kind::Int64, &n.to_be_bytes()),
            Value::Int32(n) => self.fixed(name, Kind::Int32, &n.to_be_bytes()),
            Value::Int16(n) => self.fixed(name, Kind::Int16, &n.to_be_bytes()),
            Value::Bool(b) => self.fixed(name, Kind::Bool, &[u8::from(*b)]),
            Value::Double(x) => self.fixed(name, Kind::Double, &x.to_be_bytes()),
        }
    }

    fn fixed(&mut self, name: &str, kind: Kind, bytes: &[u8]) {
        self.extended(name, kind as u8, |w| w.0.extend_from_slice(bytes));
    }

    fn extended(&mut self, name: &str, id: u8, inner: impl FnOnce(&mut Self)) {
        // Longer names do not fit in their length.
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
        let name = &name.as_bytes()[..usize::from(length)];
        self.attr(EXTENDED | u32::from(id) << 24, |w| {
            w.0.extend_from_slice(&length.to_be_bytes());
            w.0.extend_from_slice(name);
            w.0.push(0);
            w.pad();
            inner(w);
        });
    }

    /// C's readers end at a NUL, so text has none within.
    fn push_text(&mut self, text: &str) {
        self.0
            .extend(text.bytes().map(|b| if b == 0 { b'?' } else { b }));
        self.0.push(0);
    }

    fn attr(&mut self, head: u32, inner: impl FnOnce(&mut Self)) {
        let start = self.0.len();
        self.0.extend_from_slice(&[0; HEAD]);
        inner(self);
        // What is too long for its length is too long for a message, which is never sent.
        let length = u32::try_from(self.0.len() - start).unwrap_or(LENGTH) & LENGTH;
        self.0[start..start + HEAD].copy_from_slice(&(head | length).to_be_bytes());
        self.pad();
    }

    fn pad(&mut self) {
        self.0.resize(padded(self.0.len()), 0);
    }
}
