//! A listener for a CA's questions, open only while one may look.

use super::datagram::{self, Datagrams};
use super::relay::Relay;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fmt;
use std::io::{self, Read};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A CA looks from a handful of places at once; more than this is somebody else.
const CONNECTIONS_MAX: usize = 32;
/// A client that has not said what it wants by then is dropped.
const PATIENCE: Duration = Duration::from_secs(5);
/// Threads need little: no recursion, one buffer. A handshake takes most; pages that nobody touches
/// are no memory.
const STACK: usize = 256 * 1024;

/// Answers a client, or has it answered by whom it is for.
pub(super) type Answer = Arc<dyn Fn(Client, &Relay) -> io::Result<()> + Send + Sync>;

/// A client with what it has said so far.
pub(super) struct Client {
    pub stream: TcpStream,
    pub said: Vec<u8>,
    end: Instant,
}

impl Client {
    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            said: Vec::new(),
            end: Instant::now() + PATIENCE,
        })
    }

    /// Reads what comes next; 0 at the end, an error once the client's time is up.
    pub fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(room)
    }

    /// Hears more; false at the end of what it says.
    pub fn hear(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 512];
        let n = self.read(&mut chunk)?;
        self.said.extend_from_slice(&chunk[..n]);
        Ok(n > 0)
    }
}

/// A listener at work; it ends when dropped.
pub(super) struct Listener {
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
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
    pub fn start(socket: TcpListener, answer: Answer, relay: Relay) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let (stop, stopped) = UnixStream::pair()?;
        let thread = thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn(move || {
            serve(&socket, &stopped, &answer, &relay);
            drop(socket);
            relay.finish();
        })?;
        Ok(Self::at_work(stop, thread))
    }

    /// Answers the datagrams that come to those sockets.
    pub fn of_datagrams(sockets: Vec<UdpSocket>, answer: Datagrams) -> io::Result<Self> {
        let (stop, stopped) = UnixStream::pair()?;
        let thread = thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn(move || datagram::serve(&sockets, &stopped, &answer))?;
        Ok(Self::at_work(stop, thread))
    }

    fn at_work(stop: UnixStream, thread: JoinHandle<()>) -> Self {
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

/// Accepts until the other end of `stopped` closes.
fn serve(listener: &TcpListener, stopped: &UnixStream, answer: &Answer, relay: &Relay) {
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
        let (answer, relay, own) = (answer.clone(), relay.clone(), busy.clone());
        let spawned = thread::Builder::new().stack_size(STACK).spawn(move || {
            let _ = Client::new(stream).and_then(|client| answer(client, &relay));
            own.fetch_sub(1, Ordering::Relaxed);
        });
        if spawned.is_err() {
            busy.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
