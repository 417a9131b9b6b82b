//! Looks whether a server shows a certificate.

use crate::net::{Signed, Unseen, served_certificate};
use crate::types::Target;
use crate::x509::Certificate;
use std::time::{Duration, Instant};

/// How long a service may take until it serves what it was told of: reloading is not waited for by
/// most init scripts.
const SETTLE: Duration = Duration::from_secs(5);
/// One handshake on a slow router.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// A look at a server.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    /// Where it is.
    pub target: &'a Target,
    /// The name it is asked for.
    pub name: &'a str,
    /// The kind of key that its certificate is to have.
    pub signed: Signed,
}

impl Look<'_> {
    fn served(&self) -> Result<Vec<u8>, Unseen> {
        let Target { host, port, .. } = self.target;
        served_certificate(host, *port, self.name, self.signed, HANDSHAKE)
    }

    /// The serial number of the certificate that the server shows.
    pub fn serial(self) -> Result<String, String> {
        let certificate = Certificate::parse(&self.served().map_err(|e| e.to_string())?);
        Ok(certificate.map_err(|e| e.to_string())?.serial_hex())
    }

    /// True if somebody listens there.
    pub fn listens(self) -> bool {
        !matches!(self.with(Signed::Any).served(), Err(Unseen::Closed))
    }

    /// True if it has certificates, but none with such a key.
    pub fn lacks_key(self) -> bool {
        let any = self.with(Signed::Any);
        self.signed != Signed::Any && self.served().is_err() && any.served().is_ok()
    }

    fn with(self, signed: Signed) -> Self {
        Self { signed, ..self }
    }

    /// Waits until the server shows the certificate with this serial number; says what it shows
    /// instead.
    pub fn serves(self, wanted: &str) -> Result<(), String> {
        let end = Instant::now() + SETTLE;
        loop {
            let wrong = match self.serial() {
                Ok(found) if found == wanted => return Ok(()),
                Ok(found) => {
                    let name = self.name;
                    format!("it still serves serial {found} for {name}, not {wanted}")
                }
                Err(text) => text,
            };
            if Instant::now() < end {
                std::thread::sleep(PAUSE);
                continue;
            }
            let wrong = match self.lacks_key() {
                true => format!("it serves no certificate with {}", self.signed),
                false => wrong,
            };
            return Err(format!("{}: {wrong}", self.target));
        }
    }
}
