//! Every option with good and bad values.

use super::*;
use std::collections::BTreeSet;

#[test]
fn the_schema_is_that_of_config() {
    let mut all: Vec<_> = schema::kinds(false).to_vec();
    all.extend(schema::kinds(true));
    for row in cells(OPTIONS) {
        let (_, specs) = all.iter().find(|(k, _)| *k == row[0]).expect(row[0]);
        let shown = specs.iter().map(|s| {
            let list = if s.list { "*" } else { "" };
            format!("{list}{}", s.name)
        });
        let wanted: BTreeSet<String> = row[1].split(' ').map(str::to_owned).collect();
        assert_eq!(shown.collect::<BTreeSet<_>>(), wanted, "{}", row[0]);
    }
    assert_eq!(all.len(), cells(OPTIONS).count());
}

/// What stands then in the typed configuration: of `global`, or of `cert 'web'`.
const GOOD: &str = r#"
certkeeper | option enabled '0' | enabled: false
certkeeper | option accept_tos '1' | accept_tos: true
certkeeper | option account_email 'mailto:me@example.org' | account_email: Some("me@example.org")
certkeeper | option webroot '/srv/www' | webroot: "/r/srv/www"
certkeeper | list dns_server '9.9.9.9'; list dns_server '2620:fe::fe' | dns_servers: [At(9.9.9.9:53), At([2620:fe::fe]:53)]
certkeeper | list dns_server '[2620:fe::fe]:5353 127.0.0.1:5353 [::1]' | dns_servers: [At([2620:fe::fe]:5353), At(127.0.0.1:5353), At([::1]:53)]
certkeeper | list dns_server 'https://dns.example.org/dns-query' | dns_servers: [Https("https://dns.example.org/dns-query")]
certkeeper | option wan_zone 'wan_2-b' | wan_zone: Some("wan_2-b")
certkeeper | option ca_bundle '/etc/roots.pem' | ca_bundle: "/r/etc/roots.pem"
certkeeper | option local_ca '0' | local_ca: LocalCa { enabled: false
certkeeper | option local_ca_name 'My router' | name: Some("My router")
certkeeper | option local_ca_days '730' | days: 730
certkeeper | option debug '1' | debug: true
certkeeper | option acme_hotplug '1' | acme_hotplug: true
account | option ca 'letsencrypt' | preset: Some("letsencrypt")
account | option acme_server 'https://other.test:14000/dir' | ca: "other.test:14000"
account | option ca_file '/etc/root.pem' | ca_file: Some("/r/etc/root.pem")
account | option email 'me@example.org' | email: Some("me@example.org")
account | option eab_kid 'kid-1' | external: Given { kid: "kid-1", hmac_key: None }
provider | option dns 'dns_pdns'; list credentials 'PDNS_Url=http://192.0.2.1'; list credentials 'PDNS_Token=x' | name: "powerdns"
provider | list credentials 'MORE=x' | "MORE": ***
cert | option enabled '0' | enabled: false
cert | list domains 'b.example.org' | Dns(Domain("b.example.org"))
cert | option auto_names '1'; list domains 'b.example.org' | Dns(Domain("www.b.example.org"))
cert | list key_type 'ec384' | key_type: Ec384
cert | option account 'letsencrypt' | account: Account { name: "letsencrypt"
cert | option account 'letsencrypt'; option staging '1' | staging: true
cert | option cert_profile 'shortlived' | profile: Some("shortlived")
cert | option reuse_key '1' | reuse_key: true
cert | option preferred_chain 'ISRG Root X1' | preferred_chain: Some("ISRG Root X1")
cert | option validation_method 'webroot' | dir: "/r/var/run/acme/challenge"
cert | option webroot '/srv/www' | Webroot { dir: "/r/srv/www" }
cert | option listen_address '2001:db8::1' | address: Some(2001:db8::1)
cert | option listen_port '65535' | port: 65535
cert | option listen_port '1' | port: 1 }
cert | option validation_method 'alpn' | Alpn { address: None, port: 443 }
cert | option validation_method 'alpn'; option listen_port '8443' | port: 8443 }
cert | option validation_method 'dns-persist' | validation: Persist
cert | option validation_method 'none' | validation: Beforehand
cert | option provider 'names' | source: "provider names"
cert | option dns 'exec'; list credentials 'EXEC_PATH=/bin/x' | credentials: {"EXEC_PATH": ***}
cert | option provider 'names'; option calias 'other.example.net' | alias: Some(Domain("_acme-challenge.other.example.net"))
cert | option provider 'names'; option dalias 'other.example.net' | alias: Some(Domain("other.example.net"))
cert | option provider 'names'; option dns_wait '86400' | wait: Some(86400s)
cert | option provider 'names'; option dns_wait '0' | wait: Some(0ns)
cert | option auto_update '0' | auto_update: false
cert | option renew_before '1' | renew_before: Some(1)
cert | option renew_before '366' | renew_before: Some(366)
cert | list service 'uhttpd'; list service 'nginx haproxy' | services: ["uhttpd", "nginx", "haproxy"]
cert | list hook 'mail'; list hook '/etc/certkeeper/hooks/vpn/push' | hooks: ["mail", "vpn/push"]
cert | list export '/srv/tls:mosquitto' | Export { dir: "/r/srv/tls", user: Some("mosquitto") }
cert | list export '/srv/tls' | Export { dir: "/r/srv/tls", user: None }
cert | list verify '127.0.0.1:8443' | Target { host: "127.0.0.1", port: 8443, name: None }
cert | list verify '[::1]:443/www.example.org' | Target { host: "::1", port: 443, name: Some("www.example.org") }
cert | list verify 'mail.lan:993' | Target { host: "mail.lan", port: 993, name: None }
domain | option validation_method 'webroot' | dir: "/r/var/run/acme/challenge"
domain | option webroot '/srv/one' | Webroot { dir: "/r/srv/one" }
domain | option provider 'names' | source: "provider names"
domain | option dns 'exec'; list credentials 'EXEC_PATH=/bin/x' | source: "domain one"
domain | option provider 'names'; option calias 'c.example.net' | alias: Some(Domain("_acme-challenge.c.example.net"))
domain | option provider 'names'; option dalias 'd.example.net' | alias: Some(Domain("d.example.net"))
domain | option provider 'names'; option dns_wait '7' | wait: Some(7s)
"#;

