//! Somebody who takes JSON by POST: keeps what comes, answers with a status of the test's choice.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// It listens until the test ends.
pub struct Listener {
    port: u16,
    status: Arc<AtomicU16>,
    heard: Arc<Mutex<Vec<(String, String)>>>,
}

impl Listener {
    /// On a free port of this machine.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let status = Arc::new(AtomicU16::new(200));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (answer, noted) = (status.clone(), heard.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let mut head = Vec::new();
                for line in reader.by_ref().lines().map_while(Result::ok) {
                    if line.is_empty() {
                        break;
                    }
                    head.push(line);
                }
                let length = head.iter().find_map(|l| {
                    let (name, value) = l.split_once(": ")?;
                    name.eq_ignore_ascii_case("content-length")
                        .then(|| value.parse().ok())?
                });
                let mut body = vec![0; length.unwrap_or(0)];
                let _ = reader.read_exact(&mut body);
                let request = head.first().cloned().unwrap_or_default();
                let body = String::from_utf8_lossy(&body).into_owned();
                noted.lock().expect("notes").push((request, body));
                let status = answer.load(Ordering::Relaxed);
                let reply = format!(
                    "HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
                let _ = reader.get_mut().write_all(reply.as_bytes());
            }
        });
        Self {
            port,
            status,
            heard,
        }
    }

    /// A URL that leads here.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Answers so from now on.
    pub fn answer(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// What has come since the last look: request line and body.
    pub fn heard(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.heard.lock().expect("notes"))
    }
}
