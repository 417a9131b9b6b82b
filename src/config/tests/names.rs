//! What a certificate is for: which names go with which way and which CA.

use super::*;

#[test]
fn names_are_kept_in_order_and_none_twice() {
    for (domains, wanted) in [
        ("b.example.org a.example.org", "b.example.org a.example.org"),
        (
            "a.example.org A.Example.ORG. a.example.org",
            "a.example.org",
        ),
        (
            "192.0.2.1 [2001:db8::1] 2001:0db8:0::1",
            "192.0.2.1 2001:db8::1",
        ),
    ] {
        let config = web(&format!(
            "list domains '{domains}'; option cert_profile shortlived"
        ));
        assert_eq!(identifiers(&config).join(" "), wanted);
    }
}

#[test]
fn auto_names_adds_what_the_way_can_prove() {
    let dns = "option dns exec; list credentials EXEC_PATH=/x";
    for (lines, domains, wanted) in [
        ("", "example.org", "example.org www.example.org"),
        ("", "www.example.org", "www.example.org"),
        (
            "",
            "example.org www.example.org",
            "example.org www.example.org",
        ),
        ("option cert_profile shortlived", "192.0.2.1", "192.0.2.1"),
        (
            "option webroot /srv",
            "example.org",
            "example.org www.example.org",
        ),
        (dns, "example.org", "example.org *.example.org"),
        (dns, "*.example.org", "*.example.org"),
        (
            dns,
            "example.org *.example.org",
            "example.org *.example.org",
        ),
    ] {
        let on = web(&format!(
            "list domains '{domains}'; option auto_names 1; {lines}"
        ));
        assert_eq!(identifiers(&on).join(" "), wanted, "{domains} {lines}");
        let off = web(&format!("list domains '{domains}'; {lines}"));
        assert_eq!(identifiers(&off).join(" "), domains);
    }
}

#[test]
fn a_certificate_has_at_most_100_names() {
    let list = |n: usize| {
        (0..n)
            .map(|i| format!("n{i}.example.org "))
            .collect::<String>()
    };
    assert_eq!(
        identifiers(&web(&format!("list domains '{}'", list(100)))).len(),
        100
    );
    let config = web(&format!("list domains '{}'", list(101)));
    says(
        &config,
        false,
        &["line 1, cert 'web': 101 names; a certificate has at most 100"],
    );
    assert_eq!(names(&config), ["after"]);
    // Those that auto_names adds count.
    let config = web(&format!("list domains '{}'; option auto_names 1", list(51)));
    says(&config, false, &["102 names"]);
    // The same name often is one.
    assert_eq!(
        identifiers(&web(&format!(
            "list domains '{}'",
            "a.example.org ".repeat(101)
        )))
        .len(),
        1
    );
}

#[test]
fn wildcards_need_dns_and_addresses_a_port() {
    let dns = "option dns exec; list credentials EXEC_PATH=/x";
    for (domain, lines, refused) in [
        (
            "*.example.org",
            "",
            "a wildcard needs validation_method dns (RFC 8555 section 8.3, RFC 8737 section 3)",
        ),
        (
            "*.example.org",
            "option webroot /srv",
            "a wildcard needs validation_method dns",
        ),
        (
            "*.example.org",
            "option validation_method alpn",
            "a wildcard needs validation_method dns",
        ),
        ("*.example.org", dns, ""),
        ("*.example.org", "option validation_method none", ""),
        ("*.example.org", "option validation_method dns-persist", ""),
        (
            "192.0.2.1",
            "option validation_method dns-persist",
            "an address needs validation_method standalone, webroot or alpn (RFC 8738)",
        ),
        ("192.0.2.1", "option validation_method none", ""),
        (
            "192.0.2.1",
            dns,
            "an address needs validation_method standalone, webroot or alpn (RFC 8738)",
        ),
        (
            "2001:db8::1",
            dns,
            "an address needs validation_method standalone, webroot or alpn",
        ),
        ("192.0.2.1", "", ""),
        ("192.0.2.1", "option validation_method alpn", ""),
        ("2001:db8::1", "option webroot /srv", ""),
    ] {
        let address = domain.parse::<std::net::IpAddr>().is_ok();
        let profile = if address {
            "; option cert_profile shortlived"
        } else {
            ""
        };
        let config = web(&format!(
            "list domains 'a.example.org {domain}'; {lines}{profile}"
        ));
        if refused.is_empty() {
            assert_eq!(identifiers(&config), ["a.example.org", domain]);
            assert!(config.mistakes.is_empty());
        } else {
            let place = format!("line 2, cert 'web', option domains '{domain}': ");
            says(&config, false, &[&place, refused]);
            assert_eq!(broken(&config), ["web"]);
        }
    }
}

