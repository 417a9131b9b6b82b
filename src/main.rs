//! Arguments → command → exit code.

use certkeeper::cli::{self, World};
use certkeeper::issue::dnsapi;
use certkeeper::net::SystemClock;
use certkeeper::types::{Clock, Timestamp};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::fs::Mode;
use rustix::process::umask;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;
use std::io::{self, BufRead, IsTerminal, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn main() -> ExitCode {
    // Keys must never be readable by others, whatever the caller's umask is.
    umask(Mode::RWXG | Mode::RWXO);
    let args: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|a| a.to_string_lossy().into_owned())
        .collect();
    if let Some((dnsapi::COMMAND, rest)) = args.split_first().map(|(a, r)| (a.as_str(), r)) {
        let (mut input, mut out) = (io::stdin(), io::stdout());
        return dnsapi::help(rest, &mut input, &mut out, &mut io::stderr()).into();
    }
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        // The second one ends at once; the first lets the run clean up.
        let _ = signal_hook::flag::register_conditional_shutdown(signal, 1, stop.clone());
        let _ = signal_hook::flag::register(signal, stop.clone());
    }
    let clock = |set: Option<Timestamp>| -> Box<dyn Clock> {
        Box::new(SystemClock::new(stop.clone(), set))
    };
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let (out_is_terminal, err_is_terminal) = (out.is_terminal(), err.is_terminal());
    ExitCode::from(cli::run(
        &args,
        World {
            out: &mut out,
            err: &mut err,
            in_is_terminal: io::stdin().is_terminal(),
            out_is_terminal,
            err_is_terminal,
            read_secret: &|| read_secret(&stop),
            read_line: &|| read_line(&io::stdin(), &stop),
            env: &|name| std::env::var(name).ok(),
            clock: &clock,
            signals: &signals,
        },
    ))
}

/// Where it can be waited for that a signal comes: to end, or that a child has ended.
fn signals() -> io::Result<UnixStream> {
    let (ours, theirs) = UnixStream::pair()?;
    for signal in [SIGTERM, SIGINT, SIGHUP, SIGCHLD] {
        pipe::register(signal, theirs.try_clone()?)?;
    }
    Ok(ours)
}

/// The first line of stdin, not echoed where a person types it.
fn read_secret(stop: &AtomicBool) -> io::Result<String> {
    let stdin = io::stdin();
    let before = tcgetattr(&stdin).ok();
    if let Some(before) = &before {
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&stdin, OptionalActions::Flush, &silent)?;
    }
    let line = read_line(&stdin, stop);
    if let Some(before) = &before {
        tcsetattr(&stdin, OptionalActions::Flush, before)?;
    }
    line
}

/// No secret is longer.
const SECRET_MAX: u64 = 64 * 1024;

/// How soon Ctrl-C is noticed, in milliseconds.
const LOOK: u8 = 100;

/// Waits for a line, or for Ctrl-C. What is not typed is read whole, so that a secret of several
/// lines is noticed.
fn read_line(stdin: &io::Stdin, stop: &AtomicBool) -> io::Result<String> {
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "stopped"));
        }
        let mut fds = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, PollTimeout::from(LOOK)).is_ok_and(|ready| ready > 0) {
            let mut text = String::new();
            return match stdin.is_terminal() {
                true => stdin.lock().read_line(&mut text),
                false => stdin.lock().take(SECRET_MAX).read_to_string(&mut text),
            }
            .map(|_| text);
        }
    }
}
