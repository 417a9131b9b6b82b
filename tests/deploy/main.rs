//! Certificates put to use: real servers that reload, and stand-ins for what they do wrong.
//!
//! No CA is asked: versions are stored through the library, and the only account leads to a port of
//! this machine that nobody listens on, so that an attempt to issue anew would be seen.

#![allow(clippy::unwrap_used, reason = "helpers may fail as tests do")]

#[path = "../support/mod.rs"]
mod support;

mod acme;
mod beforehand;
mod csr;
mod cut;
mod elsewhere;
mod exports;
mod hooks;
mod keyless;
mod pairs;
mod refused;
mod rollback;
mod servers;
mod several;
mod site;
#[allow(dead_code, reason = "the suite of the command line shares it")]
#[path = "../cli/uci_program.rs"]
mod uci_program;
mod uhttpd;
mod upload;
mod upload_refused;

use support::certkeeper::Certkeeper;
use support::temp_root::TempRoot;

fn certkeeper(temp: &TempRoot, args: &[&str]) -> Certkeeper {
    Certkeeper::new(temp, args)
}
