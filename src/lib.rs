//! certkeeper keeps the TLS certificates of an OpenWrt router valid.

pub mod types;
