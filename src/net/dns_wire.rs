//! DNS messages (RFC 1035 section 4) with EDNS (RFC 6891): questions out, answers in. Any bytes may
//! come in: nothing is read past the message, and a compression pointer only ever points back.

use super::dns_types::{Answer, Data, Rcode, Record, RecordType};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The UDP payload that we accept: passes every path without fragments (DNS flag day 2020).
const UDP_PAYLOAD: u16 = 1232;
/// A name's length on the wire (RFC 1035 section 2.3.4).
const MAX_NAME: usize = 255;
/// A label's length (RFC 1035 section 2.3.4).
const MAX_LABEL: usize = 63;

const CLASS_IN: u16 = 1;
const TYPE_OPT: u16 = 41;

/// Header bits (RFC 1035 section 4.1.1).
const QR: u16 = 0x8000;
const OPCODE: u16 = 0x7800;
const AA: u16 = 0x0400;
const TC: u16 = 0x0200;
const RD: u16 = 0x0100;
const RCODE: u16 = 0x000f;

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

fn encode_name(name: &str, message: &mut Vec<u8>) -> Option<()> {
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
struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let bytes = self.message.get(self.at..)?.get(..count)?;
        self.at += count;
        Some(bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// How many questions, answers, authority and additional records there are.
    fn counts(&mut self) -> Option<[u16; 4]> {
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

    fn record(&mut self) -> Option<Record> {
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
    fn name(&mut self) -> Option<String> {
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    const QUESTION: Question<'static> = Question {
        id: 0x1234,
        name: "Www.Example.",
        kind: RecordType::Txt,
        recursion_desired: true,
        edns: true,
    };

    /// The question section of the replies below, `www.example`, begins at 12.
    const ASKED: &[u8] = b"\x03wwW\x07exAmple\0\0\x10\0\x01";

    fn reply(flags: u16, counts: [u16; 3], records: &[&[u8]]) -> Vec<u8> {
        let mut message = Vec::new();
        for field in [0x1234, flags, 1, counts[0], counts[1], counts[2]] {
            message.extend(field.to_be_bytes());
        }
        message.extend(ASKED);
        message.extend(records.concat());
        message
    }

    /// A record whose name points at the question's.
    fn record(kind: u16, rdata: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rdata.len()).unwrap().to_be_bytes();
        let kind = kind.to_be_bytes();
        [
            b"\xc0\x0c",
            &kind[..],
            b"\0\x01\0\0\x01\x2c",
            &length,
            rdata,
        ]
        .concat()
    }

    fn only(kind: u16, rdata: &[u8]) -> Result<Data, Unusable> {
        let message = reply(QR, [1, 0, 0], &[&record(kind, rdata)]);
        QUESTION.decode(&message).map(|mut answer| {
            let record = answer.answers.remove(0);
            assert_eq!((record.name.as_str(), record.ttl), ("www.example", 300));
            assert_eq!(record.kind.code(), kind);
            record.data
        })
    }

    #[test]
    fn questions_are_written_as_the_rfc_says() {
        let wire = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\x01\x03Www\x07Example\0\0\x10\0\x01\
            \0\0\x29\x04\xd0\0\0\0\0\0\0";
        assert_eq!(QUESTION.encode().unwrap(), wire);
        let plain = Question {
            name: ".",
            kind: RecordType::Ns,
            recursion_desired: false,
            edns: false,
            ..QUESTION
        };
        assert_eq!(
            plain.encode().unwrap(),
            b"\x12\x34\0\0\0\x01\0\0\0\0\0\0\0\0\x02\0\x01"
        );
    }

    #[test]
    fn names_that_dns_cannot_carry_are_refused() {
        let (label, long) = ("a".repeat(64), "a.".repeat(128));
        for name in [
            "",
            "a..b",
            ".a",
            "..",
            "a b",
            "b\u{fc}cher",
            "a\\b",
            &label,
            &long,
        ] {
            assert_eq!(Question { name, ..QUESTION }.encode(), None, "{name}");
        }
        let longest = "a.".repeat(127);
        for name in ["a", "_acme-challenge.a.", &label[1..], &longest] {
            assert!(Question { name, ..QUESTION }.encode().is_some(), "{name}");
        }
    }

    #[test]
    fn every_type_is_read() {
        use Data::{Addr, Caa, Name, Other, Soa, Text};
        assert_eq!(only(1, b"\x7f\0\0\x01"), Ok(Addr([127, 0, 0, 1].into())));
        assert_eq!(only(28, &[0; 16]), Ok(Addr([0; 16].into())));
        assert_eq!(only(2, b"\x02NS\xc0\x10"), Ok(Name("ns.example".into())));
        assert_eq!(only(5, b"\0"), Ok(Name(".".into())));
        assert_eq!(only(16, b"\x02ab\0\x01c"), Ok(Text(b"abc".to_vec())));
        assert_eq!(only(99, b"xyz"), Ok(Other));
        assert_eq!(
            only(
                6,
                b"\xc0\x0c\x01.\0\0\0\0\x07\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04"
            ),
            Ok(Soa {
                primary: "www.example".into(),
                serial: 7,
                minimum: 4
            })
        );
        assert_eq!(
            only(257, b"\x80\x05iSSueletsencrypt.org"),
            Ok(Caa {
                flags: 128,
                tag: "issue".into(),
                value: b"letsencrypt.org".to_vec()
            })
        );
    }

    #[test]
    fn rdata_that_is_too_short_or_too_long_is_malformed() {
        for (kind, rdata) in [
            (1, &b"\x7f\0\0"[..]),
            (1, b"\x7f\0\0\x01\0"),
            (28, &[0; 15]),
            (2, b"\x02ns"),
            (2, b"\xc0\x0c\0"),
            (2, b""),
            (16, b""),
            (16, b"\x05abc"),
            (6, b"\0\0\0\0\0\x07"),
            (257, b"\0"),
            (257, b"\0\0value"),
            (257, b"\0\x02a-value"),
            (257, b"\0\x09short"),
        ] {
            assert_eq!(
                only(kind, rdata),
                Err(Unusable::Malformed),
                "{kind} {rdata:?}"
            );
        }
    }

    #[test]
    fn names_are_bounded_and_pointers_lead_back() {
        let target = |rdata: &[u8]| only(5, rdata);
        assert_eq!(
            target(b"\x02a.\x03\\\0~\0"),
            Ok(Data::Name("a\\..\\\\\\000~".into()))
        );
        // The RDATA begins at 12 + 17 + 12 = 41: to itself, ahead, and around in a circle.
        for rdata in [
            &b"\xc0\x29"[..],
            b"\xc0\x2b\0",
            b"\x01a\xc0\x29",
            b"\xff\xff",
            b"\x40a",
            b"\x80",
        ] {
            assert_eq!(target(rdata), Err(Unusable::Malformed), "{rdata:?}");
        }
        let long = [&b"\x3f"[..], &[b'a'; 63]].concat().repeat(4);
        assert_eq!(
            target(&[&long[..], b"\0"].concat()),
            Err(Unusable::Malformed)
        );
        assert!(target(&[&long[..192], b"\x3d", &[b'a'; 61], b"\0"].concat()).is_ok());
        assert!(target(&[&long[..192], b"\x3e", &[b'a'; 62], b"\0"].concat()).is_err());
    }

    #[test]
    fn flags_sections_and_the_extended_rcode_are_read() {
        let soa = record(2, b"\0");
        let opt = b"\0\0\x29\x04\xd0\x01\0\0\0\0\0";
        let message = reply(QR | AA | RD | 3, [0, 1, 1], &[&soa, opt]);
        let answer = QUESTION.decode(&message).unwrap();
        assert_eq!(answer.rcode, Rcode::Other(19));
        assert!(answer.authoritative && !answer.truncated && answer.answers.is_empty());
        assert_eq!(answer.authority[0].data, Data::Name(".".into()));
        let nx = QUESTION.decode(&reply(QR | 3, [0; 3], &[])).unwrap();
        assert_eq!(
            (nx.rcode, nx.rcode.to_string().as_str()),
            (Rcode::NxDomain, "NXDOMAIN")
        );
    }

    #[test]
    fn replies_to_others_are_foreign() {
        let good = reply(QR, [0; 3], &[]);
        assert!(QUESTION.decode(&good).is_ok());
        let foreign = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut message = good.clone();
            change(&mut message);
            assert_eq!(
                QUESTION.decode(&message),
                Err(Unusable::Foreign),
                "{message:?}"
            );
        };
        foreign(&|m| m[0] = 0); // the id
        foreign(&|m| m[2] = 0); // a question
        foreign(&|m| m[2] |= 0x08); // an opcode
        foreign(&|m| m[13] = b'x'); // the name
        foreign(&|m| m[26] = 1); // the type
        foreign(&|m| m[28] = 3); // the class
        foreign(&|m| m[5] = 0); // no question
        foreign(&|m| m.truncate(3));
    }

    #[test]
    fn a_truncated_reply_may_end_anywhere() {
        let two = [record(16, b"\x01a"), record(16, b"\x01b")].concat();
        let whole = reply(QR | TC, [2, 0, 0], &[&two]);
        let cut = QUESTION.decode(&whole[..whole.len() - 1]).unwrap();
        assert!(cut.truncated);
        assert_eq!(cut.answers.len(), 1);
        let other = reply(QR, [2, 0, 0], &[&two]);
        let malformed = QUESTION.decode(&other[..other.len() - 1]);
        assert_eq!(malformed, Err(Unusable::Malformed));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_decoder_panic(
            tail in prop::collection::vec(any::<u8>(), 0..300),
            counts: [u8; 3],
        ) {
            let _ = QUESTION.decode(&tail);
            let counts = counts.map(|n| u16::from(n % 4));
            let _ = QUESTION.decode(&reply(QR, counts, &[&tail]));
        }

        #[test]
        fn no_changed_message_makes_the_decoder_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            length: prop::sample::Index,
        ) {
            let soa = b"\xc0\x0c\x01a\xc0\x10\0\0\0\x07\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04";
            let caa = b"\0\x05issueca.example";
            let answers = [record(5, b"\x01a\xc0\x0c"), record(16, b"\x02ab\0"), record(257, caa)];
            let rest = [record(6, soa), b"\0\0\x29\x04\xd0\0\0\0\0\0\0".to_vec()];
            let records = [answers.concat(), rest.concat()].concat();
            let mut message = reply(QR, [3, 1, 1], &[&records]);
            for (at, byte) in changes {
                let at = at.index(message.len());
                message[at] = byte;
            }
            let _ = QUESTION.decode(&message);
            message.truncate(length.index(message.len()));
            let _ = QUESTION.decode(&message);
        }

        #[test]
        fn names_come_back_as_they_went(name in "[a-z0-9_*-]{1,63}(\\.[a-z0-9_-]{1,20}){0,5}") {
            let question = Question { name: &name, ..QUESTION };
            let message = question.encode().unwrap();
            let read = Reader { message: &message, at: 12 }.name();
            prop_assert_eq!(read, Some(name));
        }
    }
}
