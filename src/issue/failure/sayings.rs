//! What CAs write in problem documents, and what it means more closely than the error type says.
//! Placeholders as in `kinds`; `{port}` is the port that the CA asks.

use Sign::{By, Ipv6, Private, Says};

/// How a saying is known.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sign {
    /// The CA's text has one of these, in lower case.
    Says(&'static [&'static str]),
    /// The CA's text has an IPv6 address, and the challenge is answered at a port.
    Ipv6,
    /// The CA is a public one, and its text has an address that is not.
    Private,
    /// This challenge is answered.
    By(&'static str),
}

/// What CAs write, and what it means more closely than the type says.
#[derive(Debug)]
pub(super) struct Saying {
    /// In documents of these types; empty: of any.
    pub kinds: &'static [&'static str],
    pub sign: Sign,
    pub remedy: &'static str,
}

const fn saying(kinds: &'static [&'static str], sign: Sign, remedy: &'static str) -> Saying {
    Saying {
        kinds,
        sign,
        remedy,
    }
}

const PRIVATE_ADDRESS: &str = "the name leads to an address that is not public, where no CA gets to: its record must have \
                               the address of the WAN, and where that is shared (100.64.0.0/10) validation_method dns is \
                               the way";
const NOT_SEEN: &str = "the CA did not see the TXT record that it wants: `certkeeper check {section}` tells where that stands and \
                        who shows it; where DNS is slow a longer dns_wait may help";

/// Types of what a CA finds when it looks at a name.
const LOOKED: &[&str] = &[
    "connection",
    "dns",
    "incorrectResponse",
    "tls",
    "unauthorized",
];

