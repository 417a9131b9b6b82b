//! Datagrams: a socket for each address of this router, so that replies come from the address that
//! was asked, on whichever of several WANs.

use super::ChallengeError;
use super::door::refused;
use nix::ifaddrs::getifaddrs;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The reply to a datagram, if one is due.
pub(super) type Datagrams = Arc<dyn Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync>;

/// No question is longer.
pub(super) const MESSAGE_MAX: usize = 1232;
/// So many are answered in a second: CAs ask from a handful of places, and who sends more uses us
/// against somebody else.
const RATE_MAX: u32 = 100;

/// Sockets on a port of one address, or of all.
pub(super) fn bind(address: Option<IpAddr>, port: u16) -> Result<Vec<UdpSocket>, ChallengeError> {
    let own = || {
        let all = getifaddrs().into_iter().flatten();
        let all = all.filter_map(|i| {
            let address = i.address?;
            let v4 = address.as_sockaddr_in().map(|a| IpAddr::V4(a.ip()));
            let v6 = || Some(IpAddr::V6(address.as_sockaddr_in6()?.ip()));
            v4.or_else(v6)
        });
        // An address of one link alone is nobody's of the Internet.
        let wide = |ip: &IpAddr| !matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local());
        all.filter(wide).collect::<Vec<_>>()
    };
    let mut addresses = address.map_or_else(own, |one| vec![one]);
    addresses.sort_unstable();
    addresses.dedup();
    let (mut sockets, mut failed) = (Vec::new(), None);
    for ip in addresses {
        let socket = UdpSocket::bind(SocketAddr::new(ip, port));
        match socket.and_then(|s| s.set_nonblocking(true).map(|()| s)) {
            Ok(socket) => sockets.push(socket),
            // Addresses come and go.
            Err(e) if e.kind() == io::ErrorKind::AddrNotAvailable => {}
            Err(e) => failed = Some(e),
        }
    }
    match (sockets.is_empty(), failed) {
        (_, Some(e)) => Err(refused(port, &e)),
        (true, None) => Err(refused(port, &io::ErrorKind::AddrNotAvailable.into())),
        (false, None) => Ok(sockets),
    }
}

/// Answers until the other end of `stopped` closes.
pub(super) fn serve(sockets: &[UdpSocket], stopped: &UnixStream, answer: &Datagrams) {
    let mut buffer = [0; MESSAGE_MAX];
    let (mut since, mut count) = (Instant::now(), 0);
    loop {
        let mut fds: Vec<_> = sockets.iter().map(AsFd::as_fd).collect();
        fds.push(stopped.as_fd());
        let mut fds: Vec<_> = fds
            .into_iter()
            .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
            .collect();
        if poll(&mut fds, PollTimeout::NONE).is_err() {
            continue;
        }
        let ready = |fd: &PollFd<'_>| fd.any() == Some(true);
        if fds.last().is_some_and(ready) {
            return;
        }
        for (socket, _) in sockets.iter().zip(&fds).filter(|(_, fd)| ready(fd)) {
            let Ok((length, client)) = socket.recv_from(&mut buffer) else {
                continue;
            };
            if since.elapsed() >= Duration::from_secs(1) {
                (since, count) = (Instant::now(), 0);
            }
            count += 1;
            // A reply to port 0 leads nowhere; one to ourselves in a circle.
            let fine = count <= RATE_MAX && client.port() != 0;
            if let Some(reply) = fine.then(|| answer(&buffer[..length])).flatten() {
                let _ = socket.send_to(&reply, client);
            }
        }
    }
}
