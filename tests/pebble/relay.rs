//! A TCP relay before a CA: a fixed address whatever stands behind, connections counted, and
//! replies withheld from a moment on.

use crate::support::pebble::Pebble;
use crate::support::server::loopback;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What happens to replies.
#[derive(Clone, Default)]
pub enum Replies {
    /// They pass.
    #[default]
    Pass,
    /// From the CA's first such request on they are lost, once: the connection ends.
    Cut(Weak<Pebble>, &'static str),
    /// From the CA's first such request on they stay here.
    Hold(Weak<Pebble>, &'static str),
}

#[derive(Default)]
struct Shared {
    target: Mutex<u16>,
    replies: Mutex<Replies>,
    connections: AtomicUsize,
    lost: AtomicUsize,
    ends: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

/// A running relay.
pub struct Relay {
    port: u16,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// A relay to the CA's port.
    pub fn to(pebble: &Pebble) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared::default());
        let own = shared.clone();
        let thread = thread::spawn(move || accept(&listener, &own));
        let relay = Self {
            port,
            shared,
            thread: Some(thread),
        };
        relay.lead_to(pebble);
        relay
    }

    /// From now on new connections go to this CA, and the old ones end.
    pub fn lead_to(&self, pebble: &Pebble) {
        *self.shared.target.lock().expect("whole") = port_of(&pebble.directory_url());
        self.end_connections();
    }

    /// What happens to replies from now on.
    pub fn set(&self, replies: Replies) {
        *self.shared.replies.lock().expect("whole") = replies;
    }

    /// The CA's directory through the relay.
    pub fn directory_url(&self) -> String {
        format!("https://localhost:{}/dir", self.port)
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Pieces of replies that did not pass.
    pub fn lost(&self) -> usize {
        self.shared.lost.load(Ordering::SeqCst)
    }

    fn end_connections(&self) {
        for stream in self.shared.open.lock().expect("whole").drain(..) {
            // One that has ended by itself is as good.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        // Wakes the listener.
        drop(TcpStream::connect(loopback(self.port)));
        self.end_connections();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn port_of(url: &str) -> u16 {
    let port = url
        .trim_start_matches("https://localhost:")
        .trim_end_matches("/dir");
    port.parse().expect("a port in the URL")
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    for client in listener.incoming().flatten() {
        if shared.ends.load(Ordering::SeqCst) {
            break;
        }
        let target = *shared.target.lock().expect("whole");
        let Ok(server) = TcpStream::connect(loopback(target)) else {
            continue;
        };
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let copy = |stream: &TcpStream| stream.try_clone().expect("a descriptor");
        shared
            .open
            .lock()
            .expect("whole")
            .extend([copy(&client), copy(&server)]);
        let (up, down) = ((copy(&client), copy(&server)), (server, client));
        let own = shared.clone();
        threads.push(thread::spawn(move || pass(up, |_| true)));
        threads.push(thread::spawn(move || pass(down, |_| own.passes())));
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// Copies until one side ends or a piece is not to pass.
fn pass((mut from, mut to): (TcpStream, TcpStream), passes: impl Fn(usize) -> bool) {
    let mut piece = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut piece) {
        if !passes(count) || to.write_all(&piece[..count]).is_err() {
            break;
        }
    }
    for stream in [from, to] {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

impl Shared {
    fn passes(&self) -> bool {
        let replies = self.replies.lock().expect("whole").clone();
        match replies {
            Replies::Pass => true,
            Replies::Cut(pebble, request) if has_seen(&pebble, request) => {
                *self.replies.lock().expect("whole") = Replies::Pass;
                self.lost.fetch_add(1, Ordering::SeqCst);
                false
            }
            Replies::Hold(pebble, request) if has_seen(&pebble, request) => {
                self.lost.fetch_add(1, Ordering::SeqCst);
                while !self.ends.load(Ordering::SeqCst)
                    && matches!(*self.replies.lock().expect("whole"), Replies::Hold(..))
                {
                    thread::sleep(Duration::from_millis(5));
                }
                false
            }
            _ => true,
        }
    }
}

fn has_seen(pebble: &Weak<Pebble>, request: &str) -> bool {
    pebble
        .upgrade()
        .is_some_and(|p| p.requests().iter().any(|r| r == request))
}
