//! DNS messages (RFC 1035 section 4) with EDNS (RFC 6891): questions out, answers in. Any bytes may
//! come in: nothing is read past the message, and a compression pointer only ever points back.

use super::dns_types::{Answer, Data, Rcode, Record, RecordType};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The UDP payload that we accept: passes every path without fragments (DNS flag day 2020).
pub(super) const UDP_PAYLOAD: u16 = 1232;
/// A name's length on the wire (RFC 1035 section 2.3.4).
const MAX_NAME: usize = 255;
/// A label's length (RFC 1035 section 2.3.4).
const MAX_LABEL: usize = 63;

pub(super) const CLASS_IN: u16 = 1;
const TYPE_OPT: u16 = 41;

/// Header bits (RFC 1035 section 4.1.1).
pub(super) const QR: u16 = 0x8000;
pub(super) const OPCODE: u16 = 0x7800;
const AA: u16 = 0x0400;
pub(super) const TC: u16 = 0x0200;
pub(super) const RD: u16 = 0x0100;
pub(super) const RCODE: u16 = 0x000f;

/// One question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub id: u16,
    pub name: &'a str,
    pub kind: RecordType,
    pub recursion_desired: bool,
    /// With an OPT record: the server may send more than 512 bytes.
    pub edns: bool,
}

impl Question<'_> {
    /// The message to send; `None` if the name cannot be asked for.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let flags = if self.recursion_desired { RD } else { 0 };
        let mut message = Vec::new();
        for field in [self.id, flags, 1, 0, 0, u16::from(self.edns)] {
            message.extend(field.to_be_bytes());
        }
        encode_name(self.name, &mut message)?;
        for field in [self.kind.code(), CLASS_IN] {
            message.extend(field.to_be_bytes());
        }
        if self.edns {
            // RFC 6891 section 6.1.2: root, OPT, payload, no flags, no options.
            message.push(0);
            for field in [TYPE_OPT, UDP_PAYLOAD, 0, 0, 0] {
                message.extend(field.to_be_bytes());
            }
        }
        Some(message)
    }

    /// Reads the reply to this question.
    pub(super) fn decode(&self, message: &[u8]) -> Result<Answer, Unusable> {
        let mut reader = Reader { message, at: 0 };
        let id = reader.u16().ok_or(Unusable::Foreign)?;
        let flags = reader.u16().ok_or(Unusable::Foreign)?;
        if id != self.id || flags & (QR | OPCODE) != QR {
            return Err(Unusable::Foreign);
        }
        let counts = reader.counts().ok_or(Unusable::Malformed)?;
        let mut answer = Answer {
            rcode: Rcode::of(flags & RCODE),
            authoritative: flags & AA != 0,
            truncated: flags & TC != 0,
            answers: Vec::new(),
            authority: Vec::new(),
        };
        // A server that cannot read the question may leave it out.
        let left_out = counts[0] == 0 && answer.rcode == Rcode::FormErr;
        if !left_out && (counts[0] != 1 || !reader.repeats(self).ok_or(Unusable::Malformed)?) {
            return Err(Unusable::Foreign);
        }
        let whole = reader.records(counts, flags & RCODE, &mut answer);
        // A truncated message may end anywhere.
        if whole.is_none() && !answer.truncated {
            return Err(Unusable::Malformed);
        }
        Ok(answer)
    }
}

/// Why a message is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// It is not the reply to our question.
    Foreign,
    /// It is not a DNS message.
    Malformed,
}

pub(super) fn encode_name(name: &str, message: &mut Vec<u8>) -> Option<()> {
    let start = message.len();
    let relative = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
        return None;
    }
    if !relative.is_empty() {
        for label in relative.split('.') {
            if label.is_empty() || label.len() > MAX_LABEL {
                return None;
            }
            message.push(u8::try_from(label.len()).ok()?);
            message.extend(label.bytes());
        }
    }
    message.push(0);
    (message.len() - start <= MAX_NAME).then_some(())
}

