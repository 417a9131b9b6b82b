//! DNS messages: answers, replies to updates and their signatures, and questions to our own nameserver.
//! The readers are not public, so their files are compiled in.
//!
//! The input is a message; what it answers is asked: its own identifier, and the type of its first
//! question where that is for [`NAME`]. What follows a line `### name` is a name to ask for.
#![no_main]

#[allow(dead_code, reason = "parts that the resolver uses")]
// Formatted where it belongs.
#[rustfmt::skip]
#[path = "../../../src/net/dns_types.rs"]
mod dns_types;
// Formatted where it belongs.
#[rustfmt::skip]
#[path = "../../../src/net/dns_wire.rs"]
mod dns_wire;

#[allow(dead_code, reason = "parts that write")]
// Formatted where it belongs.
#[rustfmt::skip]
#[path = "../../../src/net/dns_update.rs"]
mod dns_update;
#[allow(dead_code, reason = "parts that write")]
// Formatted where it belongs.
#[rustfmt::skip]
#[path = "../../../src/net/tsig.rs"]
mod tsig;

/// What the files above import from their own crate.
mod types {
    pub use certkeeper::types::*;
}

use certkeeper::net::{SmallZone, reply};
use certkeeper_fuzz::split_at_line;
use dns_types::{Answer, Data, RecordType};
use dns_wire::{Question, Unusable};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tsig::Signer;

const NAME: &str = "a.example.org";
/// Where the question's type stands: behind header and name.
const TYPE_AT: usize = 12 + NAME.len() + 2;

fuzz_target!(|input: &[u8]| {
    let (message, name) = split_at_line(input, b"### name");
    read(message);
    update(message);
    for datagram in [true, false] {
        be_asked(message, datagram);
    }
    if let Ok(name) = std::str::from_utf8(name) {
        ask(name);
    }
});

fn read(message: &[u8]) {
    let word = |at: usize| match message.get(at..at + 2) {
        Some(bytes) => u16::from_be_bytes([bytes[0], bytes[1]]),
        None => 0,
    };
    let question = Question {
        id: word(0),
        name: NAME,
        kind: RecordType::of(word(TYPE_AT)),
        recursion_desired: true,
        edns: true,
    };
    if let Ok(answer) = question.decode(message) {
        check(&answer, message.len());
    }
    let foreign = Question {
        id: !question.id,
        ..question
    };
    assert_eq!(foreign.decode(message), Err(Unusable::Foreign));
}

fn check(answer: &Answer, length: usize) {
    let records = || answer.answers.iter().chain(&answer.authority);
    // A record takes 11 bytes at least.
    assert!(records().count() * 11 <= length);
    for record in records() {
        assert_name(&record.name);
        match &record.data {
            Data::Name(name) | Data::Soa { primary: name, .. } => assert_name(name),
            Data::Text(text) | Data::Caa { value: text, .. } => assert!(text.len() <= length),
            Data::Addr(_) | Data::Other => {}
        }
    }
    assert!(!answer.rcode.to_string().is_empty());
}

/// Names are shown: a byte takes four characters (`\027`) at most.
#[track_caller]
fn assert_name(name: &str) {
    assert!(!name.is_empty() && name.len() <= 4 * 255, "{name}");
    assert!(name.bytes().all(|c| c.is_ascii_graphic()), "{name:?}");
}

static KEY: LazyLock<Signer> = LazyLock::new(|| {
    let key = types::TsigKey {
        name: "key.example.org".into(),
        algorithm: "hmac-sha256".into(),
        secret: types::Secret::new("bm90IHRvIGJlIGd1ZXNzZWQ="),
    };
    Signer::new(&key).expect("a key")
});

/// A reply to an update. Nobody knows the key, so that nobody signs.
fn update(message: &[u8]) {
    let id = message
        .first_chunk()
        .map_or(0, |id| u16::from_be_bytes(*id));
    if let Ok(said) = dns_update::decode(id, message) {
        assert!(!said.rcode.to_string().is_empty());
    }
    assert_eq!(dns_update::decode(!id, message), Err(Unusable::Foreign));
    assert!(KEY.verify(message, &[7; 32]).is_err());
}

/// A question to our own nameserver.
fn be_asked(message: &[u8], datagram: bool) {
    let zone = SmallZone {
        name: NAME.into(),
        nameservers: vec!["router.example.org".into()],
        values: vec!["v".repeat(43), "w".repeat(300)],
    };
    let Some(reply) = reply(&[zone], message, datagram) else {
        return;
    };
    assert!(message.len() >= 12 && reply.len() >= 12);
    // The reply to this, with all that one name holds; no more than any datagram may hold.
    assert!(reply.len() <= message.len() + 450);
    assert!(!datagram || reply.len() <= 512);
    assert_eq!(reply[..2], message[..2]);
    assert_eq!(reply[2] & 0x80, 0x80);
    // It is a message itself, and never one to reply to.
    assert_eq!(certkeeper::net::reply(&[], &reply, datagram), None);
    let word = |at: usize| u16::from_be_bytes([reply[at], reply[at + 1]]);
    let question = Question {
        id: word(0),
        name: NAME,
        kind: RecordType::of(if reply.len() > TYPE_AT + 1 {
            word(TYPE_AT)
        } else {
            0
        }),
        recursion_desired: true,
        edns: true,
    };
    // Of our own name it can be read.
    let asked = question.encode().expect("a question");
    let same = reply.len() >= TYPE_AT + 4 && reply[12..TYPE_AT + 4] == asked[12..TYPE_AT + 4];
    if same {
        check(&question.decode(&reply).expect("an answer"), reply.len());
    }
}

/// What can be asked for can be answered: our own question, turned into an empty reply.
fn ask(name: &str) {
    for edns in [false, true] {
        let question = Question {
            id: 0x1234,
            name,
            kind: RecordType::Txt,
            recursion_desired: true,
            edns,
        };
        let Some(mut message) = question.encode() else {
            return;
        };
        message[2] |= 0x80;
        let answer = question.decode(&message).expect("an empty reply");
        assert!(answer.answers.is_empty() && answer.authority.is_empty());
    }
}
