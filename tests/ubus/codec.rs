//! The codec under bytes that nobody recorded.

use certkeeper::ubus::blob::{BLOB_MAX, Kind, Table, Value, Writer, table};
use certkeeper::ubus::message::Message;
use proptest::prelude::*;

fn written(values: &[(String, Value)]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.values(values);
    writer.into_bytes()
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i16>().prop_map(Value::Int16),
        any::<i32>().prop_map(Value::Int32),
        any::<i64>().prop_map(Value::Int64),
        (-1e9..1e9).prop_map(Value::Double),
        "[^\0]{0,40}".prop_map(Value::String),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            proptest::collection::vec(("[^\0]{0,12}", inner), 0..6).prop_map(Value::Table),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(values in proptest::collection::vec(("[^\0]{0,12}", value()), 0..8)) {
        prop_assert_eq!(table(&written(&values)), Ok(values));
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = table(&bytes);
        if let Ok(Some((message, _))) = Message::parse(&bytes) {
            let _ = message.fields();
        }
    }

    #[test]
    fn no_damage_panics(values in proptest::collection::vec(("[a-z]{0,9}", value()), 1..5),
                        at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = written(&values);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = table(&bytes);
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| {
        let inner = (0..depth).fold(Value::Null, |value, _| Value::Array(vec![value]));
        table(&written(&[("x".to_owned(), inner)]))
    };
    assert!(nested(30).is_ok());
    assert!(nested(40).is_err());
    // A hundred thousand levels, each eight bytes: refused, without a stack for each.
    let mut writer = Writer::default();
    for _ in 0..100 {
        writer.bytes(Kind::Array as u8, &[0; 8]);
    }
    let _ = table(&writer.into_bytes());
    let deep: Vec<u8> = (0..100_000_u32)
        .flat_map(|n| {
            let length = 8 * (100_000 - n);
            let mut head = (0x8100_0000 | length).to_be_bytes().to_vec();
            head.extend([0; 4]);
            head
        })
        .collect();
    assert!(deep.len() < BLOB_MAX);
    assert!(table(&deep).is_err());
}

#[test]
fn text_is_read_lossily_and_numbers_are_as_long_as_they_say() {
    let attr = |kind: u8, data: &[u8]| {
        let mut bytes = Vec::new();
        let length = u32::try_from(8 + data.len()).unwrap();
        bytes.extend((0x8000_0000 | u32::from(kind) << 24 | length).to_be_bytes());
        bytes.extend([0, 1, b'x', 0]);
        bytes.extend(data);
        table(&bytes)
    };
    let one = |value: Value| -> Table { vec![("x".to_owned(), value)] };
    assert_eq!(attr(3, b"a\xffb\0").unwrap(), one("a\u{fffd}b".into()));
    assert_eq!(attr(3, b"ab\0cd\0").unwrap(), one("ab".into()));
    assert_eq!(attr(3, b"no end").unwrap(), one("no end".into()));
    assert_eq!(attr(99, b"abcd").unwrap(), one(Value::Null));
    for short in [
        (4, &b"1234567"[..]),
        (5, b"123"),
        (6, b"1"),
        (7, b""),
        (8, b"1234567"),
    ] {
        assert!(attr(short.0, short.1).is_err(), "{short:?}");
    }
}

#[test]
fn what_ubusd_would_not_take_is_not_sent() {
    let long = |length: usize| {
        let text = "x".repeat(length);
        let args = [("x".to_owned(), text.as_str().into())];
        Message::invoke(1, 7, "x", &args).bytes()
    };
    assert!(long(BLOB_MAX - 100).is_some_and(|b| b.len() <= BLOB_MAX + 8));
    assert!(long(BLOB_MAX).is_none());
    assert!(long(20 * BLOB_MAX).is_none());
}
