//! Accounts: presets by name, sections, staging.

use super::*;
use crate::acme::ca::{PRESETS, preset};

/// `cert 'web'` with an account of this name and further lines; before it, an `account` section.
pub(super) fn with(section: &str, lines: &str) -> Config {
    let section = match section {
        "" => String::new(),
        lines => format!("config account 'own'; {lines}; "),
    };
    let text = format!("{section}config cert 'web'; list domains a.example.org; {lines}");
    config(&text.replace("; ", "\n"))
}

#[track_caller]
pub(super) fn account(config: &Config) -> &Account {
    let cert = config.cert("web");
    &cert
        .unwrap_or_else(|| panic!("{:#?}", errors(config)))
        .account
}

/// What every CA could ask for.
pub(super) const ALL: &str = "option email me@example.org; option eab_kid kid";

#[test]
fn every_preset_is_usable_with_what_it_asks_for() {
    for preset in &PRESETS {
        let name = preset.name;
        let place = format!("account 'own', option ca '{name}': ");
        let config = with(&format!("option ca {name}; {ALL}"), "option account own");
        match preset.ended {
            Some(why) => says(&config, false, &[&place, why]),
            // Its URL differs by customer.
            None if preset.directory.is_empty() => {
                says(&config, false, &[&place, preset.note]);
                let url = "option acme_server https://ca.test/own/directory";
                let lines = format!("option ca {name}; {ALL}; {url}");
                let config = with(&lines, "option account own");
                assert_eq!(account(&config).ca, preset.title);
            }
            None => {
                assert_eq!(account(&config).directory, preset.directory);
                assert_eq!(account(&config).preset, Some(name));
                assert!(account(&config).public && config.mistakes.is_empty());
            }
        }
    }
}

#[test]
fn presets_go_by_name_where_nothing_is_to_be_given() {
    let email = "config certkeeper 'global'\noption account_email me@example.org\n";
    for preset in &PRESETS {
        let name = preset.name;
        let cert =
            format!("config cert 'web'\nlist domains a.example.org\noption account {name}\n");
        let found = config(&format!("{email}{cert}"));
        if matches!(name, "letsencrypt" | "letsencrypt-staging" | "zerossl") {
            assert_eq!(account(&found).directory, preset.directory);
            assert_eq!(account(&found).email.as_deref(), Some("me@example.org"));
            continue;
        }
        let all = errors(&found);
        let place = format!("line 5, cert 'web', option account '{name}': ");
        assert!(all.len() == 1 && all[0].contains(&place), "{all:#?}");
        assert_eq!(broken(&found), ["web"]);
    }
}

#[test]
fn a_ca_that_has_ended_names_others() {
    for section in ["", "option acme_server https://ca.test; option ca buypass"] {
        let name = if section.is_empty() { "buypass" } else { "own" };
        let ended = errors(&with(section, &format!("option account {name}")));
        assert!(
            ended[0].contains("ended its ACME service on 2025-10-31; use letsencrypt"),
            "{ended:?}"
        );
    }
}

#[test]
fn each_section_with_a_wrong_account_is_told() {
    let text = ["a", "b"].map(|n| {
        format!("config cert '{n}'\nlist domains {n}.example.org\noption account buypass\n")
    });
    let config = config(&text.concat());
    assert_eq!(broken(&config), ["a", "b"]);
    let all = errors(&config);
    for (place, text) in ["line 3, cert 'a'", "line 6, cert 'b'"].iter().zip(&all) {
        assert!(text.contains(place), "{all:#?}");
    }
    assert_eq!(all.len(), 2, "{all:#?}");
}

#[test]
fn a_wrong_account_section_is_told_once_and_stops_each_that_uses_it() {
    let certs = ["a", "b", "c"].map(|n| {
        let account = if n == "c" { "letsencrypt" } else { "own" };
        format!("config cert '{n}'\nlist domains {n}.example.org\noption account {account}\n")
    });
    let config = config(&format!(
        "config account 'own'\noption ca nosuch\n{}",
        certs.concat()
    ));
    says(
        &config,
        false,
        &[
            "line 2, account 'own', option ca 'nosuch'",
            "acme_server takes any other",
        ],
    );
    assert_eq!(
        (names(&config), broken(&config)),
        (vec!["c"], vec!["a", "b"])
    );
    assert_eq!(
        config.broken[0].1, config.broken[1].1,
        "the reason is told of both"
    );
}

