//! Names: what a certificate is for.

use std::fmt;
use std::net::IpAddr;

/// A DNS name in A-label form, lower case, without trailing dot; the first label may be `*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(String);

/// Why a text is no name for a certificate. `Display` says what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError(pub(super) String);

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The longest name in text form (RFC 1035 section 2.3.4).
const NAME_MAX: usize = 253;
/// The longest label (RFC 1035 section 2.3.4).
const LABEL_MAX: usize = 63;

/// Suffixes that no public CA certifies, with who reserved them.
const LOCAL_SUFFIXES: [(&str, &str); 11] = [
    ("local", "mDNS, RFC 6762"),
    ("lan", "OpenWrt's local suffix, not delegated"),
    ("home.arpa", "home networks, RFC 8375"),
    ("internal", "private use, ICANN 2024"),
    ("localhost", "loopback, RFC 6761"),
    ("test", "testing, RFC 6761"),
    ("example", "documentation, RFC 6761"),
    ("invalid", "RFC 6761"),
    ("onion", "Tor, RFC 7686"),
    ("intranet", "not delegated"),
    ("home", "not delegated"),
];

impl Domain {
    /// Reads a name as people write it: any case, blanks around, a trailing dot.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let folded = text.trim().to_ascii_lowercase();
        let name = folded.strip_suffix('.').unwrap_or(&folded);
        let fail = |why: String| Err(NameError(why));
        if name.contains("://") || name.contains('/') {
            return fail("write the name alone, without https:// and path".into());
        }
        if name.contains(':') {
            return fail("write the name alone, without a port".into());
        }
        if !name.is_ascii() {
            return fail("write an international name in its ASCII form, xn--…".into());
        }
        if name.len() > NAME_MAX {
            return fail(format!("a name has at most {NAME_MAX} characters"));
        }
        let base = name.strip_prefix("*.").unwrap_or(name);
        if base.contains('*') {
            return fail("a wildcard stands first and alone: *.example.org".into());
        }
        let labels: Vec<&str> = base.split('.').collect();
        if labels.len() < 2 {
            return fail("a name has at least two parts, such as example.org".into());
        }
        for label in &labels {
            if label.is_empty() || label.len() > LABEL_MAX {
                return fail(format!(
                    "each part between dots has 1 to {LABEL_MAX} characters"
                ));
            }
            if !label
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-')
                || label.starts_with('-')
                || label.ends_with('-')
            {
                return fail(format!(
                    "'{label}' may hold letters, digits and inner hyphens alone"
                ));
            }
        }
        if labels
            .last()
            .is_some_and(|l| l.bytes().all(|c| c.is_ascii_digit()))
        {
            return fail("this is neither a name nor an IP address".into());
        }
        Ok(Self(name.to_owned()))
    }

    /// The name, with `*.` if it is a wildcard.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without `*.`.
    pub fn base(&self) -> &str {
        self.0.strip_prefix("*.").unwrap_or(&self.0)
    }

    /// True for `*.example.org`.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// The name of the record that answers dns-01 (RFC 8555 section 8.4).
    pub fn challenge(&self) -> Domain {
        Self(format!("_acme-challenge.{}", self.base()))
    }

    /// Why no public CA certifies this name: the reserved suffix and its reason.
    pub fn local_reason(&self) -> Option<(&'static str, &'static str)> {
        LOCAL_SUFFIXES.into_iter().find(|(suffix, _)| {
            self.base()
                .strip_suffix(suffix)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a certificate is for (RFC 8555 section 7.1.3, RFC 8738).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identifier {
    /// A DNS name or wildcard.
    Dns(Domain),
    /// An IP address.
    Ip(IpAddr),
}

impl Identifier {
    /// Reads a name or an IP address (IPv6 with or without brackets).
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        let bare = text
            .strip_prefix('[')
            .and_then(|t| t.strip_suffix(']'))
            .unwrap_or(text);
        match bare.parse::<IpAddr>() {
            // An IPv4 address in IPv6 clothes is an IPv4 address.
            Ok(ip) => Ok(Self::Ip(ip.to_canonical())),
            Err(_) => Domain::parse(text).map(Self::Dns),
        }
    }

    /// The identifier type in an order.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Dns(_) => "dns",
            Self::Ip(_) => "ip",
        }
    }

    /// True if a wildcard stands for it: `*.example.org` does for names with one label more (RFC 9525
    /// section 6.3).
    pub fn is_below_wildcard(&self, wildcard: &str) -> bool {
        let base = wildcard.strip_prefix("*.");
        let above = self.domain().filter(|d| !d.is_wildcard());
        let above = above.and_then(|d| d.as_str().split_once('.'));
        above.is_some_and(|(_, rest)| base == Some(rest))
    }

    /// The DNS name, unless this is an address.
    pub fn domain(&self) -> Option<&Domain> {
        match self {
            Self::Dns(domain) => Some(domain),
            Self::Ip(_) => None,
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(domain) => domain.fmt(f),
            Self::Ip(ip) => ip.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_as_people_write_them() {
        for (text, want) in [
            (" WWW.Example.org. ", "www.example.org"),
            ("*.example.org", "*.example.org"),
            ("xn--bcher-kva.example.org", "xn--bcher-kva.example.org"),
        ] {
            assert_eq!(Domain::parse(text).expect(text).as_str(), want);
        }
    }

    #[test]
    fn refuses_what_is_no_name() {
        for text in [
            "",
            "example",
            "https://example.org/",
            "example.org:443",
            "a..b",
            "-a.org",
            "a_b.org",
            "*.*.org",
            "www.*.org",
            "bücher.org",
            "1.2.3.4.5",
            "../../etc/passwd",
            "a b.org",
        ] {
            assert!(Domain::parse(text).is_err(), "{text}");
        }
        assert!(Domain::parse(&format!("{}.org", "a".repeat(64))).is_err());
    }

    #[test]
    fn knows_local_suffixes() {
        let local = |t: &str| Domain::parse(t).expect(t).local_reason().is_some();
        assert!(local("router.lan") && local("a.home.arpa") && local("*.box.local"));
        assert!(!local("example.org") && !local("notlocal.org") && !local("mylan.net"));
    }

    #[test]
    fn addresses_are_identifiers() {
        assert_eq!(
            Identifier::parse("[2001:db8::1]").expect("v6").to_string(),
            "2001:db8::1"
        );
        for (text, want) in [
            ("2001:DB8:0:0::0001", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("192.0.2.1", "192.0.2.1"),
        ] {
            let id = Identifier::parse(text).expect(text);
            assert_eq!((id.kind(), id.to_string().as_str()), ("ip", want));
        }
        assert!(Identifier::parse("fe80::1%eth0").is_err());
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        let below = |name: &str| {
            let id = Identifier::parse(name).expect(name);
            id.is_below_wildcard("*.example.org")
        };
        assert!(below("www.example.org") && below("a.example.org"));
        for name in [
            "example.org",
            "a.b.example.org",
            "*.example.org",
            "www.example.com",
            "192.0.2.1",
        ] {
            assert!(!below(name), "{name}");
        }
    }
}
