//! One connection to a host, plain or TLS, as ureq uses it. The socket never blocks, so that every
//! wait ends at ureq's deadline, in the middle of a handshake too.

use super::connect::{RaceError, race, wait};
use super::peer::Peer;
use super::resolver::lookup_within;
use super::tls::Tls;
use crate::types::TransportError;
use nix::poll::PollFlags;
use rustls::ClientConnection;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

/// Why a link gave no reply; ureq hands it on inside `ureq::Error::Other`.
#[derive(Debug)]
pub(super) enum Failure {
    /// The link could not be opened.
    Unopened(TransportError),
    /// It broke while a reply was due.
    Broken(io::Error),
    /// It was kept from an earlier request and ended before any byte of this reply came.
    Stale,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unopened(error) => error.fmt(f),
            // rustls adds a link for programmers.
            Self::Broken(error) => {
                let text = error.to_string();
                f.write_str(text.split(": https://docs.rs").next().unwrap_or_default())
            }
            Self::Stale => f.write_str("the server closed the connection that it had kept open"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for ureq::Error {
    fn from(failure: Failure) -> Self {
        Self::Other(Box::new(failure))
    }
}

/// Opens links: looks the host up, connects, shakes hands.
#[derive(Debug)]
pub(super) struct Dialer {
    tls: Tls,
}

impl Dialer {
    pub(super) fn new(tls: Tls) -> Self {
        Self { tls }
    }

    fn dial(&self, details: &ConnectionDetails<'_>) -> Result<Link, TransportError> {
        let peer = Peer::of(details.uri)?;
        let late = |what: &str| {
            let limit = details.config.timeouts().connect.unwrap_or_default();
            TransportError::Timeout(format!("{peer} {what} within {limit:?}"))
        };
        let deadline = deadline(details.timeout);
        let addresses = addresses(&peer, deadline)?;
        let socket = race(&addresses, deadline).map_err(|error| match error {
            RaceError::TimedOut => late("did not take the connection"),
            RaceError::Refused(all) => TransportError::Connect(refused(&peer, &all)),
        })?;
        let mut link = Link::new(socket, details);
        if peer.tls {
            let mut session = self.tls.session(&peer)?;
            shake_hands(&mut session, &link.socket, deadline).map_err(|error| match error {
                Unshaken::Tls(error) => self.tls.explain(&peer, &error),
                Unshaken::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
                    late("did not finish the TLS handshake")
                }
                Unshaken::Io(error) => TransportError::Broken(format!(
                    "{peer} ended the connection during the TLS handshake: {error}"
                )),
            })?;
            link.session = Some(Box::new(session));
        }
        Ok(link)
    }
}

impl Connector for Dialer {
    type Out = Link;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Link>, ureq::Error> {
        let link = self.dial(details).map_err(Failure::Unopened)?;
        Ok(Some(link))
    }
}

/// When ureq's time is up. The client always sets one; an hour stands for none at all.
fn deadline(timeout: NextTimeout) -> Instant {
    Instant::now() + (*timeout.after).min(Duration::from_secs(3600))
}

/// Looks the host up. ureq's own hook for this would be asked for kept connections, too.
fn addresses(peer: &Peer, deadline: Instant) -> Result<Vec<SocketAddr>, TransportError> {
    let left = deadline.saturating_duration_since(Instant::now());
    let found = lookup_within(&peer.host, left).map_err(TransportError::Resolve)?;
    Ok(found
        .into_iter()
        .map(|address| SocketAddr::new(address, peer.port))
        .collect())
}

fn refused(peer: &Peer, all: &[(SocketAddr, io::Error)]) -> String {
    let each: Vec<String> = all
        .iter()
        .map(|(address, error)| format!("{}: {error}", address.ip()))
        .collect();
    format!("cannot connect to {peer} ({})", each.join("; "))
}

/// Why a handshake did not succeed.
enum Unshaken {
    Tls(rustls::Error),
    Io(io::Error),
}

impl From<io::Error> for Unshaken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn shake_hands(
    session: &mut ClientConnection,
    socket: &TcpStream,
    deadline: Instant,
) -> Result<(), Unshaken> {
    loop {
        flush(session, socket, deadline)?;
        if !session.is_handshaking() {
            return Ok(());
        }
        match session.read_tls(&mut &*socket) {
            Ok(0) => return Err(Unshaken::Io(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait(socket, PollFlags::POLLIN, deadline)?;
            }
            Err(error) => return Err(error.into()),
        }
        if let Err(error) = session.process_new_packets() {
            // The alert tells the server's administrator why we left; the reason is ours already.
            let _ = session.write_tls(&mut &*socket);
            return Err(Unshaken::Tls(error));
        }
    }
}

/// Writes what the session has ready.
fn flush(
    session: &mut ClientConnection,
    mut socket: &TcpStream,
    deadline: Instant,
) -> io::Result<()> {
    while session.wants_write() {
        match session.write_tls(&mut socket) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait(socket, PollFlags::POLLOUT, deadline)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A connection with its buffers.
pub(super) struct Link {
    socket: TcpStream,
    session: Option<Box<ClientConnection>>,
    buffers: LazyBuffers,
    /// A byte of a reply came since the last request began.
    heard: bool,
    /// There was a request before this one.
    reused: bool,
    /// Writing failed. The reply may be there nevertheless (RFC 9112 section 9.5), so that
    /// reading decides.
    unsent: Option<io::Error>,
}

impl Link {
    fn new(socket: TcpStream, details: &ConnectionDetails<'_>) -> Self {
        let config = details.config;
        Self {
            socket,
            session: None,
            buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
            heard: false,
            reused: false,
            unsent: None,
        }
    }

    fn send(&mut self, amount: usize, deadline: Instant) -> io::Result<()> {
        let mut left = &self.buffers.output()[..amount];
        if let Some(session) = &mut self.session {
            session.writer().write_all(left)?;
            return flush(session, &self.socket, deadline);
        }
        while !left.is_empty() {
            match (&self.socket).write(left) {
                Ok(count) => left = &left[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    wait(&self.socket, PollFlags::POLLOUT, deadline)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Nothing more will come: an orderly end (which ureq judges), or an error.
    fn ended(&mut self, error: Option<io::Error>) -> Result<bool, ureq::Error> {
        if self.reused && !self.heard {
            return Err(Failure::Stale.into());
        }
        match error.or(self.unsent.take()) {
            // Not as `ureq::Error::Io`: ureq would take a reset for the end of a body without length.
            Some(error) => Err(Failure::Broken(error).into()),
            None => Ok(false),
        }
    }
}

/// TLS may send much that is no data, such as tickets; after so many reads the caller looks at the
/// clock.
const READS_MAX: u32 = 16;

/// Reads decrypted bytes without waiting. 0 is an orderly end; a TLS stream that ends without
/// close_notify is an error (RFC 9112 section 9.8).
fn receive(
    session: Option<&mut ClientConnection>,
    mut socket: &TcpStream,
    room: &mut [u8],
) -> io::Result<usize> {
    let Some(session) = session else {
        return socket.read(room);
    };
    for _ in 0..READS_MAX {
        match session.reader().read(room) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return done,
        }
        session.read_tls(&mut socket)?;
        session
            .process_new_packets()
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    }
    Err(io::ErrorKind::WouldBlock.into())
}

impl Transport for Link {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        if self.heard {
            self.reused = true;
            self.heard = false;
        }
        if self.unsent.is_some() {
            return Ok(());
        }
        match self.send(amount, deadline(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                Err(ureq::Error::Timeout(timeout.reason))
            }
            sent => {
                self.unsent = sent.err();
                Ok(())
            }
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let deadline = deadline(timeout);
        loop {
            let room = self.buffers.input_append_buf();
            match receive(self.session.as_deref_mut(), &self.socket, room) {
                Ok(0) => return self.ended(None),
                Ok(count) => {
                    self.heard = true;
                    self.buffers.input_appended(count);
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return self.ended(Some(error)),
            }
            if self.unsent.is_some() {
                return self.ended(None);
            }
            if let Err(error) = wait(&self.socket, PollFlags::POLLIN, deadline) {
                return match error.kind() {
                    io::ErrorKind::TimedOut => Err(ureq::Error::Timeout(timeout.reason)),
                    _ => self.ended(Some(error)),
                };
            }
        }
    }

    /// Open means: nothing to read, and no end. Late TLS tickets are taken in on the way.
    fn is_open(&mut self) -> bool {
        let received = receive(self.session.as_deref_mut(), &self.socket, &mut [0]);
        self.unsent.is_none()
            && received.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    fn is_tls(&self) -> bool {
        self.session.is_some()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}
