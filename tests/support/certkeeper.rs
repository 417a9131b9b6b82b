//! The program under test.

use super::process::{self, Finished, Running};
use super::temp_root::TempRoot;
use std::env;
use std::ffi::{OsStr, OsString};
use std::process::Command;
use std::time::Duration;

/// What no run in a test may exceed unless it says so.
const LIMIT: Duration = Duration::from_secs(60);

/// A run of certkeeper that is being put together.
///
/// `CERTKEEPER_BIN` names another binary than the one just built, and `CERTKEEPER_RUNNER` what
/// runs it (`qemu-mips-static -cpu 24Kc`), so that the same tests judge every build.
#[derive(Debug)]
pub struct Certkeeper {
    command: Command,
    limit: Duration,
}

impl Certkeeper {
    /// `certkeeper --root <temp> ARGS…` with PATH as its whole environment.
    pub fn new(temp: &TempRoot, args: &[&str]) -> Self {
        let mut bare = Self::bare(temp, &["--root"]);
        bare.command.arg(temp.root()).args(args);
        bare
    }

    /// The same with these arguments alone, for tests of where the root comes from. What runs
    /// without any root must only read.
    pub fn bare(temp: &TempRoot, args: &[impl AsRef<OsStr>]) -> Self {
        let binary = env::var_os("CERTKEEPER_BIN")
            .unwrap_or_else(|| OsString::from(env!("CARGO_BIN_EXE_certkeeper")));
        let runner = env::var("CERTKEEPER_RUNNER").unwrap_or_default();
        let mut words = runner
            .split_whitespace()
            .map(OsString::from)
            .chain([binary]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command.args(args);
        command.env_clear();
        command.env("PATH", env::var_os("PATH").unwrap_or_default());
        // Outside the crate: it must not find anything by chance.
        command.current_dir(temp.root());
        Self {
            command,
            limit: LIMIT,
        }
    }

    /// One more variable of its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Another time limit.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The command line, for tests that give it a shell or a terminal to run in.
    pub fn into_command(self) -> Command {
        self.command
    }

    /// Starts it, for tests that watch or disturb it.
    pub fn start(self) -> Running {
        process::start(self.command, self.limit)
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it still runs at the time limit.
    pub fn run(self) -> Finished {
        self.start().finish()
    }
}
