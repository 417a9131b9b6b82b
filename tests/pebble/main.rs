//! certkeeper against a real Pebble: from a UCI section to linked files, and all that comes between.

#![allow(clippy::unwrap_used, reason = "helpers may fail as tests do")]

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod acmesh;
mod alpn;
mod ari;
mod beforehand;
mod cancelled;
mod chains;
mod changes;
mod eab;
mod failures;
mod fallback;
mod files;
mod former;
mod interfaces;
mod interrupted;
mod issue;
mod keys;
mod local;
mod managed;
mod moods;
mod notify;
mod orders;
mod own_request;
mod pairs;
mod persist;
mod profiles;
mod reboot;
mod relay;
mod renewal;
mod revoked;
mod revoked_by;
mod secrets;
#[allow(dead_code, reason = "the suite of dns-01 shares it")]
mod site;
mod snapshot;
mod staging;
mod stopped;
mod together;
mod trial;
mod uci;
mod unreached;
mod uploaded;
