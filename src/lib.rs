//! certkeeper keeps the TLS certificates of an OpenWrt router valid.
//!
//! The rooms, in the order of the flow; `tests/rooms.rs` keeps the walls between them:
//! `config` turns UCI text into types, `plan` decides what is to do and why, `issue` takes one
//! section a step further through `acme`, `challenge` and `dns`, `store` makes a new version the
//! current one, `deploy` puts it where services find it, `status` tells what happened, `ubus` shows
//! that to others and takes their wishes.

pub mod program;
pub mod types;

pub mod keys;
pub mod x509;

pub mod local_ca;

pub mod uci;

pub mod config;

pub mod plan;

pub mod acme;
pub mod challenge;
pub mod dns;
pub mod net;

pub mod store;

pub mod deploy;

pub mod status;
pub mod ubus;

pub mod issue;

pub mod cli;
