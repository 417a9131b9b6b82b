//! Looking names up: at named DNS servers (a stub of our own, which sees TTLs, flags and what is
//! not yet public), and the system's way.

use super::connect::{race, wait};
use super::dns_types::{Answer, Rcode, RecordType};
use super::dns_wire::{Question, Unusable};
use ring::rand::{SecureRandom, SystemRandom};
use rustix::event::PollFlags;
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
                    match wait(&socket, PollFlags::IN, deadline) {
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
                wait(socket, PollFlags::IN, deadline)?;
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
mod tests {
    use super::super::dns_types::Data;
    use super::*;
    use std::net::TcpListener;

    const TIMEOUT: Duration = Duration::from_millis(150);

    fn resolver(servers: &[SocketAddr]) -> Resolver {
        Resolver {
            patience: TIMEOUT,
            ..Resolver::new(servers.to_vec())
        }
    }

    fn ask(servers: &[SocketAddr]) -> Result<Answer, ResolveError> {
        resolver(servers).query("_acme-challenge.a.example", RecordType::Txt, false)
    }

    /// Replies to the questions in turn; a script that is at its end says nothing more.
    fn server(script: Vec<fn(&[u8]) -> Vec<Vec<u8>>>) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        serve(socket, script);
        address
    }

    fn serve(socket: UdpSocket, script: Vec<fn(&[u8]) -> Vec<Vec<u8>>>) {
        // Ends with its script, or when no question comes any more.
        socket.set_read_timeout(Some(8 * TIMEOUT)).unwrap();
        thread::spawn(move || {
            let mut buffer = [0; 512];
            for replies in script {
                let Ok((length, client)) = socket.recv_from(&mut buffer) else {
                    return;
                };
                for reply in replies(&buffer[..length]) {
                    socket.send_to(&reply, client).unwrap();
                }
            }
            let _ = socket.recv_from(&mut buffer);
        });
    }

    /// A reply with these flags and this TXT record.
    fn reply(question: &[u8], flags: [u8; 2], text: &str) -> Vec<u8> {
        let end = question.len() - 11 * usize::from(question[11]); // without OPT
        let mut reply = question[..end].to_vec();
        reply[2..12].copy_from_slice(&[flags[0], flags[1], 0, 1, 0, 1, 0, 0, 0, 0]);
        let length = u8::try_from(text.len()).unwrap();
        reply.extend(b"\xc0\x0c\0\x10\0\x01\0\0\0\x3c\0");
        reply.extend([length + 1, length]);
        reply.extend(text.bytes());
        reply
    }

    fn good(question: &[u8]) -> Vec<Vec<u8>> {
        vec![reply(question, [0x84, 0], "good")]
    }

    fn poor(question: &[u8], rcode: u8) -> Vec<Vec<u8>> {
        vec![reply(question, [0x80, rcode], "poor")]
    }

    fn silent(_: &[u8]) -> Vec<Vec<u8>> {
        Vec::new()
    }

    fn text(answer: &Answer) -> &str {
        match &answer.answers[0].data {
            Data::Text(text) => std::str::from_utf8(text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_comes_with_its_flags() {
        let answer = ask(&[server(vec![good])]).unwrap();
        assert!(answer.authoritative && !answer.truncated);
        assert_eq!((text(&answer), answer.answers[0].ttl), ("good", 60));
        assert_eq!(answer.answers[0].name, "_acme-challenge.a.example");
    }

    #[test]
    fn a_lost_datagram_is_asked_for_again_and_a_silent_server_passed_over() {
        let start = Instant::now();
        let lossy = server(vec![silent, good]);
        assert_eq!(text(&ask(&[lossy]).unwrap()), "good");
        let mute = server(vec![silent, silent]);
        assert_eq!(text(&ask(&[mute, server(vec![good])]).unwrap()), "good");
        assert!(start.elapsed() >= 3 * TIMEOUT && start.elapsed() < 8 * TIMEOUT);
    }

    #[test]
    fn a_closed_port_is_passed_over_at_once() {
        let closed = UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let start = Instant::now();
        assert_eq!(text(&ask(&[closed, server(vec![good])]).unwrap()), "good");
        assert!(start.elapsed() < TIMEOUT);
        let error = ask(&[closed]).unwrap_err().to_string();
        assert!(error.contains("127.0.0.1: Connection refused"), "{error}");
    }

    #[test]
    fn forged_and_broken_replies_do_not_keep_the_true_one_away() {
        let forger = server(vec![|question| {
            let mut other_id = good(question).remove(0);
            other_id[0] ^= 1;
            let mut other_name = good(question).remove(0);
            other_name[13] = b'x';
            let cut = good(question).remove(0)[..40].to_vec();
            vec![
                other_id,
                other_name,
                cut,
                b"x".to_vec(),
                vec![],
                good(question).remove(0),
            ]
        }]);
        assert_eq!(text(&ask(&[forger]).unwrap()), "good");
    }

    #[test]
    fn what_another_socket_says_is_not_heard() {
        let from_elsewhere = server(vec![silent]);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        socket.set_read_timeout(Some(8 * TIMEOUT)).unwrap();
        thread::spawn(move || {
            let mut buffer = [0; 512];
            let (length, client) = socket.recv_from(&mut buffer).unwrap();
            let other = UdpSocket::bind("127.0.0.1:0").unwrap();
            let forged = reply(&buffer[..length], [0x84, 0], "evil");
            other.send_to(&forged, client).unwrap();
            thread::sleep(TIMEOUT / 3);
            socket.send_to(&good(&buffer[..length])[0], client).unwrap();
        });
        assert_eq!(text(&ask(&[address, from_elsewhere]).unwrap()), "good");
    }

    #[test]
    fn truncation_leads_to_tcp() {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp.local_addr().unwrap();
        serve(
            UdpSocket::bind(address).unwrap(),
            vec![|question| vec![reply(question, [0x86, 0], "part")]],
        );
        thread::spawn(move || {
            let (mut client, _) = tcp.accept().unwrap();
            let mut buffer = [0; 512];
            let length = client.read(&mut buffer).unwrap();
            let reply = reply(&buffer[2..length], [0x84, 0], "whole");
            let length = u16::try_from(reply.len()).unwrap().to_be_bytes();
            for piece in [&length[..1], &length[1..], &reply[..20], &reply[20..]] {
                client.write_all(piece).unwrap();
                thread::sleep(TIMEOUT / 20);
            }
        });
        let answer = ask(&[address]).unwrap();
        assert_eq!((text(&answer), answer.truncated), ("whole", false));
    }

    #[test]
    fn without_tcp_the_truncated_answer_must_do() {
        let address = server(vec![|question| vec![reply(question, [0x86, 0], "part")]]);
        let answer = ask(&[address]).unwrap();
        assert_eq!((text(&answer), answer.truncated), ("part", true));
    }

    #[test]
    fn a_server_without_edns_is_asked_without() {
        let old = server(vec![
            |question| {
                let mut header = question[..12].to_vec();
                header[2..12].copy_from_slice(&[0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
                vec![header]
            },
            |question| {
                assert_eq!(question[11], 0);
                good(question)
            },
        ]);
        assert_eq!(text(&ask(&[old]).unwrap()), "good");
    }

    #[test]
    fn a_server_in_trouble_is_passed_over_if_another_does_better() {
        let failing = || server(vec![|question| poor(question, 2)]);
        assert_eq!(
            text(&ask(&[failing(), server(vec![good])]).unwrap()),
            "good"
        );
        assert_eq!(ask(&[failing()]).unwrap().rcode, Rcode::ServFail);
        let missing = server(vec![|question| poor(question, 3)]);
        assert_eq!(ask(&[missing, failing()]).unwrap().rcode, Rcode::NxDomain);
    }

    #[test]
    fn errors_say_what_happened() {
        assert_eq!(ask(&[]), Err(ResolveError::NoServer));
        let bad = resolver(&[]).query("a..b", RecordType::A, true);
        assert_eq!(bad, Err(ResolveError::BadName("a..b".into())));
        let mute = server(vec![silent, silent]);
        let error = ask(&[mute]).unwrap_err().to_string();
        assert!(error.contains("127.0.0.1: nothing within 150ms"), "{error}");
        let noise = server(vec![|q| vec![good(q)[0][..40].to_vec()]; 2]);
        let error = ask(&[noise]).unwrap_err().to_string();
        assert!(error.contains("no DNS answer"), "{error}");
    }

    #[test]
    fn hosts_are_looked_up_the_systems_way() {
        let local = lookup_host("localhost").unwrap();
        assert!(local.iter().all(IpAddr::is_loopback) && !local.is_empty());
        assert_eq!(lookup_host("192.0.2.1"), Ok(vec![[192, 0, 2, 1].into()]));
        assert_eq!(lookup_host("::1"), Ok(vec![Ipv6Addr::LOCALHOST.into()]));
        let error = lookup_within("localhost", Duration::ZERO);
        assert!(error.is_ok() || error.is_err_and(|e| e.contains("localhost")));
    }
}
