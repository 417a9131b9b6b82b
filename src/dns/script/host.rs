//! What scripts find on a device.

use crate::dns::DnsError;
use crate::types::Paths;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A script that has not ended by then is killed, with all that it started. Some sleep for minutes.
const LIMIT: Duration = Duration::from_secs(300);
/// Where busybox may be; as `ash` it is the shell.
const SHELLS: [&str; 4] = ["/bin/ash", "/bin/busybox", "/usr/bin/busybox", "/sbin/ash"];

/// What scripts find on this device.
#[derive(Clone, Debug)]
pub struct Host {
    /// busybox, or a link to it by the name of its shell.
    pub shell: PathBuf,
    /// certkeeper itself.
    pub helper: PathBuf,
    /// The roots that servers' certificates must lead to.
    pub ca_bundle: PathBuf,
    /// The folder in which each run gets one of its own; in tmpfs.
    pub run: PathBuf,
    /// How long a script may take.
    pub limit: Duration,
}

impl Host {
    /// This device.
    pub fn here(paths: &Paths, ca_bundle: &Path) -> Result<Self, DnsError> {
        let none = || {
            let text =
                "no busybox is here, whose ash runs acme.sh's scripts (opkg install busybox)";
            DnsError::Refused(text.into())
        };
        Ok(Self {
            shell: SHELLS
                .iter()
                .map(PathBuf::from)
                .find(|f| f.is_file())
                .ok_or_else(none)?,
            helper: std::env::current_exe()
                .map_err(|e| DnsError::Refused(format!("our own program is not found: {e}")))?,
            ca_bundle: ca_bundle.to_owned(),
            run: paths.run(),
            limit: LIMIT,
        })
    }
}