#[test]
fn local_addresses_are_for_private_cas_alone() {
    let account = "config account 'own'\n\toption acme_server 'https://ca.test/dir'\n";
    for (address, why) in [
        ("192.168.1.1", "a private address, RFC 1918"),
        ("127.0.0.1", "this machine itself"),
        ("fd12::1", "a private address, RFC 4193"),
        ("fe80::1", "an address of one link"),
    ] {
        let profile = "option cert_profile shortlived";
        let cert = format!("config cert 'web'\nlist domains '{address}'\n{profile}\n");
        let place = format!("line 2, cert 'web', option domains '{address}': ");
        let text = format!("no public CA certifies it ({why}");
        says(&config(&cert), false, &[&place, &text]);
        let private = config(&format!("{account}{cert}option account own\n"));
        assert_eq!(identifiers(&private), [address]);
    }
}

#[test]
fn local_names_are_for_private_cas_alone() {
    let account = "config account 'own'\n\toption acme_server 'https://ca.test/dir'\n";
    for (name, suffix, why) in [
        ("router.lan", "lan", "OpenWrt's local suffix"),
        ("nas.local", "local", "mDNS, RFC 6762"),
        ("a.b.home.arpa", "home.arpa", "home networks, RFC 8375"),
        ("x.internal", "internal", "private use"),
        ("www.test", "test", "testing, RFC 6761"),
        ("*.box.local", "local", "mDNS"),
        (
            "Router.LAN.",
            "lan",
            "OpenWrt's local suffix, not delegated",
        ),
    ] {
        let by_dns = "option dns exec\nlist credentials EXEC_PATH=/x";
        let cert = format!("config cert 'web'\nlist domains '{name}'\n{by_dns}\n");
        let shown = name.to_lowercase();
        let shown = shown.trim_end_matches('.');
        let public = config(&cert);
        let place = format!("line 2, cert 'web', option domains '{shown}': ");
        let text = format!("no public CA certifies names below .{suffix} ({why}");
        says(
            &public,
            false,
            &[&place, &text, "or a private CA (acme_server)"],
        );
        assert_eq!(broken(&public), ["web"]);
        // A preset behind an account section is as public.
        let preset =
            format!("config account 'own'\noption ca letsencrypt\n{cert}option account own\n");
        assert_eq!(broken(&config(&preset)), ["web"], "{name}");
        let private = config(&format!("{account}{cert}option account own\n"));
        assert_eq!(identifiers(&private), [shown]);
        assert!(private.mistakes.is_empty(), "{:?}", private.mistakes);
    }
    for name in [
        "lan.example.org",
        "mylan.net",
        "local.example.org",
        "notlocal.org",
        "arpa.home.org",
    ] {
        assert_eq!(identifiers(&web(&format!("list domains {name}"))), [name]);
    }
}

#[test]
fn every_wrong_name_is_told_and_names_the_value() {
    let config = web(
        "list domains a.example.org; list domains 'http://x.example.org b_c.example.org'; list domains x.lan",
    );
    let all = errors(&config);
    assert_eq!(all.len(), 3, "{all:#?}");
    for (text, value) in all
        .iter()
        .zip(["'http://x.example.org'", "'b_c.example.org'", "'x.lan'"])
    {
        assert!(text.contains(value), "{text}");
    }
    assert_eq!(broken(&config), ["web"]);
}
