//! Starts programs of others: without a shell, in a clean environment, for a limited time.

use rustix::process::{Pid, Signal, geteuid, kill_process_group};
use std::fs;
use std::io::{self, Read, pipe};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// All that a program finds in its environment.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// How much of what a program prints is kept.
const OUTPUT_MAX: usize = 32 * 1024;
/// How long its last words are waited for after it has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What becomes of a program's children when it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Children {
    /// They end with it.
    End,
    /// They stay: an init script starts a daemon.
    Stay,
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ended {
    /// How; `None`: it was killed, with all that it started, when its time was over.
    pub status: Option<ExitStatus>,
    /// The last lines that it wrote to stderr, and to stdout where that was asked for; whole ones, for
    /// of half a secret nobody knows that it is one.
    pub output: Vec<u8>,
}

impl Ended {
    /// It ended by itself, with exit code 0.
    pub fn success(&self) -> bool {
        self.status.is_some_and(|s| s.success())
    }
}

/// A command with nothing but PATH in its environment.
pub fn command(path: &Path) -> Command {
    let mut command = Command::new(path);
    command
        .env_clear()
        .env("PATH", PATH)
        .current_dir("/")
        .stdin(Stdio::null())
        .process_group(0);
    command
}

/// Runs a command made by [`command`] to its end. `all`: stdout is kept, too.
pub fn run(
    mut command: Command,
    limit: Duration,
    children: Children,
    all: bool,
) -> io::Result<Ended> {
    let (mut reader, writer) = pipe()?;
    match all {
        true => command.stdout(writer.try_clone()?),
        false => command.stdout(Stdio::null()),
    };
    command.stderr(writer);
    let spawned = command.spawn();
    // It holds the pipe's other end, without which the text would have no end.
    drop(command);
    let mut child = spawned?;
    let group = Pid::from_child(&child);
    let (send, output) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = send.send(last_lines(&mut reader));
    });
    let end = Instant::now() + limit;
    let mut pause = Duration::from_millis(1);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if Instant::now() < end => std::thread::sleep(pause),
            _ => {
                let _ = kill_process_group(group, Signal::KILL);
                let _ = child.wait();
                break None;
            }
        }
        pause = (pause * 2).min(Duration::from_millis(50));
    };
    if children == Children::End {
        // A child may hold the pipe open: what belongs to the program ends with it, and who left its
        // group is not waited for.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let output = output.recv_timeout(LAST_WORDS).unwrap_or_default();
    Ok(Ended { status, output })
}

/// The end of a text, from where a line begins. All of it is read, or its writer would wait for us.
fn last_lines(reader: &mut impl Read) -> Vec<u8> {
    let (mut text, mut chunk, mut cut) = (Vec::new(), [0; 4096], false);
    loop {
        match reader.read(&mut chunk) {
            Ok(count @ 1..) => text.extend_from_slice(&chunk[..count]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            _ => break,
        }
        if text.len() > 2 * OUTPUT_MAX {
            text.drain(..text.len() - OUTPUT_MAX);
            cut = true;
        }
    }
    if cut {
        let line = text.iter().position(|b| *b == b'\n');
        text.drain(..line.map_or(text.len(), |end| end + 1));
    }
    text
}

/// A program runs as we do, so nobody else may be able to change it.
pub fn trusted(path: &Path) -> Result<(), String> {
    let shown = path.display();
    let meta = fs::metadata(path).map_err(|e| format!("{shown}: {e}"))?;
    if !meta.is_file() || meta.mode() & 0o111 == 0 {
        return Err(format!(
            "{shown} is not an executable file (chmod +x {shown})"
        ));
    }
    unchangeable(path, &meta)
}

/// Refuses a file or folder that others could change.
pub fn unchangeable(path: &Path, meta: &fs::Metadata) -> Result<(), String> {
    if (meta.uid() != 0 && meta.uid() != geteuid().as_raw()) || meta.mode() & 0o022 != 0 {
        return Err(format!(
            "{} could be changed by others: it must belong to root and be writable by root alone",
            path.display()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_much_the_last_whole_lines_are_kept() {
        let all = |text: &str| String::from_utf8(last_lines(&mut text.as_bytes())).unwrap();
        assert_eq!(all("one\ntwo"), "one\ntwo");
        let line = format!("{}\n", "x".repeat(99));
        let kept = all(&(line.repeat(3000) + "the end"));
        assert!(kept.starts_with(&line) && kept.ends_with("x\nthe end"));
        assert!(
            (OUTPUT_MAX - 100..=2 * OUTPUT_MAX).contains(&kept.len()),
            "{}",
            kept.len()
        );
        assert_eq!(all(&"x".repeat(3 * OUTPUT_MAX)), "");
    }
}
