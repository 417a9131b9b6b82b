//! dns-01 on an Internet of its own: a router, real nameservers with a resolver between, operators that
//! answer over HTTPS, and a CA that looks through the resolver.

#![allow(clippy::unwrap_used, reason = "helpers may fail as tests do")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../ports/fw4.rs"]
#[allow(dead_code, reason = "the suites share it, each uses its own part")]
mod fw4;

#[path = "../ports/space.rs"]
#[allow(dead_code, reason = "the suites share it, each uses its own part")]
mod space;

#[path = "../pebble/uci.rs"]
#[allow(dead_code, reason = "the suites share it, each uses its own part")]
mod uci;

mod check;
mod delegated;
mod lies;
mod manual;
mod names;
mod world;
