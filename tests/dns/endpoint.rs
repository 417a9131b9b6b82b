//! What an owner's own program would be: an HTTP server that publishes TXT records.

use crate::support::challsrv::ChallSrv;
use crate::support::server::loopback;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Call {
    /// `POST /present`.
    pub line: String,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Call {
    /// A field of the JSON body.
    pub fn field(&self, name: &str) -> String {
        let body: Value = serde_json::from_str(&self.body).expect("JSON");
        body[name].as_str().unwrap_or_default().to_owned()
    }
}

struct Shared {
    challsrv: Arc<ChallSrv>,
    /// Name and value of each record that is there.
    records: Mutex<Vec<(String, String)>>,
    calls: Mutex<Vec<Call>>,
    /// What it answers instead of 200.
    status: AtomicU16,
    /// Milliseconds until a record is published.
    delay: AtomicU64,
    ends: AtomicBool,
}

/// The server; it writes to pebble-challtestsrv.
pub struct Endpoint {
    port: u16,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Endpoint {
    pub fn start(challsrv: &Arc<ChallSrv>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            challsrv: challsrv.clone(),
            records: Mutex::default(),
            calls: Mutex::default(),
            status: AtomicU16::new(200),
            delay: AtomicU64::new(0),
            ends: AtomicBool::new(false),
        });
        let own = shared.clone();
        let thread = thread::spawn(move || serve(&listener, &own));
        Self {
            port,
            shared,
            thread: Some(thread),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", loopback(self.port))
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it answers from now on; nothing is published then unless it is 200.
    pub fn answer(&self, status: u16) {
        self.shared.status.store(status, Ordering::SeqCst);
    }

    /// Records appear that much after they were written.
    pub fn publish_after(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).expect("short");
        self.shared.delay.store(millis, Ordering::SeqCst);
    }

    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().expect("whole").clone()
    }

    /// The records that are there.
    pub fn records(&self) -> Vec<(String, String)> {
        self.shared.records.lock().expect("whole").clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(loopback(self.port)));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().flatten() {
        if shared.ends.load(Ordering::SeqCst) {
            return;
        }
        // One request a connection; a broken one is the client's matter.
        if let Some(call) = read(&stream) {
            let status = shared.take(call);
            let later = match status {
                429 => "Retry-After: 3600\r\n",
                _ => "",
            };
            let reply = format!(
                "HTTP/1.1 {status} So\r\n{later}Content-Length: 3\r\nConnection: close\r\n\r\nso\n"
            );
            let _ = (&stream).write_all(reply.as_bytes());
        }
    }
}

fn read(stream: &TcpStream) -> Option<Call> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|l| l.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let line = line
        .trim()
        .trim_end_matches(" HTTP/1.1")
        .trim_end_matches(" HTTP/1.0")
        .to_owned();
    Some(Call {
        line,
        headers,
        body: String::from_utf8(body).ok()?,
    })
}

impl Shared {
    fn take(self: &Arc<Self>, call: Call) -> u16 {
        let status = self.status.load(Ordering::SeqCst);
        let record = (call.field("fqdn"), call.field("value"));
        let added = call.line.ends_with("/present");
        self.calls.lock().expect("whole").push(call.clone());
        if status != 200 {
            return status;
        }
        if call.line.ends_with("/update") {
            let name = format!("{}.", call.field("subdomain"));
            self.push_out(&name, &call.field("txt"));
            return status;
        }
        let delay = Duration::from_millis(self.delay.load(Ordering::SeqCst));
        if delay.is_zero() || !added {
            self.change(record, added);
        } else {
            // The test may end before: its server must end with it.
            let own = Arc::downgrade(self);
            thread::spawn(move || {
                thread::sleep(delay);
                if let Some(own) = own.upgrade() {
                    own.change(record, added);
                }
            });
        }
        status
    }

    /// As acme-dns does: a name has the last two values.
    fn push_out(&self, name: &str, value: &str) {
        let own = |r: &&(String, String)| r.0 == name;
        let before: Vec<_> = self
            .records
            .lock()
            .expect("whole")
            .iter()
            .filter(own)
            .cloned()
            .collect();
        if let [oldest, _] = before.as_slice() {
            self.change(oldest.clone(), false);
        }
        self.change((name.to_owned(), value.to_owned()), true);
    }

    /// The server knows only how to clear a name: what stays is written again.
    fn change(&self, record: (String, String), added: bool) {
        let mut records = self.records.lock().expect("whole");
        records.retain(|r| *r != record);
        let name = record.0.clone();
        if added {
            records.push(record);
        }
        self.challsrv.clear_txt(&name);
        for (_, value) in records.iter().filter(|(n, _)| *n == name) {
            self.challsrv.set_txt(&name, value);
        }
    }
}
