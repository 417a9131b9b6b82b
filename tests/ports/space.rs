//! Network namespaces that live as long as a process of the test.

use crate::support::process::{self, Finished};
use crate::support::server::{Launch, Server};
use crate::support::temp_root::TempRoot;
use crate::support::{tools, wait_until};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::process::Command;
use std::thread;
use std::time::Duration;

pub const NEEDS: &[&str] = &["unshare", "ip"];

/// What nobody answers takes no longer.
const LIMIT: Duration = Duration::from_secs(5);

/// A network namespace; it goes with the process that was started for it.
pub struct Space(Server);

impl Space {
    /// Why no namespace can be made here, if so.
    pub fn trouble() -> Option<String> {
        let mut command = Command::new("unshare");
        command.args(["--net", "true"]);
        let tried = process::run(command, LIMIT);
        (!tried.status.success()).then(|| tried.stderr.trim().to_owned())
    }

    pub fn new(temp: &TempRoot) -> Self {
        let folder = temp.server_folder("space");
        let (server, ()) = Server::start("unshare", &folder, || {
            let mut command = Command::new(tools::path_of("unshare"));
            command.args(["--net", "sleep", "600"]);
            Launch {
                command,
                ports: Vec::new(),
                facts: (),
            }
        });
        let space = Self(server);
        let own = fs::read_link("/proc/self/ns/net").expect("our namespace");
        let other = || fs::read_link(space.file()).is_ok_and(|link| link != own);
        assert!(wait_until(LIMIT, other), "unshare did not");
        space.sh("ip link set lo up");
        space
    }

    fn file(&self) -> String {
        format!("/proc/{}/ns/net", self.pid())
    }

    /// As whom `ip link … netns` knows it.
    pub fn pid(&self) -> i32 {
        self.0.pid().as_raw_nonzero().get()
    }

    /// Does something there; what is started in it stays in it.
    pub fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let space = File::open(self.file()).expect("the namespace");
        let entered = move || {
            let kind = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(space.as_fd(), kind).expect("entered");
            work()
        };
        let done = thread::scope(|scope| scope.spawn(entered).join());
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Runs lines of shell there, each of which must succeed.
    pub fn sh(&self, lines: &str) -> String {
        self.try_sh(lines).ok()
    }

    pub fn try_sh(&self, lines: &str) -> Finished {
        self.within(|| {
            let mut command = Command::new("sh");
            command.args(["-ec", lines]);
            let path = std::env::var("PATH").unwrap_or_default();
            command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
            process::run(command, LIMIT * 2)
        })
    }

    /// What `to` answers to a request for `path` and the body after it, whole.
    pub fn send(&self, to: &str, head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let to: SocketAddr = to.parse().expect("an address");
        self.within(|| {
            let mut stream = TcpStream::connect_timeout(&to, LIMIT)?;
            stream.set_read_timeout(Some(LIMIT))?;
            write!(
                stream,
                "{head}\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
                body.len()
            )?;
            stream.write_all(body)?;
            let mut reply = Vec::new();
            stream.read_to_end(&mut reply)?;
            Ok(reply)
        })
    }

    /// The reply to `GET /`, or how the connection failed.
    pub fn get(&self, to: &str) -> String {
        match self.send(to, "GET / HTTP/1.1", b"") {
            Ok(reply) => String::from_utf8_lossy(&reply).into_owned(),
            Err(e) => format!("{:?}", e.kind()),
        }
    }
}
