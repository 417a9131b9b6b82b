//! Single values: spellings, defaults, blanks, lists.

use super::*;
use crate::types::KeyType;

#[test]
fn who_is_notified_is_a_url_or_a_program() {
    let read = |value: &str| {
        let (main, _) = edited("certkeeper", &format!("list notify '{value}'"));
        let config = config(&main);
        (config.global.notify.len(), errors(&config).len())
    };
    for good in [
        "https://hooks.example.org/a?b=c",
        "https://[2001:db8::1]:8443/",
        "http://192.168.1.5:8123/api/webhook/x",
        "http://[fd00::1]/",
        "mail",
        "/etc/certkeeper/hooks/sub/mail",
    ] {
        assert_eq!(read(good), (1, 0), "{good}");
    }
    for bad in [
        "http://hooks.example.org/",
        "http://203.0.113.1/",
        "https://me:secret@hooks.example.org/",
        "https:///a",
        "https://a b",
        "ftp://192.168.1.5/",
        "/bin/sh",
        "../sh",
        "a b",
    ] {
        assert_eq!(read(bad), (0, 1), "{bad}");
    }
    let secrets = "config secret 'global'\n\tlist notify 'https://hooks.example.org/x'\n";
    let config = config_of(BASE, secrets);
    assert_eq!((config.global.notify.len(), config.mistakes.len()), (1, 0));
}

#[test]
fn flags_take_the_spellings_of_openwrt() {
    for (spellings, wanted) in [
        ("1 on true yes enabled", true),
        ("0 off false no disabled", false),
    ] {
        for spelling in spellings.split(' ') {
            let config = web(&format!(
                "list domains a.example.org; option staging ' {spelling} '"
            ));
            assert_eq!(errors(&config), [""; 0], "{spelling}");
            assert_eq!(
                config.cert("web").expect("runs").staging,
                wanted,
                "{spelling}"
            );
        }
    }
}

#[test]
fn key_types_take_the_spellings_of_acme_sh() {
    for (spellings, wanted) in [
        ("ec256 ec-256 EC256", KeyType::Ec256),
        ("ec384 EC-384", KeyType::Ec384),
        ("rsa2048 2048 rsa-2048", KeyType::Rsa2048),
        ("rsa3072 3072", KeyType::Rsa3072),
        ("rsa4096 4096 RSA-4096", KeyType::Rsa4096),
    ] {
        for spelling in spellings.split(' ') {
            let config = web(&format!(
                "list domains a.example.org; list key_type '{spelling}'"
            ));
            let cert = config.cert("web").expect(spelling);
            assert_eq!(cert.key_type, wanted, "{spelling}");
        }
    }
}

#[test]
fn two_keys_are_two_certificates() {
    for lines in [
        "option key_type 'ec384 2048'",
        "list key_type rsa2048; list key_type ec384; list key_type 2048",
    ] {
        let config = web(&format!(
            "list domains a.example.org; list service uhttpd; list service nginx; {lines}"
        ));
        assert!(config.mistakes.is_empty(), "{:?}", config.mistakes);
        let [first, second, ..] = config.certs.as_slice() else {
            panic!("{:?}", config.certs);
        };
        assert_eq!(
            (first.name.as_str(), second.name.as_str()),
            ("web", "web-rsa")
        );
        assert_eq!(first.key_type, KeyType::Ec384);
        assert_eq!(second.key_type, KeyType::Rsa2048);
        assert_eq!(first.other_key, Some(second.key_type));
        assert_eq!(second.other_key, Some(first.key_type));
        assert_eq!(first.deployment.services, ["uhttpd", "nginx"]);
        assert_eq!(second.deployment.services, ["nginx"]);
        assert_eq!(config.primary.as_ref(), Some(&first.name));
    }
    for (lines, last) in [
        ("list key_type ec256; list key_type ec384", "ec384"),
        ("list key_type 2048; list key_type 4096", "rsa4096"),
        ("option key_type 'ec256 2048 4096'", "rsa4096"),
    ] {
        let config = web(&format!("list domains a.example.org; {lines}"));
        let place = format!("option key_type '{last}': two keys are one on a curve");
        says(&config, false, &[&place]);
        assert_eq!(broken(&config), ["web"]);
    }
    // What the CA does not sign is told of each.
    let config = web("list domains a.example.org; list key_type ec256; list key_type rsa8192");
    says(
        &config,
        false,
        &["option key_type 'rsa8192': Let's Encrypt signs"],
    );
}

