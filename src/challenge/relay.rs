//! What is not for us goes to whom it was meant for: while a port of the WAN leads to the listener,
//! its owner is reached through it as before.

use crate::types::Owners;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Connections that are passed on at the same time, each counted once a direction.
const RELAYS_MAX: usize = 64;
/// An owner that has not accepted by then is not there.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a connection may last, and how long one end may refuse to take more.
const LONGEST: Duration = Duration::from_secs(60);
const STUCK: Duration = Duration::from_secs(15);
/// How long those that are under way may go on once the listener closes.
const GRACE: Duration = Duration::from_secs(2);
/// A thread holds one buffer and little else.
const STACK: usize = 64 * 1024;

/// Passes connections on to the owner of a port.
#[derive(Clone, Debug, Default)]
pub(super) struct Relay {
    owners: Owners,
    open: Arc<AtomicUsize>,
}

impl Relay {
    /// For whom the firewall lets the WAN reach without us; nobody else is reached through us.
    pub fn new(owners: Owners) -> Self {
        Self {
            owners,
            open: Arc::default(),
        }
    }

    /// Connects to the owner that the client meant, if there is one.
    pub fn connect(&self, client: &TcpStream) -> Option<TcpStream> {
        let asked = client.local_addr().ok()?.ip().to_canonical();
        let owner = match asked {
            IpAddr::V4(_) => self.owners.ipv4,
            IpAddr::V6(_) => self.owners.ipv6,
        };
        self.dial(owner?.address(asked))
    }

    fn dial(&self, owner: SocketAddr) -> Option<TcpStream> {
        if self.open.load(Ordering::Relaxed) >= RELAYS_MAX {
            return None;
        }
        TcpStream::connect_timeout(&owner, CONNECT).ok()
    }

    /// Passes bytes both ways until both have ended, in threads of its own.
    pub fn pass(&self, client: TcpStream, mut owner: TcpStream, said: &[u8]) -> io::Result<()> {
        owner.set_write_timeout(Some(STUCK))?;
        owner.write_all(said)?;
        let (client_twin, owner_twin) = (client.try_clone()?, owner.try_clone()?);
        let end = Instant::now() + LONGEST;
        self.spawn(client, owner, end)?;
        self.spawn(owner_twin, client_twin, end)
    }

    fn spawn(&self, from: TcpStream, to: TcpStream, end: Instant) -> io::Result<()> {
        let open = Count::new(&self.open);
        let work = move || {
            let _open = open;
            if pump(&from, &to, end).is_err() {
                // The other way has nobody to answer any more.
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
            }
        };
        let thread = thread::Builder::new().stack_size(STACK);
        thread.spawn(work).map(drop)
    }

    /// Waits a little for what is under way.
    pub fn finish(&self) {
        let end = Instant::now() + GRACE;
        while self.open.load(Ordering::Relaxed) > 0 && Instant::now() < end {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// One more, as long as it lives.
struct Count(Arc<AtomicUsize>);

impl Count {
    fn new(of: &Arc<AtomicUsize>) -> Self {
        of.fetch_add(1, Ordering::Relaxed);
        Self(of.clone())
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Passes bytes one way, up to the end of what comes.
fn pump(mut from: &TcpStream, mut to: &TcpStream, end: Instant) -> io::Result<()> {
    to.set_write_timeout(Some(STUCK))?;
    let mut buffer = [0; 8 * 1024];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        from.set_read_timeout(Some(left))?;
        match from.read(&mut buffer)? {
            0 => return to.shutdown(Shutdown::Write),
            n => to.write_all(&buffer[..n])?,
        }
    }
}
