//! Brings certificates into the order that servers send them in: each is issued by the next.

use super::{Certificate, Pile, X509Error};
use crate::keys::GivenKey;
use std::fmt;

/// A certificate with its key and all that was found above it.
#[derive(Debug)]
pub struct Chain {
    /// The certificate of the key.
    pub leaf: Certificate,
    /// The certificates above it, each issued by the next.
    pub above: Vec<Certificate>,
    /// Its key.
    pub key: GivenKey,
    /// The order was another one before.
    pub reordered: bool,
    /// Certificates that do not belong to it.
    pub strangers: Vec<Certificate>,
}

/// Why certificates and keys do not belong together. `Display` says what is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// There is no certificate.
    NoCertificate,
    /// There is no key.
    NoKey,
    /// There are several keys.
    Keys(usize),
    /// No certificate is for the key; what they are for.
    OtherKey(Vec<String>),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => X509Error::NoCertificate.fmt(f),
            Self::NoKey => f.write_str("there is no private key for the certificate"),
            Self::Keys(count) => write!(f, "there are {count} private keys; one is wanted"),
            Self::OtherKey(found) => write!(
                f,
                "the private key is of another certificate; there is: {}",
                found.join(", ")
            ),
        }
    }
}

impl std::error::Error for Unfit {}

impl Unfit {
    /// The key is of none of these.
    pub(super) fn other_key<'a>(all: impl IntoIterator<Item = &'a Certificate>) -> Self {
        let name = |c: &Certificate| format!("{} ({})", c.shown_name(), c.key_description());
        Self::OtherKey(all.into_iter().map(name).collect())
    }
}

impl Pile {
    /// Finds the certificate of the one key and what leads from it to its root.
    pub fn chain(mut self) -> Result<Chain, Unfit> {
        if self.certificates.is_empty() {
            return Err(Unfit::NoCertificate);
        }
        let key = self.keys.pop().ok_or(Unfit::NoKey)?;
        let same = |k: &GivenKey| k.public_key_spki_der() == key.public_key_spki_der();
        let others = self.keys.iter().filter(|k| !same(k)).count();
        if others > 0 {
            return Err(Unfit::Keys(others + 1));
        }
        let mut order: Vec<usize> = Vec::new();
        let all = &self.certificates;
        // Of several for one key, the one that lasts longest.
        let of_key = (0..all.len()).filter(|i| all[*i].spki == key.public_key_spki_der());
        let leaf = of_key.max_by_key(|i| all[*i].not_after);
        let mut next = Some(leaf.ok_or_else(|| Unfit::other_key(all))?);
        while let Some(index) = next {
            order.push(index);
            let above = (0..all.len()).filter(|i| !order.contains(i));
            let issuers = above.filter(|i| issued(&all[*i], &all[index]));
            next = issuers.max_by_key(|i| all[*i].not_after);
        }
        let reordered = !order.is_sorted();
        let mut left: Vec<Option<Certificate>> = self.certificates.into_iter().map(Some).collect();
        let mut taken = order.into_iter().filter_map(|i| left[i].take());
        let leaf = taken.next().ok_or(Unfit::NoCertificate)?;
        let above = taken.collect();
        Ok(Chain {
            leaf,
            above,
            key,
            reordered,
            strangers: left.into_iter().flatten().collect(),
        })
    }
}

/// True if one certificate can be what issued another: by names, and by key identifiers where both
/// have them (RFC 5280 section 4.2.1.1). Whether it did is what clients verify.
fn issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    let ids = certificate
        .authority_key_id
        .as_ref()
        .zip(issuer.subject_key_id.as_ref());
    issuer.is_ca
        && !certificate.is_self_issued()
        && issuer.subject == certificate.issuer
        && ids.is_none_or(|(wanted, found)| wanted == found)
}

impl Chain {
    /// The last certificate that was found.
    pub fn top(&self) -> &Certificate {
        self.above.last().unwrap_or(&self.leaf)
    }
}
