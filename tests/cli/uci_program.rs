//! The real `uci` for commands that change the configuration: libuci, with the root's own folders.

use super::support::certkeeper::Certkeeper;
use super::support::process::{self, Finished};
use super::support::temp_root::TempRoot;
use super::support::tools;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A `uci` that takes `/etc/config` and `/tmp/.uci` below the root for the machine's own.
pub struct Uci {
    bin: PathBuf,
    root: PathBuf,
}

/// `CERTKEEPER_UCI`, else what `cargo build` made of tests/uci-oracle.
fn program() -> Option<PathBuf> {
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/uci-oracle/target");
    let built = ["release", "debug"].map(|profile| oracle.join(profile).join("uci"));
    let named = env::var_os("CERTKEEPER_UCI").map(PathBuf::from);
    named.into_iter().chain(built).find(|p| p.exists())
}

impl Uci {
    /// `None`, and the calling test is reported as skipped, where there is no `uci`.
    pub fn new(temp: &TempRoot) -> Option<Self> {
        let Some(program) = program() else {
            tools::skip(
                "uci",
                "not built (cargo build --manifest-path tests/uci-oracle/Cargo.toml)",
            );
            return None;
        };
        let root = temp.root();
        let bin = temp.server_folder("bin");
        // The machine's `uci` looks for changes in /tmp/.uci, whatever folder -t adds: so does this.
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" >>'{bin}/arguments'\nenv >>'{bin}/environment'\n\
             exec '{program}' -c '{root}/etc/config' -t '{root}/tmp/.uci' \"$@\"\n",
            bin = bin.display(),
            program = program.display(),
            root = root.display(),
        );
        fs::create_dir_all(root.join("tmp/.uci")).expect("a folder");
        fs::create_dir_all(root.join("etc/config")).expect("a folder");
        let file = bin.join("uci");
        fs::write(&file, script).expect("a script");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a mode");
        Some(Self { bin, root })
    }

    /// PATH with this `uci` first.
    pub fn path(&self) -> String {
        format!(
            "{}:{}",
            self.bin.display(),
            env::var("PATH").unwrap_or_default()
        )
    }

    /// certkeeper, that finds this `uci`.
    pub fn certkeeper(&self, temp: &TempRoot, args: &[&str]) -> Certkeeper {
        super::certkeeper(temp, args).env("PATH", &self.path())
    }

    /// What a user types: lines for a shell.
    pub fn shell(&self, lines: &str) -> Finished {
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-ec", lines])
            .env("PATH", self.path())
            .current_dir(&self.root);
        process::run(shell, Duration::from_secs(30))
    }

    /// `uci show PACKAGE`, of what is committed.
    pub fn show(&self, package: &str) -> String {
        self.shell(&format!("uci -q show {package}")).stdout
    }

    /// Every argument and environment variable that `uci` was ever given.
    pub fn seen(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.bin.join(name)).unwrap_or_default();
        read("arguments") + &read("environment")
    }
}

/// A PATH on which there is no `uci`.
pub const NO_UCI: &str = "/nonexistent";
