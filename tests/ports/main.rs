//! Ports and the firewall: a router of network namespaces with a ruleset shaped like fw4's, a CA and
//! clients on its WANs, an owner of port 80 that only the LAN may see.

#![allow(clippy::unwrap_used, reason = "helpers may fail as tests do")]

#[path = "../support/mod.rs"]
mod support;

mod alpn;
mod closed;
mod direct;
mod ended;
mod fw4;
mod lab;
mod looked;
mod owner;
mod pairs;
mod passed;
mod secure;
mod space;
