//! What others were told of a section.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// `told.json`: who was told of what. It is there only while something is the matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// Who was told that an attempt failed, by the digest of where the message goes.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub failed: BTreeSet<String>,
    /// Who was told that little life is left.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub urgent: BTreeSet<String>,
    /// Of which certificate, by its fingerprint.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub certificate: String,
}
