//! One section's way: account → order → challenge → finalize → store → deploy; and the run that
//! takes all sections along it.

mod account;
mod ask;
mod certificate;
mod chain;
mod check;
mod clients;
mod deploy;
pub mod dnsapi;
mod document;
mod failure;
mod fallback;
mod held;
mod import;
mod key;
mod leftover;
mod local;
mod netifd;
mod notify;
mod order;
mod orders;
mod persist;
mod places;
mod propagate;
mod provider;
mod request;
mod revoke;
mod rollback;
mod run;
mod section;
mod solve;
mod task;
mod trial;
mod upload;
mod view;
mod wan;
mod warnings;
mod ways;

pub use crate::net::Firewall;
pub use crate::status::DnsRecord;
pub use account::AccountStatus;
pub use check::{Finding, check};
pub use failure::{Failure, Retry};
pub use import::Live;
pub use netifd::resolve;
pub use notify::News;
pub use orders::{NameOrder, OrderStatus};
pub use request::Requested;
pub use revoke::{By, Revocation, Revoked, Stored};
pub use rollback::RolledBack;
pub use run::{Report, Rounds};
pub use task::Outcome;
pub use upload::Uploaded;
pub use view::{OPERATORS, operators};

use crate::config::Config;
use crate::status;
use crate::types::{Clock, DnsServer, Paths};
use task::Step;

/// What a run works with.
pub struct Engine<'a> {
    /// Where everything lies.
    pub paths: &'a Paths,
    /// What is wanted.
    pub config: &'a Config,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The clock is known to be right (set by NTP, or given).
    pub clock_is_set: bool,
    /// The firewall, where it is ours to change.
    pub firewall: Option<Firewall>,
    /// Who is asked about DNS where `dns_server` is not set: operators, each by several addresses.
    pub operators: Vec<Vec<DnsServer>>,
    /// Whoever shows the run as it goes.
    pub listener: status::record::Listener<'a>,
    /// Hears each request and how it was answered, where somebody debugs.
    pub trace: Option<Trace<'a>>,
}

/// Hears lines about single requests.
pub type Trace<'a> = &'a dyn Fn(&str);
