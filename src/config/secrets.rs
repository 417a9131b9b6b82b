//! Which secrets are set, by section; never their values.

use crate::uci::Section;
use std::collections::BTreeMap;

/// The names of the secrets in `certkeeper_secrets`: of credentials, and `eab_hmac_key`.
pub type SecretNames = BTreeMap<String, Vec<String>>;

/// Names alone, of values that are not empty.
pub(super) fn names(secrets: &[Section]) -> SecretNames {
    let named = |s: &Section| Some((s.name.clone()?, of(s)));
    secrets
        .iter()
        .filter(|s| s.kind == "secret")
        .filter_map(named)
        .collect()
}

fn of(section: &Section) -> Vec<String> {
    let mut names = Vec::new();
    for option in &section.options {
        for value in option.value.entries() {
            let name = match option.name.as_str() {
                "credentials" => value.split(|c| *c == b'=').next().filter(|n| n != value),
                name => Some(name.as_bytes()).filter(|_| !value.is_empty()),
            };
            names.extend(name.map(|n| String::from_utf8_lossy(n).trim().to_owned()));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uci;

    #[test]
    fn names_of_secrets_and_never_values() {
        let text = b"config secret 'web'\n\tlist credentials 'PDNS_Token=hush=hush'\n\tlist credentials 'hush'\n\
            config secret 'google'\n\toption eab_hmac_key 'hush'\n\
            config other 'x'\n\toption eab_hmac_key 'hush'\n";
        let names = names(&uci::parse(text).expect("UCI"));
        assert_eq!(names["web"], ["PDNS_Token"]);
        assert_eq!(names["google"], ["eab_hmac_key"]);
        assert_eq!(names.len(), 2);
    }
}
