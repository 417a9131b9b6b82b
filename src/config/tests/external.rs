//! Accounts elsewhere: what a section gives, what is missing, what stays hidden.

use super::accounts::{account, with};
use super::*;
use crate::types::Secret;

/// `account 'own'` with these lines, and its secrets.
fn own(lines: &str, secrets: &str) -> Config {
    let text = format!(
        "config account 'own'; option acme_server https://ca.test; {lines}; \
         config cert 'web'; list domains a.example.org; option account own"
    );
    let secrets = match secrets {
        "" => String::new(),
        lines => format!("config secret 'own'; {lines}"),
    };
    config_of(text.replace("; ", "\n"), secrets.replace("; ", "\n"))
}

fn given(config: &Config) -> (&str, Option<&str>) {
    match &account(config).external {
        External::Given { kid, hmac_key } => (kid, hmac_key.as_ref().map(Secret::expose)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_key_comes_from_the_file_of_secrets() {
    for key in ["c2VjcmV0cw", "c2VjcmV0cw==", "-_8"] {
        let config = own("option eab_kid k1", &format!("option eab_hmac_key '{key}'"));
        assert_eq!(given(&config), ("k1", Some(key)));
        assert!(config.mistakes.is_empty(), "{:?}", config.mistakes);
    }
    // It is needed once, to register.
    let config = own("option eab_kid k1", "");
    assert_eq!(given(&config), ("k1", None));
    assert!(config.mistakes.is_empty());
    assert_eq!(account(&own("", "")).external, External::None);
}

#[test]
fn a_key_in_the_main_file_works_and_warns() {
    let lines = "option eab_kid k1; option eab_hmac_key c2VjcmV0cw";
    let config = own(lines, "");
    assert_eq!(given(&config), ("k1", Some("c2VjcmV0cw")));
    let place = "line 4, account 'own', option eab_hmac_key: ";
    says(
        &config,
        true,
        &[place, "`certkeeper secret own eab_hmac_key`"],
    );
    assert!(!warnings(&config)[0].contains("c2VjcmV0cw"));
    // The other file goes before.
    let config = own(lines, "option eab_hmac_key b3RoZXI");
    assert_eq!(given(&config), ("k1", Some("b3RoZXI")));
}

#[test]
fn a_key_that_is_none_is_refused_and_not_shown() {
    for key in ["no base64", "a+b/", "=="] {
        let config = own("option eab_kid k1", &format!("option eab_hmac_key '{key}'"));
        let words = ["secret 'own', option eab_hmac_key '***': ", "base64url"];
        says(&config, false, &words);
        assert!(errors(&config)[0].starts_with("/etc/config/certkeeper_secrets line 2"));
        assert_eq!(broken(&config), ["web"]);
    }
}

#[test]
fn a_key_without_its_identifier_warns() {
    let config = own("", "option eab_hmac_key c2VjcmV0cw");
    assert_eq!(account(&config).external, External::None);
    says(
        &config,
        true,
        &["account 'own'", "eab_hmac_key counts only beside eab_kid"],
    );
}

#[test]
fn what_a_ca_asks_for_is_named_with_the_lines_that_give_it() {
    // With a section.
    let email = "option email me@example.org";
    let config = with(&format!("option ca google; {email}"), "option account own");
    says(
        &config,
        false,
        &[
            "line 1, account 'own': Google Trust Services makes accounts only for external ones",
            "`uci set certkeeper.own.eab_kid='…'`, `uci commit certkeeper`, `certkeeper secret own eab_hmac_key`",
            "letsencrypt and zerossl need none",
        ],
    );
    let config = with("option ca google; option eab_kid k1", "option account own");
    says(
        &config,
        false,
        &[
            "line 1, account 'own'",
            "`uci set certkeeper.own.email='me@example.org'`",
        ],
    );
    // By name alone.
    let config = with("", "option account zerossl");
    says(
        &config,
        false,
        &[
            "option account 'zerossl': ZeroSSL makes no account without",
            "certkeeper.global.account_email",
        ],
    );
    let config = with("", "option account sectigo-dv");
    says(
        &config,
        false,
        &[
            "`uci set certkeeper.sectigo_dv=account`, `uci set certkeeper.sectigo_dv.ca='sectigo-dv'`",
            "and option account 'sectigo_dv' here",
        ],
    );
}

#[test]
fn zerossl_hands_it_out_for_the_address_unless_one_is_given() {
    let email = "option ca zerossl; option email me@example.org";
    let config = with(email, "option account own");
    let endpoint = "https://api.zerossl.com/acme/eab-credentials-email".to_owned();
    assert_eq!(account(&config).external, External::ByEmail { endpoint });
    let config = with(&format!("{email}; option eab_kid k1"), "option account own");
    assert_eq!(given(&config), ("k1", None));
}
