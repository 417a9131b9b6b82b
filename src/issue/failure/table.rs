//! What problem documents mean: a table of the error types, and one of what CAs write in them.
//!
//! `{ca}`, `{account}`, `{section}` and `{key}` in a remedy stand for names, `{until}` for the end of
//! a rate limit, `{external}` and `{terms}` for what to do about an account.

use crate::types::State;

/// When a request that failed so is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// By the schedule.
    Later,
    /// At once at the next account; here by the schedule.
    Elsewhere,
    /// Not before the configuration changes.
    OnChange,
}

/// What an error type means.
#[derive(Debug)]
pub(super) struct Kind {
    /// The type, without its namespace.
    pub name: &'static str,
    pub state: State,
    pub class: Class,
    pub remedy: &'static str,
}

const fn kind(name: &'static str, state: State, class: Class, remedy: &'static str) -> Kind {
    Kind {
        name,
        state,
        class,
        remedy,
    }
}

use Class::{Elsewhere, Later, OnChange};
use State::{ConnectionError, Deferred, DnsError, Invalid};

const REACHED_NOBODY: &str = "the CA reached nobody: the name must lead to this router, and with webroot port 80 be open \
                              from outside; `certkeeper check` looks at both";
const SOMEBODY_ELSE: &str = "somebody else answered for the name on port 80: it must lead to this router (IPv6 too), and \
                             webroot be what the web server serves";
const CONTACT: &str = "correct account_email, or the account's option email";
const NOT_CERTIFIED: &str = "this CA does not certify the name: see list domains";
const RENEWS_ITSELF: &str = "the CA speaks of orders that renew themselves (RFC 8739), which certkeeper does not make: see \
                             that acme_server is the right one";

/// What any other type means.
pub(super) static OTHER: Kind = kind(
    "",
    Invalid,
    Later,
    "`certkeeper log {section}` has the whole run; the next runs try again",
);

/// The types of RFC 8555 section 6.7, and those that later documents added to IANA's list.
pub(super) static KINDS: [Kind; 32] = [
    kind(
        "accountDoesNotExist",
        Invalid,
        Later,
        "the CA does not know the account; the next run that needs it registers it anew",
    ),
    kind(
        "alreadyRevoked",
        Invalid,
        Later,
        "`certkeeper renew {section} --force` gets a new certificate",
    ),
    kind(
        "badCSR",
        Invalid,
        OnChange,
        "the CA does not take {key} keys, or not for these names: choose another key_type, or see list domains",
    ),
    kind(
        "badNonce",
        Invalid,
        Later,
        "the CA rejected ten fresh numbers, so that something may change requests on the way; the next runs try again",
    ),
    kind(
        "badPublicKey",
        Invalid,
        OnChange,
        "the CA does not take {key} keys: choose another key_type",
    ),
    kind(
        "badRevocationReason",
        Invalid,
        Later,
        "the CA does not take this reason: give another one, or none",
    ),
    kind(
        "badSignatureAlgorithm",
        Invalid,
        Later,
        "the CA does not take signatures of account '{account}' (ES256): name another account in the section",
    ),
    kind(
        "caa",
        DnsError,
        Later,
        "a CAA record forbids this CA: let it allow {ca}, or use another account",
    ),
    kind(
        "compound",
        Invalid,
        Later,
        "`certkeeper status {section}` tells what the CA has against each name",
    ),
    kind("connection", Invalid, Later, REACHED_NOBODY),
    kind(
        "dns",
        DnsError,
        Later,
        "the CA found no address or record for the name: check that it exists in public DNS",
    ),
    kind("externalAccountRequired", Invalid, OnChange, "{external}"),
    kind("incorrectResponse", Invalid, Later, SOMEBODY_ELSE),
    kind("invalidContact", Invalid, OnChange, CONTACT),
    kind(
        "malformed",
        Invalid,
        Later,
        "the CA does not understand the request: check acme_server",
    ),
    kind(
        "orderNotReady",
        Invalid,
        Later,
        "the CA is not done with the order yet; the next runs try again",
    ),
    kind(
        "rateLimited",
        Deferred,
        Elsewhere,
        "wait{until}; meanwhile the CA's staging server takes tests (option staging 1)",
    ),
    kind("rejectedIdentifier", Invalid, OnChange, NOT_CERTIFIED),
    kind(
        "serverInternal",
        ConnectionError,
        Elsewhere,
        "the CA has trouble of its own; the next runs try again",
    ),
    kind(
        "tls",
        Invalid,
        Later,
        "the CA got no TLS connection: where port 80 redirects to https, that must work, or not redirect \
         /.well-known/acme-challenge/",
    ),
    kind("unauthorized", Invalid, Later, SOMEBODY_ELSE),
    kind("unsupportedContact", Invalid, OnChange, CONTACT),
    kind("unsupportedIdentifier", Invalid, OnChange, NOT_CERTIFIED),
    kind("userActionRequired", Invalid, OnChange, "{terms}"),
    // RFC 9773 section 7.4.
    kind(
        "alreadyReplaced",
        Invalid,
        Later,
        "the CA has issued the successor to another order; the next runs try again",
    ),
    // draft-ietf-acme-profiles.
    kind(
        "invalidProfile",
        Invalid,
        OnChange,
        "leave cert_profile out, or use one that the CA offers",
    ),
    // RFC 8739 section 6.5.
    kind("autoRenewalCanceled", Invalid, Later, RENEWS_ITSELF),
    kind("autoRenewalExpired", Invalid, Later, RENEWS_ITSELF),
    kind(
        "autoRenewalCancellationInvalid",
        Invalid,
        Later,
        RENEWS_ITSELF,
    ),
    kind(
        "autoRenewalRevocationNotSupported",
        Invalid,
        Later,
        RENEWS_ITSELF,
    ),
    // RFC 9115 section 5.5.
    kind(
        "unknownDelegation",
        Invalid,
        Later,
        "the CA speaks of names that others delegate (RFC 9115), which certkeeper does not ask for: see that acme_server \
         is the right one",
    ),
    // RFC 9799 section 7.
    kind(
        "onionCAARequired",
        DnsError,
        Later,
        "the CA wants a CAA document of the onion service, which certkeeper does not send: take the name out of list \
         domains",
    ),
];

