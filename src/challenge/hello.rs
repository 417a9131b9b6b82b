//! What a TLS client asks for with its first message, the ClientHello (RFC 8446 section 4.1.2).

/// A longer ClientHello is none that we answer: those of CAs have a few hundred bytes, those of
/// browsers up to two thousand.
pub(super) const HELLO_MAX: usize = 16 * 1024;
/// The protocol of the challenge (RFC 8737 section 6.2).
pub(super) const ACME_TLS: &[u8] = b"acme-tls/1";

/// Record and message types, extensions, and the one kind of name (RFC 8446 sections 5.1, 4 and 4.2;
/// RFC 6066 section 3; RFC 7301 section 3.1).
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const PROTOCOLS: u16 = 16;
const HOST_NAME: u8 = 0;
/// The longest content of a record that is not encrypted (RFC 8446 section 5.1).
const RECORD_MAX: usize = 1 << 14;

/// What a client has said so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hello {
    /// Not enough to tell.
    Unfinished,
    /// It looks for the answer to a challenge, for this name in lower case.
    Acme(String),
    /// Anything else: it is not for us.
    Other,
}

impl Hello {
    /// Reads the beginning of a connection. Any bytes may come.
    pub fn read(said: &[u8]) -> Self {
        let mut records = Reader(said);
        let mut message = Vec::new();
        loop {
            if let Some(hello) = whole(&message) {
                return hello.and_then(acme).map_or(Self::Other, Self::Acme);
            }
            if message.len() > HELLO_MAX || records.0.first().is_some_and(|t| *t != HANDSHAKE) {
                return Self::Other;
            }
            let Some(head) = records.take(5) else {
                return Self::Unfinished;
            };
            let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
            if head[1] != 3 || !(1..=RECORD_MAX).contains(&length) {
                return Self::Other;
            }
            // What has come of a record tells already whether it is worth waiting for the rest.
            let there = records.0.len().min(length);
            message.extend_from_slice(&records.0[..there]);
            records.0 = &records.0[there..];
            if message.first().is_some_and(|t| *t != CLIENT_HELLO) {
                return Self::Other;
            }
            if there < length && whole(&message).is_none() {
                return Self::Unfinished;
            }
        }
    }
}

/// The content of a handshake message: `None` while it is not all there, `Some(None)` if it is longer
/// than any that is waited for.
fn whole(message: &[u8]) -> Option<Option<&[u8]>> {
    let (head, rest) = message.split_at_checked(4)?;
    let length = usize::from(head[1]) << 16 | usize::from(head[2]) << 8 | usize::from(head[3]);
    match length {
        ..=HELLO_MAX => rest.get(..length).map(Some),
        _ => Some(None),
    }
}

/// The name that a challenge's answer is asked for, if one is.
fn acme(hello: &[u8]) -> Option<String> {
    let mut hello = Reader(hello);
    hello.take(2 + 32)?; // version, random
    hello.short()?; // session
    hello.long()?; // cipher suites
    hello.short()?; // compression
    let mut extensions = hello.long()?;
    let (mut name, mut offered) = (None, false);
    while !extensions.0.is_empty() {
        let kind = extensions.number()?;
        let mut content = extensions.long()?;
        match kind {
            SERVER_NAME => name = Some(host_name(content.long()?)?),
            PROTOCOLS => {
                let mut list = content.long()?;
                while !list.0.is_empty() {
                    offered |= list.short()?.0 == ACME_TLS;
                }
            }
            _ => {}
        }
    }
    name.filter(|_| offered)
}

fn host_name(mut list: Reader<'_>) -> Option<String> {
    while !list.0.is_empty() {
        let kind = list.take(1)?[0];
        let name = list.long()?.0;
        if kind == HOST_NAME {
            let plain = name.iter().all(u8::is_ascii_graphic);
            let text = std::str::from_utf8(name).ok().filter(|_| plain)?;
            return Some(text.to_ascii_lowercase());
        }
    }
    None
}

