//! Staging; what a CA signs.

use super::accounts::{ALL, account, with};
use super::*;
use crate::acme::ca::{PRESETS, preset};
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
fn a_ca_by_url_names_its_staging_server() {
    let servers =
        "option acme_server https://ca.test/dir; option staging_server https://test.ca.test/dir";
    for (staging, wanted) in [(0, "https://ca.test/dir"), (1, "https://test.ca.test/dir")] {
        let config = with(
            servers,
            &format!("option staging {staging}; option account own"),
        );
        assert_eq!(account(&config).directory, wanted);
    }
    let config = with(servers, "option account own");
    let web = config.certs[0].name.clone();
    let (tested, left) = config.tested(std::slice::from_ref(&web));
    let cert = tested.cert("web").expect("tested");
    assert_eq!((cert.staging, left.len()), (true, 0));
    assert_eq!(cert.account.directory, "https://test.ca.test/dir");
    // Nothing else is another.
    assert_eq!(tested.primary, config.primary);
    let alone = with(
        "option acme_server https://ca.test/dir",
        "option account own",
    );
    let (tested, left) = alone.tested(&[web]);
    assert!(!tested.cert("web").expect("as it was").staging);
    assert!(
        left[0].1.contains("name it in option staging_server"),
        "{left:?}"
    );
}

#[test]
fn a_staging_server_is_another_one() {
    let same = "option acme_server https://ca.test/dir; option staging_server https://ca.test/dir";
    let config = with(same, "option account own");
    says(
        &config,
        false,
        &["option staging_server 'https://ca.test/dir': that is acme_server itself"],
    );
    assert_eq!(broken(&config), ["web"]);
    // A CA that is known by name has its own.
    let named = "option ca letsencrypt; option staging_server https://test.ca.test/dir";
    let config = with(named, "option staging 1; option account own");
    says(&config, true, &["it counts beside acme_server alone"]);
    assert_eq!(account(&config).preset, Some("letsencrypt-staging"));
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
    // What it handed out counts at the other server alone.
    let lines = "option staging 1; option account";
    let own = format!("option ca google; {ALL}");
    for (config, place) in [
        (
            with("", &format!("{lines} google")),
            "option account 'google'",
        ),
        (with(&own, &format!("{lines} own")), "option ca 'google'"),
    ] {
        says(
            &config,
            false,
            &[place, "whose option ca is 'google-staging'"],
        );
    }
    let own = format!("option ca google-staging; {ALL}");
    let config = with(&own, &format!("{lines} own"));
    assert_eq!(account(&config).preset, Some("google-staging"));
}

/// "Leave staging out" sends people to a CA that has ended.
#[test]
fn staging_of_a_ca_that_has_ended_says_that() {
    let config = with("", "option staging 1; option account buypass");
    says(&config, false, &["ended its ACME service on 2025-10-31"]);
}

/// `cert 'web'` at a CA with all that it may ask for.
fn at(ca: &str, lines: &str) -> Config {
    let server = match preset(ca).expect("a preset").directory {
        "" => "; option acme_server https://ca.test/own",
        _ => "",
    };
    with(
        &format!("option ca {ca}; {ALL}{server}"),
        &format!("option account own; {lines}"),
    )
}

#[test]
fn keys_that_a_ca_does_not_sign_are_refused() {
    for key in KeyType::ALL {
        for preset in PRESETS.iter().filter(|p| p.ended.is_none()) {
            let config = at(preset.name, &format!("option key_type {key}"));
            if preset.keys.is_empty() || preset.keys.contains(&key) {
                assert_eq!(config.cert("web").expect("runs").key_type, key);
                continue;
            }
            let place = format!(
                "cert 'web', option key_type '{key}': {} signs ec256",
                preset.title
            );
            let others = match key {
                KeyType::Rsa8192 => "; signs it: zerossl",
                _ => "; a CA of your own (acme_server) may",
            };
            says(&config, false, &[&place, others]);
        }
        // A CA that we do not know is asked.
        let lines = format!("option account own; option key_type {key}");
        let own = with("option acme_server https://ca.test", &lines);
        assert_eq!(own.cert("web").expect("runs").key_type, key);
    }
}

#[test]
fn wildcards_that_a_ca_does_not_certify_are_refused() {
    let lines = "list domains '*.example.org'; option dns exec; list credentials EXEC_PATH=/x";
    for preset in PRESETS.iter().filter(|p| p.ended.is_none()) {
        let config = at(preset.name, lines);
        if preset.wildcards {
            assert_eq!(names(&config), ["web"], "{}", preset.name);
            continue;
        }
        let text = format!(
            "option domains '*.example.org': {} certifies no wildcards",
            preset.title
        );
        says(
            &config,
            false,
            &["cert 'web'", &text, "; does: letsencrypt zerossl"],
        );
    }
}

#[test]
fn addresses_that_a_ca_does_not_certify_are_refused() {
    for preset in PRESETS.iter().filter(|p| p.ended.is_none()) {
        let config = at(preset.name, "list domains '192.0.2.1'");
        let place = "option domains '192.0.2.1': ";
        if preset.ips == Some(false) {
            let text = format!("{place}{} certifies no addresses", preset.title);
            says(
                &config,
                false,
                &["cert 'web'", &text, "; does: letsencrypt google"],
            );
        } else if preset.profile(None).is_none_or(|p| p.ips) {
            assert_eq!(names(&config), ["web"], "{}", preset.name);
        } else {
            let text = "under its profile shortlived alone: set option cert_profile 'shortlived'";
            says(&config, false, &[place, text]);
            let lines = "list domains '192.0.2.1'; option cert_profile shortlived";
            assert_eq!(names(&at(preset.name, lines)), ["web"]);
        }
    }
}

#[test]
fn profiles_that_a_ca_does_not_have_are_refused() {
    for (ca, profiles) in [
        ("letsencrypt", "classic tlsserver shortlived"),
        ("google", "standard minimal"),
    ] {
        for profile in profiles.split(' ') {
            let config = at(ca, &format!("option cert_profile {profile}"));
            let found = config.cert("web").expect("runs").profile.as_deref();
            assert_eq!(found, Some(profile));
        }
        let text = format!("are {profiles}");
        let place = "cert 'web', option cert_profile 'long': the profiles of";
        says(&at(ca, "option cert_profile long"), false, &[place, &text]);
    }
    // Whose profiles are not known is asked.
    assert_eq!(names(&at("zerossl", "option cert_profile long")), ["web"]);
    let many: String = (0..26).map(|n| format!("n{n}.example.org ")).collect();
    let lines = format!("list domains '{many}'; option cert_profile tlsserver");
    // With a.example.org, which is there already.
    let text = "option cert_profile 'tlsserver': 27 names; under it a certificate has at most 25";
    says(&at("letsencrypt", &lines), false, &[text]);
}
