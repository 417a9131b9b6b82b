//! The socket to ubusd: whole messages in and out, never waiting longer than it is told to.

use super::blob::Malformed;
use super::message::{Message, kind};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// What may wait for an ubusd that does not read; then the connection is given up.
const UNSENT_MAX: usize = 2 * 1024 * 1024;
/// What is read before messages are looked at.
const CHUNK: usize = 16 * 1024;
/// How long ubusd may take to greet.
const HELLO_LIMIT: Duration = Duration::from_secs(5);

/// Why ubus does not do what was asked.
#[derive(Debug)]
pub enum UbusError {
    /// The socket.
    Io(io::Error),
    /// ubusd has closed the connection.
    Closed,
    /// ubusd sent what is no message.
    Malformed,
    /// No answer in time.
    TimedOut,
    /// A message is longer than ubusd takes, or more wait than it reads.
    TooLong,
    /// The status of an answer (`UBUS_STATUS_…`).
    Status(u32),
}

impl fmt::Display for UbusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(e) => e.fmt(f),
            Self::Closed => f.write_str("ubusd has closed the connection"),
            Self::Malformed => Malformed.fmt(f),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::TooLong => f.write_str("too long for ubus"),
            Self::Status(status) => match status_text(*status) {
                "" => write!(f, "ubus status {status}"),
                text => write!(f, "{text} (ubus status {status})"),
            },
        }
    }
}

fn status_text(status: u32) -> &'static str {
    let texts = [
        "well",
        "invalid command",
        "invalid argument",
        "no such method",
        "no such object",
        "no answer",
        "permission denied",
        "timed out",
        "not supported",
        "unknown error",
        "no connection",
        "out of memory",
        "not parsed",
        "system error",
    ];
    usize::try_from(status).map_or("", |at| texts.get(at).copied().unwrap_or_default())
}

impl From<io::Error> for UbusError {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

impl From<Malformed> for UbusError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// What comes of asking ubus.
pub type Result<T> = std::result::Result<T, UbusError>;

/// A connection with what is read and not yet looked at, and what is to be sent.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    unread: Vec<u8>,
    unsent: Vec<u8>,
}

impl Connection {
    /// Connects and waits for ubusd's greeting.
    pub fn open(path: &Path) -> Result<Self> {
        // Not std's: that one waits for ever where ubusd hangs with a full backlog.
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None);
        let socket = socket.map_err(io::Error::from)?;
        let address = SocketAddrUnix::new(path).map_err(io::Error::from)?;
        connect(&socket, &address).map_err(io::Error::from)?;
        let mut connection = Self {
            stream: socket.into(),
            unread: Vec::new(),
            unsent: Vec::new(),
        };
        match connection.wait(Instant::now() + HELLO_LIMIT)?.kind {
            kind::HELLO => Ok(connection),
            _ => Err(UbusError::Malformed),
        }
    }

    /// Sends a message, now or as soon as ubusd reads.
    pub fn send(&mut self, message: &Message) -> Result<()> {
        let bytes = message.bytes().ok_or(UbusError::TooLong)?;
        if self.unsent.len() + bytes.len() > UNSENT_MAX {
            return Err(UbusError::TooLong);
        }
        self.unsent.extend_from_slice(&bytes);
        self.write()
    }

    /// True while something waits to be sent.
    pub fn wants_to_write(&self) -> bool {
        !self.unsent.is_empty()
    }

    fn write(&mut self) -> Result<()> {
        let mut sent = 0;
        while sent < self.unsent.len() {
            match self.stream.write(&self.unsent[sent..]) {
                Ok(n) => sent += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::BrokenPipe => return Err(UbusError::Closed),
                Err(e) => return Err(e.into()),
            }
        }
        self.unsent.drain(..sent);
        if self.unsent.is_empty() {
            self.unsent = Vec::new();
        }
        Ok(())
    }

    /// The next message that is here, without waiting for one.
    pub fn receive(&mut self) -> Result<Option<Message>> {
        self.write()?;
        loop {
            if let Some((message, length)) = Message::parse(&self.unread)? {
                self.unread.drain(..length);
                return Ok(Some(message));
            }
            let mut chunk = [0; CHUNK];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(UbusError::Closed),
                Ok(n) => self.unread.extend_from_slice(&chunk[..n]),
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::ConnectionReset => return Err(UbusError::Closed),
                Err(e) => return Err(e.into()),
            }
        }
        if self.unread.is_empty() {
            // What a long message needed is not kept.
            self.unread = Vec::new();
        }
        Ok(None)
    }

    /// Waits for the next message.
    pub fn wait(&mut self, end: Instant) -> Result<Message> {
        loop {
            if let Some(message) = self.receive()? {
                return Ok(message);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(UbusError::TimedOut);
            }
            let mut events = PollFlags::POLLIN;
            events.set(PollFlags::POLLOUT, self.wants_to_write());
            match poll(
                &mut [PollFd::new(self.stream.as_fd(), events)],
                timeout(left),
            ) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(e) => return Err(io::Error::from(e).into()),
            }
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// A time for poll, in whole milliseconds and never too short.
pub fn timeout(time: Duration) -> PollTimeout {
    let milliseconds = time.as_micros().div_ceil(1000);
    PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX)
}
