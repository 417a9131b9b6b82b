//! Connections of the scripted CA: TLS, requests in, replies out.

use super::{Door, Shared};
use crate::records;
use crate::reply::{Line, Way, send};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustix::net::sockopt::set_socket_linger;
use rustls::{ServerConnection, StreamOwned};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

pub(super) fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    for (number, socket) in listener.incoming().flatten().enumerate() {
        if shared.ends.load(Ordering::SeqCst) {
            break;
        }
        let copy = socket.try_clone().unwrap();
        shared.open.lock().unwrap().insert(number, copy);
        let own = shared.clone();
        threads.push(thread::spawn(move || {
            // A client that leaves early ends its connection, not the test.
            let _ = own.serve(socket);
            // The last copy: now the other side sees the end.
            own.open.lock().unwrap().remove(&number);
        }));
    }
    for thread in threads {
        let _ = thread.join();
    }
}

struct Connection<'a> {
    stream: BufReader<StreamOwned<ServerConnection, TcpStream>>,
    shared: &'a Shared,
}

impl Write for Connection<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.get_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.get_mut().flush()
    }
}

impl Line for Connection<'_> {
    fn end(&mut self) -> io::Result<()> {
        self.stream.get_mut().conn.send_close_notify();
        self.flush()
    }

    fn reset(&mut self) -> io::Result<()> {
        let socket = &self.stream.get_ref().sock;
        set_socket_linger(socket, Some(Duration::ZERO))?;
        Ok(())
    }

    fn update_keys(&mut self) -> io::Result<()> {
        let conn = &mut self.stream.get_mut().conn;
        conn.refresh_traffic_keys().map_err(io::Error::other)?;
        self.flush()
    }

    fn pause(&self, length: Duration) -> bool {
        self.shared.pause(length)
    }
}

impl Shared {
    fn pause(&self, length: Duration) -> bool {
        const LOOK: Duration = Duration::from_millis(50);
        let mut left = length;
        while !left.is_zero() && !self.ends.load(Ordering::SeqCst) {
            let piece = left.min(LOOK);
            thread::sleep(piece);
            left -= piece;
        }
        !self.ends.load(Ordering::SeqCst)
    }

    fn serve(&self, mut socket: TcpStream) -> io::Result<()> {
        // Or a reset would discard what Nagle's algorithm holds back.
        socket.set_nodelay(true)?;
        let (door, tls) = {
            let script = self.script();
            (script.door, script.tls.clone())
        };
        match door {
            Door::Open => {}
            Door::Slam => {
                set_socket_linger(&socket, Some(Duration::ZERO))?;
                return Ok(());
            }
            Door::Plain => return socket.write_all(b"HTTP/1.1 400 Plain\r\n\r\n"),
            Door::Mute => {
                while self.pause(Duration::from_millis(50)) {}
                return Ok(());
            }
        }
        let session = ServerConnection::new(tls).map_err(io::Error::other)?;
        let mut connection = Connection {
            stream: BufReader::new(StreamOwned::new(session, socket)),
            shared: self,
        };
        while let Some(request) = read(&mut connection.stream)? {
            let reply = self.answer(&request);
            if let Way::Tickets = reply.way {
                let (session, socket) = connection.stream.into_inner().into_parts();
                return records::flood(session, socket, || !self.pause(Duration::ZERO));
            }
            if !send(&reply, request.head_alone, &mut connection)? {
                break;
            }
        }
        Ok(())
    }
}

/// A request, unpacked.
pub(super) struct Asked {
    head_alone: bool,
    pub path: String,
    /// The payload of its JWS; null for POST-as-GET; a form as text.
    pub payload: Value,
}

fn read(stream: &mut impl BufRead) -> io::Result<Option<Asked>> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let begin = head.len();
        if stream.read_line(&mut head)? == 0 {
            return Ok(None);
        }
        let line = head[begin..].trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().map_err(io::Error::other)?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let jws: Value = serde_json::from_slice(&body).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD.decode(jws["payload"].as_str().unwrap_or_default());
    let form = head.to_ascii_lowercase();
    let form = form.contains("content-type: application/x-www-form-urlencoded");
    let form = form.then(|| String::from_utf8_lossy(&body).into_owned());
    Ok(Some(Asked {
        head_alone: head.starts_with("HEAD "),
        path: head.split(' ').nth(1).unwrap_or_default().to_owned(),
        payload: match form {
            Some(form) => form.into(),
            None => serde_json::from_slice(&payload.unwrap_or_default()).unwrap_or_default(),
        },
    }))
}
