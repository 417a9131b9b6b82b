//! What survives a power cut: accounts, versions, work under way. A file appears whole or not at
//! all: it is written beside, fsynced, renamed, and its folder is fsynced.

mod account;
mod disk;
mod lock;
mod presented;
mod replaced;
mod requested;
mod root;
mod saved;
mod secret;
mod section;
mod told;
pub mod uci;
mod withdrawn;

pub use account::{AccountNote, AccountStore};
pub use disk::{StoreError, make_folder, make_public, put, put_link, read, remove, secure};
pub use lock::{Lock, Queue, Wanted};
pub use presented::Presented;
pub use root::{RootStore, RootTexts};
pub use saved::{Saved, forget_saved};
pub use secret::{device_secret, make_device_secret};
pub use section::{Area, Parts, sections};
