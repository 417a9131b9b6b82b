//! One DNS question over UDP: enough to see what a server answers.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// How long one attempt waits, and how many there are.
const WAIT: Duration = Duration::from_millis(300);
const TRIES: u32 = 20;
/// Our only question's number.
const ID: u16 = 0x6b63;

/// A record type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Type {
    /// An IPv4 address.
    A = 1,
    /// Another name.
    Cname = 5,
    /// Text.
    Txt = 16,
}

/// What a server answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// 0 no error, 2 SERVFAIL, 3 NXDOMAIN.
    pub rcode: u8,
    /// The values of the answer's records of the type asked for, sorted.
    pub values: Vec<String>,
}

/// Asks `server` for the records of `name`.
///
/// # Panics
/// When it does not answer, or not in DNS.
pub fn ask(server: SocketAddr, name: &str, kind: Type) -> Answer {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a UDP socket");
    socket.connect(server).expect("a DNS server's address");
    socket.set_read_timeout(Some(WAIT)).expect("a time limit");
    let question = question(name, kind);
    let mut message = [0; 4096];
    for _ in 0..TRIES {
        // While the server does not listen, both fail at once with "connection refused".
        if socket.send(&question).is_ok() {
            match socket.recv(&mut message) {
                Ok(length) if message.get(..2) == Some(&ID.to_be_bytes()) => {
                    let message = message.get(..length).unwrap_or_default();
                    return parse(message, question.len(), kind)
                        .unwrap_or_else(|| panic!("{name}: broken answer {message:02x?}"));
                }
                Err(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => {
                    std::thread::sleep(WAIT / 10);
                }
                _ => {}
            }
        }
    }
    panic!("{server} does not answer for {name}");
}

/// Header, the name as labels, type, class IN.
fn question(name: &str, kind: Type) -> Vec<u8> {
    let mut bytes = ID.to_be_bytes().to_vec();
    // Flags: recursion desired. One question, nothing else.
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.trim_end_matches('.').split('.') {
        bytes.push(u8::try_from(label.len()).expect("a label"));
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes.extend((kind as u16).to_be_bytes());
    bytes.extend([0, 1]);
    bytes
}

/// The records follow the question, which the answer repeats.
fn parse(message: &[u8], question: usize, kind: Type) -> Option<Answer> {
    let rcode = message.get(3)? & 0x0f;
    let records = u16::from_be_bytes([*message.get(6)?, *message.get(7)?]);
    let mut rest = message.get(question..)?;
    let mut values = Vec::new();
    for _ in 0..records {
        rest = rest.get(name_length(rest)?..)?;
        let (head, after) = rest.split_at_checked(10)?;
        let (data, next) = after.split_at_checked(u16::from_be_bytes([head[8], head[9]]).into())?;
        if u16::from_be_bytes([head[0], head[1]]) == kind as u16 {
            values.push(match kind {
                Type::A => {
                    let bytes: [u8; 4] = data.try_into().ok()?;
                    Ipv4Addr::from(bytes).to_string()
                }
                Type::Cname => expand(message, message.len() - rest.len() + 10)?,
                Type::Txt => text(data)?,
            });
        }
        rest = next;
    }
    values.sort();
    Some(Answer { rcode, values })
}

/// Bytes that a name takes where it stands: labels up to an empty one or a pointer.
fn name_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length if length & 0xc0 == 0xc0 => return Some(at + 2),
            length => at += usize::from(length) + 1,
        }
    }
}

/// The name that begins at `at`, pointers followed.
fn expand(message: &[u8], mut at: usize) -> Option<String> {
    let mut name = String::new();
    // A loop of pointers ends here.
    for _ in 0..128 {
        match *message.get(at)? {
            0 => return Some(name),
            length if length & 0xc0 == 0xc0 => {
                at = usize::from(length & 0x3f) << 8 | usize::from(*message.get(at + 1)?);
            }
            length => {
                let end = at + 1 + usize::from(length);
                name += &String::from_utf8_lossy(message.get(at + 1..end)?);
                name.push('.');
                at = end;
            }
        }
    }
    None
}

/// The strings of a TXT record, joined.
fn text(mut data: &[u8]) -> Option<String> {
    let mut joined = Vec::new();
    while let Some((&length, after)) = data.split_first() {
        let (string, next) = after.split_at_checked(length.into())?;
        joined.extend(string);
        data = next;
    }
    Some(String::from_utf8_lossy(&joined).into_owned())
}
