//! One line to the system log (RFC 3164, as busybox and procd read it).

use crate::types::Paths;
use std::os::unix::net::UnixDatagram;

/// Facility daemon (3) times eight.
const DAEMON: u8 = 24;
/// Severity error.
const ERROR: u8 = 3;
/// Severity notice.
const NOTICE: u8 = 5;

/// Sends a line to `/dev/log`; without a log daemon nothing happens.
pub fn syslog(paths: &Paths, error: bool, text: &str) {
    let Ok(socket) = UnixDatagram::unbound() else {
        return;
    };
    let priority = DAEMON + if error { ERROR } else { NOTICE };
    let pid = std::process::id();
    let line = format!("<{priority}>certkeeper[{pid}]: {text}");
    let _ = socket.set_nonblocking(true);
    let _ = socket.send_to(line.as_bytes(), paths.at("/dev/log"));
}
