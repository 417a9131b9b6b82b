//! `config domain`: one name's own way; and challenge aliases.

use super::*;

/// `cert 'web'` for a and b.example.org with these lines, and a `config domain 'd'` for b.
fn two(cert: &str, domain: &str) -> Config {
    let text = format!(
        "config provider 'p'; option dns exec; list credentials EXEC_PATH=/bin/p; \
         config cert 'web'; list domains 'a.example.org b.example.org'; {cert}; \
         config domain 'd'; option cert web; option name 'B.example.org'; {domain}"
    );
    config(&text.replace("; ", "\n"))
}

#[test]
fn a_name_may_have_its_own_way() {
    let exec = "option dns exec; list credentials EXEC_PATH=/bin/cert";
    for (cert, domain, wanted) in [
        ("", "", "Standalone { address: None, port: 80 }"),
        (
            "option listen_port 81; option listen_address 192.0.2.1",
            "",
            "Standalone { address: Some(192.0.2.1), port: 81 }",
        ),
        ("", "option webroot /srv/b", "Webroot { dir: \"/r/srv/b\" }"),
        ("option webroot /srv/a", "", "Webroot { dir: \"/r/srv/a\" }"),
        (
            "option webroot /srv/a",
            "option validation_method webroot",
            "Webroot { dir: \"/r/var/run/acme/challenge\" }",
        ),
        (
            "option webroot /srv/a",
            "option validation_method standalone",
            "Standalone { address: None, port: 80 }",
        ),
        (
            "option listen_port 81; option webroot /srv/a",
            "option validation_method standalone",
            "Standalone { address: None, port: 81 }",
        ),
        (
            "option listen_port 81",
            "option validation_method alpn",
            "Alpn { address: None, port: 443 }",
        ),
        (
            "option validation_method alpn; option listen_port 444; option listen_address 192.0.2.1",
            "option validation_method standalone",
            "Standalone { address: Some(192.0.2.1), port: 80 }",
        ),
        (
            exec,
            "option validation_method standalone",
            "Standalone { address: None, port: 80 }",
        ),
        ("", "option provider p", "source: \"provider p\""),
        (exec, "option provider p", "source: \"provider p\""),
        (
            exec,
            "option webroot /srv/b",
            "Webroot { dir: \"/r/srv/b\" }",
        ),
        (
            exec,
            "option calias b.example.net",
            "alias: Some(Domain(\"_acme-challenge.b.example.net\"))",
        ),
        (exec, "option dns_wait 5", "wait: Some(5s)"),
        ("option dns_wait 9", "option provider p", "wait: Some(9s)"),
    ] {
        let config = two(cert, domain);
        assert!(config.mistakes.is_empty(), "{:?}", config.mistakes);
        let names = &config.cert("web").expect("runs").names;
        let of_a = config_of_a(cert);
        assert_eq!(
            format!("{:?}", names[0].validation),
            of_a,
            "{cert} {domain}"
        );
        let shown = format!("{:?}", names[1].validation);
        assert!(shown.contains(wanted), "{cert} | {domain}: {shown}");
    }
}

/// The way of a.example.org without any `config domain`.
fn config_of_a(cert: &str) -> String {
    let config = web(&format!("list domains a.example.org; {cert}"));
    format!("{:?}", way(&config))
}

#[test]
fn each_name_goes_with_its_own_way() {
    // The wildcard by DNS, the rest by HTTP; and an address beside names by DNS.
    for (domains, cert, name, way) in [
        (
            "a.example.org *.example.org",
            "",
            "*.example.org",
            "option provider p",
        ),
        (
            "a.example.org 192.0.2.1",
            "option provider p",
            "192.0.2.1",
            "option validation_method standalone",
        ),
    ] {
        let text = format!(
            "config provider 'p'; option dns exec; list credentials EXEC_PATH=/p; config cert 'web'; \
             list domains '{domains}'; option cert_profile shortlived; {cert}"
        );
        let without = config(&text.replace("; ", "\n"));
        assert_eq!(broken(&without), ["web"], "{domains}");
        let own =
            format!("{text}; config domain; option cert ' web '; option name ' {name} '; {way}");
        let config = config(&own.replace("; ", "\n"));
        assert_eq!(identifiers(&config).join(" "), domains);
        assert!(config.mistakes.is_empty(), "{:?}", config.mistakes);
    }
}

