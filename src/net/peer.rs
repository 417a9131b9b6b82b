//! The other end of a connection, as URLs name it.

use crate::types::TransportError;
use std::fmt;
use ureq::http::Uri;

/// A host and port. Displayed as messages name it: never with the path, which may hold a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Peer {
    /// The name, or the address without brackets.
    pub host: String,
    pub port: u16,
    pub tls: bool,
}

impl Peer {
    /// Takes the host out of an absolute http or https URL.
    pub(super) fn of(uri: &Uri) -> Result<Self, TransportError> {
        let bad = |why: &str| Err(TransportError::BadUrl(why.into()));
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return bad("the URL starts with neither https:// nor http://"),
        };
        let (Some(authority), Some(host)) = (uri.authority(), uri.host()) else {
            return bad("the URL names no host");
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if bare.is_empty() {
            return bad("the URL names no host");
        }
        if authority.as_str().contains('@') {
            return bad("the URL holds a user name; certkeeper does not send it");
        }
        let port = match authority.as_str().strip_prefix(host) {
            Some("") | Some(":") => {
                if tls {
                    443
                } else {
                    80
                }
            }
            _ => match authority.port_u16() {
                Some(port) if port != 0 => port,
                _ => return bad("the port in the URL is not a number from 1 to 65535"),
            },
        };
        Ok(Self {
            host: bare.to_ascii_lowercase(),
            port,
            tls,
        })
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = if self.tls { 443 } else { 80 };
        match (self.port == usual, self.host.contains(':')) {
            (true, _) => f.write_str(&self.host),
            (false, false) => write!(f, "{}:{}", self.host, self.port),
            (false, true) => write!(f, "[{}]:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(url: &str) -> Result<String, String> {
        let uri: Uri = url.parse().map_err(|error| format!("{error}"))?;
        Peer::of(&uri)
            .map(|peer| peer.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn messages_name_the_host_and_an_unusual_port() {
        for (url, want) in [
            ("https://CA.example/dir?token=1#f", "ca.example"),
            ("https://ca.example:443/", "ca.example"),
            ("https://ca.example:/", "ca.example"),
            ("https://ca.example:14000/dir", "ca.example:14000"),
            ("http://ca.example", "ca.example"),
            ("http://ca.example:443", "ca.example:443"),
            ("https://[2001:db8::1]/x", "2001:db8::1"),
            ("https://[2001:db8::1]:8443/x", "[2001:db8::1]:8443"),
        ] {
            assert_eq!(peer(url).as_deref(), Ok(want), "{url}");
        }
    }

    #[test]
    fn urls_without_a_usable_host_are_refused() {
        for url in [
            "",
            "/dir",
            "ca.example",
            "ca.example:443",
            "ftp://ca.example/",
            "https://",
            "https:///dir",
            "https://user:secret@ca.example/",
            "https://@ca.example/",
            "https://ca.example:99999/",
            "https://ca.example:0/",
            "https://ca.example:x/",
            "https://:443/",
            "https://b\u{fc}cher.example/",
            "https://[]/",
            "*",
            "https://ca example/",
        ] {
            let error = peer(url).unwrap_err();
            assert!(
                !error.contains("secret") && !error.contains("ca.example"),
                "{url}: {error}"
            );
        }
    }
}
