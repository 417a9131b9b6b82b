//! Messages of DNS UPDATE (RFC 2136) for one TXT value.

use super::dns_types::{Rcode, RecordType};
use super::dns_wire::{CLASS_IN, OPCODE, QR, RCODE, Reader, TC, Unusable, encode_name};
use crate::types::Update;

/// The operation UPDATE (RFC 2136 section 1.3) among the header's bits.
const UPDATE: u16 = 5 << 11;
/// Of a record that is to go (RFC 2136 section 2.5.4).
const CLASS_NONE: u16 = 254;
/// A string of a TXT record (RFC 1035 section 3.3).
const MAX_STRING: usize = 255;

/// The message, not signed; `None` if it cannot hold the name or value.
pub(super) fn encode(id: u16, update: &Update<'_>) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    // One zone, no prerequisite, one change, nothing more.
    words(&[id, UPDATE, 1, 0, 1, 0], &mut message);
    encode_name(update.zone, &mut message)?;
    words(&[RecordType::Soa.code(), CLASS_IN], &mut message);
    encode_name(update.name, &mut message)?;
    let class = update.ttl.map_or(CLASS_NONE, |_| CLASS_IN);
    words(&[RecordType::Txt.code(), class], &mut message);
    message.extend(update.ttl.unwrap_or(0).to_be_bytes());
    let value = update.value.as_bytes();
    let length = u8::try_from(value.len().min(MAX_STRING + 1)).ok()?;
    words(&[u16::from(length) + 1], &mut message);
    message.push(length);
    message.extend(value);
    Some(message)
}

pub(super) fn words(all: &[u16], message: &mut Vec<u8>) {
    message.extend(all.iter().flat_map(|w| w.to_be_bytes()));
}

/// What a server says of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub rcode: Rcode,
    /// It says more over TCP.
    pub truncated: bool,
}

/// Reads the header of the reply; what follows it says nothing more, a signature aside.
pub(super) fn decode(id: u16, message: &[u8]) -> Result<Said, Unusable> {
    let mut reader = Reader { message, at: 0 };
    let head = reader.u16().zip(reader.u16());
    let (its_id, flags) = head.ok_or(Unusable::Foreign)?;
    if its_id != id || flags & (QR | OPCODE) != QR | UPDATE {
        return Err(Unusable::Foreign);
    }
    reader.counts().ok_or(Unusable::Malformed)?;
    Ok(Said {
        rcode: Rcode::of(flags & RCODE),
        truncated: flags & TC != 0,
    })
}
