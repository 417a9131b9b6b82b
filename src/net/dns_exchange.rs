//! One DNS message to a server, and what it answers.

use super::connect::{race, wait};
use super::dns_wire::Unusable;
use nix::poll::PollFlags;
use ring::rand::{SecureRandom, SystemRandom};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Instant;

/// More than we tell servers to send: some do not listen.
const MAX_DATAGRAM: usize = 4096;

/// Sends a message and reads what comes until `read` finds its answer.
pub(super) fn over_udp<T>(
    server: SocketAddr,
    message: &[u8],
    deadline: Instant,
    read: impl Fn(&[u8]) -> Result<T, Unusable>,
) -> io::Result<T> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // The kernel picks a random port, and on a connected socket drops what others send.
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(server)?;
    socket.set_nonblocking(true)?;
    socket.send(message)?;
    let mut buffer = [0; MAX_DATAGRAM];
    let mut malformed = false;
    loop {
        match socket.recv(&mut buffer) {
            // What is not our answer may be forged: the true one may still come.
            Ok(length) => match read(&buffer[..length]) {
                Ok(answer) => return Ok(answer),
                Err(why) => malformed |= why == Unusable::Malformed,
            },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                match wait(&socket, PollFlags::POLLIN, deadline) {
                    Err(_) if malformed => return Err(not_dns()),
                    waited => waited?,
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// RFC 1035 section 4.2.2, RFC 7766: each message has its length before it.
pub(super) fn over_tcp<T>(
    server: SocketAddr,
    message: &[u8],
    deadline: Instant,
    read: impl Fn(&[u8]) -> Result<T, Unusable>,
) -> io::Result<T> {
    let mut socket =
        race(&[server], deadline).map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    // A fresh connection takes a message of this size without waiting.
    socket.write_all(&[&length.to_be_bytes()[..], message].concat())?;
    let mut length = [0; 2];
    read_exact(&socket, &mut length, deadline)?;
    let mut reply = vec![0; u16::from_be_bytes(length).into()];
    read_exact(&socket, &mut reply, deadline)?;
    read(&reply).map_err(|_| not_dns())
}

fn not_dns() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "what came is no DNS answer")
}

pub(super) fn random_id() -> io::Result<u16> {
    let mut id = [0; 2];
    SystemRandom::new()
        .fill(&mut id)
        .map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(u16::from_be_bytes(id))
}

fn read_exact(mut socket: &TcpStream, mut room: &mut [u8], deadline: Instant) -> io::Result<()> {
    while !room.is_empty() {
        match socket.read(room) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => room = &mut room[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait(socket, PollFlags::POLLIN, deadline)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
