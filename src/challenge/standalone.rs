//! http-01 by a listener of our own.

use super::listener::{Answers, Listener};
use super::relay::Relay;
use super::{ChallengeError, Footprint, Proof, Solver};
use crate::net::{Firewall, Redirect, holder};
use crate::types::Owners;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::PoisonError;

/// The port that a CA asks (RFC 8555 section 8.3).
pub const HTTP: u16 = 80;
/// Where that port of the WAN leads while a CA looks; the include for fw4 names it too.
pub const HTTP_REDIRECTED: u16 = 61080;

/// The listener; it opens with the first answer and closes with the last.
#[derive(Debug)]
pub struct Standalone<'a> {
    door: Door<'a>,
    answers: Answers,
    running: Option<Listener>,
}

/// How a CA gets to the listener.
#[derive(Debug)]
enum Door<'a> {
    /// It has the port itself.
    Direct { address: Option<IpAddr>, port: u16 },
    /// The firewall leads it there.
    Redirected {
        firewall: &'a Firewall,
        redirect: Redirect,
        owners: Owners,
    },
}

impl<'a> Standalone<'a> {
    /// A listener on that port, of one address or of all; nothing is opened yet.
    pub fn new(address: Option<IpAddr>, port: u16) -> Self {
        Self::behind(Door::Direct { address, port })
    }

    /// A listener that the firewall leads port 80 of these devices to. `owners`: whom the port is
    /// passed on to, because the WAN reaches them anyway.
    pub fn redirected(firewall: &'a Firewall, devices: Vec<String>, owners: Owners) -> Self {
        Self::behind(Door::Redirected {
            firewall,
            redirect: Redirect {
                devices,
                port: HTTP,
                to: HTTP_REDIRECTED,
            },
            owners,
        })
    }

    fn behind(door: Door<'a>) -> Self {
        Self {
            door,
            answers: Answers::default(),
            running: None,
        }
    }

    fn start(&self) -> Result<Listener, ChallengeError> {
        let (address, port, owners) = match &self.door {
            Door::Direct { address, port } => (*address, *port, Owners::default()),
            Door::Redirected {
                redirect, owners, ..
            } => (None, redirect.to, *owners),
        };
        let listener = Listener::start(bind(address, port)?, &self.answers, Relay::new(owners));
        let trouble = |e| ChallengeError::Port(format!("the listener does not start: {e}"));
        let listener = listener.map_err(trouble)?;
        // Behind it there is somebody already when the first client comes.
        if let Door::Redirected {
            firewall, redirect, ..
        } = &self.door
        {
            let opened = firewall.open(redirect);
            opened.map_err(|e| {
                let port = redirect.port;
                ChallengeError::Firewall(format!("port {port} could not be redirected: {e}"))
            })?;
        }
        Ok(listener)
    }

    fn close(&mut self) -> Result<(), ChallengeError> {
        if self.running.is_none() {
            return Ok(());
        }
        let closed = match &self.door {
            Door::Direct { .. } => Ok(()),
            Door::Redirected {
                firewall, redirect, ..
            } => firewall.close(redirect),
        };
        self.running = None;
        closed.map_err(|e| {
            let text =
                format!("the redirect of port {HTTP} ends by itself within ten minutes: {e}");
            ChallengeError::Firewall(text)
        })
    }
}

fn bind(address: Option<IpAddr>, port: u16) -> Result<TcpListener, ChallengeError> {
    let bind = |ip: IpAddr| TcpListener::bind(SocketAddr::new(ip, port));
    let listener = match address {
        Some(ip) => bind(ip),
        // The IPv6 socket takes IPv4 too, where there is IPv6.
        None => bind(Ipv6Addr::UNSPECIFIED.into()).or_else(|e| match e.kind() {
            io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(e),
            _ => bind(Ipv4Addr::UNSPECIFIED.into()),
        }),
    };
    listener.map_err(|e| {
        ChallengeError::Port(match e.kind() {
            io::ErrorKind::AddrInUse => {
                let who = holder(port).unwrap_or_else(|| "another program".into());
                format!("port {port} is held by {who}")
            }
            io::ErrorKind::PermissionDenied => format!("port {port} may be opened by root alone"),
            _ => format!("port {port} cannot be opened: {e}"),
        })
    })
}

/// However it ends: nothing stays open.
impl Drop for Standalone<'_> {
    fn drop(&mut self) {
        let _ = self.close();
    }
}

