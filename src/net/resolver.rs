//! Looking names up: at named DNS servers (a stub of our own, which sees TTLs, flags and what is
//! not yet public), and the system's way.

use super::dns_exchange::{over_tcp, over_udp, random_id};
use super::dns_types::{Answer, Rcode, RecordType};
use super::dns_wire::Question;
use super::doh;
use crate::types::{DnsServer, Transport};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take (RFC 1035 section 4.2.1 advises 2–5 s), UDP and TCP each.
const PATIENCE: Duration = Duration::from_secs(2);
/// A datagram may be lost; two in a row hardly.
const TRIES: usize = 2;
/// The system's resolver gives up by itself after 10 to 30 seconds.
const LOOKUP: Duration = Duration::from_secs(10);

/// How a server is asked on port 53.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// By UDP, and by TCP what does not fit.
    Udp,
    /// By TCP alone: it may pass where UDP is answered by somebody else.
    Tcp,
}

/// Asks DNS servers, one after the other. Follows nothing: CNAMEs and referrals are the caller's.
#[derive(Clone)]
pub struct Resolver<'a> {
    servers: Vec<DnsServer>,
    over: Over,
    https: Option<&'a dyn Transport>,
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
    Unanswered(Vec<(String, String)>),
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
                    write!(f, "{comma}{server}: {why}")?;
                }
                f.write_str(")")
            }
        }
    }
}

impl std::error::Error for ResolveError {}

impl fmt::Display for Resolver<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.servers.first().map_or(Ok(()), |first| first.fmt(f))
    }
}

impl Resolver<'static> {
    /// Will ask these servers, in this order.
    pub fn new(servers: Vec<SocketAddr>) -> Self {
        Self {
            servers: servers.into_iter().map(DnsServer::At).collect(),
            over: Over::Udp,
            https: None,
            patience: PATIENCE,
        }
    }
}

impl<'a> Resolver<'a> {
    /// The same, some of them over HTTPS.
    pub fn over(servers: Vec<DnsServer>, https: &'a dyn Transport) -> Self {
        Self {
            servers,
            over: Over::Udp,
            https: Some(https),
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
        for server in &self.servers {
            let asked = match (server, self.https) {
                (DnsServer::At(address), _) => self.ask(*address, question),
                (DnsServer::Https(url), Some(https)) => doh::ask(https, url, question),
                (DnsServer::Https(_), None) => continue,
            };
            match asked {
                Ok(answer) => match answer.rcode {
                    Rcode::ServFail | Rcode::NotImp | Rcode::Refused => poor = Some(answer),
                    _ => return Ok(answer),
                },
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    let text = format!("nothing within {:?}", self.patience);
                    failures.push((server.to_string(), text));
                }
                Err(error) => failures.push((server.to_string(), error.to_string())),
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
            let message = question.encode().unwrap_or_default();
            let deadline = || Instant::now() + self.patience;
            result = match self.over {
                Over::Udp => over_udp(server, &message, deadline(), |m| question.decode(m)),
                // Nothing is lost on the way: who does not answer once does not.
                Over::Tcp => {
                    return over_tcp(server, &message, deadline(), |m| question.decode(m));
                }
            };
            if let Ok(answer) = &mut result {
                if answer.rcode == Rcode::FormErr && question.edns {
                    // A server from before EDNS (RFC 6891 section 7).
                    question.edns = false;
                    continue;
                }
                if answer.truncated
                    && let Ok(whole) =
                        over_tcp(server, &message, deadline(), |m| question.decode(m))
                {
                    *answer = whole;
                }
                break;
            }
        }
        result
    }
}

/// Asks one server, without recursion.
pub fn ask_one(server: SocketAddr, over: Over, name: &str, kind: RecordType) -> Option<Answer> {
    let resolver = Resolver {
        over,
        ..Resolver::new(vec![server])
    };
    resolver.query(name, kind, false).ok()
}

/// The same of all these servers at once; what each said, in their order.
pub fn ask_each(
    servers: &[SocketAddr],
    over: Over,
    name: &str,
    kind: RecordType,
) -> Vec<Option<Answer>> {
    thread::scope(|scope| {
        let asking: Vec<_> = servers
            .iter()
            .map(|server| {
                let ask = || ask_one(*server, over, name, kind);
                thread::Builder::new().spawn_scoped(scope, ask)
            })
            .collect();
        let joined = asking.into_iter().map(|thread| thread.ok()?.join().ok()?);
        joined.collect()
    })
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
