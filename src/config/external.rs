//! The account elsewhere that an ACME account belongs to (RFC 8555 section 7.3.4): `eab_kid` and
//! `eab_hmac_key` of an account's section.

use super::Files;
use super::account::Account;
use super::reader::Reader;
use crate::acme::ca::{Eab, Preset, those_that};
use crate::keys::base64url_decode;
use crate::types::Secret;

/// The account elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum External {
    /// None is named.
    None,
    /// What the CA handed out for it.
    Given {
        /// The key identifier.
        kid: String,
        /// The key; it is needed once, to register.
        hmac_key: Option<Secret>,
    },
    /// The CA hands it out for the account's e-mail address.
    ByEmail {
        /// The URL where it does.
        endpoint: String,
    },
}

/// The option that holds the key.
const KEY: &str = "eab_hmac_key";
/// No CA's key identifier is longer.
const KID_MAX: usize = 512;

/// What a section says, the one of its namesake in the secrets file included.
pub(super) fn read(own: &mut Reader<'_>, files: &Files<'_>, name: &str) -> External {
    let kid = own.text("eab_kid");
    if let Some(kid) = &kid
        && (kid.len() > KID_MAX || !kid.bytes().all(|c| c.is_ascii_graphic()))
    {
        let allowed = "the key identifier as the CA gave it is wanted, without blanks";
        own.wrong("eab_kid", kid, allowed);
    }
    let in_main = key(own);
    if in_main.is_some() {
        let text = format!(
            "a secret stands where a read-only login sees it; move it: `certkeeper secret {name} {KEY}`"
        );
        own.warn(KEY, None, text);
    }
    let kept = files.get("secret", name);
    let kept = kept.and_then(|section| own.within(section, key));
    let hmac_key = kept.or(in_main);
    match kid {
        Some(kid) => External::Given { kid, hmac_key },
        None => {
            if hmac_key.is_some() {
                let text = format!(
                    "{KEY} counts only beside eab_kid, the key identifier that the CA gave with it"
                );
                own.warn("eab_kid", None, text);
            }
            External::None
        }
    }
}

fn key(reader: &mut Reader<'_>) -> Option<Secret> {
    let key = Secret::new(reader.text(KEY)?);
    if base64url_decode(key.expose()).is_none_or(|bytes| bytes.is_empty()) {
        let allowed =
            "the HMAC key as the CA gave it is wanted: base64url, letters, digits, - and _";
        reader.wrong(KEY, "***", allowed);
    }
    Some(key)
}

/// The account elsewhere as the CA wants it, or what to do for one.
pub(super) fn complete(account: &Account, ca: &Preset) -> Result<External, String> {
    match (ca.eab, &account.external) {
        (Eab::ByEmail(endpoint), External::None) => Ok(External::ByEmail {
            endpoint: endpoint.to_owned(),
        }),
        (Eab::Required, External::None) => Err(wanted(account, ca)),
        (_, given) => Ok(given.clone()),
    }
}

/// How a section gets what the CA handed out.
fn wanted(account: &Account, ca: &Preset) -> String {
    let title = ca.title;
    // A section's name has no hyphen in UCI.
    let name = account.name.replace('-', "_");
    let make = match account.section {
        true => String::new(),
        false => format!(
            "`uci set certkeeper.{name}=account`, `uci set certkeeper.{name}.ca='{}'`, ",
            ca.name
        ),
    };
    let then = match account.section || name == account.name {
        true => String::new(),
        false => format!(", and option account '{name}' here"),
    };
    format!(
        "{title} makes accounts only for external ones that it knows already. With what it gave you: \
         {make}`uci set certkeeper.{name}.eab_kid='…'`, `uci commit certkeeper`, \
         `certkeeper secret {name} {KEY}`{then}; {} need none",
        those_that(|p| p.eab != Eab::Required).join(" and ")
    )
}
