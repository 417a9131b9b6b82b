//! Staging; what a CA signs.

use super::accounts::{account, refusal, with};
use super::*;
use crate::acme::ca::PRESETS;
use crate::types::KeyType;

#[test]
fn staging_takes_the_test_server_of_the_ca() {
    let staging = "https://acme-staging-v02.api.letsencrypt.org/directory";
    for (section, name, email) in [
        ("", "letsencrypt", None),
        ("", "letsencrypt-staging", None),
        (
            "option ca letsencrypt; option email a@example.org",
            "own",
            Some("a@example.org"),
        ),
    ] {
        let config = with(section, &format!("option staging 1; option account {name}"));
        let found = account(&config);
        assert_eq!(
            (found.directory.as_str(), found.email.as_deref()),
            (staging, email),
            "{name}"
        );
        assert_eq!(
            (found.name.as_str(), found.preset),
            (name, Some("letsencrypt-staging"))
        );
    }
    // One account for both: two directories.
    let both = "config cert 'web'\nlist domains a.example.org\nconfig cert 'test'\nlist domains a.example.org\noption staging 1\n";
    let both = config(both);
    let directories: Vec<_> = both
        .certs
        .iter()
        .map(|c| c.account.directory.as_str())
        .collect();
    assert_eq!(
        directories,
        ["https://acme-v02.api.letsencrypt.org/directory", staging]
    );
}

#[test]
fn staging_of_a_ca_that_has_none_is_refused() {
    for name in ["zerossl", "actalis", "sectigo-dv"] {
        let config = with("", &format!("option staging 1; option account {name}"));
        says(
            &config,
            false,
            &[&format!(
                "option account '{name}': this CA has no staging server; leave 'staging' out"
            )],
        );
    }
    let config = with(
        "option acme_server https://ca.test",
        "option staging 1; option account own",
    );
    says(
        &config,
        false,
        &[
            "account 'own', option acme_server 'https://ca.test'",
            "no staging server is known for it",
        ],
    );
    assert_eq!(broken(&config), ["web"]);
    let config = with("", "option staging 1; option account google");
    says(
        &config,
        false,
        &["option account 'google': external account binding is not in this version"],
    );
}

/// "Leave staging out" sends people to a CA that has ended.
#[test]
fn staging_of_a_ca_that_has_ended_says_that() {
    let config = with("", "option staging 1; option account buypass");
    says(&config, false, &["ended its ACME service on 2025-10-31"]);
}

#[test]
fn further_accounts_are_not_used_yet_and_that_is_said() {
    let config = with(
        "",
        "list account letsencrypt; list account letsencrypt-staging",
    );
    says(
        &config,
        true,
        &[
            "line 3, cert 'web', option account 'letsencrypt-staging'",
            "the first is used",
        ],
    );
    assert_eq!(account(&config).name, "letsencrypt");
}

#[test]
fn keys_that_a_ca_does_not_sign_are_refused() {
    for key in KeyType::ALL {
        for preset in PRESETS.iter().filter(|p| refusal(p).is_none()) {
            let lines = format!("option account {}; option key_type {key}", preset.name);
            let config = with("", &lines);
            if preset.keys.contains(&key) {
                assert_eq!(config.cert("web").expect("runs").key_type, key);
                continue;
            }
            let place = format!(
                "line 4, cert 'web', option key_type '{key}': {} signs ec256",
                preset.title
            );
            says(&config, false, &[&place]);
        }
        // A CA that we do not know is asked.
        let lines = format!("option account own; option key_type {key}");
        let own = with("option acme_server https://ca.test", &lines);
        assert_eq!(own.cert("web").expect("runs").key_type, key);
    }
}
