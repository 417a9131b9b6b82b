//! Real servers for the tests, and what drives and judges them.
//!
//! ```text
//! tools      finds the programs; says which test cannot run here, and why
//! temp_root  one folder per test: what certkeeper gets as --root, and the servers' own files beside it
//! process    runs a program with a hard time limit
//! server     a server that belongs to the test and ends with it; free ports
//! pebble     the CA; its own HTTPS certificate from `pki`
//! challsrv   DNS that answers what the test sets (pebble-challtestsrv)
//! powerdns   DNS with an HTTP API, as a user's DNS provider
//! nameserver DNS with signed updates (BIND, Knot)
//! nginx      the web server that serves the challenge files
//! certkeeper the program under test
//! openssl    the oracle for certificates and keys
//! ubus       ubusd, live or a stand-in
//! netifd     netifd and procd on it, with recorded replies
//! listener   takes POSTs
//! dns, http  one question, one answer
//! ```
//!
//! A test that needs servers begins with
//! `if !tools::have(&[pebble::NEEDS, nginx::NEEDS]) { return; }`, makes a [`temp_root::TempRoot`]
//! first and the servers after it: they are dropped in the opposite order.
//! Everything listens on 127.0.0.1 alone and nothing asks a server elsewhere.
#![allow(dead_code, reason = "each test program uses its own part")]

pub mod certkeeper;
pub mod challsrv;
pub mod dns;
pub mod http;
pub mod listener;
pub mod nameserver;
pub mod netifd;
pub mod nginx;
pub mod openssl;
pub mod pebble;
pub mod pki;
pub mod powerdns;
pub mod process;
pub mod server;
pub mod temp_root;
pub mod tools;
pub mod ubus;

use std::time::{Duration, Instant};

/// Asks `ready` every few milliseconds until it says yes; false when `limit` has passed.
pub fn wait_until(limit: Duration, mut ready: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if ready() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