/// The first that fits counts.
pub(super) static SAYINGS: [Saying; 28] = [
    // The CA's limits.
    saying(
        &["rateLimited"],
        Says(&["exact set of", "duplicate certificate"]),
        "these names were certified too often lately: wait{until}. What is in use stays in use; tests take the CA's \
         staging server (option staging 1)",
    ),
    saying(
        &["rateLimited"],
        Says(&["too many certificates"]),
        "all names below one registered domain share this limit, those of other people too unless the domain is in the \
         public suffix list (publicsuffix.org; ask your dynamic DNS provider): wait{until}, or name another account in \
         the section; tests take the CA's staging server (option staging 1)",
    ),
    saying(
        &["rateLimited"],
        Says(&["failed authorizations", "failed validations"]),
        "the CA looked for the name in vain too often: `certkeeper check {section}` tells what is wrong with its way; \
         wait{until}; tests take the CA's staging server (option staging 1)",
    ),
    saying(
        &["rateLimited"],
        Says(&["temporarily prevented", "is paused"]),
        "the CA has stopped issuing after many failures: correct what `certkeeper check {section}` finds, then open the \
         link that the CA gives",
    ),
    saying(
        &["rateLimited"],
        Says(&["registrations"]),
        "too many accounts were made from this address: wait{until}",
    ),
    // The account.
    saying(
        &[],
        Says(&["same preauthorized"]),
        "the CA knows these names as of several organizations, or as of none of this account: name the account that has \
         them in the section (option account), and give names of another organization a section of their own",
    ),
    saying(
        &["unauthorized", "rejectedIdentifier"],
        Says(&["lacks sufficient authorization", "not been delegated"]),
        "account '{account}' may not have certificates for these names: have them added to it at {ca}, or name the \
         account that has them in the section (option account)",
    ),
    saying(
        &["malformed", "unauthorized"],
        Says(&["agree to the terms", "agree to terms", "terms of service"]),
        "read the CA's terms, then: uci set certkeeper.global=certkeeper && uci set certkeeper.global.accept_tos=1 && \
         uci commit certkeeper",
    ),
    // The names.
    saying(
        &["rejectedIdentifier"],
        Says(&["public suffix", "icann tld"]),
        "no public CA certifies a name that does not end in a public domain: see list domains, or use a private CA \
         (acme_server)",
    ),
    saying(
        &["rejectedIdentifier", "malformed"],
        Says(&["redundant with a wildcard"]),
        "the wildcard covers the name already: leave it out of list domains",
    ),
    saying(
        &["rejectedIdentifier"],
        Says(&["policy", "blocked", "blocklist"]),
        "the CA's policy forbids the name: take it out of list domains, or name another account in the section",
    ),
    // DNS.
    saying(
        &[],
        Says(&["looking up caa", "error while checking caa"]),
        "the domain's nameservers do not answer questions about CAA records, which a CA must ask: its DNS provider must \
         mend that; no record needs to be there",
    ),
    saying(
        &["malformed", "unauthorized", "incorrectResponse"],
        By("dns-persist-01"),
        "the CA does not see the record that `certkeeper check {section}` shows: its nameservers may not have it yet",
    ),
    saying(
        LOOKED,
        Says(&[
            "looking up txt",
            "no txt record",
            "incorrect txt",
            "correct value not found",
        ]),
        NOT_SEEN,
    ),
    saying(
        LOOKED,
        Says(&["nxdomain", "no such host"]),
        "the name does not exist in public DNS: make an A or AAAA record that leads to this router, or correct list \
         domains",
    ),
    saying(
        LOOKED,
        Says(&["reserved address", "non-public", "private address"]),
        PRIVATE_ADDRESS,
    ),
    saying(
        LOOKED,
        Says(&[
            "no valid ip",
            "no valid a records",
            "no ip addresses",
            "no ipv4",
        ]),
        "the name has no address in public DNS, or none that is public: make an A or AAAA record that leads to this \
         router",
    ),
    saying(
        LOOKED,
        Says(&[
            "servfail",
            "dnssec",
            "refused looking up",
            "query timed out",
        ]),
        "the domain's nameservers answer with an error (DNSSEC, too, gives one when its keys do not fit): its DNS \
         provider must mend that",
    ),
    saying(
        &["unauthorized", "incorrectResponse"],
        By("dns-01"),
        NOT_SEEN,
    ),
    saying(LOOKED, Private, PRIVATE_ADDRESS),
    // The port.
    saying(
        &["connection", "incorrectResponse", "tls", "unauthorized"],
        Ipv6,
        "the CA came over IPv6, and the name's AAAA record leads elsewhere, or the firewall keeps IPv6 out: correct that \
         record or remove it",
    ),
    saying(
        &["connection"],
        Says(&["refused"]),
        "nobody takes connections at port {port} of that address: the name must lead to this router; with webroot a web \
         server must listen there, and `certkeeper check {section}` looks at the firewall",
    ),
    saying(
        &["connection"],
        Says(&["timeout", "timed out", "no route", "unreachable"]),
        "port {port} does not let the CA in: the name must lead to this router, and neither a firewall, nor a modem before \
         it, nor the provider (DS-Lite, shared addresses) keep the port shut; validation_method dns needs no port",
    ),
    saying(
        &["connection"],
        Says(&["reset"]),
        "who has port {port} of that address ended the connection: the name must lead to this router, and no firewall on the \
         way judge what comes in",
    ),
    saying(
        &["unauthorized", "incorrectResponse"],
        By("tls-alpn-01"),
        "somebody else answered for the name on port 443, or nobody: it must lead to this router",
    ),
    saying(
        &["unauthorized", "incorrectResponse"],
        Says(&["key authorization", "did not match"]),
        "another ACME client answered for the name on port 80: it must lead to this router (IPv6 too), and no second \
         client use the same document root",
    ),
    // The server.
    saying(
        &[],
        Says(&["maintenance", "too busy", "service busy"]),
        "the CA is busy or being serviced; the next runs try again",
    ),
    saying(
        &["badCSR"],
        Says(&["weak", "key size", "key type", "curve"]),
        "the CA does not take {key} keys: choose another key_type",
    ),
];
