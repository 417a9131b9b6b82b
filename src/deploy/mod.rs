//! Puts certificates where services find them, has the services use them, and looks whether they do.

mod acme;
mod adopt;
mod check;
mod export;
mod hooks;
mod links;
mod round;
mod services;
mod uhttpd;
mod verify;

pub use adopt::adopt;
pub use check::check;
pub use export::has_copies;
pub use links::{intact, link, primary, promote, unlink_key};
pub use round::{Round, Trouble};
pub use uhttpd::{has_displaced, remove_displacing};
