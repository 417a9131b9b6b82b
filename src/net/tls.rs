//! TLS as this crate speaks it (1.2 and 1.3, ring), and its errors in a router owner's words.

use super::peer::Peer;
use super::roots::{Roots, Unusable, Verifier};
use crate::types::{Timestamp, TransportError, shown};
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, ClientConnection, Error};
use std::sync::Arc;

/// One CA and a few DNS providers are all that a run talks to.
const REMEMBERED_SESSIONS: usize = 8;

/// A certificate may hold 100 names; a message shows the first ones.
const SHOWN_NAMES: usize = 5;
/// Whoever sits on the way writes them: they are shown up to this length.
const SHOWN_LENGTH: usize = 100;

/// How TLS connections are made.
#[derive(Debug)]
pub(super) struct Tls {
    roots: Roots,
    config: Arc<ClientConfig>,
}

impl Tls {
    pub(super) fn new(roots: Roots) -> Self {
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier::new(roots.clone(), provider.clone());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.resumption = Resumption::in_memory_sessions(REMEMBERED_SESSIONS);
        Self {
            roots,
            config: Arc::new(config),
        }
    }

    /// A session that has not begun.
    pub(super) fn session(&self, peer: &Peer) -> Result<ClientConnection, TransportError> {
        let name = ServerName::try_from(peer.host.clone())
            .map_err(|_| TransportError::BadUrl(format!("{peer} is not a host name")))?;
        ClientConnection::new(self.config.clone(), name).map_err(|error| self.explain(peer, &error))
    }

    /// Why a handshake failed.
    pub(super) fn explain(&self, peer: &Peer, error: &Error) -> TransportError {
        if let Error::Other(other) = error
            && let Some(Unusable(text)) = other.0.downcast_ref()
        {
            return TransportError::Roots(text.clone());
        }
        TransportError::Tls(match error {
            Error::InvalidCertificate(error) => self.reject(peer, error),
            Error::InvalidMessage(_) => format!("{peer} does not answer in TLS ({error})"),
            _ => format!("the TLS handshake with {peer} failed: {error}"),
        })
    }

    fn reject(&self, peer: &Peer, error: &CertificateError) -> String {
        use CertificateError as E;
        match error {
            E::ExpiredContext { time, not_after } => format!(
                "the certificate of {peer} expired on {}; the clock here says {}: if that is wrong, set the clock",
                date(*not_after),
                date(*time)
            ),
            E::NotValidYetContext { time, not_before } => format!(
                "the certificate of {peer} is valid from {} on; the clock here says {}: if that is wrong, set the clock",
                date(*not_before),
                date(*time)
            ),
            // A bad signature is a root of the same name with another key: a CA set up anew.
            E::UnknownIssuer | E::BadSignature => format!(
                "the certificate of {peer} is not from a CA whose root is in {}: {}",
                self.roots.path().display(),
                match self.roots {
                    Roots::Bundle(_) =>
                        "update ca-bundle, or name the file with its root in ca_file (all CAs: ca_bundle)",
                    Roots::File(_) | Roots::Unchecked => "correct ca_file",
                }
            ),
            E::NotValidForNameContext { presented, .. } => format!(
                "the certificate of {peer} is for {}, not for {}",
                listed(presented),
                peer.host
            ),
            _ => format!("the certificate of {peer} is not acceptable: {error}"),
        }
    }
}

fn date(time: UnixTime) -> Timestamp {
    Timestamp(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

/// The names of a certificate, out of webpki's `DnsName("a.example")` and `IpAddress(192.0.2.1)`.
fn listed(presented: &[String]) -> String {
    if presented.is_empty() {
        return "no name at all".into();
    }
    let mut names: Vec<String> = presented
        .iter()
        .take(SHOWN_NAMES)
        .map(|name| {
            let inner = name
                .split_once('(')
                .map_or(name.as_str(), |(_, inner)| inner);
            shown(inner.trim_end_matches(')').trim_matches('"'), SHOWN_LENGTH)
        })
        .collect();
    if presented.len() > SHOWN_NAMES {
        names.push("…".into());
    }
    names.join(", ")
}
