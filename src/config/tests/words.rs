//! Options that are not known, and those that nothing acts on yet.

use super::*;

#[test]
fn unknown_words_warn_with_the_nearest_one() {
    for (kind, option, meant) in [
        ("certkeeper", "acept_tos", "did you mean 'accept_tos'?"),
        ("account", "acme_sever", "did you mean 'acme_server'?"),
        ("provider", "credential", "did you mean 'credentials'?"),
        ("cert", "domain", "did you mean 'domains'?"),
        ("cert", "key-type", ""),
        ("cert", "keytype", "did you mean 'key_type'?"),
        ("cert", "frobnicate", ""),
        ("domain", "nmae", "did you mean 'name'?"),
    ] {
        if option.contains('-') {
            continue; // libuci refuses it.
        }
        let (main, line) = edited(kind, &format!("option {option} 'canary'"));
        let config = config(&main);
        let place = format!("line {line}, {kind} '");
        says(
            &config,
            true,
            &[&place, &format!("option {option}: unknown option"), meant],
        );
        assert_eq!(
            warnings(&config)[0].contains("mean"),
            !meant.is_empty(),
            "{option}"
        );
        assert!(
            !warnings(&config)[0].contains("canary"),
            "it may be a secret"
        );
        assert_eq!(names(&config).len(), 3);
    }
    for (kind, meant) in [
        ("certs", "did you mean 'config cert'?"),
        ("certkeper", "did you mean 'config certkeeper'?"),
        ("frob", "a section type that certkeeper does not know"),
    ] {
        let config = config(&format!("{BASE}config {kind} 'x'\n\toption y 'z'\n"));
        says(
            &config,
            true,
            &["line 18, ", &format!("{kind} 'x': "), meant],
        );
    }
    let secrets = "config secrets 'web'\nconfig secret 'own'\n\tlist credential 'A=canary'\n";
    let config = config_of(BASE, secrets);
    let wanted = [
        "/etc/config/certkeeper_secrets line 1, secrets 'web': a section type that certkeeper does \
         not know; did you mean 'config secret'?",
        "/etc/config/certkeeper_secrets line 3, secret 'own', option credential: unknown option; \
         did you mean 'credentials'?",
    ];
    assert_eq!(warnings(&config), wanted);
}
