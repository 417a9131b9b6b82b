//! ubus: the codec and the client against exchanges recorded with a real ubusd, and the agent as its
//! callers see it. Where `UBUS_SOCKET` names a live ubusd, what needs no fault of it runs there.

#![allow(clippy::unwrap_used, reason = "helpers may fail as tests do")]

#[path = "../support/mod.rs"]
mod support;

mod acl;
mod agent;
mod bus;
mod codec;
mod due;
mod flood;
mod hostile;
mod jobs;
mod memory;
mod played;
mod recorded;
mod rig;
