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

/// Waits until the server shows the certificate with this serial number; says what it shows instead.
pub(super) fn serves(target: &Target, name: &str, serial: &str) -> Result<(), String> {
    let end = Instant::now() + SETTLE;
    loop {
        let seen = served_certificate(&target.host, target.port, name, HANDSHAKE);
        let found = seen
            .map_err(|e| e.to_string())
            .and_then(|der| Certificate::parse(&der).map_err(|e| e.to_string()))
            .map(|certificate| certificate.serial_hex());
        let wrong = match found {
            Ok(found) if found == serial => return Ok(()),
            Ok(found) => format!("it still serves serial {found} for {name}, not {serial}"),
            Err(text) => text,
        };
        if Instant::now() >= end {
            return Err(format!("{target}: {wrong}"));
        }
        std::thread::sleep(PAUSE);
    }
}
