//! The error types of problem documents and what they mean.
//!
//! `{ca}`, `{account}`, `{section}` and `{key}` in a remedy stand for names, `{until}` for the end of
//! a rate limit, `{external}` and `{terms}` for what to do about an account.

use crate::types::State;
use Class::{Elsewhere, Later, OnChange};
use State::{ConnectionError, Deferred, DnsError, Invalid};

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