#[test]
fn defaults_are_those_of_config() {
    let config = web("list domains 'www.example.org'");
    assert!(config.mistakes.is_empty() && config.broken.is_empty());
    let global = &config.global;
    assert!(global.enabled && !global.accept_tos && !global.debug);
    assert_eq!(global.account_email, None);
    assert_eq!(global.webroot, PathBuf::from("/r/var/run/acme/challenge"));
    assert_eq!(
        global.ca_bundle,
        PathBuf::from("/r/etc/ssl/certs/ca-certificates.crt")
    );
    assert!(global.dns_servers.is_empty());
    let cert = config.cert("web").expect("runs");
    assert!(cert.enabled && cert.auto_update && !cert.staging);
    assert_eq!((cert.key_type, cert.renew_before), (KeyType::Ec256, None));
    assert_eq!(
        (&cert.profile, cert.account.name.as_str()),
        (&None, "letsencrypt")
    );
    let le = "https://acme-v02.api.letsencrypt.org/directory";
    assert_eq!(
        (cert.account.directory.as_str(), cert.account.public),
        (le, true)
    );
    assert!(matches!(
        way(&config),
        Validation::Standalone {
            address: None,
            port: 80
        }
    ));
    assert!(config_of("", "").certs.is_empty());
}

#[test]
fn the_way_follows_from_what_is_set() {
    for (lines, method) in [
        ("", "standalone"),
        ("option webroot /srv", "webroot"),
        ("option dns exec; list credentials EXEC_PATH=/x", "dns"),
        (
            "option dns exec; list credentials EXEC_PATH=/x; option webroot /srv",
            "dns",
        ),
        (
            "option validation_method standalone; option webroot /srv; option dns exec",
            "standalone",
        ),
        ("option validation_method webroot", "webroot"),
    ] {
        let config = web(&format!("list domains www.example.org; {lines}"));
        assert_eq!(way(&config).method(), method, "{lines}");
        let challenge = if method == "dns" { "dns-01" } else { "http-01" };
        assert_eq!(way(&config).challenge(), challenge);
    }
    let config = web("list domains www.example.org; option validation_method dns");
    says(
        &config,
        false,
        &["cert 'web'", "wants option dns", "or option provider"],
    );
}

#[test]
fn blanks_are_trimmed_and_empty_entries_left_out() {
    let config = web(
        "list domains ' www.example.org\t'; list domains ''; list domains '  '; \
         option listen_port ' 8080 '; option account ' letsencrypt '; option key_type ' 2048 '",
    );
    assert_eq!(said(&config, true), [""; 0]);
    assert_eq!(identifiers(&config), ["www.example.org"]);
    assert!(matches!(
        way(&config),
        Validation::Standalone { port: 8080, .. }
    ));
    assert_eq!(config.cert("web").expect("runs").key_type, KeyType::Rsa2048);
    // People write several names into one option, too.
    let config = web("option domains 'b.example.org  a.example.org\tB.Example.Org.'");
    assert_eq!(identifiers(&config), ["b.example.org", "a.example.org"]);
    for lines in ["", "list domains ''", "option domains ' '"] {
        says(
            &web(lines),
            false,
            &["line 1, cert 'web'", "list domains is empty: name what"],
        );
    }
}

#[test]
fn a_list_where_one_value_is_allowed_warns_and_the_last_counts() {
    let lines = "list domains a.example.org; list listen_port 81; list listen_port 82";
    let config = web(lines);
    says(
        &config,
        true,
        &[
            "line 3",
            "option listen_port",
            "one value",
            "the last one counts",
        ],
    );
    assert!(matches!(
        way(&config),
        Validation::Standalone { port: 82, .. }
    ));
    let one = web("list domains a.example.org; list listen_port 81");
    assert!(one.mistakes.is_empty(), "{:?}", one.mistakes);
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let config = config_of(
        b"config cert 'web'\n\tlist domains '\xff.example.org'\n",
        "",
    );
    let wanted = "line 2, cert 'web', option domains '\u{fffd}.example.org': no valid UTF-8";
    assert!(errors(&config)[0].contains(wanted), "{:?}", errors(&config));
    assert_eq!(broken(&config), ["web"]);
}
