//! acme.sh's DNS scripts (`dnsapi/dns_*.sh`), unmodified, run by busybox ash. The functions that
//! they call are ours (`script/dnsapi.sh`); neither acme.sh nor curl nor openssl is needed.
//!
//! A script is read from one of a few folders, if it belongs to root and nobody else may change it.
//! It gets the settings in variables that are not exported, written to the shell's stdin. Values
//! that it saves for its next run go to a file of certkeeper's (`dnsapi-helper saved`).

mod encode;
mod host;
mod info;
mod request;
mod url;

pub use encode::encode;
pub use host::Host;
pub use request::{ScriptReply, ScriptRequest};

use super::{Credentials, Descriptor, DnsError, Provider, TxtRecord, last_lines, redacted};
use crate::program::{self, Children};
use crate::types::Paths;
use ring::digest::{SHA256, digest};
use std::fmt::Write as _;
use std::fs::{self, DirBuilder};
use std::io::{self, Write, pipe};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// What the names of scripts begin with, and of no module.
pub const PREFIX: &str = "dns_";

/// The owner's own scripts: they win over modules.
pub(super) const OWN: &str = "/etc/certkeeper/dnsapi";
/// Where scripts are, the first that has one wins: the owner's, a package's of ours, and those of
/// OpenWrt's package acme-acmesh-dnsapi.
const FOLDERS: [&str; 4] = [
    OWN,
    "/usr/lib/certkeeper/dnsapi",
    "/usr/lib/acme/client/dnsapi",
    "/usr/lib/acme/dnsapi",
];

/// How many of a failed script's last lines are shown.
const LINES: usize = 3;
/// What the helper says begins so: the script's server was not reached.
pub const HELPER: &str = "certkeeper: ";
/// The functions that scripts call.
const FUNCTIONS: &str = include_str!("script/dnsapi.sh");
/// Variables that make the shell another one.
const NOT_SETTINGS: [&str; 7] = [
    "PATH",
    "IFS",
    "ENV",
    "HOME",
    "TMPDIR",
    "LD_PRELOAD",
    "ACME_OPENSSL_BIN",
];

/// The script of that name, in its folder's order; `own`: the owner's alone.
pub(super) fn find(paths: &Paths, name: &str, own: bool) -> Option<&'static Descriptor> {
    let file = locate(paths, name)?;
    if own && !file.starts_with(paths.at(OWN)) {
        return None;
    }
    let text = fs::read(&file).ok()?;
    Some(info::describe(name, &String::from_utf8_lossy(&text)))
}

/// Every script, by name.
pub(super) fn all(paths: &Paths) -> Vec<&'static Descriptor> {
    let entries = FOLDERS
        .iter()
        .filter_map(|folder| fs::read_dir(paths.at(folder)).ok())
        .flat_map(Iterator::flatten);
    let mut names: Vec<String> = entries
        .filter_map(|e| Some(e.file_name().to_str()?.strip_suffix(".sh")?.to_owned()))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
        .iter()
        .filter_map(|name| find(paths, name, false))
        .collect()
}

/// The file of a script.
fn locate(paths: &Paths, name: &str) -> Option<PathBuf> {
    let letters = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    if !name.starts_with(PREFIX) || !name.bytes().all(letters) {
        return None;
    }
    let file = format!("{name}.sh");
    let mut files = FOLDERS.iter().map(|f| paths.at(f).join(&file));
    files.find(|f| f.is_file())
}

/// The script runs as we do, so nobody else may be able to change it or put another in its place.
fn trusted(path: &Path) -> Result<PathBuf, String> {
    let told = |e: io::Error| format!("{}: {e}", path.display());
    let file = fs::canonicalize(path).map_err(told)?;
    let folder = file.parent().unwrap_or(&file).to_owned();
    for place in [&file, &folder] {
        program::unchangeable(place, &fs::metadata(place).map_err(told)?)?;
    }
    Ok(file)
}

/// A script with its settings.
pub struct Script {
    descriptor: &'static Descriptor,
    file: PathBuf,
    settings: Credentials,
    saved: PathBuf,
    host: Host,
}

