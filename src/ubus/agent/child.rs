//! A certkeeper command at work: what it prints is heard without waiting.

use super::command::Command;
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{self, ExitStatus, Stdio};

/// No document is longer; that of a thousand sections is not half of it.
const DOCUMENT_MAX: usize = 4 * 1024 * 1024;
/// The lines of progress that are kept.
const LINES_MAX: usize = 100;
const LINE_MAX: usize = 500;

/// Which program, for which root.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub file: PathBuf,
    pub root: PathBuf,
}

/// A command at work, or ended.
#[derive(Debug)]
pub(super) struct Child {
    process: process::Child,
    out: Option<UnixStream>,
    err: Option<UnixStream>,
    document: Vec<u8>,
    too_long: bool,
    line: Vec<u8>,
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// Its exit code; `Err`: the signal that ended it.
    pub code: Result<i32, i32>,
    /// What it printed; `None`: more than is taken.
    pub document: Option<Vec<u8>>,
}

impl Child {
    /// Starts a command. `progress`: its messages are wanted.
    pub fn start(program: &Program, command: &Command, progress: bool) -> io::Result<Self> {
        let (out, theirs) = stream()?;
        let mut line = process::Command::new(&program.file);
        // A group of its own: a signal to the agent's is not meant for it.
        line.arg0("certkeeper").process_group(0).stdout(theirs);
        line.arg("--root").arg::<&Path>(&program.root).arg("--json");
        line.args(command.line());
        line.stdin(match &command.input {
            Some(text) => Stdio::from(file_of(text.expose())?),
            None => Stdio::null(),
        });
        let err = match progress {
            true => {
                let (err, theirs) = stream()?;
                line.stderr(theirs);
                Some(err)
            }
            false => {
                line.stderr(Stdio::null());
                None
            }
        };
        Ok(Self {
            process: line.spawn()?,
            out: Some(out),
            err,
            document: Vec::new(),
            too_long: false,
            line: Vec::new(),
        })
    }

    /// What there is to be heard of.
    pub fn ends(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.out.iter().chain(&self.err).map(AsFd::as_fd)
    }

    /// Takes what it has printed; the last lines of its messages go to `progress`.
    pub fn hear(&mut self, progress: &mut VecDeque<String>) {
        let (document, too_long) = (&mut self.document, &mut self.too_long);
        read(&mut self.out, |bytes| {
            *too_long |= document.len() + bytes.len() > DOCUMENT_MAX;
            if !*too_long {
                document.extend_from_slice(bytes);
            }
        });
        let line = &mut self.line;
        read(&mut self.err, |bytes| {
            for byte in bytes {
                match byte {
                    b'\n' => keep(progress, &std::mem::take(line)),
                    _ if line.len() < LINE_MAX => line.push(*byte),
                    _ => {}
                }
            }
        });
    }

    /// How it ended, if it has. What children of its own still print is not waited for.
    pub fn ended(&mut self, progress: &mut VecDeque<String>) -> Option<Ended> {
        let status: ExitStatus = self.process.try_wait().ok()??;
        self.hear(progress);
        keep(progress, &std::mem::take(&mut self.line));
        let document = std::mem::take(&mut self.document);
        Some(Ended {
            code: status.code().ok_or(status.signal().unwrap_or_default()),
            document: Some(document).filter(|_| !self.too_long),
        })
    }

    /// Asks it to end: it takes back what it has presented. Asked twice it ends at once.
    pub fn stop(&self) {
        // Not yet waited for, so the number is still its own.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
    }

    /// Ends it at once; only for commands that change nothing.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A way for a child's output that the agent never waits for.
fn stream() -> io::Result<(UnixStream, OwnedFd)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((ours, theirs.into()))
}

/// A file in memory that no other process sees.
fn file_of(text: &str) -> io::Result<File> {
    let mut file = File::from(memfd_create("input", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

/// Reads what is there; at its end the stream is closed.
fn read(stream: &mut Option<UnixStream>, mut take: impl FnMut(&[u8])) {
    let mut chunk = [0; 8192];
    while let Some(open) = stream {
        match open.read(&mut chunk) {
            Ok(n) if n > 0 => take(&chunk[..n]),
            Err(e) if e.kind() == ErrorKind::WouldBlock => return,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            _ => *stream = None,
        }
    }
}

fn keep(progress: &mut VecDeque<String>, line: &[u8]) {
    let text = String::from_utf8_lossy(line).trim_end().to_owned();
    if text.is_empty() {
        return;
    }
    if progress.len() >= LINES_MAX {
        progress.pop_front();
    }
    progress.push_back(text);
}
