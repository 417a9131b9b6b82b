//! The port that a CA asks, and how it gets from there to a listener of ours.

use super::ChallengeError;
use super::datagram::{self, Datagrams};
use super::listener::{Answer, Listener};
use super::relay::Relay;
use crate::net::{Firewall, Redirect, holder};
use crate::types::Owners;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// A port that CAs ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its number.
    pub asked: u16,
    /// Where it leads while a CA looks; the include for fw4 names it too.
    pub redirected: u16,
    /// By UDP, too.
    pub datagrams: bool,
}

/// Of http-01 (RFC 8555 section 8.3).
pub const HTTP: Port = Port {
    asked: 80,
    redirected: 61080,
    datagrams: false,
};
/// Of tls-alpn-01 (RFC 8737 section 3).
pub const TLS: Port = Port {
    asked: 443,
    redirected: 61443,
    datagrams: false,
};
/// Of DNS (RFC 1035 section 4.2).
pub const DNS: Port = Port {
    asked: 53,
    redirected: 61053,
    datagrams: true,
};

/// A way to a listener; it is opened with the first answer and closed with the last.
#[derive(Debug)]
pub struct Door<'a> {
    way: Way<'a>,
    running: Vec<Listener>,
}

#[derive(Debug)]
enum Way<'a> {
    /// The listener has the port itself.
    Direct { address: Option<IpAddr>, port: u16 },
    /// The firewall leads it there.
    Redirected {
        firewall: &'a Firewall,
        redirect: Redirect,
        owners: Owners,
    },
}

impl<'a> Door<'a> {
    /// A listener on that port, of one address or of all; nothing is opened yet.
    pub fn direct(address: Option<IpAddr>, port: u16) -> Self {
        Self::by(Way::Direct { address, port })
    }

    /// A listener that the firewall leads that port of these devices to. `owners`: whom the port is
    /// passed on to, because the WAN reaches them anyway.
    pub fn redirected(
        firewall: &'a Firewall,
        port: Port,
        devices: Vec<String>,
        owners: Owners,
    ) -> Self {
        Self::by(Way::Redirected {
            firewall,
            redirect: Redirect {
                devices,
                port: port.asked,
                datagrams: port.datagrams,
                to: port.redirected,
            },
            owners,
        })
    }

    fn by(way: Way<'a>) -> Self {
        Self {
            way,
            running: Vec::new(),
        }
    }

    /// Has clients answered from now on.
    pub(super) fn open(&mut self, answer: impl FnOnce() -> Answer) -> Result<(), ChallengeError> {
        self.open_both(|| (answer(), None))
    }

    /// The same, with datagrams.
    pub(super) fn open_both(
        &mut self,
        answers: impl FnOnce() -> (Answer, Option<Datagrams>),
    ) -> Result<(), ChallengeError> {
        if self.running.is_empty() {
            let (answer, datagrams) = answers();
            self.running = self.start(answer, datagrams)?;
        }
        Ok(())
    }

    fn start(
        &self,
        answer: Answer,
        datagrams: Option<Datagrams>,
    ) -> Result<Vec<Listener>, ChallengeError> {
        let (address, port, owners) = match &self.way {
            Way::Direct { address, port } => (*address, *port, Owners::default()),
            Way::Redirected {
                redirect, owners, ..
            } => (None, redirect.to, *owners),
        };
        let trouble = |e| ChallengeError::Port(format!("the listener does not start: {e}"));
        let listener = Listener::start(bind(address, port)?, answer, Relay::new(owners));
        let mut running = vec![listener.map_err(trouble)?];
        if let Some(datagrams) = datagrams {
            let sockets = datagram::bind(address, port)?;
            running.push(Listener::of_datagrams(sockets, datagrams).map_err(trouble)?);
        }
        // Behind it there is somebody already when the first client comes.
        if let Way::Redirected {
            firewall, redirect, ..
        } = &self.way
        {
            let opened = firewall.open(redirect);
            opened.map_err(|e| {
                let port = redirect.port;
                ChallengeError::Firewall(format!("port {port} could not be redirected: {e}"))
            })?;
        }
        Ok(running)
    }

    /// Nobody is answered any more; harmless if nobody was.
    pub(super) fn close(&mut self) -> Result<(), ChallengeError> {
        if self.running.is_empty() {
            return Ok(());
        }
        let closed = match &self.way {
            Way::Direct { .. } => Ok(()),
            Way::Redirected {
                firewall, redirect, ..
            } => firewall.close(redirect).map_err(|e| {
                let port = redirect.port;
                let text =
                    format!("the redirect of port {port} ends by itself within ten minutes: {e}");
                ChallengeError::Firewall(text)
            }),
        };
        self.running.clear();
        closed
    }
}

/// However it ends: nothing stays open.
impl Drop for Door<'_> {
    fn drop(&mut self) {
        let _ = self.close();
    }
}

pub(super) fn bind(address: Option<IpAddr>, port: u16) -> Result<TcpListener, ChallengeError> {
    let bind = |ip: IpAddr| TcpListener::bind(SocketAddr::new(ip, port));
    let listener = match address {
        Some(ip) => bind(ip),
        // The IPv6 socket takes IPv4 too, where there is IPv6.
        None => bind(Ipv6Addr::UNSPECIFIED.into()).or_else(|e| match e.kind() {
            io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(e),
            _ => bind(Ipv4Addr::UNSPECIFIED.into()),
        }),
    };
    listener.map_err(|e| refused(port, &e))
}

/// Why a port cannot be opened.
pub(super) fn refused(port: u16, e: &io::Error) -> ChallengeError {
    ChallengeError::Port(match e.kind() {
        io::ErrorKind::AddrInUse => {
            let who = holder(port).unwrap_or_else(|| "another program".into());
            format!("port {port} is held by {who}")
        }
        io::ErrorKind::PermissionDenied => format!("port {port} may be opened by root alone"),
        _ => format!("port {port} cannot be opened: {e}"),
    })
}
