//! The certificate authorities known by name. Facts as of November 2026.

use crate::types::KeyType;

/// Whether a CA wants an account that was made elsewhere (RFC 8555 section 7.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eab {
    /// Anybody may register.
    No,
    /// Registration wants a key identifier and an HMAC key.
    Required,
}

/// One certificate authority.
#[derive(Debug)]
pub struct Preset {
    /// The name for `option account` and `option ca`.
    pub name: &'static str,
    /// The CA's own name.
    pub title: &'static str,
    /// The directory's URL; empty where it differs by customer (`option acme_server` gives it).
    pub directory: &'static str,
    /// The preset of its staging server.
    pub staging: Option<&'static str>,
    /// External account binding.
    pub eab: Eab,
    /// It certifies wildcards over ACME.
    pub wildcards: bool,
    /// It certifies IP addresses.
    pub ips: bool,
    /// The keys that it signs; empty: not known, the CA is asked.
    pub keys: &'static [KeyType],
    /// When it ended, and what to use instead.
    pub ended: Option<&'static str>,
    /// One more thing to know.
    pub note: &'static str,
}

impl Preset {
    /// What a preset is unless its line says otherwise.
    const BASE: Preset = Preset {
        name: "",
        title: "",
        directory: "",
        staging: None,
        eab: Eab::Required,
        wildcards: true,
        ips: false,
        keys: &[],
        ended: None,
        note: "",
    };
}

const LETSENCRYPT_KEYS: &[KeyType] = &[
    KeyType::Ec256,
    KeyType::Ec384,
    KeyType::Rsa2048,
    KeyType::Rsa3072,
    KeyType::Rsa4096,
];

const BUYPASS_ENDED: &str =
    "Buypass ended its ACME service on 2025-10-31; use letsencrypt, google or zerossl";

/// Every preset.
pub static PRESETS: [Preset; 15] = [
    Preset {
        name: "letsencrypt",
        title: "Let's Encrypt",
        directory: "https://acme-v02.api.letsencrypt.org/directory",
        staging: Some("letsencrypt-staging"),
        eab: Eab::No,
        ips: true,
        keys: LETSENCRYPT_KEYS,
        note: "profiles classic, tlsserver (45 d), shortlived (160 h, the one with IPs)",
        ..Preset::BASE
    },
    Preset {
        name: "letsencrypt-staging",
        title: "Let's Encrypt (staging)",
        directory: "https://acme-staging-v02.api.letsencrypt.org/directory",
        eab: Eab::No,
        ips: true,
        keys: LETSENCRYPT_KEYS,
        note: "for tests: browsers do not trust it",
        ..Preset::BASE
    },
    Preset {
        name: "zerossl",
        title: "ZeroSSL",
        directory: "https://acme.zerossl.com/v2/DV90",
        ..Preset::BASE
    },
    Preset {
        name: "google",
        title: "Google Trust Services",
        directory: "https://dv.acme-v02.api.pki.goog/directory",
        staging: Some("google-staging"),
        note: "the EAB key is for one use within 7 days",
        ..Preset::BASE
    },
    Preset {
        name: "google-staging",
        title: "Google Trust Services (staging)",
        directory: "https://dv.acme-v02.test-api.pki.goog/directory",
        note: "for tests: browsers do not trust it",
        ..Preset::BASE
    },
    Preset {
        name: "sslcom-rsa",
        title: "SSL.com (RSA)",
        directory: "https://acme.ssl.com/sslcom-dv-rsa",
        note: "one name and its www are free; account_email is needed",
        ..Preset::BASE
    },
    Preset {
        name: "sslcom-ecc",
        title: "SSL.com (ECC)",
        directory: "https://acme.ssl.com/sslcom-dv-ecc",
        note: "one name and its www are free; account_email is needed",
        ..Preset::BASE
    },
    Preset {
        name: "digicert",
        title: "DigiCert CertCentral",
        note: "acme_server is the URL of the CertCentral credential",
        ..Preset::BASE
    },
    Preset {
        name: "sectigo-dv",
        title: "Sectigo DV",
        directory: "https://acme.sectigo.com/v2/DV",
        note: "domains validated beforehand need no challenge",
        ..Preset::BASE
    },
    Preset {
        name: "sectigo-ov",
        title: "Sectigo OV",
        directory: "https://acme.sectigo.com/v2/OV",
        note: "domains validated beforehand need no challenge",
        ..Preset::BASE
    },
    Preset {
        name: "sectigo-ev",
        title: "Sectigo EV",
        directory: "https://acme.sectigo.com/v2/EV",
        wildcards: false,
        note: "domains validated beforehand need no challenge",
        ..Preset::BASE
    },
    Preset {
        name: "actalis",
        title: "Actalis",
        directory: "https://acme-api.actalis.com/acme/directory",
        note: "one name and its www",
        ..Preset::BASE
    },
    Preset {
        name: "harica",
        title: "HARICA",
        note: "acme_server is the account's own URL at acme-v02.harica.gr",
        ..Preset::BASE
    },
    Preset {
        name: "buypass",
        title: "Buypass",
        ended: Some(BUYPASS_ENDED),
        ..Preset::BASE
    },
    Preset {
        name: "buypass-staging",
        title: "Buypass (staging)",
        ended: Some(BUYPASS_ENDED),
        ..Preset::BASE
    },
];

/// The preset of that name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|p| p.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_whole_and_distinct() {
        for p in &PRESETS {
            assert!(!p.title.is_empty(), "{}", p.name);
            assert_eq!(PRESETS.iter().filter(|q| q.name == p.name).count(), 1);
            assert!(p.directory.is_empty() || p.directory.starts_with("https://"));
            assert!(p.staging.is_none_or(|s| preset(s).is_some()), "{}", p.name);
            assert!(
                !p.directory.is_empty() || p.ended.is_some() || p.note.contains("acme_server"),
                "{}",
                p.name
            );
        }
    }
}
