//! certkeeper against a hostile or sick CA.
//!
//! ```text
//! signer, pki    keys and certificates of the scripted CA
//! reply          one reply: what a case may change, and how it gets on the wire
//! records        TLS tickets without end
//! ca             the scripted CA: good but for what a case twists
//! rig            a root with a certificate that is due, and what every failure has to keep
//! lanes          runs the cases of a table side by side
//! status         HTTP: codes, redirects, types, replies that are no HTTP
//! headers        Retry-After, nonces
//! documents      JSON: huge, deep, of wrong types, with fields missing
//! orders         orders and authorizations that make no sense
//! urls           URLs and tokens that lead elsewhere
//! certificates   chains that are none, or of others
//! breaks         frozen, cut, reset, dripping: at each step
//! at_once        all that waits for half a minute, side by side
//! doors          the way to the CA: names, ports, TLS, addresses
//! words          what a CA writes to a terminal
//! memory         what a huge reply costs
//! accounts       what a CA has against an account
//! ari            answers about renewals: late, wrong, huge; orders that replace nothing
//! kinds          every error type: state, wait, over a reboot
//! fallback       two CAs, one of which is sick
//! external       accounts elsewhere: by key identifier, by e-mail address
//! lost           a real Pebble behind a relay that loses or withholds its replies
//! ```
//!
//! After each failure the old certificate is in use, nothing that was presented is left, the
//! messages tell cause and remedy, the next hourly run asks nobody before its time, and the first
//! run after the CA is well again succeeds.
//!
//! What waits for minutes runs under `CERTKEEPER_TEST_LONG` alone.

#![allow(clippy::unwrap_used, reason = "helpers may fail as tests do")]

mod accounts;
mod ari;
mod at_once;
mod breaks;
mod ca;
mod certificates;
mod documents;
mod doors;
mod external;
mod fallback;
mod headers;
mod kinds;
mod lanes;
mod lost;
mod memory;
mod orders;
mod pki;
mod records;
#[path = "../pebble/relay.rs"]
#[allow(dead_code, reason = "the suites share it, each uses its own part")]
mod relay;
mod reply;
mod rig;
#[path = "../net/ca.rs"]
mod signer;
#[path = "../pebble/site.rs"]
#[allow(dead_code, reason = "the suites share it, each uses its own part")]
mod site;
mod status;
#[path = "../support/mod.rs"]
mod support;
#[path = "../pebble/uci.rs"]
#[allow(dead_code, reason = "the suites share it, each uses its own part")]
mod uci;
mod urls;
mod words;

use crate::support::tools;
use std::env;

/// True where tests may take minutes; else the calling test is reported as skipped.
fn long(what: &str) -> bool {
    let long = env::var_os("CERTKEEPER_TEST_LONG").is_some();
    if !long {
        tools::skip(what, "takes minutes: set CERTKEEPER_TEST_LONG");
    }
    long
}
