//! dns-01 through the provider modules, against real DNS servers and a real CA.

#![allow(clippy::unwrap_used, reason = "helpers may fail as tests do")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../pebble/uci.rs"]
mod uci;

#[path = "../pebble/site.rs"]
#[allow(dead_code, reason = "the suites share it, each uses its own part")]
mod site;

mod contract;
mod endpoint;
mod exec;
mod httpreq;
mod moto;
mod nameservers;
mod powerdns;
mod readme;
mod responder;
mod script;
mod turns;
mod waiting;
mod ways;
