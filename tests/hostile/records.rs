//! TLS tickets without end, which rustls does not write by itself: bytes for the session, none for
//! its user.

use ring::aead::{
    AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey,
};
use rustls::{ConnectionTrafficSecrets, ServerConnection};
use std::io::{self, Write};
use std::net::TcpStream;

/// Application data of TLS 1.3: its type, and the version that stands in all records.
const HEAD: [u8; 3] = [0x17, 3, 3];
/// A NewSessionTicket (RFC 8446 section 4.6.1): lifetime, age_add, no nonce, a ticket of one byte, no
/// extensions; and the type of handshake messages, which ends what is encrypted.
const TICKET: [u8; 19] = [4, 0, 0, 14, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 1, 7, 0, 0, 0x16];
/// With the tag.
const LENGTH: u16 = 19 + 16;
/// Records that are sent together.
const TOGETHER: usize = 500;

/// Sends tickets as fast as they are taken, until nobody takes them or `ends`.
pub fn flood(
    connection: ServerConnection,
    mut socket: TcpStream,
    ends: impl Fn() -> bool,
) -> io::Result<()> {
    let secrets = connection.dangerous_extract_secrets();
    let (mut number, secret) = secrets.map_err(io::Error::other)?.tx;
    let (algorithm, key, iv) = match secret {
        ConnectionTrafficSecrets::Aes128Gcm { key, iv } => (&AES_128_GCM, key, iv),
        ConnectionTrafficSecrets::Aes256Gcm { key, iv } => (&AES_256_GCM, key, iv),
        ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => (&CHACHA20_POLY1305, key, iv),
        _ => return Err(io::Error::other("an unknown cipher")),
    };
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key.as_ref()).unwrap());
    let head = [&HEAD[..], &LENGTH.to_be_bytes()].concat();
    while !ends() {
        let mut records = Vec::new();
        for _ in 0..TOGETHER {
            // RFC 8446 section 5.3.
            let mut nonce: [u8; 12] = iv.as_ref().try_into().unwrap();
            for (byte, n) in nonce[4..].iter_mut().zip(u64::to_be_bytes(number)) {
                *byte ^= n;
            }
            let mut text = TICKET.to_vec();
            let (nonce, aad) = (Nonce::assume_unique_for_key(nonce), Aad::from(&head));
            key.seal_in_place_append_tag(nonce, aad, &mut text).unwrap();
            records.extend_from_slice(&head);
            records.extend(text);
            number += 1;
        }
        socket.write_all(&records)?;
    }
    Ok(())
}
