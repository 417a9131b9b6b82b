//! The certificate that a TLS server shows, whatever it is worth: whether services serve what they
//! were given.

use super::connect::{RaceError, race, wait};
use super::resolver::lookup_within;
use nix::poll::PollFlags;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{ActiveKeyExchange, SupportedKxGroup, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, NamedGroup, SignatureScheme,
    SupportedCipherSuite,
};
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Why no certificate was seen.
#[derive(Debug)]
pub enum Unseen {
    /// Nobody listens there.
    Closed,
    /// Anything else, in words.
    Other(String),
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("nobody listens there"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// Which kind of key a client takes: of several certificates a server shows the one that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// Any.
    Any,
    /// Keys on a curve.
    Ecdsa,
    /// RSA keys.
    Rsa,
}

impl Signed {
    fn by_suite(self, suite: SupportedCipherSuite) -> bool {
        let SupportedCipherSuite::Tls12(suite) = suite else {
            return true;
        };
        let rsa = suite.sign.contains(&SignatureScheme::RSA_PKCS1_SHA256);
        match self {
            Self::Any => true,
            Self::Ecdsa => !rsa,
            Self::Rsa => rsa,
        }
    }
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any key",
            Self::Ecdsa => "a key on a curve",
            Self::Rsa => "an RSA key",
        })
    }
}

/// Shakes hands and returns the server's own certificate, DER. `name` goes into the SNI unless it is
/// an address (RFC 6066 section 3); `signed` says what kind of key its certificate must have.
pub fn served_certificate(
    host: &str,
    port: u16,
    name: &str,
    signed: Signed,
    limit: Duration,
) -> Result<Vec<u8>, Unseen> {
    let other = |text: String| Unseen::Other(text);
    let deadline = Instant::now() + limit;
    let addresses = lookup_within(host, limit).map_err(other)?;
    let addresses: Vec<SocketAddr> = addresses.iter().map(|ip| (*ip, port).into()).collect();
    let socket = race(&addresses, deadline).map_err(|e| match e {
        RaceError::Refused(all) if refused(&all) => Unseen::Closed,
        RaceError::Refused(all) => Unseen::Other(match all.first() {
            Some((_, e)) => format!("no connection: {e}"),
            None => "it has no address".into(),
        }),
        RaceError::TimedOut => Unseen::Other("nobody takes the connection".into()),
    })?;
    let name = ServerName::try_from(name.to_owned())
        .map_err(|_| other(format!("{name} is no name to ask for")))?;
    let witness = Arc::new(Witness::new(signed));
    let mut provider = ring::default_provider();
    provider.kx_groups.push(&NamedP521);
    // Before TLS 1.3 the cipher suites say it, too.
    provider.cipher_suites.retain(|s| signed.by_suite(*s));
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| other(e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(witness.clone())
        .with_no_client_auth();
    let session = ClientConnection::new(Arc::new(config), name);
    let mut session = session.map_err(|e| other(e.to_string()))?;
    let ended = shake_hands(&mut session, &socket, deadline);
    // Who shows a certificate and then wants one of ours has shown it.
    match (witness.take(), ended) {
        (Some(der), _) => Ok(der),
        (None, Err(text)) => Err(other(format!("no TLS handshake: {text}"))),
        (None, Ok(())) => Err(other("it shows no certificate".into())),
    }
}

fn refused(all: &[(SocketAddr, io::Error)]) -> bool {
    let refused = |(_, e): &(_, io::Error)| e.kind() == io::ErrorKind::ConnectionRefused;
    !all.is_empty() && all.iter().all(refused)
}

/// Talks until the handshake is over, and says good-bye.
fn shake_hands(
    session: &mut ClientConnection,
    mut socket: &TcpStream,
    deadline: Instant,
) -> Result<(), String> {
    let text = |e: io::Error| match e.kind() {
        io::ErrorKind::TimedOut => "it takes too long".to_owned(),
        _ => e.to_string(),
    };
    loop {
        if !session.is_handshaking() {
            session.send_close_notify();
        }
        while session.wants_write() {
            match session.write_tls(&mut socket) {
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    wait(socket, PollFlags::POLLOUT, deadline).map_err(text)?;
                }
                Err(e) => return Err(text(e)),
            }
        }
        if !session.is_handshaking() {
            return Ok(());
        }
        match session.read_tls(&mut socket) {
            Ok(0) => return Err("the server ended the connection".into()),
            Ok(_) => {
                session.process_new_packets().map_err(|e| e.to_string())?;
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                wait(socket, PollFlags::POLLIN, deadline).map_err(text)?;
            }
            Err(e) => return Err(text(e)),
        }
    }
}

/// The curve P-521 is named, last, and never used: in TLS 1.2 a server shows a key of that curve only to
/// clients that name it (RFC 8422 section 5.1), and its certificate comes before the keys are exchanged.
#[derive(Debug)]
struct NamedP521;

impl SupportedKxGroup for NamedP521 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Err(Error::General(
            "the server wants keys exchanged over P-521 alone".into(),
        ))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}

/// Remembers the certificate and believes everything: nothing secret is sent over the connection,
/// and what is compared is the certificate itself. So keys that ring cannot check (P-521) do, too.
#[derive(Debug)]
pub(crate) struct Witness {
    signed: Signed,
    seen: Mutex<Option<Vec<u8>>>,
}

impl Witness {
    pub fn new(signed: Signed) -> Self {
        Self {
            signed,
            seen: Mutex::default(),
        }
    }

    fn take(&self) -> Option<Vec<u8>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.take()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Some(end_entity.to_vec());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        use SignatureScheme as S;
        let ecdsa = [
            S::ECDSA_NISTP256_SHA256,
            S::ECDSA_NISTP384_SHA384,
            S::ECDSA_NISTP521_SHA512,
        ];
        let rsa = [
            S::RSA_PSS_SHA256,
            S::RSA_PSS_SHA384,
            S::RSA_PSS_SHA512,
            S::RSA_PKCS1_SHA256,
            S::RSA_PKCS1_SHA384,
            S::RSA_PKCS1_SHA512,
        ];
        match self.signed {
            Signed::Any => [&ecdsa[..], &[S::ED25519, S::ED448], &rsa].concat(),
            Signed::Ecdsa => ecdsa.to_vec(),
            Signed::Rsa => rsa.to_vec(),
        }
    }
}
