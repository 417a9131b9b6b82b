//! DNS messages. The reader is not public, so its two files are compiled in.
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

use certkeeper_fuzz::split_at_line;
use dns_types::{Answer, Data, RecordType};
use dns_wire::{Question, Unusable};
use libfuzzer_sys::fuzz_target;

const NAME: &str = "a.example.org";
/// Where the question's type stands: behind header and name.
const TYPE_AT: usize = 12 + NAME.len() + 2;

fuzz_target!(|input: &[u8]| {
    let (message, name) = split_at_line(input, b"### name");
    read(message);
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