#[test]
fn unknown_accounts_name_the_nearest() {
    for (section, name, meant) in [
        ("", "letsencypt", "did you mean 'letsencrypt'?"),
        ("", "zeroSSL", "did you mean 'zerossl'?"),
        (
            "option acme_server https://ca.test",
            "onw",
            "did you mean 'own'?",
        ),
        ("", "frobnicate", "(`certkeeper cas` lists them)"),
    ] {
        let config = with(section, &format!("option account {name}"));
        says(
            &config,
            false,
            &[
                &format!("option account '{name}': neither a 'config account'"),
                meant,
            ],
        );
    }
    let config = with("option ca letsencript", "option account own");
    says(
        &config,
        false,
        &[
            "line 2, account 'own', option ca 'letsencript'",
            "did you mean 'letsencrypt'?",
        ],
    );
}

#[test]
fn an_account_section_says_which_ca() {
    let config = with("option email a@b.example", "option account own");
    says(
        &config,
        false,
        &["line 1, account 'own': option ca (a name from `certkeeper cas`) or option acme_server"],
    );

    let config = with(
        "option acme_server https://ca.test:9000/acme/dir; option ca_file /etc/r.pem",
        "option account own",
    );
    let own = account(&config);
    assert_eq!(
        (own.name.as_str(), own.ca.as_str()),
        ("own", "ca.test:9000")
    );
    assert_eq!(own.directory, "https://ca.test:9000/acme/dir");
    assert_eq!((own.preset, own.public), (None, false));
    assert_eq!(own.ca_file, Some(PathBuf::from("/r/etc/r.pem")));

    let lines = "option ca letsencrypt; option ca_file /etc/r.pem";
    let config = with(lines, "option account own");
    let file = account(&config).ca_file.as_deref();
    assert_eq!(file, Some(std::path::Path::new("/r/etc/r.pem")));

    // A section of a preset's name is the section.
    let text = "config account 'letsencrypt'\noption acme_server https://ca.test\nconfig cert 'web'\nlist domains a.lan\n";
    assert_eq!(account(&super::config(text)).ca, "ca.test");
}

#[test]
fn a_ca_that_is_not_known_is_told_beside_a_server_too() {
    let config = with(
        "option acme_server https://ca.test; option ca digicrt",
        "option account own",
    );
    says(
        &config,
        false,
        &[
            "line 3, account 'own', option ca 'digicrt'",
            "did you mean 'digicert'?",
        ],
    );
}

#[test]
fn the_contact_of_the_account_goes_before_the_global_one() {
    let global = "config certkeeper 'global'\noption account_email g@example.org\n";
    for (email, wanted) in [
        ("option email own@example.org", "own@example.org"),
        ("", "g@example.org"),
    ] {
        for ca in [
            "option acme_server https://ca.test",
            "option ca letsencrypt",
        ] {
            let text = format!(
                "{global}config account 'own'\n{ca}\n{email}\nconfig cert 'web'\nlist domains a.example.org\noption account own\n"
            );
            assert_eq!(
                account(&config(&text)).email.as_deref(),
                Some(wanted),
                "{ca}"
            );
        }
    }
    let preset = format!("{global}config cert 'web'\nlist domains a.example.org\n");
    assert_eq!(
        account(&config(&preset)).email.as_deref(),
        Some("g@example.org")
    );
}

/// Nobody asks for it, so what is wrong with it stops nobody.
#[test]
fn an_account_that_nobody_uses_is_looked_at_all_the_same() {
    let config = with("option ca google", "option account letsencrypt");
    assert_eq!(names(&config), ["web"]);
    says(&config, true, &["account 'own'", "eab_kid"]);
    let why = config.account("own", false).expect("a section");
    assert!(why.expect_err("a mistake").contains("eab_kid"));
}

#[test]
fn accounts_are_found_by_name() {
    let config = with(
        "option ca letsencrypt; option email a@example.org",
        "option account letsencrypt",
    );
    let directory = |name: &str, staging| {
        let account = config.account(name, staging);
        account.map(|a| a.map(|a| a.directory.clone()).unwrap_or_else(|why| why))
    };
    let of = |name: &str| preset(name).expect("a preset").directory.to_owned();
    assert_eq!(directory("own", false), Some(of("letsencrypt")));
    assert_eq!(directory("own", true), Some(of("letsencrypt-staging")));
    assert_eq!(
        directory("letsencrypt", true),
        Some(of("letsencrypt-staging"))
    );
    assert_eq!(directory("nosuch", false), None);
    let google = directory("google", false).expect("a preset");
    assert!(google.contains("eab_kid"), "{google}");
    let all: Vec<_> = config
        .accounts()
        .map(|a| (a.name.as_str(), a.staging))
        .collect();
    assert_eq!(all, [("letsencrypt", false), ("own", false), ("own", true)]);
}
