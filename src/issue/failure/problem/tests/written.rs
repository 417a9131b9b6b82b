//! Problem documents as CAs write them, or close to it, and words of what is to be done.

/// What is answered where.
#[derive(Clone, Copy, PartialEq)]
pub enum By {
    /// At port 80.
    Port,
    /// At port 443.
    Tls,
    /// In DNS.
    Dns,
    /// In DNS, by a record that stays.
    Persist,
}

impl By {
    /// The challenge.
    pub fn way(self) -> &'static str {
        match self {
            Self::Port => "http-01",
            Self::Tls => "tls-alpn-01",
            Self::Dns => "dns-01",
            Self::Persist => "dns-persist-01",
        }
    }
}

/// A document as CAs write it, and words of the remedy.
pub type Case = (&'static str, &'static str, By, &'static [&'static str]);

pub const CASES: &[Case] = &[
    // Limits.
    (
        "rateLimited",
        "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after 2026-11-28 12:00:00 UTC: see https://letsencrypt.org/docs/rate-limits/",
        By::Port,
        &["these names", "wait until 2026-11-28T12:00:00Z", "staging"],
    ),
    (
        "rateLimited",
        "too many certificates (50) already issued for \"dyn.example\" in the last 168h0m0s, retry after 2026-11-28 12:00:00 UTC",
        By::Dns,
        &[
            "public suffix list",
            "wait until 2026-11-28T12:00:00Z",
            "option staging 1",
        ],
    ),
    (
        "rateLimited",
        "too many failed authorizations (5) for \"www.example.org\" in the last 1h0m0s",
        By::Port,
        &["certkeeper check web", "wait until"],
    ),
    (
        "rateLimited",
        "Your account is temporarily prevented from requesting certificates for www.example.org and possibly others. Please visit: https://ca.example/unpause",
        By::Port,
        &["open the link"],
    ),
    (
        "rateLimited",
        "too many new registrations (10) from this IP address in the last 3h0m0s",
        By::Port,
        &["too many accounts"],
    ),
    (
        "rateLimited",
        "slower",
        By::Port,
        &["wait until", "staging"],
    ),
    // The account.
    (
        "unauthorized",
        "The identifiers are not all linked to the same preauthorized Subject organization name/address",
        By::Dns,
        &["option account", "section of their own"],
    ),
    (
        "unauthorized",
        "The client lacks sufficient authorization",
        By::Dns,
        &[
            "account 'main'",
            "added to it at Let's Encrypt",
            "option account",
        ],
    ),
    (
        "rejectedIdentifier",
        "A requested identifier has not been delegated",
        By::Port,
        &["account 'main'"],
    ),
    (
        "malformed",
        "Provided account did not agree to the terms of service",
        By::Port,
        &["uci set certkeeper.global.accept_tos=1 && uci commit certkeeper"],
    ),
    (
        "externalAccountRequired",
        "no",
        By::Port,
        &["eab_kid", "eab_hmac_key"],
    ),
    (
        "userActionRequired",
        "new terms",
        By::Port,
        &["terms have changed"],
    ),
    (
        "invalidContact",
        "no such domain",
        By::Port,
        &["account_email"],
    ),
    // The names.
    (
        "rejectedIdentifier",
        "Cannot issue for \"router.lan\": Domain name does not end with a valid public suffix (TLD)",
        By::Port,
        &["acme_server"],
    ),
    (
        "malformed",
        "Domain name \"www.example.org\" is redundant with a wildcard domain in the same request. Remove one or the other",
        By::Dns,
        &["leave it out"],
    ),
    (
        "rejectedIdentifier",
        "The ACME server refuses to issue a certificate for this domain name, because it is forbidden by policy",
        By::Port,
        &["policy forbids"],
    ),
    (
        "invalidProfile",
        "no profile \"x\"",
        By::Port,
        &["cert_profile"],
    ),
    (
        "badPublicKey",
        "unsupported curve",
        By::Port,
        &["ec521", "key_type"],
    ),
    (
        "badCSR",
        "unsupported curve",
        By::Port,
        &["ec521", "key_type"],
    ),
    // DNS.
    (
        "caa",
        "CAA record for example.org prevents issuance",
        By::Port,
        &["CAA record forbids", "let it allow Let's Encrypt"],
    ),
    (
        "dns",
        "DNS problem: SERVFAIL looking up CAA for example.org - the domain's nameservers may be malfunctioning",
        By::Port,
        &["nameservers do not answer", "no record needs to be there"],
    ),
    (
        "dns",
        "DNS problem: NXDOMAIN looking up A for www.example.org - check that a DNS record exists for this domain",
        By::Port,
        &["does not exist in public DNS"],
    ),
    (
        "dns",
        "DNS problem: NXDOMAIN looking up TXT for _acme-challenge.example.org",
        By::Dns,
        &["did not see the TXT record", "dns_wait"],
    ),
    (
        "unauthorized",
        "Incorrect TXT record \"x\" found at _acme-challenge.example.org",
        By::Dns,
        &["did not see the TXT record"],
    ),
    (
        "unauthorized",
        "Correct value not found for DNS challenge",
        By::Dns,
        &["dns_wait"],
    ),
    (
        "unauthorized",
        "something else",
        By::Dns,
        &["did not see the TXT record", "certkeeper check web"],
    ),
    (
        "dns",
        "no valid A records found for www.example.org; no valid AAAA records found for www.example.org",
        By::Port,
        &["no address in public DNS"],
    ),
    (
        "dns",
        "DNS problem: SERVFAIL looking up A for www.example.org",
        By::Port,
        &["DNSSEC"],
    ),
    ("dns", "who knows", By::Port, &["exists in public DNS"]),
    (
        "connection",
        "192.168.1.1: Fetching http://www.example.org/: Timeout during connect",
        By::Port,
        &["not public", "WAN"],
    ),
    (
        "connection",
        "100.72.0.9: Fetching http://www.example.org/: Timeout during connect",
        By::Port,
        &["100.64.0.0/10"],
    ),
    (
        "dns",
        "IP address is in a reserved address block: [RFC1918]: Private-Use",
        By::Port,
        &["not public"],
    ),
    // The port.
    (
        "unauthorized",
        "2001:db8::7: Invalid response from http://www.example.org/.well-known/acme-challenge/x: 404",
        By::Port,
        &["AAAA", "IPv6"],
    ),
    (
        "connection",
        "dial tcp [2001:db8::7]:80: connect: connection refused",
        By::Port,
        &["AAAA"],
    ),
    (
        "connection",
        "198.51.100.7: Fetching http://www.example.org/: Connection refused",
        By::Port,
        &[
            "nobody takes connections at port 80",
            "certkeeper check web",
        ],
    ),
    (
        "connection",
        "198.51.100.7: Fetching http://www.example.org/: Timeout during connect (likely firewall problem)",
        By::Port,
        &["does not let the CA in", "validation_method dns"],
    ),
    (
        "connection",
        "Connection reset by peer",
        By::Port,
        &["ended the connection"],
    ),
    ("connection", "EOF", By::Port, &["the CA reached nobody"]),
    (
        "unauthorized",
        "198.51.100.7: Invalid response from http://www.example.org/.well-known/acme-challenge/x: 404",
        By::Port,
        &["somebody else answered", "webroot"],
    ),
    (
        "unauthorized",
        "The key authorization file from the server did not match this challenge",
        By::Port,
        &["another ACME client"],
    ),
    (
        "tls",
        "remote error: handshake failure",
        By::Port,
        &["https"],
    ),
    // The server.
    (
        "serverInternal",
        "Service busy; retry later.",
        By::Port,
        &["busy"],
    ),
    (
        "rateLimited",
        "The server is down for maintenance",
        By::Port,
        &["busy"],
    ),
    (
        "unauthorized",
        "Cannot negotiate ALPN protocol \"acme-tls/1\" for tls-alpn-01 challenge",
        By::Tls,
        &["on port 443, or nobody"],
    ),
    (
        "connection",
        "192.0.2.7: Connection refused",
        By::Tls,
        &["nobody takes connections at port 443"],
    ),
    (
        "connection",
        "192.0.2.7: Timeout during connect (likely firewall problem)",
        By::Tls,
        &["port 443 does not let the CA in"],
    ),
    (
        "unauthorized",
        "No valid TXT record found for DNS-PERSIST-01 challenge",
        By::Persist,
        &["`certkeeper check web` shows"],
    ),
    ("serverInternal", "oops", By::Port, &["trouble of its own"]),
    ("", "a teapot", By::Port, &["certkeeper log web"]),
];
