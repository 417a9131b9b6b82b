//! `list key_type`, `option reuse_key`: the keys of a certificate.

use super::csr::Csr;
use super::reader::Reader;
use crate::types::KeyType;

/// What a section says of its keys.
pub(super) struct Keys {
    pub key_type: KeyType,
    /// The kind that the section's other certificate has, if there are two.
    pub other_key: Option<KeyType>,
    pub reuse_key: bool,
}

/// One kind of key, or two for a pair of certificates, of which servers choose by what a client
/// can: the first is then that on a curve. The key of a request of the owner's own is what it is.
pub(super) fn read(reader: &mut Reader<'_>, csr: Option<&Csr>) -> Keys {
    let kinds = kinds(reader);
    let reuse_key = reader.flag("reuse_key", false);
    let Some(csr) = csr else {
        let (key_type, other_key) = pair(reader, &kinds);
        return Keys {
            key_type,
            other_key,
            reuse_key,
        };
    };
    for other in kinds.iter().filter(|kind| **kind != csr.key_type) {
        let text = format!(
            "the key of the request in option csr is {}; leave key_type out",
            csr.key_type
        );
        reader.wrong("key_type", other.name(), text);
    }
    if reuse_key {
        let text = "it says nothing beside option csr, whose key is always the same; leave it out";
        reader.warn("reuse_key", None, text);
    }
    Keys {
        key_type: csr.key_type,
        other_key: None,
        reuse_key: false,
    }
}

fn kinds(reader: &mut Reader<'_>) -> Vec<KeyType> {
    let mut kinds = Vec::new();
    for word in reader.words("key_type") {
        match word.parse::<KeyType>() {
            Ok(kind) if kinds.contains(&kind) => {}
            Ok(kind) => kinds.push(kind),
            Err(()) => {
                let all: Vec<&str> = KeyType::ALL.iter().map(|k| k.name()).collect();
                reader.wrong(
                    "key_type",
                    &word,
                    format!("one of {} is wanted", all.join(" ")),
                );
            }
        }
    }
    kinds.sort_by_key(|kind| kind.is_rsa());
    kinds
}

fn pair(reader: &mut Reader<'_>, kinds: &[KeyType]) -> (KeyType, Option<KeyType>) {
    match kinds {
        [] => (KeyType::Ec256, None),
        [one] => (*one, None),
        [ec, rsa] if !ec.is_rsa() && rsa.is_rsa() => (*ec, Some(*rsa)),
        [first, .., last] => {
            let text = "two keys are one on a curve (ec…) and one of RSA: no client needs more";
            reader.wrong("key_type", last.name(), text);
            (*first, None)
        }
    }
}
