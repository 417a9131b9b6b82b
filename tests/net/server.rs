//! A scripted server on loopback for the tests of the room `net`.

use super::ca::Leaf;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How a server ends a connection.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// In TLS with close_notify.
    Orderly,
    /// In TLS without close_notify.
    Unannounced,
    /// With RST.
    Reset,
}

/// One connection, plain or decrypted.
pub trait Stream: Read + Write {
    fn counter(&self) -> &AtomicUsize;

    /// Reads the next request, head and body; `None` at the end.
    fn read_request(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        let head = loop {
            let mut byte = [0];
            if self.read(&mut byte).ok()? == 0 {
                return None;
            }
            bytes.push(byte[0]);
            if bytes.ends_with(b"\r\n\r\n") {
                break String::from_utf8(bytes.clone())
                    .unwrap()
                    .to_ascii_lowercase();
            }
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.read_exact(&mut body).ok()?;
        bytes.extend(body);
        self.counter().fetch_add(1, Ordering::SeqCst);
        Some(String::from_utf8(bytes).unwrap())
    }

    /// Reads what is there.
    fn read_some(&mut self) {
        let _ = self.read(&mut [0; 1024]);
    }
}

struct Counted<S> {
    stream: io::BufReader<S>,
    requests: Arc<AtomicUsize>,
}

impl<S: Read> Read for Counted<S> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.stream.read(room)
    }
}

impl<S: Read + Write> Write for Counted<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.get_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.get_mut().flush()
    }
}

impl<S: Read + Write> Stream for Counted<S> {
    fn counter(&self) -> &AtomicUsize {
        &self.requests
    }
}

type Script = dyn Fn(&mut dyn Stream, usize) -> End + Send + Sync;

/// Runs a script for each connection, which is told how many there were before.
pub struct Server {
    pub port: u16,
    tls: bool,
    connections: Arc<AtomicUsize>,
    since: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

impl Server {
    pub fn plain(script: impl Fn(&mut dyn Stream, usize) -> End + Send + Sync + 'static) -> Self {
        Self::start(None, Arc::new(script))
    }

    pub fn tls(
        leaf: &Leaf,
        script: impl Fn(&mut dyn Stream, usize) -> End + Send + Sync + 'static,
    ) -> Self {
        Self::tls_of(leaf, rustls::DEFAULT_VERSIONS, script)
    }

    pub fn tls_of(
        leaf: &Leaf,
        versions: &[&'static SupportedProtocolVersion],
        script: impl Fn(&mut dyn Stream, usize) -> End + Send + Sync + 'static,
    ) -> Self {
        let chain = leaf
            .chain
            .iter()
            .cloned()
            .map(CertificateDer::from)
            .collect();
        let key = PrivateKeyDer::Pkcs8(leaf.pkcs8.clone().into());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Self::start(Some(Arc::new(config)), Arc::new(script))
    }

    fn start(config: Option<Arc<ServerConfig>>, script: Arc<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            tls: config.is_some(),
            connections: Arc::default(),
            since: Arc::default(),
            requests: Arc::default(),
            stopped: Arc::default(),
        };
        let (connections, since) = (server.connections.clone(), server.since.clone());
        let (requests, stopped) = (server.requests.clone(), server.stopped.clone());
        thread::spawn(move || {
            for socket in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                connections.fetch_add(1, Ordering::SeqCst);
                let number = since.fetch_add(1, Ordering::SeqCst);
                let (config, script) = (config.clone(), script.clone());
                let requests = requests.clone();
                thread::spawn(move || {
                    // A client that leaves early ends its connection, not the test.
                    let _ = serve(socket?, config, &*script, number, requests);
                    io::Result::Ok(())
                });
            }
        });
        server
    }

    pub fn url(&self, path: &str) -> String {
        match self.tls {
            true => format!("https://localhost:{}{path}", self.port),
            false => format!("http://127.0.0.1:{}{path}", self.port),
        }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Tells the script of the next connection that it is the first.
    pub fn start_over(&self) {
        self.since.store(0, Ordering::SeqCst);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(
    socket: TcpStream,
    config: Option<Arc<ServerConfig>>,
    script: &Script,
    number: usize,
    requests: Arc<AtomicUsize>,
) -> io::Result<()> {
    // No test waits longer; what a failed one leaves behind ends, too.
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    // Or a reset would discard what Nagle's algorithm holds back.
    socket.set_nodelay(true)?;
    let handle = socket.try_clone()?;
    let end = if let Some(config) = config {
        let session = ServerConnection::new(config).map_err(io::Error::other)?;
        let mut stream = Counted {
            stream: io::BufReader::new(StreamOwned::new(session, socket)),
            requests,
        };
        let end = script(&mut stream, number);
        if let End::Orderly = end {
            stream.stream.get_mut().conn.send_close_notify();
            stream.flush()?;
        }
        end
    } else {
        let stream = io::BufReader::new(socket);
        script(&mut Counted { stream, requests }, number)
    };
    if let End::Reset = end {
        rustix::net::sockopt::set_socket_linger(&handle, Some(Duration::ZERO))?;
    }
    Ok(())
}