/// How a saying is known.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sign {
    /// The CA's text has one of these, in lower case.
    Says(&'static [&'static str]),
    /// The CA's text has an IPv6 address, and the challenge is answered at a port.
    Ipv6,
    /// The CA is a public one, and its text has an address that is not.
    Private,
    /// The challenge is answered in DNS.
    ByDns,
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

use Sign::{ByDns, Ipv6, Private, Says};

/// Types of what a CA finds when it looks at a name.
const LOOKED: &[&str] = &[
    "connection",
    "dns",
    "incorrectResponse",
    "tls",
    "unauthorized",
];

/// The first that fits counts.
pub(super) static SAYINGS: [Saying; 26] = [
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
        LOOKED,
        Says(&[
            "looking up txt",
            "no txt record",
            "incorrect txt",
            "correct value not found",
        ]),
        "the CA did not see the TXT record that was written: a longer dns_wait may help, or the zone is served elsewhere",
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
    saying(&["unauthorized", "incorrectResponse"], ByDns, OTHER_RECORD),
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
        "nobody takes connections at port 80 of that address: the name must lead to this router; with webroot a web \
         server must listen there, and `certkeeper check {section}` looks at the firewall",
    ),
    saying(
        &["connection"],
        Says(&["timeout", "timed out", "no route", "unreachable"]),
        "port 80 does not let the CA in: the name must lead to this router, and neither a firewall, nor a modem before \
         it, nor the provider (DS-Lite, shared addresses) keep the port shut; validation_method dns needs no port",
    ),
    saying(
        &["connection"],
        Says(&["reset"]),
        "who has port 80 of that address ended the connection: the name must lead to this router, and no firewall on the \
         way judge what comes in",
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

const PRIVATE_ADDRESS: &str = "the name leads to an address that is not public, where no CA gets to: its record must have \
                               the address of the WAN, and where that is shared (100.64.0.0/10) validation_method dns is \
                               the way";
const OTHER_RECORD: &str = "the CA saw another TXT record than ours: a longer dns_wait may help, or the zone is served elsewhere";
