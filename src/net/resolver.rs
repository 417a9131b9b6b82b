//! Looking names up: at named DNS servers (a stub of our own, which sees TTLs, flags and what is
//! not yet public), and the system's way.

use super::connect::{race, wait};
use super::dns_types::{Answer, Rcode, RecordType};
use super::dns_wire::{Question, Unusable};
use nix::poll::PollFlags;
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take (RFC 1035 section 4.2.1 advises 2–5 s), UDP and TCP each.
const PATIENCE: Duration = Duration::from_secs(2);
/// A datagram may be lost; two in a row hardly.
const TRIES: usize = 2;
/// More than we tell servers to send: some do not listen.
const MAX_DATAGRAM: usize = 4096;
/// The system's resolver gives up by itself after 10 to 30 seconds.
const LOOKUP: Duration = Duration::from_secs(10);

/// Asks DNS servers, one after the other. Follows nothing: CNAMEs and referrals are the caller's.
#[derive(Clone, Debug)]
pub struct Resolver {
    servers: Vec<SocketAddr>,
    patience: Duration,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolveError {
    /// DNS cannot be asked for such a name.
    BadName(String),
    /// There is no server to ask.
    NoServer,
    /// What each server did instead.
    Unanswered(Vec<(SocketAddr, String)>),
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadName(name) => write!(f, "{name:?} is not a name that DNS can look up"),
            Self::NoServer => f.write_str("no DNS server is known"),
            Self::Unanswered(servers) => {
                f.write_str("no DNS server answered (")?;
                for (index, (server, why)) in servers.iter().enumerate() {
                    let comma = if index > 0 { "; " } else { "" };
                    write!(f, "{comma}{}: {why}", server.ip())?;
                }
                f.write_str(")")
            }
        }
    }
}

impl std::error::Error for ResolveError {}

impl Resolver {
    /// Will ask these servers, in this order.
    pub fn new(servers: Vec<SocketAddr>) -> Self {
        Self {
            servers,
            patience: PATIENCE,
        }
    }

    /// Asks until a server answers. An answer that shows no more than a server in trouble
    /// (SERVFAIL, NOTIMP, REFUSED) is given only if no other server does better.
    pub fn query(
        &self,
        name: &str,
        kind: RecordType,
        recursion_desired: bool,
    ) -> Result<Answer, ResolveError> {
        let question = Question {
            id: 0,
            name,
            kind,
            recursion_desired,
            edns: true,
        };
        if question.encode().is_none() {
            return Err(ResolveError::BadName(name.into()));
        }
        let mut poor = None;
        let mut failures = Vec::new();
        for &server in &self.servers {
            match self.ask(server, question) {
                Ok(answer) => match answer.rcode {
                    Rcode::ServFail | Rcode::NotImp | Rcode::Refused => poor = Some(answer),
                    _ => return Ok(answer),
                },
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    failures.push((server, format!("nothing within {:?}", self.patience)));
                }
                Err(error) => failures.push((server, error.to_string())),
            }
        }
        match poor {
            Some(answer) => Ok(answer),
            None if failures.is_empty() => Err(ResolveError::NoServer),
            None => Err(ResolveError::Unanswered(failures)),
        }
    }

    /// Asks one server.
    fn ask(&self, server: SocketAddr, mut question: Question<'_>) -> io::Result<Answer> {
        let mut result = Err(io::ErrorKind::TimedOut.into());
        for _ in 0..TRIES {
            question.id = random_id()?;
            result = self.over_udp(server, &question);
            if let Ok(answer) = &mut result {
                if answer.rcode == Rcode::FormErr && question.edns {
                    // A server from before EDNS (RFC 6891 section 7).
                    question.edns = false;
                    continue;
                }
                if answer.truncated
                    && let Ok(whole) = self.over_tcp(server, &question)
                {
                    *answer = whole;
                }
                break;
            }
        }
        result
    }

    fn over_udp(&self, server: SocketAddr, question: &Question<'_>) -> io::Result<Answer> {
        let deadline = Instant::now() + self.patience;
        let any: IpAddr = match server {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        // The kernel picks a random port, and on a connected socket drops what others send.
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect(server)?;
        socket.set_nonblocking(true)?;
        socket.send(&question.encode().unwrap_or_default())?;
        let mut buffer = [0; MAX_DATAGRAM];
        let mut malformed = false;
        loop {
            match socket.recv(&mut buffer) {
                // What is not our answer may be forged: the true one may still come.
                Ok(length) => match question.decode(&buffer[..length]) {
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
    fn over_tcp(&self, server: SocketAddr, question: &Question<'_>) -> io::Result<Answer> {
        let deadline = Instant::now() + self.patience;
        let mut socket =
            race(&[server], deadline).map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
        let message = question.encode().unwrap_or_default();
        let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
        // A fresh connection takes a message of this size without waiting.
        socket.write_all(&[&length.to_be_bytes()[..], &message].concat())?;
        let mut length = [0; 2];
        read_exact(&socket, &mut length, deadline)?;
        let mut reply = vec![0; u16::from_be_bytes(length).into()];
        read_exact(&socket, &mut reply, deadline)?;
        question.decode(&reply).map_err(|_| not_dns())
    }
}

fn not_dns() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "what came is no DNS answer")
}

fn random_id() -> io::Result<u16> {
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

/// The addresses of a host, the system's way (/etc/hosts, the router's own DNS), in at most 10 s.
pub fn lookup_host(name: &str) -> Result<Vec<IpAddr>, String> {
    lookup_within(name, LOOKUP)
}

/// As [`lookup_host`], in a time that the caller sets.
pub(super) fn lookup_within(name: &str, limit: Duration) -> Result<Vec<IpAddr>, String> {
    if let Ok(address) = name.parse() {
        return Ok(vec![address]);
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    let owned = name.to_owned();
    // The system's lookup cannot be interrupted: the thread is left behind if it takes too long.
    let lookup = move || {
        let found = (owned.as_str(), 0)
            .to_socket_addrs()
            .map(|all| all.map(|address| address.ip()).collect::<Vec<_>>());
        // No one listens any more if it took too long.
        let _ = sender.send(found);
    };
    thread::Builder::new()
        .spawn(lookup)
        .map_err(|error| format!("{name} cannot be looked up: {error}"))?;
    match receiver.recv_timeout(limit) {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(format!("{name} has no address")),
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(format!("{name} does not resolve: {error}")),
        Err(RecvTimeoutError::Timeout) => {
            Err(format!("the lookup of {name} took longer than {limit:?}"))
        }
        Err(RecvTimeoutError::Disconnected) => Err(format!("the lookup of {name} ended early")),
    }
}

#[cfg(test)]
mod tests;
