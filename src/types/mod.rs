//! The words that every room shares. Nothing here does I/O.

mod account;
mod address;
mod attempt;
mod deploy;
mod disk;
mod http;
mod inventory;
mod json;
mod names;
mod nameserver;
mod nearest;
mod owner;
mod paths;
mod renewal;
mod section_name;
mod state;
mod text;
mod time;
mod told;
mod withdrawn;

pub use account::AccountState;
pub use address::local_address;
pub use attempt::{Attempt, Tried, is_ahead};
pub use deploy::{Deployed, Deployment, Export, Target};
pub use disk::disk_remedy;
pub use http::{Clock, Interrupted, Method, Request, Response, Transport, TransportError};
pub use inventory::{CLOCK_MARGIN, Held, Inventory, Issued, LocalLeaf, Meta, OrderNote, Version};
pub use json::{FromJson, Members, Object, ToJson, read_json};
pub(crate) use json::{json_members, json_names, json_serialize};
pub use names::{Domain, Identifier, NameError};
pub use nameserver::{DnsServer, Nameserver, TsigKey, Update, UpdateError};
pub use nearest::nearest;
pub use owner::{Owner, Owners};
pub use paths::Paths;
pub use renewal::{RenewalInfo, Window};
pub use section_name::SectionName;
pub use state::{Stage, State};
pub use text::{few, is_shown, shown, visible};
pub use time::Timestamp;
pub use told::Told;
pub use withdrawn::{Reason, Withdrawn};

use std::fmt;
use std::str::FromStr;

/// A value that must never be shown. `Debug` and `Display` print `***`;
/// [`Secret::expose`] is the one way to its text.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that must send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The kind and size of a certificate's private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyType {
    /// ECDSA on P-256.
    Ec256,
    /// ECDSA on P-384.
    Ec384,
    /// ECDSA on P-521.
    Ec521,
    /// RSA with a 2048-bit modulus.
    Rsa2048,
    /// RSA with a 3072-bit modulus.
    Rsa3072,
    /// RSA with a 4096-bit modulus.
    Rsa4096,
    /// RSA with an 8192-bit modulus.
    Rsa8192,
}

impl KeyType {
    /// Every key type, in the order of CONFIG.
    pub const ALL: [KeyType; 7] = [
        KeyType::Ec256,
        KeyType::Ec384,
        KeyType::Ec521,
        KeyType::Rsa2048,
        KeyType::Rsa3072,
        KeyType::Rsa4096,
        KeyType::Rsa8192,
    ];

    /// True for RSA, false for ECDSA.
    pub fn is_rsa(self) -> bool {
        self.name().starts_with("rsa")
    }

    /// The name used in UCI, `meta.json` and messages.
    pub fn name(self) -> &'static str {
        match self {
            KeyType::Ec256 => "ec256",
            KeyType::Ec384 => "ec384",
            KeyType::Ec521 => "ec521",
            KeyType::Rsa2048 => "rsa2048",
            KeyType::Rsa3072 => "rsa3072",
            KeyType::Rsa4096 => "rsa4096",
            KeyType::Rsa8192 => "rsa8192",
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyType {
    type Err = ();

    /// Takes the UCI names and acme.sh's spellings (`ec-256`, `2048`); `521` can only be the curve.
    fn from_str(text: &str) -> Result<Self, ()> {
        let folded = text.trim().to_ascii_lowercase().replace('-', "");
        let alone = |k: &KeyType| match k {
            KeyType::Ec521 => Some("521"),
            _ => k.name().strip_prefix("rsa"),
        };
        KeyType::ALL
            .into_iter()
            .find(|k| k.name() == folded || alone(k) == Some(&folded))
            .ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_print_as_stars() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn key_types_take_acme_sh_spellings() {
        for (text, want) in [
            ("ec256", KeyType::Ec256),
            ("EC-384", KeyType::Ec384),
            ("2048", KeyType::Rsa2048),
            (" rsa4096 ", KeyType::Rsa4096),
            ("rsa-3072", KeyType::Rsa3072),
            ("ec521", KeyType::Ec521),
            ("ec-521", KeyType::Ec521),
            ("521", KeyType::Ec521),
            ("rsa8192", KeyType::Rsa8192),
            ("8192", KeyType::Rsa8192),
        ] {
            assert_eq!(text.parse(), Ok(want), "{text}");
        }
        for text in ["", "rsa", "ec", "256", "rsa521", "rsa1024", "ecdsa"] {
            assert_eq!(text.parse::<KeyType>(), Err(()), "{text}");
        }
    }
}
