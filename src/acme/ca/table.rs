//! The table of CAs. Facts as of November 2026; what was unsure was looked up on 2026-11-22 in the
//! places that the lines name.

use super::{Eab, Preset, Profile};
use crate::types::KeyType;

/// The CA's integration guide, "supported key algorithms".
const LETSENCRYPT_KEYS: &[KeyType] = &[
    KeyType::Ec256,
    KeyType::Ec384,
    KeyType::Rsa2048,
    KeyType::Rsa3072,
    KeyType::Rsa4096,
];

/// The CA's page "Profiles". The lifetimes: 90 days (64 from 2027-02-10, 45 from 2028-02-16), 45
/// days, 160 hours.
const LETSENCRYPT_PROFILES: &[Profile] = &[
    Profile {
        name: "classic",
        names: 100,
        ips: false,
    },
    Profile {
        name: "tlsserver",
        names: 25,
        ips: false,
    },
    Profile {
        name: "shortlived",
        names: 25,
        ips: true,
    },
];

/// All but P-521, which it answers with badCSR (acme.sh issue 3840).
const ZEROSSL_KEYS: &[KeyType] = &[
    KeyType::Ec256,
    KeyType::Ec384,
    KeyType::Rsa2048,
    KeyType::Rsa3072,
    KeyType::Rsa4096,
    KeyType::Rsa8192,
];

/// The CA's page "ACME Profiles". Addresses are certified for 10 days (its FAQ), under either.
const GOOGLE_PROFILES: &[Profile] = &[
    Profile {
        name: "standard",
        names: 100,
        ips: true,
    },
    Profile {
        name: "minimal",
        names: 100,
        ips: true,
    },
];

const SECTIGO_NOTE: &str = "domains validated beforehand need no challenge; give the account example.org, which covers *.example.org";

const BUYPASS_ENDED: &str =
    "Buypass ended its ACME service on 2025-10-31; use letsencrypt, google or zerossl";

/// Let's Encrypt, but for what tells its two servers apart.
const LETSENCRYPT: Preset = Preset {
    eab: Eab::No,
    ips: Some(true),
    keys: LETSENCRYPT_KEYS,
    profiles: LETSENCRYPT_PROFILES,
    terms: Some("https://letsencrypt.org/repository/"),
    ..Preset::BASE
};

/// Google's two servers. An account without contact is refused, and the EAB key is lost all the same
/// (simple-acme issue 109, acme-companion issue 1218). The terms: `termsOfService` of its directory.
const GOOGLE: Preset = Preset {
    email: true,
    ips: Some(true),
    profiles: GOOGLE_PROFILES,
    terms: Some("https://pki.goog/GTS-SA.pdf"),
    ..Preset::BASE
};

/// SSL.com's two. No addresses; without contact finalize fails with badCSR, and account URLs are not
/// served (Posh-ACME's comparison of CAs).
const SSLCOM: Preset = Preset {
    email: true,
    ips: Some(false),
    rollover: false,
    terms: Some("https://www.ssl.com/repository/"),
    note: "one name and its www are free; more names and wildcards are charged",
    ..Preset::BASE
};

/// The terms: section 1.1 of its certification practice statement.
const SECTIGO: Preset = Preset {
    terms: Some("https://www.sectigo.com/legal"),
    note: SECTIGO_NOTE,
    ..Preset::BASE
};

/// Every preset.
pub static PRESETS: [Preset; 15] = [
    Preset {
        name: "letsencrypt",
        title: "Let's Encrypt",
        directory: "https://acme-v02.api.letsencrypt.org/directory",
        staging: Some("letsencrypt-staging"),
        note: "tlsserver lasts 45 days; shortlived 160 hours, and is the one with addresses",
        ..LETSENCRYPT
    },
    Preset {
        name: "letsencrypt-staging",
        title: "Let's Encrypt (staging)",
        directory: "https://acme-staging-v02.api.letsencrypt.org/directory",
        note: "for tests: browsers do not trust it",
        ..LETSENCRYPT
    },
    // Neither rollover nor addresses, and no account without an e-mail address (Posh-ACME's
    // comparison of CAs; community.crypto pull request 100).
    Preset {
        name: "zerossl",
        title: "ZeroSSL",
        directory: "https://acme.zerossl.com/v2/DV90",
        eab: Eab::ByEmail("https://api.zerossl.com/acme/eab-credentials-email"),
        email: true,
        ips: Some(false),
        keys: ZEROSSL_KEYS,
        rollover: false,
        terms: Some("https://zerossl.com/terms/"),
        note: "the external account is made for the e-mail address, unless eab_kid names one",
        ..Preset::BASE
    },
    Preset {
        name: "google",
        title: "Google Trust Services",
        directory: "https://dv.acme-v02.api.pki.goog/directory",
        staging: Some("google-staging"),
        note: "the EAB key is for one use within 7 days",
        ..GOOGLE
    },
    Preset {
        name: "google-staging",
        title: "Google Trust Services (staging)",
        directory: "https://dv.acme-v02.test-api.pki.goog/directory",
        note: "for tests: browsers do not trust it",
        ..GOOGLE
    },
    Preset {
        name: "sslcom-rsa",
        title: "SSL.com (RSA)",
        directory: "https://acme.ssl.com/sslcom-dv-rsa",
        ..SSLCOM
    },
    Preset {
        name: "sslcom-ecc",
        title: "SSL.com (ECC)",
        directory: "https://acme.ssl.com/sslcom-dv-ecc",
        ..SSLCOM
    },
    // The URL is that of its documentation ("Run ACME operations").
    Preset {
        name: "digicert",
        title: "DigiCert CertCentral",
        directory: "https://one.digicert.com/mpki/api/v1/acme/v2/directory",
        terms: Some("https://www.digicert.com/legal-repository"),
        note: "acme_server, where the CertCentral credential names another URL",
        ..Preset::BASE
    },
    Preset {
        name: "sectigo-dv",
        title: "Sectigo DV",
        directory: "https://acme.sectigo.com/v2/DV",
        ..SECTIGO
    },
    Preset {
        name: "sectigo-ov",
        title: "Sectigo OV",
        directory: "https://acme.sectigo.com/v2/OV",
        ..SECTIGO
    },
    // No EV certificate has a wildcard (EV guidelines of the CA/Browser Forum).
    Preset {
        name: "sectigo-ev",
        title: "Sectigo EV",
        directory: "https://acme.sectigo.com/v2/EV",
        wildcards: false,
        note: "domains validated beforehand need no challenge",
        ..SECTIGO
    },
    // ACME is for its single-host and SAN certificates alone (its ACME guide).
    Preset {
        name: "actalis",
        title: "Actalis",
        directory: "https://acme-api.actalis.com/acme/directory",
        wildcards: false,
        note: "one name and its www are free; further names with a paid plan",
        ..Preset::BASE
    },
    Preset {
        name: "harica",
        title: "HARICA",
        terms: Some("https://repo.harica.gr/documents/SA-ToU.pdf"),
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
