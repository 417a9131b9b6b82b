//! An ACME client (RFC 8555): it is handed a transport and a clock, and keeps nothing on disk.

pub mod account;
pub mod ari;
pub mod ca;
pub mod chain;
pub mod client;
pub mod directory;
pub mod eab;
pub mod order;
pub mod problem;

mod error;
mod jws;
mod revoke;

pub use account::Account;
pub use chain::Chain;
pub use client::{Client, Nonces};
pub use directory::Directory;
pub use error::AcmeError;
pub use order::{Authorization, Challenge, Order, Status};
pub use problem::Problem;