impl Script {
    /// Opens the script of this descriptor. `saved` is the file of what it saves.
    pub fn open(
        paths: &Paths,
        descriptor: &'static Descriptor,
        settings: Credentials,
        saved: PathBuf,
        host: Host,
    ) -> Result<Self, DnsError> {
        let wrong = |message: String| DnsError::Setting {
            field: "dns",
            message,
        };
        let name = descriptor.name;
        let file = locate(paths, name).ok_or_else(|| wrong(format!("{name}.sh is gone")))?;
        let file = trusted(&file).map_err(wrong)?;
        let odd = |n: &&String| {
            n.starts_with(|c: char| c.is_ascii_digit())
                || n.starts_with("_ck")
                || NOT_SETTINGS.contains(&n.as_str())
        };
        if let Some(odd) = settings.keys().find(odd) {
            let text = format!("a script cannot be given {odd}: remove it from the credentials");
            return Err(wrong(text));
        }
        Ok(Self {
            descriptor,
            file,
            settings,
            saved,
            host,
        })
    }

    fn run(&self, action: &str, record: &TxtRecord) -> Result<(), DnsError> {
        let failed = |what: &str, e: io::Error| {
            DnsError::Refused(format!("{}: {what}: {e}", self.descriptor.name))
        };
        let folder = Folder::new(&self.host.run).map_err(|e| failed("a folder", e))?;
        let (reader, mut writer) = pipe().map_err(|e| failed("a pipe", e))?;
        let mut command = program::command(&self.host.shell);
        if self.host.shell.ends_with("busybox") {
            command.arg("ash");
        }
        command.arg("-s").env("TMPDIR", &folder.0).stdin(reader);
        // Some write files where they are.
        command.current_dir(&folder.0);
        let text = self.text(action, record, &folder.0);
        // The shell may end before it has read all; a pipe need not hold it all.
        std::thread::spawn(move || writer.write_all(text.as_bytes()));
        let ended = program::run(command, self.host.limit, Children::End, false)
            .map_err(|e| failed("the shell did not start", e))?;
        let Some(status) = ended.status else {
            return Err(DnsError::Unreachable(format!(
                "{} {action} did not end within {} s and was killed",
                self.descriptor.name,
                self.host.limit.as_secs()
            )));
        };
        if status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&ended.output);
        let said = redacted(self.descriptor, &self.settings, &said);
        let said = last_lines(&said, LINES);
        let text = format!(
            "{} {action} {} failed{said}",
            self.descriptor.name, record.name
        );
        Err(match said.contains(HELPER) {
            true => DnsError::Unreachable(text),
            false => DnsError::Refused(text),
        })
    }

    /// What the shell reads. The last command is read whole before anything runs, and nothing that
    /// runs sees this text.
    fn text(&self, action: &str, record: &TxtRecord, folder: &Path) -> String {
        let mut text = String::new();
        let mut set = |name: &str, value: &str| {
            let _ = writeln!(text, "{name}={}", quoted(value));
        };
        let names: Vec<&str> = self.settings.keys().map(String::as_str).collect();
        set("TMPDIR", &folder.to_string_lossy());
        set("_ck_bin", &self.host.helper.to_string_lossy());
        set("_ck_bundle", &self.host.ca_bundle.to_string_lossy());
        set("_ck_file", &self.saved.to_string_lossy());
        set("_ck_mark", &mark(self.descriptor, &self.settings));
        set("_ck_given", &format!(" {} ", names.join(" ")));
        for (name, value) in &self.settings {
            set(name, value.expose());
        }
        let name = self.descriptor.name;
        let _ = write!(
            text,
            "{FUNCTIONS}\n{{\n. {}\n",
            quoted(&self.file.to_string_lossy())
        );
        if action == "rm" {
            // Not every script can remove.
            let _ = writeln!(text, "_exists {name}_rm || exit 0");
        }
        let _ = write!(
            text,
            "{name}_{action} {} {} || _ck_failed\nexit\n}} </dev/null\n",
            quoted(&record.name),
            quoted(&record.value)
        );
        text
    }
}

/// Tells scripts and their settings apart: what was saved with others, such as a session of another
/// account, is not used.
pub fn mark(descriptor: &Descriptor, settings: &Credentials) -> String {
    let mut all = format!("{}\0", descriptor.name);
    for (name, value) in settings {
        let _ = write!(all, "{name}={}\0", value.expose());
    }
    let sum = digest(&SHA256, all.as_bytes());
    sum.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

impl Provider for Script {
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        self.run(if there { "add" } else { "rm" }, record)
    }
}

/// A word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The temporary files of one run.
struct Folder(PathBuf);

impl Folder {
    fn new(above: &Path) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        fs::create_dir_all(above)?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = above.join(format!("dnsapi-{}-{number}", process::id()));
        // One of that name is of a process that has gone.
        let _ = fs::remove_dir_all(&path);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
