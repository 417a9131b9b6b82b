//! The replies of an authority for a few small zones (RFC 1034 section 4.3.2), each made of TXT values
//! at its top and nothing below. Any bytes may come in; what goes out is small.

use super::dns_types::RecordType;
use super::dns_update::words;
use super::dns_wire::{CLASS_IN, OPCODE, QR, RD, Reader, TC, UDP_PAYLOAD, encode_name};

/// The header (RFC 1035 section 4.1.1), and the question behind it.
const HEADER: usize = 12;
/// Makes an offset a pointer (RFC 1035 section 4.1.4).
const POINTER: u16 = 0xc000;
/// A reply over UDP (RFC 1035 section 4.2.1), whatever he takes: the sender may be forged, and a reply
/// much larger than the question would serve against whom it names. The rest goes by TCP.
const DATAGRAM_MAX: usize = 512;
/// A string of a TXT record (RFC 1035 section 3.3).
const STRING_MAX: usize = 255;
/// For how long a record may be kept, and that there is none: the next value comes at any time.
const TTL: u32 = 1;
const TYPE_OPT: u16 = 41;
/// The length of such a record without options.
const OPT: usize = 11;
const TYPE_ANY: u16 = 255;
/// Extension mechanisms of that version are not known (RFC 6891 section 6.1.3).
const BADVERS: u16 = 16;
/// DNSSEC OK: repeated as it came (RFC 3225 section 3).
const DO: u16 = 0x8000;
/// The label before the zone's name in the mailbox of a SOA record.
const HOSTMASTER: &[u8] = b"\x0ahostmaster";
const AA: u16 = 0x0400;
const FORMERR: u16 = 1;
const NXDOMAIN: u16 = 3;
const NOTIMP: u16 = 4;
const REFUSED: u16 = 5;

/// A zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmallZone {
    /// Its name, lower case, without the last dot.
    pub name: String,
    /// The names of its nameservers.
    pub nameservers: Vec<String>,
    /// The TXT values at its top.
    pub values: Vec<String>,
}

/// The reply to a message; `None`: none is due. `datagram`: it is to fit one.
pub fn reply(zones: &[SmallZone], message: &[u8], datagram: bool) -> Option<Vec<u8>> {
    let mut reader = Reader { message, at: 0 };
    let (id, flags) = (reader.u16()?, reader.u16()?);
    let counts = reader.counts()?;
    // Two servers that answer each other's replies would never end.
    if flags & QR != 0 {
        return None;
    }
    let kept = flags & (OPCODE | RD) | QR;
    let alone = |rcode: u16| {
        let mut reply = Vec::new();
        words(&[id, kept | rcode, 0, 0, 0, 0], &mut reply);
        Some(reply)
    };
    if flags & OPCODE != 0 {
        return alone(NOTIMP);
    }
    let Some(asked) = Asked::read(&mut reader, counts) else {
        return alone(FORMERR);
    };
    let mut reply = Reply {
        bytes: Vec::new(),
        owner: 0,
        counts: [1, 0, 0, 0],
        flags: kept,
    };
    reply.bytes.resize(HEADER, 0);
    // As it came: some look whether their mix of cases comes back.
    reply.bytes.extend(&message[HEADER..asked.end]);
    let mut extended = 0;
    match asked.edns {
        Some((version, _)) if version != 0 => extended = BADVERS >> 4,
        _ => reply.answer(zones, &asked),
    }
    if datagram && reply.bytes.len() + OPT > DATAGRAM_MAX {
        reply.bytes.truncate(asked.end);
        reply.counts = [1, 0, 0, 0];
        reply.flags |= TC;
    }
    if let Some((_, flags)) = asked.edns {
        reply.bytes.push(0);
        let all = [TYPE_OPT, UDP_PAYLOAD, extended << 8, flags & DO, 0];
        words(&all, &mut reply.bytes);
        reply.counts[3] += 1;
    }
    Some(reply.finish(id))
}

/// What somebody wants to know.
struct Asked {
    name: String,
    kind: u16,
    class: u16,
    /// Where the question ends.
    end: usize,
    /// The version and the flags (RFC 6891 section 6.1.2).
    edns: Option<(u8, u16)>,
}