impl Solver for Standalone<'_> {
    fn footprint(&self, _: &Proof) -> Option<Footprint> {
        None
    }

    fn present(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        if self.running.is_none() {
            self.running = Some(self.start()?);
        }
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(proof.token.clone(), proof.key_authorization.clone());
        Ok(())
    }

    fn take_back(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.remove(&proof.token);
        let last = answers.is_empty();
        drop(answers);
        if last { self.close() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Identifier, Owner};
    use std::io::{self, Read, Write};
    use std::net::TcpStream;
    use std::thread;

    fn proof(token: &str) -> Proof {
        Proof {
            id: Identifier::parse("a.example").expect("a name"),
            token: token.into(),
            key_authorization: format!("{token}.thumb"),
            txt_value: String::new(),
        }
    }

    fn fetch(port: u16, target: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        write!(stream, "GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn serves_answers_and_closes_after_the_last() {
        let local = IpAddr::from(Ipv4Addr::LOCALHOST);
        let port = TcpListener::bind((local, 0))
            .expect("a port")
            .local_addr()
            .expect("bound")
            .port();
        let mut solver = Standalone::new(Some(local), port);
        solver.present(&proof("one")).expect("opens");
        solver.present(&proof("two")).expect("opens");
        let slow = TcpStream::connect((local, port)).expect("a silent client");
        let reply = fetch(port, "/.well-known/acme-challenge/two").expect("answers");
        assert!(
            reply.starts_with("HTTP/1.1 200") && reply.ends_with("two.thumb"),
            "{reply}"
        );
        for other in [
            "/",
            "/.well-known/acme-challenge/three",
            "/.well-known/acme-challenge/../x",
        ] {
            assert!(
                fetch(port, other)
                    .expect("answers")
                    .starts_with("HTTP/1.1 404")
            );
        }
        let mut second = Standalone::new(Some(local), port);
        let taken = second.present(&proof("x")).expect_err("the port is taken");
        let us = format!("(pid {})", std::process::id());
        assert!(taken.to_string().contains(&us), "{taken}");
        solver.take_back(&proof("one")).expect("goes");
        assert!(fetch(port, "/.well-known/acme-challenge/two").is_ok());
        solver.take_back(&proof("two")).expect("goes");
        assert!(fetch(port, "/").is_err(), "the port is still open");
        drop(slow);
    }

    fn free_port() -> u16 {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        socket.local_addr().expect("bound").port()
    }

    #[test]
    fn passes_on_what_is_for_the_owner() {
        let local = IpAddr::from(Ipv4Addr::LOCALHOST);
        let owner = TcpListener::bind((local, 0)).expect("a port");
        let owned = Owner {
            host: None,
            port: owner.local_addr().expect("bound").port(),
        };
        let body: Vec<u8> = (0..100_000u32).map(|n| n.to_le_bytes()[0]).collect();
        let sent = body.clone();
        // It sends back what it gets, after all of it has come.
        let echo = thread::spawn(move || {
            let (mut stream, _) = owner.accept().expect("a client");
            let mut all = Vec::new();
            stream.read_to_end(&mut all).expect("all of it");
            stream.write_all(&all).expect("takes it");
        });
        let answers = Answers::default();
        let token = "one".to_owned();
        answers
            .lock()
            .expect("free")
            .insert(token, "one.thumb".into());
        let port = free_port();
        let socket = bind(Some(local), port).expect("opens");
        let owners = Owners {
            ipv4: Some(owned),
            ipv6: None,
        };
        let listener = Listener::start(socket, &answers, Relay::new(owners)).expect("starts");
        let mut stream = TcpStream::connect((local, port)).expect("connects");
        let head = b"POST /login HTTP/1.1\r\n\r\n";
        stream.write_all(&[head, &sent[..]].concat()).expect("sent");
        stream.shutdown(std::net::Shutdown::Write).expect("ended");
        let mut back = Vec::new();
        stream.read_to_end(&mut back).expect("all of it");
        assert!(back == [head, &body[..]].concat(), "{} bytes", back.len());
        echo.join().expect("served");
        let reply = fetch(port, "/.well-known/acme-challenge/one").expect("answers");
        assert!(reply.ends_with("one.thumb"), "{reply}");
        // The owner has gone: nobody answers in its place.
        let reply = fetch(port, "/").expect("answers");
        assert!(reply.starts_with("HTTP/1.1 404"), "{reply}");
        drop(listener);
    }
}