/// Reads a message from front to end; `None` wherever it is not one.
pub(super) struct Reader<'a> {
    pub message: &'a [u8],
    pub at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let bytes = self.message.get(self.at..)?.get(..count)?;
        self.at += count;
        Some(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// How many questions, answers, authority and additional records there are.
    pub(super) fn counts(&mut self) -> Option<[u16; 4]> {
        Some([self.u16()?, self.u16()?, self.u16()?, self.u16()?])
    }

    /// True if the question section is ours.
    fn repeats(&mut self, question: &Question<'_>) -> Option<bool> {
        let (name, kind, class) = (self.name()?, self.u16()?, self.u16()?);
        let mut wire = Vec::new();
        encode_name(question.name, &mut wire)?;
        let ours = Reader {
            message: &wire,
            at: 0,
        }
        .name()?;
        Some(name == ours && kind == question.kind.code() && class == CLASS_IN)
    }

    /// Reads the records of all sections into the answer.
    fn records(&mut self, counts: [u16; 4], rcode: u16, answer: &mut Answer) -> Option<()> {
        for _ in 0..counts[1] {
            answer.answers.push(self.record()?);
        }
        for _ in 0..counts[2] {
            answer.authority.push(self.record()?);
        }
        for _ in 0..counts[3] {
            let record = self.record()?;
            if record.kind == RecordType::Other(TYPE_OPT) {
                // Its TTL begins with the upper 8 bits of the RCODE (RFC 6891 section 6.1.3).
                let [upper, ..] = record.ttl.to_be_bytes();
                answer.rcode = Rcode::of(u16::from(upper) << 4 | rcode);
            }
        }
        Some(())
    }

    pub(super) fn record(&mut self) -> Option<Record> {
        let name = self.name()?;
        let kind = RecordType::of(self.u16()?);
        let (class, ttl, length) = (self.u16()?, self.u32()?, self.u16()?);
        let start = self.at;
        self.bytes(length.into())?;
        let mut rdata = Reader {
            message: &self.message[..self.at],
            at: start,
        };
        let data = if class == CLASS_IN {
            let data = rdata.data(kind)?;
            (rdata.at == self.at).then_some(data)?
        } else {
            Data::Other
        };
        Some(Record {
            name,
            kind,
            ttl,
            data,
        })
    }

    /// Reads RDATA; the reader ends where it ends.
    fn data(&mut self, kind: RecordType) -> Option<Data> {
        Some(match kind {
            RecordType::A => Data::Addr(IpAddr::V4(Ipv4Addr::from(self.array::<4>()?))),
            RecordType::Aaaa => Data::Addr(IpAddr::V6(Ipv6Addr::from(self.array::<16>()?))),
            RecordType::Ns | RecordType::Cname => Data::Name(self.name()?),
            RecordType::Txt => Data::Text(self.strings()?),
            RecordType::Soa => self.soa()?,
            RecordType::Caa => self.caa()?,
            RecordType::Other(_) => {
                self.rest();
                Data::Other
            }
        })
    }

    /// All that is left.
    fn rest(&mut self) -> &'a [u8] {
        let rest = self.message.get(self.at..).unwrap_or_default();
        self.at = self.message.len();
        rest
    }

    /// One or more strings, joined (RFC 1035 section 3.3.14).
    fn strings(&mut self) -> Option<Vec<u8>> {
        let mut joined = Vec::new();
        loop {
            let length = self.u8()?;
            joined.extend(self.bytes(length.into())?);
            if self.at == self.message.len() {
                return Some(joined);
            }
        }
    }

    /// RFC 1035 section 3.3.13.
    fn soa(&mut self) -> Option<Data> {
        let (primary, _mailbox) = (self.name()?, self.name()?);
        let serial = self.u32()?;
        let [_refresh, _retry, _expire] = [self.u32()?, self.u32()?, self.u32()?];
        let minimum = self.u32()?;
        Some(Data::Soa {
            primary,
            serial,
            minimum,
        })
    }

    /// RFC 8659 section 4.1: the tag is ASCII letters and digits, and not case-sensitive.
    fn caa(&mut self) -> Option<Data> {
        let (flags, length) = (self.u8()?, self.u8()?);
        let tag = std::str::from_utf8(self.bytes(length.into())?).ok()?;
        if tag.is_empty() || !tag.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        Some(Data::Caa {
            flags,
            tag: tag.to_ascii_lowercase(),
            value: self.rest().to_vec(),
        })
    }

    /// A name, lower case (RFC 4343). Each pointer (RFC 1035 section 4.1.4) must lead to before
    /// where the name, or the part of it that held the pointer, began: so there are no loops.
    pub(super) fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        let mut reader = Reader {
            message: self.message,
            at: self.at,
        };
        let mut begin = self.at;
        let mut after_pointer = None;
        let mut wire_length = 1;
        loop {
            let length = reader.u8()?;
            match length {
                0 => break,
                1..=63 => {
                    wire_length += 1 + usize::from(length);
                    if wire_length > MAX_NAME {
                        return None;
                    }
                    if !name.is_empty() {
                        name.push('.');
                    }
                    push_label(reader.bytes(length.into())?, &mut name);
                }
                0xc0.. => {
                    let target = usize::from(length & 0x3f) << 8 | usize::from(reader.u8()?);
                    after_pointer.get_or_insert(reader.at);
                    if target >= begin {
                        return None;
                    }
                    begin = target;
                    reader.at = target;
                }
                _ => return None,
            }
        }
        self.at = after_pointer.unwrap_or(reader.at);
        if name.is_empty() {
            name.push('.');
        }
        Some(name)
    }
}

/// Writes a label as zone files do (RFC 1035 section 5.1).
fn push_label(label: &[u8], name: &mut String) {
    for &byte in label {
        match byte {
            b'.' | b'\\' => name.extend(['\\', byte.into()]),
            0x21..=0x7e => name.push(byte.to_ascii_lowercase().into()),
            // Writing to a String cannot fail.
            _ => drop(write!(name, "\\{byte:03}")),
        }
    }
}

#[cfg(test)]
mod tests;
