//! What comes over ubus: messages with their fields, and the arguments of calls.
//!
//! The input is a message, or the arguments alone.
#![no_main]

use certkeeper::ubus::blob::{Table, Value, Writer, table};
use certkeeper::ubus::message::Message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(read) = table(input) {
        again(&read, input.len());
    }
    let Ok(Some((message, length))) = Message::parse(input) else {
        return;
    };
    assert!(length <= input.len());
    let bytes = message.bytes().expect("what was read can be written");
    // Version and flags of the header's blob are not kept.
    assert_eq!(bytes[1..8], input[1..8]);
    assert_eq!(bytes[12..], input[12..length]);
    let Ok(fields) = message.fields() else {
        return;
    };
    for read in [fields.signature, fields.data.and_then(Result::ok)]
        .into_iter()
        .flatten()
    {
        again(&read, input.len());
    }
});

/// What was read is written and read again as the same.
fn again(read: &Table, length: usize) {
    // An attribute takes eight bytes at least.
    let values: usize = read.iter().map(|(_, value)| count(value)).sum();
    assert!(values * 8 <= length + 8);
    let mut writer = Writer::default();
    writer.values(read);
    let written = table(&writer.into_bytes()).expect("what was written can be read");
    // A number that is none equals nothing.
    assert_eq!(format!("{written:?}"), format!("{read:?}"));
}

fn count(value: &Value) -> usize {
    let inner: usize = match value {
        Value::Array(all) => all.iter().map(count).sum(),
        Value::Table(all) => all.iter().map(|(_, value)| count(value)).sum(),
        _ => 0,
    };
    1 + inner
}
