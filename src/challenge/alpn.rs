//! tls-alpn-01 by a listener of our own (RFC 8737). Who does not ask for an answer of ours goes to
//! the owner of the port, as said, where the firewall lets the Internet reach it.

use super::door::Door;
use super::hello::{ACME_TLS, HELLO_MAX, Hello};
use super::listener::{Answer, Client};
use super::relay::Relay;
use super::{ChallengeError, Footprint, Proof, Solver};
use crate::keys::{KeyError, PrivateKey, general_name};
use crate::types::{Identifier, KeyType, Timestamp};
use crate::x509::make::{Draft, common_name};
use der::Encode as _;
use der::asn1::{ObjectIdentifier, OctetString};
use ring::digest;
use rustls::crypto::ring as provider;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, ServerConnection};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown};
use std::sync::{Arc, Mutex, PoisonError};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::{AsExtension as _, Extension};
use x509_cert::name::Name;

/// id-pe-acmeIdentifier (RFC 8737 section 6.1).
const ACME_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.31");
/// CAs look at names and digest alone, and the clock may be wrong.
const VALIDITY: (Timestamp, Timestamp) = (Timestamp(1_767_225_600), Timestamp(2_493_072_000)); // 2026 to 2048

/// A CA's first message comes in one piece or two; who needs more than this is not one.
const PIECES_MAX: usize = 64;

/// What is shown to a CA, by the name that it asks for.
type Shown = Arc<Mutex<HashMap<String, Arc<ServerConfig>>>>;

/// The listener; it opens with the first answer and closes with the last.
#[derive(Debug)]
pub struct Alpn<'a> {
    door: Door<'a>,
    shown: Shown,
}

impl<'a> Alpn<'a> {
    /// A listener behind that door; nothing is opened yet.
    pub fn new(door: Door<'a>) -> Self {
        Self {
            door,
            shown: Shown::default(),
        }
    }
}

impl Solver for Alpn<'_> {
    fn footprint(&self, _: &Proof) -> Option<Footprint> {
        None
    }

    fn present(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        let name = server_name(&proof.id);
        let trouble = |e: String| ChallengeError::Port(format!("no certificate for {name}: {e}"));
        let config = config(proof).map_err(trouble)?;
        self.door.open(|| answering(&self.shown))?;
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.insert(name, Arc::new(config));
        Ok(())
    }

    fn take_back(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.remove(&server_name(&proof.id));
        let last = shown.is_empty();
        drop(shown);
        if last { self.door.close() } else { Ok(()) }
    }
}

/// The name that a CA asks for: of an address that in the reverse tree (RFC 8738 section 6).
fn server_name(id: &Identifier) -> String {
    match id {
        Identifier::Dns(name) => name.base().to_owned(),
        Identifier::Ip(IpAddr::V4(address)) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        Identifier::Ip(IpAddr::V6(address)) => {
            let mut name = String::with_capacity(72);
            for octet in address.octets().iter().rev() {
                let _ = write!(name, "{:x}.{:x}.", octet & 0xf, octet >> 4);
            }
            name + "ip6.arpa"
        }
    }
}

/// A TLS server that shows the answer and speaks the challenge's protocol alone.
fn config(proof: &Proof) -> Result<ServerConfig, String> {
    let key = PrivateKey::generate(KeyType::Ec256).map_err(|e| e.to_string())?;
    let certificate = certificate(&key, proof).map_err(|e| e.to_string())?;
    let key = PrivatePkcs8KeyDer::from(key.pkcs8().to_vec());
    let key = provider::sign::any_ecdsa_type(&key.into()).map_err(|e| e.to_string())?;
    // Handed over as it is: who would check it does not know the extension that it is for.
    let shown = SingleCertAndKey::from(CertifiedKey::new(vec![certificate.into()], key));
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown));
    config.alpn_protocols = vec![ACME_TLS.to_vec()];
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// The certificate that answers: self-signed, for this identifier alone, with the digest of the key
/// authorization (RFC 8737 section 3), DER.
fn certificate(key: &PrivateKey, proof: &Proof) -> Result<Vec<u8>, KeyError> {
    let draft = || -> der::Result<Draft> {
        let name = common_name("ACME challenge")?;
        let names = SubjectAltName(vec![general_name(&proof.id)?]);
        let digest = digest::digest(&digest::SHA256, proof.key_authorization.as_bytes());
        let answer = Extension {
            extn_id: ACME_IDENTIFIER,
            critical: true,
            extn_value: OctetString::new(OctetString::new(digest.as_ref())?.to_der()?)?,
        };
        let (begin, end) = VALIDITY;
        Ok(Draft {
            issuer: name.clone(),
            subject: name,
            begin,
            end,
            extensions: vec![names.to_extension(&Name::default(), &[])?, answer],
        })
    };
    draft().map_err(|_| KeyError::Sign)?.sign(key, key)
}

fn answering(shown: &Shown) -> Answer {
    let shown = shown.clone();
    Arc::new(move |client: Client, relay: &Relay| answer(client, &shown, relay))
}

/// Shows an answer of ours to whom looks for it, and passes all others on.
fn answer(mut client: Client, shown: &Shown, relay: &Relay) -> io::Result<()> {
    let mut hello = Hello::Unfinished;
    for _ in 0..PIECES_MAX {
        if hello != Hello::Unfinished || client.said.len() > HELLO_MAX || !client.hear()? {
            break;
        }
        hello = Hello::read(&client.said);
    }
    let found = match hello {
        Hello::Acme(name) => {
            let shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            shown.get(&name).cloned()
        }
        Hello::Unfinished | Hello::Other => None,
    };
    if let Some(config) = found {
        return show(client, config);
    }
    match relay.connect(&client.stream) {
        Some(owner) => relay.pass(client.stream, owner, &client.said),
        None => Ok(()),
    }
}

/// Shakes hands; nothing is said after (RFC 8737 section 3).
fn show(client: Client, config: Arc<ServerConfig>) -> io::Result<()> {
    let mut server = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut replayed = Replayed { client, at: 0 };
    while server.is_handshaking() {
        server.complete_io(&mut replayed)?;
    }
    server.send_close_notify();
    while server.wants_write() {
        server.write_tls(&mut replayed)?;
    }
    replayed.client.stream.shutdown(Shutdown::Write)
}

/// A client whose words are heard from the beginning.
struct Replayed {
    client: Client,
    at: usize,
}

impl Read for Replayed {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut said = &self.client.said[self.at..];
        if said.is_empty() {
            return self.client.read(room);
        }
        let count = said.read(room)?;
        self.at += count;
        Ok(count)
    }
}

impl Write for Replayed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.client.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.client.stream.flush()
    }
}

#[cfg(test)]
mod tests;
