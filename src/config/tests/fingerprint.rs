//! A section's fingerprint changes with all that the section says or refers to, and with nothing
//! else: a change lifts waiting times, so that another section's edit must not.

use super::*;

/// `web` by a shared provider, one of its names by a way of its own.
const MAIN: &str = "
config certkeeper 'global'
config account 'own'
	option acme_server 'https://ca.test/dir'
config account 'strange'
	option acme_server 'https://strange.test/dir'
config provider 'names'
	option dns 'exec'
	list credentials 'EXEC_PATH=/bin/true'
config provider 'others'
	option dns 'exec'
	list credentials 'EXEC_PATH=/bin/true'
config cert 'web'
	list domains 'www.example.org b.example.org'
	option account 'own'
	option provider 'names'
config domain 'one'
	option cert 'web'
	option name 'b.example.org'
	option dns 'exec'
	list credentials 'EXEC_PATH=/bin/true'
config cert 'after'
	list domains 'after.example.org'
	option account 'strange'
	option provider 'others'
config domain 'two'
	option cert 'after'
	option name 'after.example.org'
";

fn fingerprint(main: &str, secrets: &str) -> String {
    let config = config_of(main, secrets);
    let cert = config.cert("web");
    cert.unwrap_or_else(|| panic!("{:#?}", errors(&config)))
        .fingerprint
        .clone()
}

/// Lines for sections, each of them good.
const EDITS: &str = "
certkeeper | option accept_tos '1'
certkeeper | option debug '1'
certkeeper | list dns_server '9.9.9.9'
account | option email 'me@example.org'
account | option ca_file '/etc/root.pem'
account | option eab_kid 'x'
provider | list credentials 'EXEC_PATH=/bin/false'
provider | list credentials 'MORE=1'
cert | option enabled '1'
cert | list domains 'c.example.org'
cert | option auto_names '1'
cert | option primary '1'
cert | list key_type 'ec384'
cert | option cert_profile 'shortlived'
cert | option webroot '/srv'
cert | option listen_address '192.0.2.1'
cert | option listen_port '81'
cert | list credentials 'MORE=1'
cert | option calias 'x.example.net'
cert | option dalias 'x.example.net'
cert | option dns_wait '1'
cert | option auto_update '0'
cert | option renew_before '30'
cert | list service 'nginx'
cert | list hook 'x'
cert | option reuse_key '1'
cert | option preferred_chain 'x'
cert | option unknown '1'
domain | list credentials 'EXEC_PATH=/bin/false'
domain | option calias 'x.example.net'
domain | option dns_wait '1'
";

#[test]
fn it_changes_with_all_that_the_section_refers_to() {
    let mut seen = vec![(fingerprint(MAIN, ""), "the base")];
    for row in cells(EDITS) {
        let section = match row[0] {
            "cert" => "config cert 'web'".to_owned(),
            kind => format!("config {kind}"),
        };
        let found = fingerprint(&edit(MAIN, &section, row[1]).0, "");
        let same = seen.iter().find(|(f, _)| *f == found);
        assert!(same.is_none(), "{row:?} is as {same:?}");
        seen.push((found, row[1]));
    }
    for section in ["web", "names", "one", "own"] {
        for value in ["x", "y"] {
            let secrets = format!("config secret '{section}'\n\tlist credentials 'MORE={value}'\n");
            let found = fingerprint(MAIN, &secrets);
            let same = seen.iter().find(|(f, _)| *f == found);
            assert!(same.is_none(), "secret '{section}' is as {same:?}");
            seen.push((found, "a secret"));
        }
    }
    let less = MAIN.replace(
        "config domain 'one'\n\toption cert 'web'",
        "config domain 'one'\n\toption cert 'after'",
    );
    let less = less.replace(
        "option name 'b.example.org'",
        "option name 'after.example.org'",
    );
    assert!(
        seen.iter().all(|(f, _)| *f != fingerprint(&less, "")),
        "a domain less"
    );
}

#[test]
fn it_does_not_change_with_anything_else() {
    let before = fingerprint(MAIN, "");
    for (section, line) in [
        ("config cert 'after'", "option renew_before '3'"),
        ("config cert 'after'", "option enabled 'wrong'"),
        ("config account 'strange'", "option email 'me@example.org'"),
        ("config provider 'others'", "list credentials 'MORE=1'"),
        ("config domain 'two'", "option webroot '/srv'"),
        (
            "config cert 'after'",
            "config cert 'new'; list domains 'new.example.org'",
        ),
    ] {
        assert_eq!(
            fingerprint(&edit(MAIN, section, line).0, ""),
            before,
            "{section} {line}"
        );
    }
    for section in ["after", "others", "two", "strange", "nobody"] {
        let secrets = format!("config secret '{section}'\n\tlist credentials 'MORE=1'\n");
        assert_eq!(fingerprint(MAIN, &secrets), before, "{section}");
    }
    let restyled = MAIN
        .replace('\'', "\"")
        .replace("\toption", "  # note\n option");
    assert_eq!(
        fingerprint(&restyled, ""),
        before,
        "quotes, blanks and comments"
    );
    assert_eq!(before.len(), 16);
    assert!(before.bytes().all(|c| c.is_ascii_hexdigit()));
}

/// Blanks around values do not count, here either.
#[test]
fn it_finds_what_is_referred_to_with_blanks() {
    let padded = MAIN.replace("provider 'names'\n\toption dns", "PROVIDER");
    let padded = padded.replace("option provider 'names'", "option provider ' names '");
    let padded = padded.replace("option cert 'web'", "option cert ' web '");
    let padded = padded.replace("PROVIDER", "provider 'names'\n\toption dns");
    let before = fingerprint(&padded, "");
    for section in ["config provider 'names'", "config domain 'one'"] {
        let edited = edit(&padded, section, "list credentials 'MORE=1'").0;
        assert_ne!(fingerprint(&edited, ""), before, "{section}");
    }
    let secrets = "config secret 'names'\n\tlist credentials 'MORE=1'\n";
    assert_ne!(fingerprint(&padded, secrets), before);
}