#[test]
fn a_domain_section_must_belong_to_a_certificate() {
    let config = config(&format!(
        "{BASE}config domain 'stray'\n\toption name 'x.example.org'\n"
    ));
    says(
        &config,
        false,
        &[
            "line 18, domain 'stray'",
            "option cert is wanted: the section of the certificate",
        ],
    );
    assert_eq!(names(&config).len(), 3, "no certificate is left out for it");
    let config = super::config(&format!(
        "{BASE}config domain 'stray'\n\toption cert 'after'\n"
    ));
    says(
        &config,
        false,
        &[
            "line 18, domain 'stray', option name: ",
            "such as example.org",
        ],
    );
    assert_eq!(broken(&config), ["after"]);
}

#[test]
fn a_domain_section_for_a_name_that_the_certificate_lacks_is_refused() {
    let config = web(
        "list domains a.example.org; config domain 'd'; option cert web; option name c.example.org",
    );
    let all = errors(&config);
    assert_eq!(all.len(), 1, "{all:#?}");
    assert!(
        all[0].contains("c.example.org") && all[0].contains("not among this section's domains")
    );
    assert_eq!(
        (names(&config), broken(&config)),
        (vec!["after"], vec!["web"])
    );
}

#[test]
fn that_mistake_is_told_of_the_domain_section() {
    let config = web(
        "list domains a.example.org; config domain 'd'; option cert web; option name c.example.org",
    );
    let all = errors(&config);
    let place = "/etc/config/certkeeper line 5, domain 'd', option name 'c.example.org'";
    assert!(all[0].starts_with(place), "{}", all[0]);
}

#[test]
fn two_sections_for_one_name_are_told() {
    let own = |port: u16| {
        format!(
            "config domain 'd{port}'\noption cert web\noption name a.example.org\noption webroot /srv/{port}\n"
        )
    };
    let text = format!(
        "config cert 'web'\nlist domains a.example.org\n{}{}",
        own(1),
        own(2)
    );
    let config = config(&text);
    assert!(
        !config.mistakes.is_empty(),
        "which one counts? {:?}",
        way(&config)
    );
}

#[test]
fn aliases_name_the_record_that_is_written() {
    for (option, value, wanted) in [
        (
            "calias",
            "alias.example.net",
            "_acme-challenge.alias.example.net",
        ),
        (
            "calias",
            "_acme-challenge.alias.example.net",
            "_acme-challenge.alias.example.net",
        ),
        (
            "calias",
            "Alias.Example.Net.",
            "_acme-challenge.alias.example.net",
        ),
        ("dalias", "txt.example.net", "txt.example.net"),
        (
            "dalias",
            "_acme-challenge.txt.example.net",
            "_acme-challenge.txt.example.net",
        ),
    ] {
        let dns = "option dns exec; list credentials EXEC_PATH=/x";
        let config = web(&format!(
            "list domains a.example.org; {dns}; option {option} '{value}'"
        ));
        let alias = by_dns(&config).alias.as_ref().map(ToString::to_string);
        assert_eq!(alias.as_deref(), Some(wanted), "{option} {value}");
        let both = format!(
            "list domains a.example.org; {dns}; option calias c.example.net; option dalias d.example.net"
        );
        let alias = by_dns(&web(&both)).alias.as_ref().map(ToString::to_string);
        assert_eq!(alias.as_deref(), Some("d.example.net"), "dalias wins");
    }
}
