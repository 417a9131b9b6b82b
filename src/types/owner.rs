//! Whom somebody on the Internet reaches on a port of the router.

use std::net::{IpAddr, SocketAddr};

/// Who answers on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The host that the port is forwarded to; `None`: the router itself.
    pub host: Option<IpAddr>,
    /// Its port there.
    pub port: u16,
}

impl Owner {
    /// Where a connection to that address of the router is answered.
    pub fn address(&self, asked: IpAddr) -> SocketAddr {
        SocketAddr::new(self.host.unwrap_or(asked), self.port)
    }
}

/// Whom the firewall lets the WAN reach on a port; `None`: nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// By IPv4.
    pub ipv4: Option<Owner>,
    /// By IPv6.
    pub ipv6: Option<Owner>,
}

impl Owners {
    /// True if nobody is reached.
    pub fn is_empty(&self) -> bool {
        self.ipv4.is_none() && self.ipv6.is_none()
    }

    /// Those that both let reach: where it is not known through which one a connection comes, the
    /// stricter one counts.
    pub fn both(self, other: Self) -> Self {
        Self {
            ipv4: self.ipv4.filter(|o| other.ipv4 == Some(*o)),
            ipv6: self.ipv6.filter(|o| other.ipv6 == Some(*o)),
        }
    }
}
