//! Opening a TCP connection to a host with several addresses (RFC 8305, "Happy Eyeballs"): a black
//! hole at one address costs a quarter of a second instead of the whole time.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with, sockopt};
use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// Connection Attempt Delay, the recommended value (RFC 8305 section 8).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// A hostile zone may list any number of addresses; no honest host has more than a few.
const MAX_ADDRESSES: usize = 16;

/// Why no address took the connection.
#[derive(Debug)]
pub(super) enum RaceError {
    /// The time was up while at least one address had not answered.
    TimedOut,
    /// Every address refused; empty if there was none.
    Refused(Vec<(SocketAddr, io::Error)>),
}

/// Connects to the address that answers first. The stream does not block.
pub(super) fn race(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, RaceError> {
    let mut waiting = interleave(addresses);
    let mut attempts: Vec<(SocketAddr, OwnedFd)> = Vec::new();
    let mut refused = Vec::new();
    let mut next_start = Instant::now();
    loop {
        let now = Instant::now();
        if attempts.is_empty() || now >= next_start {
            if let Some(address) = waiting.pop_front() {
                next_start = now + ATTEMPT_DELAY;
                match start(address) {
                    Ok(attempt) => attempts.push((address, attempt)),
                    // "or on failure of the previous attempt" (RFC 8305 section 5): no delay.
                    Err(error) => {
                        refused.push((address, error));
                        next_start = now;
                    }
                }
                continue;
            }
            if attempts.is_empty() {
                return Err(RaceError::Refused(refused));
            }
        }
        if now >= deadline {
            return Err(RaceError::TimedOut);
        }
        let until = if waiting.is_empty() {
            deadline
        } else {
            deadline.min(next_start)
        };
        let Some(index) = first_ready(&attempts, until) else {
            continue;
        };
        let (address, attempt) = attempts.remove(index);
        match outcome(&attempt) {
            Ok(()) => return Ok(TcpStream::from(attempt)),
            Err(error) => {
                refused.push((address, error));
                next_start = now;
            }
        }
    }
}

/// Alternates the families, beginning with the one that the system put first; otherwise in the
/// system's order (RFC 8305 section 4 with a First Address Family Count of 1).
fn interleave(addresses: &[SocketAddr]) -> VecDeque<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut first, mut second): (VecDeque<SocketAddr>, VecDeque<SocketAddr>) = addresses
        .iter()
        .copied()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let mut order = VecDeque::new();
    while order.len() < MAX_ADDRESSES && !(first.is_empty() && second.is_empty()) {
        order.extend(first.pop_front());
        order.extend(second.pop_front());
    }
    order
}

/// Sends the SYN and does not wait for the answer.
fn start(address: SocketAddr) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    // Requests are written whole, so there is nothing for Nagle's algorithm to gather.
    sockopt::set_tcp_nodelay(&socket, true)?;
    match connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(socket),
        Err(error) => Err(error.into()),
    }
}

/// The first attempt that has an outcome; none when the time is up, or at a signal.
fn first_ready(attempts: &[(SocketAddr, OwnedFd)], until: Instant) -> Option<usize> {
    let mut polled: Vec<PollFd<'_>> = attempts
        .iter()
        .map(|(_, socket)| PollFd::new(socket.as_fd(), PollFlags::POLLOUT))
        .collect();
    let left = until.saturating_duration_since(Instant::now());
    poll(&mut polled, timeout(left)).ok()?;
    polled.iter().position(|fd| fd.any() == Some(true))
}

/// What became of an attempt that poll reported.
fn outcome(attempt: &OwnedFd) -> io::Result<()> {
    Ok(sockopt::socket_error(attempt)??)
}

