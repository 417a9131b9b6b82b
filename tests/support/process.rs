//! Runs a program with a hard time limit.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often a running program is looked at: small beside what is measured.
const LOOK: Duration = Duration::from_millis(1);

/// A program that has ended.
#[derive(Debug)]
pub struct Finished {
    /// How the command line began, for messages.
    pub what: String,
    /// Exit code or signal.
    pub status: ExitStatus,
    /// All it wrote.
    pub stdout: String,
    /// All it complained.
    pub stderr: String,
    /// From start to end.
    pub wall: Duration,
}

impl Finished {
    /// Its exit code; 128 + n after signal n, as a shell says it.
    pub fn code(&self) -> i32 {
        self.status
            .code()
            .unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }

    /// What it wrote, if it ended well.
    ///
    /// # Panics
    /// When it did not, with all its output.
    pub fn ok(self) -> String {
        assert!(self.status.success(), "{}", self.report());
        self.stdout
    }

    /// All that is known, for a failed test.
    pub fn report(&self) -> String {
        format!(
            "{}: {} after {:?}\n--- stdout\n{}\n--- stderr\n{}",
            self.what, self.status, self.wall, self.stdout, self.stderr
        )
    }
}

/// A program that runs; dropping it ends it and all that it started in its process group.
#[derive(Debug)]
pub struct Running {
    what: String,
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    started: Instant,
    limit: Duration,
}

/// Starts `command` in a process group of its own, with nothing on stdin.
///
/// # Panics
/// When it cannot be started.
pub fn start(mut command: Command, limit: Duration) -> Running {
    let what = format!("{command:?}");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let started = Instant::now();
    let mut child = command
        .spawn()
        .unwrap_or_else(|e| panic!("cannot start {what}: {e}"));
    let stdout = read_all(child.stdout.take());
    let stderr = read_all(child.stderr.take());
    Running {
        what,
        child,
        stdout,
        stderr,
        started,
        limit,
    }
}

/// Starts `command` and waits for its end.
pub fn run(command: Command, limit: Duration) -> Finished {
    start(command, limit).finish()
}

impl Running {
    /// Its process id.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends it a signal; one that comes after its end goes nowhere.
    pub fn signal(&self, signal: Signal) {
        // Not yet waited for, so the id is still its own.
        let _ = kill_process(self.pid(), signal);
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When the time limit passes first (it is killed), or when something that it started keeps
    /// its output open.
    pub fn finish(mut self) -> Finished {
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if self.started.elapsed() < self.limit => thread::sleep(LOOK),
                Ok(None) => {
                    self.end_group();
                    let late = Duration::from_secs(2);
                    let stdout = self.stdout.recv_timeout(late).unwrap_or_default();
                    let stderr = self.stderr.recv_timeout(late).unwrap_or_default();
                    panic!(
                        "{} still ran after {:?} and was killed\n--- stdout\n{stdout}\n--- stderr\n{stderr}",
                        self.what, self.limit
                    );
                }
                Err(e) => panic!("cannot wait for {}: {e}", self.what),
            }
        };
        let wall = self.started.elapsed();
        Finished {
            stdout: self.rest(&self.stdout),
            stderr: self.rest(&self.stderr),
            what: self.what.clone(),
            status,
            wall,
        }
    }

    /// What a pipe holds once the program has ended.
    fn rest(&self, pipe: &Receiver<String>) -> String {
        let left = self.limit.saturating_sub(self.started.elapsed());
        match pipe.recv_timeout(left.max(Duration::from_secs(1))) {
            Ok(text) => text,
            Err(RecvTimeoutError::Timeout) => {
                panic!(
                    "{} ended but a child of it holds its output open",
                    self.what
                )
            }
            Err(RecvTimeoutError::Disconnected) => String::new(),
        }
    }

    fn end_group(&self) {
        // The group outlives its leader while any member lives; none left is what is wanted.
        let _ = kill_process_group(self.pid(), Signal::KILL);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end_group();
        let _ = self.child.wait();
    }
}

fn read_all(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (send, receive) = channel();
    if let Some(mut pipe) = pipe {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // A broken pipe ends the text; what came before still counts.
            let _ = pipe.read_to_end(&mut bytes);
            let _ = send.send(String::from_utf8_lossy(&bytes).into_owned());
        });
    }
    receive
}