impl Asked {
    fn read(reader: &mut Reader<'_>, counts: [u16; 4]) -> Option<Self> {
        let [1, 0, 0, additional] = counts else {
            return None;
        };
        let name = reader.name()?;
        is_plain(&reader.message[HEADER..reader.at]).then_some(())?;
        let (kind, class) = (reader.u16()?, reader.u16()?);
        let end = reader.at;
        let mut edns = None;
        for _ in 0..additional {
            let root = reader.name()? == ".";
            let (kind, _) = (reader.u16()?, reader.u16()?);
            let [_, version, high, low] = reader.array()?;
            let length = reader.u16()?;
            reader.bytes(length.into())?;
            if kind == TYPE_OPT {
                // One at most, of the root.
                let one = root && edns.is_none();
                one.then_some(())?;
                edns = Some((version, u16::from_be_bytes([high, low])));
            }
        }
        Some(Self {
            name,
            kind,
            class,
            end,
            edns,
        })
    }
}

/// True if a name is the other, or below it.
fn is_below(name: &str, above: &str) -> bool {
    let rest = name.strip_suffix(above);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// True if a name holds no pointer: what a reply points at has changed.
fn is_plain(mut name: &[u8]) -> bool {
    while let Some((&length, rest)) = name.split_first() {
        let Some(next) = rest.get(length.into()..) else {
            return false;
        };
        name = next;
    }
    true
}

struct Reply {
    bytes: Vec<u8>,
    /// A pointer to the zone's name at the question's end, in the case that it was asked in.
    owner: u16,
    counts: [u16; 4],
    flags: u16,
}

impl Reply {
    fn answer(&mut self, zones: &[SmallZone], asked: &Asked) {
        let within = zones.iter().filter(|z| is_below(&asked.name, &z.name));
        // The deepest has the say.
        let zone = within.max_by_key(|z| z.name.len());
        let Some(zone) = zone.filter(|_| asked.class == CLASS_IN) else {
            self.flags |= REFUSED;
            return;
        };
        self.flags |= AA;
        let top = zone.name == asked.name;
        // The question ends with the zone's name, a zero, type and class.
        let at = asked.end.saturating_sub(zone.name.len() + 2 + 4);
        self.owner = POINTER | u16::try_from(at).unwrap_or_default();
        match RecordType::of(asked.kind) {
            // A name that has none, but another zone's below it, is there (RFC 8020).
            _ if !top && zones.iter().any(|z| is_below(&z.name, &asked.name)) => {}
            _ if !top => self.flags |= NXDOMAIN,
            RecordType::Txt => {
                for value in &zone.values {
                    let mut data = Vec::new();
                    for part in value.as_bytes().chunks(STRING_MAX) {
                        // No longer than a byte counts.
                        data.push(u8::try_from(part.len()).unwrap_or_default());
                        data.extend(part);
                    }
                    self.record(1, RecordType::Txt, &data);
                }
            }
            RecordType::Ns => {
                for nameserver in &zone.nameservers {
                    let mut data = Vec::new();
                    if encode_name(nameserver, &mut data).is_some() {
                        self.record(1, RecordType::Ns, &data);
                    }
                }
            }
            // One set of records is enough for who asks for all (RFC 8482 section 4.1).
            RecordType::Soa | RecordType::Other(TYPE_ANY) => self.soa(1, zone),
            _ => {}
        }
        if self.counts[1] == 0 {
            // That there is none may be kept as long as this says (RFC 2308 section 2).
            self.soa(2, zone);
        }
    }

    /// RFC 1035 section 3.3.13.
    fn soa(&mut self, section: usize, zone: &SmallZone) {
        let primary = zone.nameservers.first().unwrap_or(&zone.name);
        let mut data = Vec::new();
        if encode_name(primary, &mut data).is_none() {
            return;
        }
        data.extend(HOSTMASTER);
        data.extend(self.owner.to_be_bytes());
        for number in [1, 3600, 600, 86_400, TTL] {
            data.extend(number.to_be_bytes());
        }
        self.record(section, RecordType::Soa, &data);
    }

    /// One more record of the zone.
    fn record(&mut self, section: usize, kind: RecordType, data: &[u8]) {
        words(&[self.owner, kind.code(), CLASS_IN], &mut self.bytes);
        self.bytes.extend(TTL.to_be_bytes());
        let length = u16::try_from(data.len()).unwrap_or_default();
        words(&[length], &mut self.bytes);
        self.bytes.extend(&data[..length.into()]);
        self.counts[section] += 1;
    }

    fn finish(mut self, id: u16) -> Vec<u8> {
        let mut head = Vec::new();
        words(&[id, self.flags], &mut head);
        words(&self.counts, &mut head);
        self.bytes[..HEADER].copy_from_slice(&head);
        self.bytes
    }
}

#[cfg(test)]
mod tests;