/// Bytes that are taken from the front; vectors have their length before them (RFC 8446 section 3.4).
#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        let bytes = self.take(2)?;
        Some(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// A vector of up to 255 bytes.
    fn short(&mut self) -> Option<Self> {
        let length = self.take(1)?[0];
        self.take(length.into()).map(Reader)
    }

    /// A vector of up to 65535 bytes.
    fn long(&mut self) -> Option<Self> {
        let length = self.number()?;
        self.take(length.into()).map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).expect("short");
        [&length.to_be_bytes()[..], content].concat()
    }

    fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
        [&kind.to_be_bytes()[..], &long(content)].concat()
    }

    /// A ClientHello, without record around it.
    fn message(name: &str, protocols: &[&str]) -> Vec<u8> {
        let host = [&[HOST_NAME][..], &long(name.as_bytes())].concat();
        let list: Vec<u8> = protocols
            .iter()
            .flat_map(|p| [&[p.len() as u8][..], p.as_bytes()].concat())
            .collect();
        let extensions = [
            extension(51, &[7; 300]),
            extension(SERVER_NAME, &long(&host)),
            extension(PROTOCOLS, &long(&list)),
        ];
        let body = [
            &[3, 3][..],
            &[9; 32],
            &[0],
            &long(&[0x13, 1]),
            &[1, 0],
            &long(&extensions.concat()),
        ];
        let body = body.concat();
        let length = (body.len() as u32).to_be_bytes();
        [&[CLIENT_HELLO], &length[1..], &body].concat()
    }

    fn records(message: &[u8], size: usize) -> Vec<u8> {
        let record = |part: &[u8]| [&[HANDSHAKE, 3, 1][..], &long(part)].concat();
        message.chunks(size).flat_map(record).collect()
    }

    #[test]
    fn finds_who_looks_for_a_challenge() {
        let acme = message("WWW.example.org", &["acme-tls/1"]);
        let wanted = Hello::Acme("www.example.org".into());
        for size in [1, 3, 100, 10_000] {
            let said = records(&acme, size);
            assert_eq!(Hello::read(&said), wanted, "{size}");
            // What follows belongs to the handshake, or is early data.
            assert_eq!(Hello::read(&[&said[..], b"more"].concat()), wanted);
            for end in 0..said.len() {
                assert_eq!(Hello::read(&said[..end]), Hello::Unfinished, "{size} {end}");
            }
        }
        for protocols in [&["h2", "http/1.1"][..], &[], &["acme-tls/11"]] {
            let said = records(&message("www.example.org", protocols), 1000);
            assert_eq!(Hello::read(&said), Hello::Other, "{protocols:?}");
        }
        let several = records(&message("a.example", &["h2", "acme-tls/1"]), 1000);
        assert_eq!(Hello::read(&several), Hello::Acme("a.example".into()));
    }

    #[test]
    fn what_is_no_client_hello_is_for_another() {
        let acme = message("a.example", &["acme-tls/1"]);
        let mut damaged = acme.clone();
        damaged[40] = 0xff;
        for said in [
            b"GET / HTTP/1.1\r\n".to_vec(),
            b"\x16\x02\x00\x00\x05".to_vec(),
            b"\x16\x03\x01\x00\x00".to_vec(),
            b"\x16\x03\x01\xff\xff".to_vec(),
            b"\x16\x03\x01\x00\x01\x02".to_vec(),
            b"\x16\x03\x01\x00\x04\x01\x01\x00\x00".to_vec(),
            b"\x16\x03\x01\x00\x01\x01\x15".to_vec(),
            records(&message("a b", &["acme-tls/1"]), 1000),
            records(&damaged, 1000),
        ] {
            assert_eq!(Hello::read(&said), Hello::Other, "{said:x?}");
        }
        assert_eq!(Hello::read(b""), Hello::Unfinished);
        // However it is cut into records: no more than so much is waited for.
        let endless = [&[CLIENT_HELLO, 0, 0xff, 0xff][..], &[0; 2 * HELLO_MAX]].concat();
        assert_eq!(Hello::read(&records(&endless, 100)), Hello::Other);
    }
}
