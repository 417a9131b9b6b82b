//! http-01 by a listener of our own, open only while a CA may look.

use super::{ChallengeError, Footprint, Proof, Solver, WELL_KNOWN};
use rustix::event::{PollFd, PollFlags, poll};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
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

type Answers = Arc<Mutex<HashMap<String, String>>>;

/// The listener; it opens with the first answer and closes with the last.
#[derive(Debug)]
pub struct Standalone {
    address: Option<IpAddr>,
    port: u16,
    answers: Answers,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Standalone {
    /// A listener on that port, of one address or of all; nothing is opened yet.
    pub fn new(address: Option<IpAddr>, port: u16) -> Self {
        Self {
            address,
            port,
            answers: Answers::default(),
            running: None,
        }
    }

    fn listen(&self) -> Result<TcpListener, ChallengeError> {
        let bind = |ip: IpAddr| TcpListener::bind(SocketAddr::new(ip, self.port));
        let listener = match self.address {
            Some(ip) => bind(ip),
            // The IPv6 socket takes IPv4 too, where there is IPv6.
            None => bind(Ipv6Addr::UNSPECIFIED.into()).or_else(|e| match e.kind() {
                io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(e),
                _ => bind(Ipv4Addr::UNSPECIFIED.into()),
            }),
        };
        listener.map_err(|e| {
            let port = self.port;
            ChallengeError::Port(match e.kind() {
                io::ErrorKind::AddrInUse => format!("port {port} is in use by another program"),
                io::ErrorKind::PermissionDenied => {
                    format!("port {port} may be opened by root alone")
                }
                _ => format!("port {port} cannot be opened: {e}"),
            })
        })
    }

    fn start(&self) -> Result<Running, ChallengeError> {
        let listener = self.listen()?;
        let trouble =
            |e: io::Error| ChallengeError::Port(format!("the listener does not start: {e}"));
        listener.set_nonblocking(true).map_err(trouble)?;
        let (stop, stopped) = UnixStream::pair().map_err(trouble)?;
        let answers = self.answers.clone();
        let thread = thread::Builder::new()
            .stack_size(STACK)
            .spawn(move || serve(&listener, &stopped, &answers))
            .map_err(trouble)?;
        Ok(Running {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Solver for Standalone {
    fn footprint(&self, _: &Proof) -> Option<Footprint> {
        None
    }

    fn present(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        if self.running.is_none() {
            self.running = Some(self.start()?);
        }
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(proof.token.clone(), proof.key_authorization.clone());
        Ok(())
    }

    fn take_back(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.remove(&proof.token);
        let last = answers.is_empty();
        drop(answers);
        if last {
            self.running = None;
        }
        Ok(())
    }
}

/// Accepts until the other end of `stopped` closes.
fn serve(listener: &TcpListener, stopped: &UnixStream, answers: &Answers) {
    let busy = Arc::new(AtomicUsize::new(0));
    loop {
        let mut fds = [
            PollFd::new(listener, PollFlags::IN),
            PollFd::new(stopped, PollFlags::IN),
        ];
        if poll(&mut fds, None).is_err() {
            continue;
        }
        if !fds[1].revents().is_empty() {
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
        let (answers, own) = (answers.clone(), busy.clone());
        let spawned = thread::Builder::new().stack_size(STACK).spawn(move || {
            let _ = answer(stream, &answers);
            own.fetch_sub(1, Ordering::Relaxed);
        });
        if spawned.is_err() {
            busy.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Reads one request and answers it.
fn answer(mut stream: TcpStream, answers: &Answers) -> io::Result<()> {
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

/// The token that a request asks for: `GET /.well-known/acme-challenge/TOKEN HTTP/1.1`.
pub(crate) fn token(head: &[u8]) -> Option<&str> {
    let line = head.split(|c| *c == b'\r' || *c == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let whole = method == "GET" && version.starts_with("HTTP/1.") && words.next().is_none();
    whole.then(|| target.strip_prefix(WELL_KNOWN)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Identifier;

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

    fn proof(token: &str) -> Proof {
        Proof {
            id: Identifier::parse("a.example").expect("a name"),
            token: token.into(),
            key_authorization: format!("{token}.thumb"),
            txt_value: String::new(),
        }
    }

    fn fetch(port: u16, target: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        write!(stream, "GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn serves_answers_and_closes_after_the_last() {
        let local = IpAddr::from(Ipv4Addr::LOCALHOST);
        let port = TcpListener::bind((local, 0))
            .expect("a port")
            .local_addr()
            .expect("bound")
            .port();
        let mut solver = Standalone::new(Some(local), port);
        solver.present(&proof("one")).expect("opens");
        solver.present(&proof("two")).expect("opens");
        let slow = TcpStream::connect((local, port)).expect("a silent client");
        let reply = fetch(port, "/.well-known/acme-challenge/two").expect("answers");
        assert!(
            reply.starts_with("HTTP/1.1 200") && reply.ends_with("two.thumb"),
            "{reply}"
        );
        for other in [
            "/",
            "/.well-known/acme-challenge/three",
            "/.well-known/acme-challenge/../x",
        ] {
            assert!(
                fetch(port, other)
                    .expect("answers")
                    .starts_with("HTTP/1.1 404")
            );
        }
        let mut second = Standalone::new(Some(local), port);
        let taken = second.present(&proof("x")).expect_err("the port is taken");
        assert!(taken.to_string().contains("in use"), "{taken}");
        solver.take_back(&proof("one")).expect("goes");
        assert!(fetch(port, "/.well-known/acme-challenge/two").is_ok());
        solver.take_back(&proof("two")).expect("goes");
        assert!(fetch(port, "/").is_err(), "the port is still open");
        drop(slow);
    }
}
