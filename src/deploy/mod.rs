//! Puts certificates where services find them, has the services use them, and looks whether they do.

mod acme;
mod adopt;
mod check;
mod events;
mod export;
mod hooks;
mod links;
mod round;
mod services;
mod uhttpd;
mod users;
mod verify;

pub use acme::relink;
pub use adopt::adopt;
pub use check::check;
pub use export::has_copies;
pub use hooks::notify_program;
pub use links::{intact, link, primary, promote, unlink_key};
pub use round::{Round, Trouble};
pub use uhttpd::{has_displaced, remove_displacing};
pub use users::users;
