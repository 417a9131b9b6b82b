//! ubus: what libubox's blobs and ubusd's messages look like, a client, and the agent that owns the
//! object `certkeeper`. Other programs of the router are asked by the same client.
//!
//! The agent decides nothing: it starts certkeeper's commands and hands on what they say, and tells
//! what stands in the status documents.

pub mod agent;
pub mod blob;
pub mod client;
mod connection;
mod json;
pub mod message;
mod value;

pub use client::{Client, Object};
pub use connection::{Connection, Result, UbusError};