/// Waits until the socket is ready; `TimedOut` when it is not in time.
pub(super) fn wait(socket: impl AsFd, events: PollFlags, deadline: Instant) -> io::Result<()> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match poll(&mut [PollFd::new(socket.as_fd(), events)], timeout(left)) {
            Ok(0) | Err(nix::Error::EINTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// As poll takes it: milliseconds, rounded up; past its range means the longest it can. (Not rustix's
/// poll: on big-endian MIPS that hands musl a time of another form.)
fn timeout(duration: Duration) -> PollTimeout {
    let millis = duration.as_micros().div_ceil(1000);
    PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{bind, getsockname, listen};
    use std::net::{Ipv4Addr, TcpListener};

    /// Answers no SYN: its queue of one is full.
    struct BlackHole {
        address: SocketAddr,
        _held: (OwnedFd, TcpStream),
    }

    fn black_hole(last: u8) -> BlackHole {
        let socket = socket_with(
            AddressFamily::INET,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )
        .unwrap();
        bind(
            &socket,
            &SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0)),
        )
        .unwrap();
        listen(&socket, 0).unwrap();
        let address = SocketAddr::try_from(getsockname(&socket).unwrap()).unwrap();
        let filler = TcpStream::connect(address).unwrap();
        BlackHole {
            address,
            _held: (socket, filler),
        }
    }

    fn refusing() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    }

    fn timed(addresses: &[SocketAddr], limit: u64) -> (Result<TcpStream, RaceError>, Duration) {
        let start = Instant::now();
        let result = race(addresses, start + Duration::from_millis(limit));
        (result, start.elapsed())
    }

    #[test]
    fn a_black_hole_costs_one_attempt_delay() {
        let (hole, open) = (black_hole(2), TcpListener::bind("127.0.0.1:0").unwrap());
        let (result, took) = timed(&[hole.address, open.local_addr().unwrap()], 5000);
        assert_eq!(
            result.unwrap().peer_addr().unwrap(),
            open.local_addr().unwrap()
        );
        assert!(
            took >= ATTEMPT_DELAY && took < 4 * ATTEMPT_DELAY,
            "{took:?}"
        );
    }

    #[test]
    fn a_refusal_costs_nothing() {
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let (result, took) = timed(&[refusing(), refusing(), open.local_addr().unwrap()], 5000);
        assert!(result.is_ok());
        assert!(took < ATTEMPT_DELAY, "{took:?}");
    }

    #[test]
    fn two_black_holes_and_a_refusal_end_in_time() {
        let holes = (black_hole(3), black_hole(4));
        let (result, took) = timed(&[holes.0.address, refusing(), holes.1.address], 400);
        assert!(matches!(result, Err(RaceError::TimedOut)));
        assert!(took >= Duration::from_millis(400) && took < Duration::from_millis(900));
    }

    #[test]
    fn refusals_are_told_each() {
        let addresses = [refusing(), refusing()];
        let (result, _) = timed(&addresses, 5000);
        let Err(RaceError::Refused(told)) = result else {
            panic!("{result:?}");
        };
        assert_eq!(
            told.iter().map(|(address, _)| *address).collect::<Vec<_>>(),
            addresses
        );
        assert!(
            told.iter()
                .all(|(_, error)| error.kind() == io::ErrorKind::ConnectionRefused)
        );
        assert!(matches!(timed(&[], 10).0, Err(RaceError::Refused(none)) if none.is_empty()));
    }

    #[test]
    fn families_alternate_from_the_systems_first() {
        let order = |texts: &[&str]| -> Vec<String> {
            let addresses: Vec<SocketAddr> = texts.iter().map(|t| t.parse().unwrap()).collect();
            interleave(&addresses)
                .iter()
                .map(ToString::to_string)
                .collect()
        };
        assert_eq!(
            order(&[
                "[::1]:1",
                "[::2]:1",
                "[::3]:1",
                "127.0.0.1:1",
                "127.0.0.2:1"
            ]),
            [
                "[::1]:1",
                "127.0.0.1:1",
                "[::2]:1",
                "127.0.0.2:1",
                "[::3]:1"
            ]
        );
        assert_eq!(
            order(&["127.0.0.1:1", "127.0.0.2:1", "[::1]:1"]),
            ["127.0.0.1:1", "[::1]:1", "127.0.0.2:1"]
        );
        assert!(order(&["127.0.0.1:1"; 100]).len() <= MAX_ADDRESSES + 1);
    }
}
