//! What several providers have in common.

mod api;
mod names;
mod pending;
mod records;
mod sign;
mod xml;

pub(super) use api::{Api, Call, Headers, Reply, id, plain};
pub(super) use names::{find_zone, no_zone, quoted, relative};
pub(super) use pending::Pending;
pub(super) use records::{Set, change_records, change_set};
pub(super) use sign::{base64, hex, hmac_sha256, sha1, sha256};
pub(super) use xml::{escaped, tag, tags};
