//! What others were told of a section.

use super::json_members;
use std::collections::BTreeSet;

/// `told.json`: who was told of what. It is there only while something is the matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Who was told that an attempt failed, by the digest of where the message goes.
    pub failed: BTreeSet<String>,
    /// Who was told that little life is left.
    pub urgent: BTreeSet<String>,
    /// Of which certificate, by its fingerprint.
    pub certificate: String,
}

json_members!(Told {} some { failed, urgent, certificate });
