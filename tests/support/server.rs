//! A server that belongs to one test: on free loopback ports, ended on drop.

use super::wait_until;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a server may take to listen, on a machine busy with compiling.
const START_LIMIT: Duration = Duration::from_secs(20);
/// How long it may take to end before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(3);
/// How often new ports are chosen when others were quicker to take them.
const TRIES: u32 = 5;

/// Ports are chosen below the range (32768 and up) from which the kernel takes those of outgoing
/// connections: a port handed out here cannot become one of them before the server binds it.
const FIRST_PORT: u32 = 12_000;
const PORTS: u32 = 20_000;

/// A port of 127.0.0.1 that nobody listens on, for TCP and UDP; no two calls of one process get
/// the same.
///
/// # Panics
/// When all are taken.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(u32::MAX);
    if NEXT.load(Ordering::Relaxed) == u32::MAX {
        // Processes that run at the same time begin at different places.
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.subsec_micros());
        let begin = process::id().wrapping_mul(7919).wrapping_add(now) % PORTS;
        let _ = NEXT.compare_exchange(u32::MAX, begin, Ordering::Relaxed, Ordering::Relaxed);
    }
    (0..PORTS)
        .map(|_| FIRST_PORT + NEXT.fetch_add(1, Ordering::Relaxed) % PORTS)
        .filter_map(|port| u16::try_from(port).ok())
        .find(|&port| {
            let address = loopback(port);
            TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
        })
        .expect("no free port on 127.0.0.1")
}

/// 127.0.0.1 with a port.
pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// How a server is to be started: made anew, with other ports, when a port turned out to be taken.
pub struct Launch<T> {
    /// The command line.
    pub command: Command,
    /// The TCP ports that listen once it is up.
    pub ports: Vec<u16>,
    /// What the caller wants to remember.
    pub facts: T,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts the server that `prepare` describes in `folder`, and waits until it listens.
    ///
    /// # Panics
    /// When it does not come up; its log is in the message.
    pub fn start<T>(
        name: &'static str,
        folder: &Path,
        mut prepare: impl FnMut() -> Launch<T>,
    ) -> (Self, T) {
        let log = folder.join("log");
        for _ in 0..TRIES {
            let launch = prepare();
            let mut server = Self::spawn(name, folder, &log, launch.command);
            let up = server.wait_ports(&launch.ports);
            if up && !server.port_was_taken() {
                return (server, launch.facts);
            }
            assert!(
                server.port_was_taken(),
                "{name} did not start:\n{}",
                server.log()
            );
        }
        panic!("{name}: {TRIES} times another program took a port first");
    }

    fn spawn(name: &'static str, folder: &Path, log: &Path, mut command: Command) -> Self {
        let file = File::create(log).unwrap_or_else(|e| panic!("log of {name}: {e}"));
        let twin = file
            .try_clone()
            .unwrap_or_else(|e| panic!("log of {name}: {e}"));
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(twin)
            // Its folder, so that tests/run can tell what a killed test left running.
            .current_dir(folder)
            // Its own group, so that its workers end with it.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|e| panic!("cannot start {name} ({command:?}): {e}"));
        Self {
            name,
            child,
            log: log.to_owned(),
        }
    }

    /// True once all ports accept connections, false when the server ends before.
    fn wait_ports(&mut self, ports: &[u16]) -> bool {
        let mut ended = false;
        let up = wait_until(START_LIMIT, || {
            ended = !matches!(self.child.try_wait(), Ok(None));
            ended
                || ports
                    .iter()
                    .all(|&port| TcpStream::connect(loopback(port)).is_ok())
        });
        up && !ended
    }

    fn port_was_taken(&self) -> bool {
        self.log().to_lowercase().contains("address already in use")
    }

    /// Its process, which leads a process group of its own.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        fs::read(&self.log).map_or_else(
            |e| format!("(no log: {e})"),
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it has gone.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal)
            .unwrap_or_else(|e| panic!("{} has gone ({e}):\n{}", self.name, self.log()));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let group = self.pid();
        // An error here means that it ended by itself.
        let _ = kill_process_group(group, Signal::TERM);
        let ended = wait_until(STOP_LIMIT, || !matches!(self.child.try_wait(), Ok(None)));
        // Workers whose master has gone do not always follow at once.
        let _ = kill_process_group(group, Signal::KILL);
        if !ended {
            let _ = self.child.wait();
        }
    }
}
