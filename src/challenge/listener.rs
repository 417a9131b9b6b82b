//! The listener of http-01: answers what a CA asks, open only while one may look.

use super::WELL_KNOWN;
use super::relay::Relay;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A CA looks from a handful of places at once; more than this is somebody else.
const CONNECTIONS_MAX: usize = 32;
/// A request's head is not longer.
const HEAD_MAX: usize = 4096;
/// A client that has not sent its request by then is dropped.
const PATIENCE: Duration = Duration::from_secs(5);
/// Threads need little: no recursion, one buffer.
const STACK: usize = 64 * 1024;

/// Key authorizations by token.
pub(super) type Answers = Arc<Mutex<HashMap<String, String>>>;

/// A listener at work; it ends when dropped.
#[derive(Debug)]
pub(super) struct Listener {
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Listener {
    /// Answers on that socket.
    pub fn start(socket: TcpListener, answers: &Answers, relay: Relay) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let (stop, stopped) = UnixStream::pair()?;
        let answers = answers.clone();
        let thread = thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn(move || {
            serve(&socket, &stopped, &answers, &relay);
            drop(socket);
            relay.finish();
        })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// Accepts until the other end of `stopped` closes.
fn serve(listener: &TcpListener, stopped: &UnixStream, answers: &Answers, relay: &Relay) {
    let busy = Arc::new(AtomicUsize::new(0));
    loop {
        let mut fds = [
            PollFd::new(listener.as_fd(), PollFlags::POLLIN),
            PollFd::new(stopped.as_fd(), PollFlags::POLLIN),
        ];
        if poll(&mut fds, PollTimeout::NONE).is_err() {
            continue;
        }
        if fds[1].any() == Some(true) {
            return;
        }
        let Ok((stream, _)) = listener.accept() else {
            // Out of descriptors, or the client is gone: not a reason to spin.
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        if busy.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS_MAX {
            busy.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let (answers, relay, own) = (answers.clone(), relay.clone(), busy.clone());
        let spawned = thread::Builder::new().stack_size(STACK).spawn(move || {
            let _ = answer(stream, &answers, &relay);
            own.fetch_sub(1, Ordering::Relaxed);
        });
        if spawned.is_err() {
            busy.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Reads one request and answers it, or has it answered by whom it is for.
fn answer(mut stream: TcpStream, answers: &Answers, relay: &Relay) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let end = Instant::now() + PATIENCE;
    let mut head = Vec::new();
    let mut chunk = [0; 512];
    while !head.windows(4).any(|w| w == b"\r\n\r\n") && head.len() < HEAD_MAX {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        stream.set_read_timeout(Some(left))?;
        let n = stream.read(&mut chunk)?;
        if n == 0 {
            break;
        }
        head.extend_from_slice(&chunk[..n]);
        if is_for_another(&head)
            && let Some(owner) = relay.connect(&stream)
        {
            return relay.pass(stream, owner, &head);
        }
    }
    let found = token(&head).and_then(|token| {
        let answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(token).cloned()
    });
    let (status, body) = match found {
        Some(text) => ("200 OK", text),
        None => ("404 Not Found", "no such challenge\n".to_owned()),
    };
    let reply = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(reply.as_bytes())?;
    stream.shutdown(Shutdown::Write)
}

/// True once it is plain that a client does not look for a challenge.
fn is_for_another(head: &[u8]) -> bool {
    let mut words = head.splitn(3, |c| *c == b' ');
    let (_, target, rest) = (words.next(), words.next(), words.next());
    // Without the third word the second may be half of what it will be.
    target.is_some_and(|t| rest.is_some() && !t.starts_with(WELL_KNOWN.as_bytes()))
        || (rest.is_none() && head.contains(&b'\n'))
}

/// The token that a request asks for: `GET /.well-known/acme-challenge/TOKEN HTTP/1.1`.
pub fn token(head: &[u8]) -> Option<&str> {
    let line = head.split(|c| *c == b'\r' || *c == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let whole = method == "GET" && version.starts_with("HTTP/1.") && words.next().is_none();
    whole.then(|| target.strip_prefix(WELL_KNOWN)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_request_lines() {
        let path = "/.well-known/acme-challenge/";
        let ask = |line: String| token(line.as_bytes()).map(str::to_owned);
        assert_eq!(
            ask(format!("GET {path}abc HTTP/1.1\r\nHost: x\r\n\r\n")),
            Some("abc".into())
        );
        for line in [
            format!("POST {path}abc HTTP/1.1"),
            format!("GET {path}abc"),
            format!("GET {path}abc HTTP/2.0"),
            format!("GET  {path}abc HTTP/1.1"),
            "GET / HTTP/1.1".into(),
            String::new(),
        ] {
            assert_eq!(ask(line.clone()), None, "{line}");
        }
        assert_eq!(token(&[0xff, 0xfe]), None);
    }

    #[test]
    fn knows_what_is_for_another() {
        for line in [
            "GET / HTTP/1.1\r\n",
            "PUT /.well-known/other H",
            "hello\r\n",
            "GET / \n",
        ] {
            assert!(is_for_another(line.as_bytes()), "{line}");
        }
        for line in [
            "",
            "GET",
            "GET /",
            "GET /.well-known/acme-challenge/abc HTTP/1.1\r\n",
            "POST /.well-known/acme-challenge/ HTTP/1.1",
            "GET /.well-known/acme-",
        ] {
            assert!(!is_for_another(line.as_bytes()), "{line}");
        }
    }
}
