//! A provider that replies what the case says and notes what it is asked.

use crate::ca::Ca;
use crate::cases::{Case, Rule, fits};
use crate::space::Space;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request: method, URL, headers, body.
pub type Asked = String;

struct Shared {
    rules: Mutex<Vec<Rule>>,
    asked: Mutex<Vec<Asked>>,
    ends: AtomicBool,
}

/// Listens on 80 and 443 of a network namespace.
pub struct Double {
    shared: Arc<Shared>,
    pub root: String,
}

/// What every client sends in its own way.
const OWN: [&str; 4] = ["user-agent", "host", "content-length", "connection"];

impl Double {
    pub fn start(space: &Space, case: &Case) -> Self {
        let ca = Ca::root("Test root");
        let hosts = case.hosts();
        let names: Vec<&str> = hosts.iter().map(String::as_str).collect();
        let leaf = ca.leaf(&names, -1..9);
        let chain = leaf.chain.iter().cloned().map(CertificateDer::from);
        let key = PrivateKeyDer::try_from(leaf.pkcs8.clone()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.collect(), key)
            .expect("a certificate");
        let config = Arc::new(config);
        let shared = Arc::new(Shared {
            rules: Mutex::new(case.rules.clone()),
            asked: Mutex::default(),
            ends: AtomicBool::new(false),
        });
        for (port, scheme) in [(443, "https"), (80, "http")] {
            let listener = space.within(|| TcpListener::bind(("127.0.0.1", port)).expect("a port"));
            let (shared, config) = (shared.clone(), config.clone());
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    if shared.ends.load(Ordering::SeqCst) {
                        return;
                    }
                    if scheme == "http" {
                        shared.talk(scheme, stream);
                    } else if let Ok(session) = ServerConnection::new(config.clone()) {
                        shared.talk(scheme, StreamOwned::new(session, stream));
                    }
                }
            });
        }
        Self {
            shared,
            root: ca.pem(),
        }
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    pub fn stop(self, space: &Space) {
        self.shared.ends.store(true, Ordering::SeqCst);
        for port in [80, 443] {
            space.within(|| drop(TcpStream::connect(("127.0.0.1", port))));
        }
    }
}

impl Shared {
    /// One request a connection.
    fn talk(&self, scheme: &str, mut stream: impl Read + Write) {
        let Some((head, body)) = read(&mut stream) else {
            return;
        };
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default();
        let mut words = first.split(' ');
        let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let mut headers: Vec<(String, &str)> = lines
            .filter_map(|l| l.split_once(':'))
            .map(|(n, v)| (n.to_ascii_lowercase(), v.trim()))
            .collect();
        let host = headers
            .iter()
            .find(|(n, _)| n == "host")
            .map_or("", |h| h.1);
        let url = format!("{scheme}://{host}{target}");
        headers.retain(|(n, _)| !OWN.contains(&n.as_str()));
        headers.sort();
        let headers: String = headers.iter().map(|(n, v)| format!("{n}: {v}\n")).collect();
        let reply = self.reply(method, &url, &body);
        self.asked
            .lock()
            .unwrap()
            .push(format!("{method} {url}\n{headers}\n{body}"));
        let _ = stream
            .write_all(reply.as_bytes())
            .and_then(|()| stream.flush());
    }

    fn reply(&self, method: &str, url: &str, body: &str) -> String {
        let mut rules = self.rules.lock().unwrap();
        let rule = rules.iter_mut().find(|r| {
            r.left != Some(0) && r.method == method && fits(&r.url, url) && fits(&r.body, body)
        });
        let (status, headers, text) = match rule {
            Some(rule) => {
                rule.left = rule.left.map(|n| n - 1);
                let headers = rule.headers.iter().map(|h| format!("{h}\r\n"));
                (rule.status, headers.collect(), rule.reply.join("\n"))
            }
            None => (404, String::new(), "{}".to_owned()),
        };
        let length = text.len();
        let text = if method == "HEAD" { "" } else { &text };
        let reason = if status == 200 { "OK" } else { "So" };
        format!(
            "HTTP/1.1 {status} {reason}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{text}"
        )
    }
}

fn read(stream: &mut impl Read) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).ok()?;
    let length = head.to_ascii_lowercase();
    let length = length
        .lines()
        .find_map(|l| l.strip_prefix("content-length:"))
        .and_then(|l| l.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8_lossy(&body).into_owned()))
}
