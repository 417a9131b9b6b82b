//! A web server that has port 80 already, as uhttpd or nginx has.

use crate::space::Space;
use std::io::{self, Read, Write};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// The page that stands for a router's login.
pub const PAGE: &str = "the owner's own page";

/// Serves [`PAGE`] with the request's body after it, until it is dropped.
pub struct Owner {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
}

impl Owner {
    /// Takes port 80 of all addresses of a namespace.
    pub fn start(space: &Space) -> Self {
        let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (ended, count): (_, Arc<AtomicUsize>) = (stop.clone(), Arc::clone(&served));
        space.within(|| {
            let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 80)).expect("port 80");
            listener.set_nonblocking(true).expect("an option");
            thread::spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    match listener.accept() {
                        Ok((stream, _)) => {
                            let count = count.clone();
                            thread::spawn(move || {
                                if answer(stream).is_ok() {
                                    count.fetch_add(1, Ordering::Relaxed);
                                }
                            });
                        }
                        Err(_) => thread::sleep(Duration::from_millis(2)),
                    }
                }
            });
        });
        Self { stop, served }
    }

    /// How many requests it answered.
    pub fn served(&self) -> usize {
        self.served.load(Ordering::Relaxed)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let (mut all, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&all).into_owned();
        let length = || {
            let (_, rest) = text.split_once("Content-Length: ")?;
            rest.split("\r\n").next()?.parse::<usize>().ok()
        };
        if let Some(end) = all.windows(4).position(|w| w == b"\r\n\r\n") {
            let body = &all[end + 4..];
            if body.len() >= length().unwrap_or(0) {
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{PAGE}",
                    PAGE.len() + body.len()
                )?;
                return stream.write_all(body);
            }
        }
        match stream.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => all.extend_from_slice(&chunk[..n]),
        }
    }
}
