//! Signatures of DNS messages by a shared key (TSIG, RFC 8945).

use super::dns_update::words;
use super::dns_wire::{Reader, encode_name};
use crate::types::{Timestamp, TsigKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

const TYPE_TSIG: u16 = 250;
const CLASS_ANY: u16 = 255;
/// How far the clocks may be apart, in seconds (RFC 8945 section 10).
const FUDGE: u16 = 300;
/// The count of additional records in a header.
const ADDITIONAL_AT: usize = 10;

/// Error codes of a signature (RFC 8945 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The server has another secret.
    BadSig,
    /// It has no such key, or not by this algorithm.
    BadKey,
    /// Our clocks are too far apart.
    BadTime,
    /// The reply is not signed.
    Unsigned,
    /// The reply is not signed by our key.
    Forged,
}

/// A key that can sign.
pub(super) struct Signer {
    name: Vec<u8>,
    algorithm: Vec<u8>,
    key: hmac::Key,
}

impl Signer {
    /// `Err` says what is wrong with the key.
    pub fn new(key: &TsigKey) -> Result<Self, String> {
        let algorithm = match key.algorithm.as_str() {
            "hmac-sha1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            "hmac-sha256" => hmac::HMAC_SHA256,
            "hmac-sha384" => hmac::HMAC_SHA384,
            "hmac-sha512" => hmac::HMAC_SHA512,
            _ => {
                return Err(
                    "the algorithm must be hmac-sha256, hmac-sha384, hmac-sha512 or hmac-sha1"
                        .into(),
                );
            }
        };
        let secret = STANDARD.decode(key.secret.expose());
        let secret = secret.map_err(|_| "the secret is not base64".to_owned())?;
        let wire = |name: &str| {
            let mut wire = Vec::new();
            // The form that is signed has lower case (RFC 8945 section 4.3.3).
            encode_name(&name.to_ascii_lowercase(), &mut wire).map(|()| wire)
        };
        Ok(Self {
            name: wire(&key.name).ok_or("the key's name is not a DNS name")?,
            algorithm: wire(&key.algorithm).unwrap_or_default(),
            key: hmac::Key::new(algorithm, &secret),
        })
    }

    /// What is signed beside the message (RFC 8945 section 4.3.3).
    fn variables(&self, time: [u8; 6], fudge: u16, error: u16, other: &[u8]) -> Vec<u8> {
        let mut all = self.name.clone();
        words(&[CLASS_ANY, 0, 0], &mut all);
        all.extend(&self.algorithm);
        all.extend(time);
        let length = u16::try_from(other.len()).unwrap_or(u16::MAX);
        words(&[fudge, error, length], &mut all);
        all.extend(other);
        all
    }

    /// Signs a message; returns the signature, to which the reply's will refer.
    pub fn sign(&self, message: &mut Vec<u8>, now: Timestamp) -> Vec<u8> {
        let mut time = [0; 6];
        time.copy_from_slice(&now.0.to_be_bytes()[2..]);
        let signed = [&message[..], &self.variables(time, FUDGE, 0, b"")].concat();
        let mac = hmac::sign(&self.key, &signed).as_ref().to_vec();
        let mut data = self.algorithm.clone();
        data.extend(time);
        let length = u16::try_from(mac.len()).unwrap_or(u16::MAX);
        words(&[FUDGE, length], &mut data);
        data.extend(&mac);
        // The id that was signed, no error, nothing more.
        data.extend(&message[..2]);
        words(&[0, 0], &mut data);
        message.extend(&self.name);
        let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
        words(&[TYPE_TSIG, CLASS_ANY, 0, 0, length], message);
        message.extend(data);
        message[ADDITIONAL_AT + 1] += 1;
        mac
    }

    /// Verifies the reply to a message that was signed with `mac`.
    pub fn verify(&self, reply: &[u8], mac: &[u8]) -> Result<(), Fault> {
        let found = Found::read(reply).ok_or(Fault::Unsigned)?;
        if [&self.name, &self.algorithm].map(wire_name) != [found.name, found.algorithm] {
            return Err(Fault::Forged);
        }
        match found.error {
            16 => return Err(Fault::BadSig),
            17 => return Err(Fault::BadKey),
            18 => return Err(Fault::BadTime),
            _ => {}
        }
        // The request's signature, and the reply as it was before it was signed.
        let mut signed = Vec::new();
        words(&[u16::try_from(mac.len()).unwrap_or(u16::MAX)], &mut signed);
        signed.extend(mac);
        signed.extend(found.id);
        signed.extend(&reply[2..ADDITIONAL_AT]);
        words(&[found.additional - 1], &mut signed);
        signed.extend(&reply[ADDITIONAL_AT + 2..found.begin]);
        signed.extend(self.variables(found.time, found.fudge, found.error, found.other));
        hmac::verify(&self.key, &signed, found.mac).map_err(|_| Fault::Forged)
    }
}

/// A name that we wrote ourselves, as it is read.
fn wire_name(wire: &Vec<u8>) -> String {
    let mut reader = Reader {
        message: wire,
        at: 0,
    };
    reader.name().unwrap_or_default()
}

/// The signature of a reply.
struct Found<'a> {
    /// Where its record begins.
    begin: usize,
    name: String,
    algorithm: String,
    additional: u16,
    time: [u8; 6],
    fudge: u16,
    mac: &'a [u8],
    id: [u8; 2],
    error: u16,
    other: &'a [u8],
}

impl<'a> Found<'a> {
    /// It is the last record (RFC 8945 section 5.1).
    fn read(message: &'a [u8]) -> Option<Self> {
        let mut reader = Reader { message, at: 4 };
        let [zones, before, changes, additional] = reader.counts()?;
        for _ in 0..zones {
            reader.name()?;
            reader.bytes(4)?;
        }
        let others = [before, changes, additional.checked_sub(1)?];
        for _ in 0..others.iter().map(|n| usize::from(*n)).sum() {
            reader.record()?;
        }
        let begin = reader.at;
        let name = reader.name()?;
        let kind = reader.u16()?;
        reader.bytes(6)?;
        let end = usize::from(reader.u16()?) + reader.at;
        let algorithm = reader.name()?;
        let (time, fudge, length) = (reader.array()?, reader.u16()?, reader.u16()?);
        let mac = reader.bytes(length.into())?;
        let (id, error, length) = (reader.array()?, reader.u16()?, reader.u16()?);
        let other = reader.bytes(length.into())?;
        let last = kind == TYPE_TSIG && [reader.at, end] == [message.len(); 2];
        last.then_some(Self {
            begin,
            name,
            algorithm,
            additional,
            time,
            fudge,
            mac,
            id,
            error,
            other,
        })
    }
}

#[cfg(test)]
mod tests;
