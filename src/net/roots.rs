//! The roots that servers' certificates must lead to, read from a PEM file while a handshake waits.
//!
//! A bundle holds some 145 certificates, and decoding them all takes two thirds of the time of a
//! handshake. webpki compares the DER of an issuer with the DER of a root's subject before it looks
//! at anything else of a root; so only those roots are decoded whose subject is an issuer in the
//! presented chain, and webpki then judges with these as it would with all.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where trusted root certificates stand: a PEM file with one or many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    /// The system's bundle (option `ca_bundle`).
    Bundle(PathBuf),
    /// The roots of one private CA (option `ca_file`).
    File(PathBuf),
    /// None: any certificate will do, because the owner wants it so.
    Unchecked,
}

impl Roots {
    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Bundle(path) | Self::File(path) => path,
            Self::Unchecked => Path::new("/dev/null"),
        }
    }

    /// What to do when it is missing or of no use.
    fn remedy(&self) -> &'static str {
        match self {
            Self::Bundle(_) => {
                "install ca-bundle (opkg install ca-bundle / apk add ca-bundle) or set ca_bundle / ca_file"
            }
            Self::File(_) | Self::Unchecked => {
                "put the root certificate of the CA there, in PEM, or correct ca_file"
            }
        }
    }

    /// True if there is a root with the name of this certificate's issuer.
    pub fn has_issuer_of(&self, certificate: &[u8]) -> bool {
        let Some(wanted) = names(certificate).map(|n| n.issuer) else {
            return false;
        };
        let mut base64 = Decoder::default();
        let mut found = false;
        let take = |text: &[u8]| {
            found |= names(base64.decode(text, usize::MAX)).is_some_and(|n| n.subject == wanted);
        };
        let file = File::open(self.path());
        let read = file.and_then(|file| each_certificate(BufReader::new(file), take));
        read.is_ok() && found
    }

    fn unusable(&self, why: impl fmt::Display) -> Unusable {
        Unusable(format!(
            "the roots in {} cannot be used ({why}): {}",
            self.path().display(),
            self.remedy()
        ))
    }

    /// The roots that can matter for a chain with these issuers (all, if `None`), and one more if
    /// there is none of them: webpki wants at least one to say what is wrong with the chain.
    fn select(&self, issuers: Option<&[&[u8]]>) -> Result<RootCertStore, Unusable> {
        let mut store = RootCertStore::empty();
        let mut base64 = Decoder::default();
        let take = |text: &[u8]| {
            let known = issuers.zip(names(base64.decode(text, HEAD)));
            let wanted = known.is_none_or(|(issuers, names)| issuers.contains(&names.subject));
            if wanted || store.is_empty() {
                // As with the whole bundle: what webpki cannot read is no root.
                let whole = CertificateDer::from(base64.decode(text, usize::MAX));
                store.add_parsable_certificates([whole]);
            }
        };
        File::open(self.path())
            .and_then(|file| each_certificate(BufReader::new(file), take))
            .map_err(|error| self.unusable(error))?;
        if store.is_empty() {
            return Err(self.unusable("no certificate is in the file"));
        }
        Ok(store)
    }
}

/// The file cannot be used; the text names it and the remedy.
#[derive(Clone, Debug)]
pub(super) struct Unusable(pub String);

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unusable {}

/// Verifies as `WebPkiServerVerifier` with all the roots of the file would.
#[derive(Debug)]
pub(super) struct Verifier {
    roots: Roots,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    pub(super) fn new(roots: Roots, provider: Arc<CryptoProvider>) -> Self {
        Self { roots, provider }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.roots == Roots::Unchecked {
            return Ok(ServerCertVerified::assertion());
        }
        let issuers: Option<Vec<&[u8]>> = std::iter::once(end_entity)
            .chain(intermediates)
            .map(|certificate| names(certificate).map(|names| names.issuer))
            .collect();
        let roots = self
            .roots
            .select(issuers.as_deref())
            .map_err(|error| Error::Other(OtherError(Arc::new(error))))?;
        // What `WebPkiServerVerifier` does, without its lists of revoked certificates.
        let algorithms = self.provider.signature_verification_algorithms.all;
        let leaf = ParsedCertificate::try_from(end_entity)?;
        verify_server_cert_signed_by_trust_anchor(&leaf, &roots, intermediates, now, algorithms)?;
        verify_server_name(&leaf, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// The line that begins a certificate (RFC 7468 section 5.1).
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// The characters of a certificate that are decoded to see its subject: 480 bytes, enough for all
/// but one of Mozilla's roots in 2026. Where it is not, the whole certificate is decoded.
const HEAD: usize = 640;

/// Hands over the text between the first and the last line of each certificate of a PEM file.
fn each_certificate(mut pem: impl BufRead, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut text = Vec::new();
    while pem.read_until(b'\n', &mut text)? > 0 {
        // Files glued together without a newline begin a certificate in the line that ends one.
        let begins = text.trim_ascii_end().ends_with(BEGIN);
        text.clear();
        if begins {
            pem.read_until(b'-', &mut text)?;
            take(text.strip_suffix(b"-").unwrap_or(&text));
            text.clear();
        }
    }
    Ok(())
}

/// Decodes base64 in lines. Keeps its memory: musl would take it from the kernel each time.
#[derive(Default)]
struct Decoder {
    text: Vec<u8>,
    bytes: Vec<u8>,
}

impl Decoder {
    /// Decodes from the beginning to about `limit` characters; nothing if it is not base64.
    fn decode(&mut self, mut lines: &[u8], limit: usize) -> &[u8] {
        self.text.clear();
        self.bytes.clear();
        while self.text.len() < limit
            && lines.read_until(b'\n', &mut self.text).is_ok_and(|n| n > 0)
        {
            self.text.truncate(self.text.trim_ascii_end().len());
        }
        self.text.truncate(limit);
        if STANDARD.decode_vec(&self.text, &mut self.bytes).is_err() {
            self.bytes.clear();
        }
        &self.bytes
    }
}

/// The contents of a certificate's two names.
struct Names<'a> {
    issuer: &'a [u8],
    subject: &'a [u8],
}

/// Finds the names at the beginning of a certificate (RFC 5280 section 4.1), which need not be
/// whole. `None` if this is not how a certificate begins, or if the names lie further on.
fn names(mut der: &[u8]) -> Option<Names<'_>> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    const VERSION: u8 = 0xa0;
    for _ in ["Certificate", "TBSCertificate"] {
        let (tag, _, contents) = header(der)?;
        der = (tag == SEQUENCE).then_some(contents)?;
    }
    let mut next = |wanted: u8| -> Option<&[u8]> {
        let (tag, length, contents) = header(der)?;
        let (value, rest) = contents.split_at_checked(length)?;
        (tag == wanted).then(|| {
            der = rest;
            value
        })
    };
    let _version_1_has_none = next(VERSION);
    let _serial_number = next(INTEGER)?;
    let _signature = next(SEQUENCE)?;
    let issuer = next(SEQUENCE)?;
    let _validity = next(SEQUENCE)?;
    let subject = next(SEQUENCE)?;
    Some(Names { issuer, subject })
}

/// A DER tag, the length of its contents, and all that follows the length.
fn header(der: &[u8]) -> Option<(u8, usize, &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk()?;
    if first < 0x80 {
        return Some((tag, first.into(), rest));
    }
    let (bytes, rest) = rest.split_at_checked((first & 0x7f).into())?;
    let length = bytes.iter().try_fold(0usize, |length, &byte| {
        Some(length.checked_mul(256)? | usize::from(byte))
    })?;
    Some((tag, length, rest))
}

#[cfg(test)]
mod tests;
