//! The certificate authorities known by name: what each does and asks for.

mod table;

pub use table::PRESETS;

use crate::types::KeyType;

/// Whether a CA wants an account that was made elsewhere (RFC 8555 section 7.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eab {
    /// Anybody may register.
    No,
    /// Registration wants a key identifier and an HMAC key.
    Required,
    /// The same, but this URL hands them out for an e-mail address.
    ByEmail(&'static str),
}

/// A profile that a CA offers (draft-ietf-acme-profiles).
#[derive(Debug)]
pub struct Profile {
    /// Its name, as in the CA's directory.
    pub name: &'static str,
    /// How many names a certificate has at most.
    pub names: usize,
    /// It certifies IP addresses.
    pub ips: bool,
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
    /// An account must have an e-mail address.
    pub email: bool,
    /// It certifies wildcards over ACME.
    pub wildcards: bool,
    /// It certifies IP addresses, under one of its profiles where it has any; `None`: not known, the
    /// CA is asked.
    pub ips: Option<bool>,
    /// The keys that it signs; empty: not known, the CA is asked.
    pub keys: &'static [KeyType],
    /// Its profiles, the default one first; empty: not known, its directory is asked.
    pub profiles: &'static [Profile],
    /// An account's key may be changed (RFC 8555 section 7.3.5).
    pub rollover: bool,
    /// The page of its terms, for who wants to read them before an account is made: then its directory
    /// names them (RFC 8555 section 7.1.1). `None`: not known.
    pub terms: Option<&'static str>,
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
        email: false,
        wildcards: true,
        ips: None,
        keys: &[],
        profiles: &[],
        rollover: true,
        terms: None,
        ended: None,
        note: "",
    };

    /// The profile of that name; without one, the CA's default. `None` where it is not known.
    pub fn profile(&self, name: Option<&str>) -> Option<&'static Profile> {
        match name {
            Some(name) => self.profiles.iter().find(|p| p.name == name),
            None => self.profiles.first(),
        }
    }
}

/// The preset of that name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|p| p.name == name)
}

/// The names of the CAs for real certificates that do something which another one does not.
pub fn those_that(can: impl Fn(&Preset) -> bool) -> Vec<&'static str> {
    let is_staging = |p: &Preset| PRESETS.iter().any(|q| q.staging == Some(p.name));
    let real = PRESETS
        .iter()
        .filter(|p| p.ended.is_none() && !is_staging(p));
    real.filter(|p| can(p)).map(|p| p.name).collect()
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
                p.terms.is_none_or(|t| t.starts_with("https://")),
                "{}",
                p.name
            );
            assert!(
                !p.directory.is_empty() || p.ended.is_some() || p.note.contains("acme_server"),
                "{}",
                p.name
            );
            let with = p.profiles.iter().any(|q| q.ips);
            let by_profile = p.profiles.is_empty() || p.ips == Some(with);
            assert!(by_profile, "{}: addresses, but under no profile", p.name);
            let Eab::ByEmail(url) = p.eab else { continue };
            assert!(url.starts_with("https://") && p.email, "{}", p.name);
        }
    }

    #[test]
    fn alternatives_are_for_real_certificates() {
        let all = those_that(|_| true);
        assert!(all.contains(&"letsencrypt") && all.contains(&"google"));
        for not in ["letsencrypt-staging", "google-staging", "buypass"] {
            assert!(!all.contains(&not), "{not}");
        }
        assert_eq!(
            those_that(|p| p.ips == Some(true)),
            ["letsencrypt", "google"]
        );
    }
}
