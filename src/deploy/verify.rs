//! Looks whether a server shows a certificate.

use crate::net::{Unseen, served_certificate};
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

/// True if somebody listens there.
pub(super) fn listens(target: &Target, name: &str) -> bool {
    let seen = served_certificate(&target.host, target.port, name, HANDSHAKE);
    !matches!(seen, Err(Unseen::Closed))
}

/// The serial number of the certificate that the server shows.
pub(super) fn serial(target: &Target, name: &str) -> Result<String, String> {
    let seen = served_certificate(&target.host, target.port, name, HANDSHAKE);
    let certificate = Certificate::parse(&seen.map_err(|e| e.to_string())?);
    Ok(certificate.map_err(|e| e.to_string())?.serial_hex())
}

/// Waits until the server shows the certificate with this serial number; says what it shows instead.
pub(super) fn serves(target: &Target, name: &str, wanted: &str) -> Result<(), String> {
    let end = Instant::now() + SETTLE;
    loop {
        let wrong = match serial(target, name) {
            Ok(found) if found == wanted => return Ok(()),
            Ok(found) => format!("it still serves serial {found} for {name}, not {wanted}"),
            Err(text) => text,
        };
        if Instant::now() >= end {
            return Err(format!("{target}: {wrong}"));
        }
        std::thread::sleep(PAUSE);
    }
}