fn shown(kind: &str, config: &Config) -> String {
    match kind {
        "certkeeper" => format!("{:?}", config.global),
        _ => format!("{:?}", config.cert("web")),
    }
}

#[test]
fn good_values_arrive() {
    for row in cells(GOOD) {
        let (kind, lines, wanted) = (row[0], row[1], row[2]);
        let before = shown(kind, &config(&edited(kind, "").0));
        let after = config(&edited(kind, lines).0);
        assert!(
            !before.contains(wanted),
            "{wanted} is there without {lines}"
        );
        let shown = shown(kind, &after);
        assert!(shown.contains(wanted), "{lines}: no {wanted} in {shown}");
        assert_eq!(errors(&after), [""; 0], "{lines}");
        assert_eq!(names(&after), ["before", "web", "after"], "{lines}");
    }
}

/// `section type | option | value | what is allowed`. The value stands in quotes in the file.
const BAD: &str = "
certkeeper | enabled | maybe | 1 or 0 is wanted
certkeeper | accept_tos | True | 1 or 0 is wanted
certkeeper | debug | 2 | 1 or 0 is wanted
certkeeper | acme_hotplug | 2 | 1 or 0 is wanted
certkeeper | local_ca | maybe | 1 or 0 is wanted
certkeeper | local_ca_name | 12345678901234567890123456789012345678901234567890123456789012345 | up to 64 characters
certkeeper | local_ca_days | 0 | a number from 1 to 36500
certkeeper | account_email | me | an e-mail address is wanted, such as
certkeeper | account_email | me@example.org,you@example.org | an e-mail address is wanted
certkeeper | account_email | <me@example.org> | an e-mail address is wanted
certkeeper | account_email | @example.org | an e-mail address is wanted
certkeeper | webroot | srv/www | beginning with /
certkeeper | webroot | /srv/../etc | without ..
certkeeper | ca_bundle | roots.pem | beginning with /
certkeeper | wan_zone | wan lan | the name of a zone in /etc/config/firewall is wanted
certkeeper | wan_zone | wan;lan | the name of a zone in /etc/config/firewall is wanted
certkeeper | dns_server | dns.example.org | an address is wanted: 9.9.9.9, 9.9.9.9:53, 2620:fe::fe or [2620:fe::fe]:53
certkeeper | dns_server | 9.9.9.9:65536 | an address is wanted
certkeeper | dns_server | https:///dns-query | the URL of a server for DNS over HTTPS
certkeeper | dns_server | http://dns.example.org/dns-query | an address is wanted
account | acme_server | http://ca.test/dir | https:// URL of an ACME directory
account | acme_server | ca.test | https:// URL of an ACME directory
account | acme_server | https:// | https:// URL of an ACME directory
account | acme_server | https:///dir | https:// URL of an ACME directory
account | acme_server | https://me@ca.test/ | https:// URL of an ACME directory
account | staging_server | ca.test | https:// URL of an ACME directory
account | ca_file | root.pem | beginning with /
account | email | me@localhost | an e-mail address is wanted
account | ca | nosuch | not a known CA
account | eab_kid | two words | the key identifier as the CA gave it
provider | dns | pdsn | did you mean 'pdns'?
provider | dns | frobnicate | no such provider; `certkeeper providers` lists them
provider | dns | dns_hetzner | use hetzner, with a token of the Cloud API
provider | dns | noip | publishes no way to set TXT records
cert | enabled | maybe | 1 or 0 is wanted
cert | auto_names | maybe | 1 or 0 is wanted
cert | primary | maybe | 1 or 0 is wanted
cert | staging | maybe | 1 or 0 is wanted
cert | auto_update | maybe | 1 or 0 is wanted
cert | key_type | rsa1024 | one of ec256 ec384
cert | key_type | ecdsa | rsa2048 rsa3072 rsa4096
cert | csr | web.csr | beginning with /
cert | csr | /etc/web.csr | the file with your request (CSR) cannot be read: No such file
cert | account | letsencrpyt | did you mean 'letsencrypt'?
cert | account | nosuch | neither a 'config account' section nor a known CA (`certkeeper cas` lists them)
cert | cert_profile | two words | the name of one of the CA's profiles is wanted
cert | cert_profile | überprofil | the name of one of the CA's profiles is wanted
cert | reuse_key | always | 1 or 0 is wanted
cert | preferred_chain | 01234567890123456789012345678901234567890123456789012345678901234 | the name of the root is wanted
cert | validation_method | web-root | webroot, standalone, alpn, dns, dns-delegated, dns-manual, dns-persist or none is wanted; did you mean 'webroot'?
cert | validation_method | dns-persistent | did you mean 'dns-persist'?
cert | validation_method | dns-manuel | webroot, standalone, alpn, dns, dns-delegated, dns-manual, dns-persist or none is wanted; did you mean 'dns-manual'?
cert | webroot | www | beginning with /
cert | webroot | /a/.. | without ..
cert | listen_address | eth0 | an IPv4 or IPv6 address of this router is wanted
cert | listen_port | 0 | a number from 1 to 65535 is wanted
cert | listen_port | 65536 | a number from 1 to 65535 is wanted
cert | listen_port | http | a number from 1 to 65535 is wanted
cert | listen_port | 99999999999999999999 | a number from 1 to 65535 is wanted
cert | provider | nosuch | there is no 'config provider' section of that name
cert | dns | powedns | did you mean 'powerdns'?
cert | calias | example | a name has at least two parts
cert | calias | a_b.example.org | may hold letters, digits and inner hyphens alone
cert | dalias | https://a.example.org | without https://
cert | dns_wait | 86401 | a number from 0 to 86400 is wanted
cert | dns_wait | -1 | a number from 0 to 86400 is wanted
cert | renew_before | 0 | a number from 1 to 366 is wanted
cert | renew_before | 367 | a number from 1 to 366 is wanted
cert | renew_before | 30d | a number from 1 to 366 is wanted
cert | service | ../nginx | the name of an init script in /etc/init.d is wanted
cert | service | -x | the name of an init script
cert | hook | /bin/sh | a program below /etc/certkeeper/hooks is wanted
cert | hook | ../mail | a program below /etc/certkeeper/hooks is wanted
cert | hook | /etc/certkeeper/hooks/ | a program below /etc/certkeeper/hooks is wanted
cert | export | srv/tls | DIR or DIR:USER is wanted
cert | export | /srv/../etc | DIR or DIR:USER is wanted
cert | export | /srv/tls: | DIR or DIR:USER is wanted
cert | export | /etc/certkeeper/copy | certkeeper's own folder
cert | export | /etc/ssl/domains | certkeeper's own folder
cert | verify | 127.0.0.1 | HOST:PORT or HOST:PORT/NAME is wanted
cert | verify | ::1:443 | HOST:PORT or HOST:PORT/NAME is wanted
cert | verify | 127.0.0.1:0 | HOST:PORT or HOST:PORT/NAME is wanted
cert | verify | 127.0.0.1:443/*.example.org | HOST:PORT or HOST:PORT/NAME is wanted
domain | validation_method | http | webroot, standalone, alpn, dns, dns-delegated, dns-manual, dns-persist or none is wanted
domain | webroot | www | beginning with /
domain | provider | nosuch | there is no 'config provider' section of that name
domain | dns | nosuch | `certkeeper providers` lists them
domain | calias | example | a name has at least two parts
domain | dalias | example | a name has at least two parts
domain | dns_wait | soon | a number from 0 to 86400 is wanted
domain | name | https://www.example.org | without https://
domain | cert | nosuch | there is no 'config cert' section of that name
";

/// Values of `list domains`.
const BAD_NAMES: &str = "
example | a name has at least two parts, such as example.org
https://a.example.org/ | without https:// and path
a.example.org/x | without https:// and path
a.example.org:443 | without a port
bücher.example | xn--
a..example.org | each part between dots has 1 to 63 characters
-a.example.org | inner hyphens
a_b.example.org | inner hyphens
1.2.3 | neither a name nor an IP address
1.2.3.4.5 | neither a name nor an IP address
www.*.example.org | a wildcard stands first and alone
*.*.example.org | a wildcard stands first and alone
@ | the name of an interface of /etc/config/network
@wan/1 | the name of an interface of /etc/config/network
";

#[track_caller]
fn is_refused(kind: &str, option: &str, value: &str, allowed: &str) {
    let (main, line) = edited(kind, &format!("option {option} '{value}'"));
    let config = config(&main);
    let found = config.mistakes.iter().find(|m| {
        m.option.as_deref() == Some(option) && m.value.as_deref() == Some(value) && !m.warning
    });
    let all = errors(&config);
    let found = found.unwrap_or_else(|| panic!("{option} '{value}' is not in {all:#?}"));
    assert!(found.message.contains(allowed), "{found}");
    let section = match kind {
        "certkeeper" => "certkeeper 'global'",
        "account" => "account 'own'",
        "provider" => "provider 'names'",
        "cert" => "cert 'web'",
        _ => "domain 'one'",
    };
    assert_eq!(
        found.to_string(),
        format!(
            "/etc/config/certkeeper line {line}, {section}, option {option} '{value}': {}",
            found.message
        )
    );
    assert!(config.has_errors());
    // A domain that belongs to no certificate, and the global section, keep nothing from running.
    if kind == "certkeeper" || option == "cert" {
        assert_eq!(names(&config), ["before", "web", "after"], "{found}");
        return;
    }
    assert_eq!(names(&config), ["before", "after"], "{found}");
    assert_eq!(broken(&config), ["web"], "{found}");
    assert!(config.knows("web") && config.cert("web").is_none());
    assert!(
        config.broken[0].1.contains(&found.message),
        "{found}: {}",
        config.broken[0].1
    );
}

#[test]
fn bad_values_name_the_place_and_what_is_allowed() {
    for row in cells(BAD) {
        is_refused(row[0], row[1], row[2], row[3]);
    }
    for row in cells(BAD_NAMES) {
        is_refused("cert", "domains", row[0], row[1]);
    }
    let long = format!("{}.org", "a.".repeat(125));
    is_refused("cert", "domains", &long, "at most 253 characters");
    is_refused(
        "cert",
        "cert_profile",
        &"x".repeat(65),
        "one of the CA's profiles",
    );
}

#[test]
fn every_option_that_acts_has_a_good_and_a_bad_value() {
    let apart = |option: &str| matches!(option, "credentials" | "eab_hmac_key" | "notify");
    for row in cells(OPTIONS).filter(|r| r[0] != "secret") {
        for option in row[1].split(' ').map(|o| o.trim_start_matches('*')) {
            if apart(option) {
                continue;
            }
            let bad = cells(BAD).any(|r| r[0] == row[0] && r[1] == option);
            let word = format!(" {option} ");
            let good = cells(GOOD).any(|r| r[0] == row[0] && r[1].contains(&word));
            // The base holds the good ones of these; none is good yet.
            let base = row[0] == "domain" && matches!(option, "cert" | "name");
            assert!(bad || option == "domains", "{} {option}", row[0]);
            let never = matches!(option, "csr" | "primary" | "staging_server");
            assert!(good || base || never, "{} {option}", row[0]);
        }
    }
}
