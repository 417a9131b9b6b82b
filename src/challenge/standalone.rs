//! http-01 by a listener of our own.

use super::door::Door;
use super::listener::{Answer, Client};
use super::relay::Relay;
use super::{ChallengeError, Footprint, Proof, Solver, WELL_KNOWN};
use std::collections::HashMap;
use std::io::{self, Write};
use std::net::Shutdown;
use std::sync::{Arc, Mutex, PoisonError};

/// A request's head is not longer.
const HEAD_MAX: usize = 4096;

/// Key authorizations by token.
type Answers = Arc<Mutex<HashMap<String, String>>>;

/// The listener; it opens with the first answer and closes with the last.
#[derive(Debug)]
pub struct Standalone<'a> {
    door: Door<'a>,
    answers: Answers,
}

impl<'a> Standalone<'a> {
    /// A listener behind that door; nothing is opened yet.
    pub fn new(door: Door<'a>) -> Self {
        Self {
            door,
            answers: Answers::default(),
        }
    }
}

impl Solver for Standalone<'_> {
    fn footprint(&self, _: &Proof) -> Option<Footprint> {
        None
    }

    fn present(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        self.door.open(|| answering(&self.answers))?;
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(proof.token.clone(), proof.key_authorization.clone());
        Ok(())
    }

    fn take_back(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.remove(&proof.token);
        let last = answers.is_empty();
        drop(answers);
        if last { self.door.close() } else { Ok(()) }
    }
}

fn answering(answers: &Answers) -> Answer {
    let answers = answers.clone();
    Arc::new(move |client: Client, relay: &Relay| answer(client, &answers, relay))
}

/// Reads one request and answers it, or has it answered by whom it is for.
fn answer(mut client: Client, answers: &Answers, relay: &Relay) -> io::Result<()> {
    let ended = |head: &[u8]| head.windows(4).any(|w| w == b"\r\n\r\n");
    while !ended(&client.said) && client.said.len() < HEAD_MAX && client.hear()? {
        if is_for_another(&client.said)
            && let Some(owner) = relay.connect(&client.stream)
        {
            return relay.pass(client.stream, owner, &client.said);
        }
    }
    let found = token(&client.said).and_then(|token| {
        let answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(token).cloned()
    });
    let (status, body) = match found {
        Some(text) => ("200 OK", text),
        None => ("404 Not Found", "no such challenge\n".to_owned()),
    };
    let reply = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    client.stream.write_all(reply.as_bytes())?;
    client.stream.shutdown(Shutdown::Write)
}

/// True once it is plain that a client does not look for a challenge.
fn is_for_another(head: &[u8]) -> bool {
    let mut words = head.splitn(3, |c| *c == b' ');
    let (_, target, rest) = (words.next(), words.next(), words.next());
    // Without the third word the second may be half of what it will be.
    target.is_some_and(|t| rest.is_some() && !t.starts_with(WELL_KNOWN.as_bytes()))
        || (rest.is_none() && head.contains(&b'\n'))
}

/// The token that a request asks for: `GET /.well-known/acme-challenge/TOKEN HTTP/1.1`.
pub fn token(head: &[u8]) -> Option<&str> {
    let line = head.split(|c| *c == b'\r' || *c == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let whole = method == "GET" && version.starts_with("HTTP/1.") && words.next().is_none();
    whole.then(|| target.strip_prefix(WELL_KNOWN)).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::Spot;
    use super::super::door::bind;
    use super::super::listener::Listener;
    use super::*;
    use crate::types::{Identifier, Owner, Owners};
    use std::io::Read;
    use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
    use std::thread;

    fn proof(token: &str) -> Proof {
        Proof {
            id: Identifier::parse("a.example").expect("a name"),
            token: token.into(),
            key_authorization: format!("{token}.thumb"),
            txt_value: String::new(),
            spot: Spot::default(),
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
        let mut solver = Standalone::new(Door::direct(Some(local), port));
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
        let mut second = Standalone::new(Door::direct(Some(local), port));
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
        let listener =
            Listener::start(socket, answering(&answers), Relay::new(owners)).expect("starts");
        let mut stream = TcpStream::connect((local, port)).expect("connects");
        let head = b"POST /login HTTP/1.1\r\n\r\n";
        stream.write_all(&[head, &sent[..]].concat()).expect("sent");
        stream.shutdown(Shutdown::Write).expect("ended");
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

    #[test]
    fn reads_request_lines() {
        let path = "/.well-known/acme-challenge/";
        let ask = |line: String| token(line.as_bytes()).map(str::to_owned);
        assert_eq!(
            ask(format!("GET {path}abc HTTP/1.1\r\nHost: x\r\n\r\n")),
            Some("abc".into())
        );
        for line in [
            format!("POST {path}abc HTTP/1.1"),
            format!("GET {path}abc"),
            format!("GET {path}abc HTTP/2.0"),
            format!("GET  {path}abc HTTP/1.1"),
            "GET / HTTP/1.1".into(),
            String::new(),
        ] {
            assert_eq!(ask(line.clone()), None, "{line}");
        }
        assert_eq!(token(&[0xff, 0xfe]), None);
    }

    #[test]
    fn knows_what_is_for_another() {
        for line in [
            "GET / HTTP/1.1\r\n",
            "PUT /.well-known/other H",
            "hello\r\n",
            "GET / \n",
        ] {
            assert!(is_for_another(line.as_bytes()), "{line}");
        }
        for line in [
            "",
            "GET",
            "GET /",
            "GET /.well-known/acme-challenge/abc HTTP/1.1\r\n",
            "POST /.well-known/acme-challenge/ HTTP/1.1",
            "GET /.well-known/acme-",
        ] {
            assert!(!is_for_another(line.as_bytes()), "{line}");
        }
    }
}
