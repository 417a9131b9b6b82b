//! Puts certificates where services find them.

mod links;

pub use links::{intact, link, primary, promote};
