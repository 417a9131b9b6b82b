//! The recorded exchanges, and their bytes read and written again.

use certkeeper::ubus::blob::{Kind, Table, Value};
use certkeeper::ubus::message::{Call, Fields, Message, kind};
use serde_json::Value as Json;
use std::fs;
use std::path::Path;

/// One recorded connection.
pub struct Exchange {
    pub messages: Vec<Recorded>,
}

/// One message of it.
pub struct Recorded {
    pub to: String,
    pub kind: String,
    pub hex: String,
}

impl Recorded {
    pub fn bytes(&self) -> Vec<u8> {
        let digits = self.hex.as_bytes().chunks(2);
        let pair = |p: &[u8]| u8::from_str_radix(std::str::from_utf8(p).unwrap(), 16).unwrap();
        digits.map(pair).collect()
    }

    pub fn message(&self) -> Message {
        let bytes = self.bytes();
        let (message, length) = Message::parse(&bytes)
            .expect("a message")
            .expect("a whole one");
        assert_eq!(length, bytes.len());
        message
    }
}

/// A recorded exchange by its name.
pub fn exchange(name: &str) -> Exchange {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ubus");
    let text = fs::read(folder.join(format!("{name}.json"))).expect("a fixture");
    let exchange: Json = serde_json::from_slice(&text).expect("a recorded exchange");
    let text = |value: &Json| value.as_str().expect("a text").to_owned();
    let message = |message: &Json| Recorded {
        to: text(&message["to"]),
        kind: text(&message["type"]),
        hex: text(&message["hex"]),
    };
    let messages = exchange["messages"].as_array().expect("messages");
    Exchange {
        messages: messages.iter().map(message).collect(),
    }
}

/// The arguments of `call_status`, with every kind of value that `ubus call` makes of JSON.
pub fn status_args() -> Table {
    let text = |t: &str| Value::String(t.to_owned());
    let table = |all: Vec<(&str, Value)>| -> Table {
        all.into_iter().map(|(n, v)| (n.to_owned(), v)).collect()
    };
    let names = vec![text("example.org"), text("*.example.org")];
    table(vec![
        ("section", text("my_domain_com")),
        ("lines", Value::Int32(3)),
        ("force", Value::Bool(true)),
        (
            "cert",
            Value::Table(table(vec![
                ("domains", Value::Array(names)),
                ("key_type", text("ec256")),
            ])),
        ),
    ])
}

/// What the recorded object answers.
pub fn status_answer() -> Table {
    serde_json::from_str::<Value>(
        r#"{"version": 1, "time_ok": true, "big": 5000000000, "small": 7, "ratio": 0.5,
            "certificates": [{"section": "my_domain_com", "state": "valid"}]}"#,
    )
    .map(|value| match value {
        Value::Table(mut table) => {
            // No JSON tells that the program wrote this one with 16 bits.
            table[3].1 = Value::Int16(7);
            table
        }
        other => panic!("{other:?}"),
    })
    .expect("JSON")
}

const ARGS: &[(&str, Kind)] = &[
    ("section", Kind::String),
    ("lines", Kind::Int32),
    ("force", Kind::Bool),
    ("cert", Kind::Table),
];
/// The methods of the recorded object.
pub const METHODS: &[(&str, &[(&str, Kind)])] = &[("status", ARGS), ("refuse", &[]), ("poke", &[])];

fn all() -> impl Iterator<Item = (String, Recorded)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ubus");
    let files = fs::read_dir(folder).expect("fixtures").flatten();
    let names = files.filter_map(|f| {
        let name = f.file_name().into_string().ok()?;
        Some(name.strip_suffix(".json")?.to_owned())
    });
    names.flat_map(|name| {
        let messages = exchange(&name).messages.into_iter();
        messages.map(move |m| (name.clone(), m))
    })
}

#[test]
fn every_recorded_message_is_read_and_framed_again() {
    let mut seen = 0;
    for (name, recorded) in all() {
        let message = recorded.message();
        assert_eq!(
            message.bytes().expect("short enough"),
            recorded.bytes(),
            "{name}"
        );
        let fields = message.fields().unwrap_or_else(|e| panic!("{name}: {e}"));
        if let Some(data) = fields.data {
            data.unwrap_or_else(|e| panic!("{name}: {e}"));
        }
        for cut in 0..recorded.bytes().len() {
            let part = &recorded.bytes()[..cut];
            assert!(
                !matches!(Message::parse(part), Ok(Some(_))),
                "{name}: {cut} bytes"
            );
        }
        seen += 1;
    }
    assert!(seen > 50, "{seen} messages");
}

#[test]
fn values_are_read_as_they_were_meant() {
    let invoke = &exchange("call_status").messages[4];
    let fields = invoke.message().fields().expect("fields");
    assert_eq!(fields.method.as_deref(), Some("status"));
    assert_eq!(fields.data, Some(Ok(status_args())));
    let answer = &exchange("call_status").messages[5];
    let fields = answer.message().fields().expect("fields");
    assert_eq!(fields.data, Some(Ok(status_answer())));
    let found = &exchange("list").messages[2];
    let fields = found.message().fields().expect("fields");
    let signature = fields.signature.expect("a signature");
    let names: Vec<&str> = signature.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["status", "refuse", "poke"]);
}

/// What we write in the place of each recorded message to ubusd.
#[test]
fn the_object_s_side_is_written_byte_for_byte() {
    let recorded = exchange("object").messages;
    let mut call = None;
    let mut written = 0;
    for message in &recorded {
        let read = message.message();
        let fields: Fields = read.fields().expect("fields");
        if message.to == "client" {
            call = Call::of(&read, &fields).or(call);
            continue;
        }
        let ours = match read.kind {
            kind::ADD_OBJECT => Message::add_object(1, Some(("certkeeper", METHODS))),
            kind::DATA => Message::data(call.as_ref().expect("a call"), &status_answer()),
            kind::STATUS => {
                let status = fields.status.expect("a status");
                Message::status(call.as_ref().expect("a call"), status)
            }
            kind::NOTIFY => {
                let data = fields.data.expect("data").expect("a table");
                let object = fields.object.expect("an object");
                Message::notify(2, object, "progress", &data)
            }
            other => panic!("type {other}"),
        };
        let bytes = ours.bytes().expect("short enough");
        assert_eq!(bytes, message.bytes(), "{}", message.kind);
        written += 1;
    }
    assert_eq!(written, 9);
}
