//! What an owner can do about a file system's error.

use rustix::io::Errno;
use std::io;
use std::path::Path;

/// What lies below lies in memory, not in flash.
const VOLATILE: &str = "/var/run/";

/// What to do about an error that a path met; `None` where it depends on what the path is for.
pub fn disk_remedy(path: &Path, error: &io::Error) -> Option<&'static str> {
    let volatile = path.to_string_lossy().contains(VOLATILE);
    Some(match error.raw_os_error().map(Errno::from_raw_os_error)? {
        Errno::NOSPC | Errno::DQUOT if volatile => {
            "the file system in memory is full: `df -h /var/run`, then remove what is not needed"
        }
        Errno::NOSPC | Errno::DQUOT => {
            "the flash is full: `df -h /etc`, then remove what is not needed"
        }
        Errno::ROFS => {
            "the file system is read-only: after a failed check `mount -o remount,rw /` or a reboot may help"
        }
        Errno::ACCESS | Errno::PERM => "run certkeeper as root",
        Errno::IO if volatile => "look at `dmesg`",
        Errno::IO => "the flash does not work as it should: look at `dmesg`",
        _ => return None,
    })
}
