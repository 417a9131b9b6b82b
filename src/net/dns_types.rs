//! DNS in the words of its callers: what is asked for, and what servers say.

use std::fmt;
use std::net::IpAddr;

/// What is asked for or answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordType {
    /// An IPv4 address.
    A,
    /// A name server of a zone.
    Ns,
    /// Another name in place of this one.
    Cname,
    /// Where a zone begins.
    Soa,
    /// Text.
    Txt,
    /// An IPv6 address (RFC 3596).
    Aaaa,
    /// Which CAs may issue (RFC 8659).
    Caa,
    /// Any other type.
    Other(u16),
}

impl RecordType {
    /// Its number on the wire.
    pub(super) fn code(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Ns => 2,
            Self::Cname => 5,
            Self::Soa => 6,
            Self::Txt => 16,
            Self::Aaaa => 28,
            Self::Caa => 257,
            Self::Other(code) => code,
        }
    }

    pub(super) fn of(code: u16) -> Self {
        use RecordType::{A, Aaaa, Caa, Cname, Ns, Soa, Txt};
        [A, Ns, Cname, Soa, Txt, Aaaa, Caa]
            .into_iter()
            .find(|kind| kind.code() == code)
            .unwrap_or(Self::Other(code))
    }
}

/// How a server answered (RFC 1035 section 4.1.1; RFC 6891 section 6.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rcode {
    /// The answer follows, even if it is empty.
    NoError,
    /// The server did not understand the question.
    FormErr,
    /// The server could not find out.
    ServFail,
    /// There is no such name.
    NxDomain,
    /// The server does not do this.
    NotImp,
    /// The server does not answer this to us.
    Refused,
    /// Any other code.
    Other(u16),
}

impl Rcode {
    pub(super) fn of(code: u16) -> Self {
        match code {
            0 => Self::NoError,
            1 => Self::FormErr,
            2 => Self::ServFail,
            3 => Self::NxDomain,
            4 => Self::NotImp,
            5 => Self::Refused,
            _ => Self::Other(code),
        }
    }
}

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoError => f.write_str("NOERROR"),
            Self::FormErr => f.write_str("FORMERR"),
            Self::ServFail => f.write_str("SERVFAIL"),
            Self::NxDomain => f.write_str("NXDOMAIN"),
            Self::NotImp => f.write_str("NOTIMP"),
            Self::Refused => f.write_str("REFUSED"),
            Self::Other(code) => write!(f, "RCODE {code}"),
        }
    }
}

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it answered.
    pub rcode: Rcode,
    /// It is an authority for the name.
    pub authoritative: bool,
    /// Records are missing: there were more than fit, and TCP did not work either.
    pub truncated: bool,
    /// The answer section.
    pub answers: Vec<Record>,
    /// The authority section.
    pub authority: Vec<Record>,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose it is: lower case, without the last dot (the root is `.`), odd bytes as `\DDD`.
    pub name: String,
    /// Its type.
    pub kind: RecordType,
    /// For how many seconds it may be kept.
    pub ttl: u32,
    /// What it says.
    pub data: Data,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Of A and AAAA.
    Addr(IpAddr),
    /// Of TXT: its strings joined.
    Text(Vec<u8>),
    /// Of NS and CNAME, written as [`Record::name`].
    Name(String),
    /// Of SOA.
    Soa {
        /// The server that changes are made at.
        primary: String,
        /// Grows with each change.
        serial: u32,
        /// The longest time to keep that a name does not exist (RFC 2308 section 4).
        minimum: u32,
    },
    /// Of CAA.
    Caa {
        /// 128: not to be ignored.
        flags: u8,
        /// `issue`, `issuewild`, …, in lower case.
        tag: String,
        /// The property's value.
        value: Vec<u8>,
    },
    /// Not looked into.
    Other,
}
