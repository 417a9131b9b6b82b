//! Credentials: where they come from, that they are whole, and that nothing shows them.

use super::*;
use crate::types::Secret;

/// `cert 'web'` over PowerDNS, `LINES` in its section.
fn powerdns(lines: &str, secrets: &str) -> Config {
    let main = "config cert 'web'\n\tlist domains 'www.example.org'\n\toption dns 'pdns'\n";
    config_of(edit(main, "config cert", lines).0, secrets)
}

const URL: &str = "list credentials 'PDNS_Url=http://192.0.2.53:8081'";

#[track_caller]
fn value(config: &Config, name: &str) -> String {
    let found = by_dns(config).credentials.get(name).map(Secret::expose);
    found.unwrap_or_else(|| panic!("no {name}")).to_owned()
}

#[test]
fn surrounding_quotes_and_blanks_are_stripped() {
    for (entry, wanted) in [
        ("PDNS_Token=abc", "abc"),
        (" PDNS_Token = abc ", "abc"),
        ("PDNS_Token=\"abc\"", "abc"),
        ("PDNS_Token=\" a b \"", "a b"),
        ("PDNS_Token='abc'", "abc"),
        ("PDNS_Token = 'abc' ", "abc"),
        ("PDNS_Token=a\"b'c\\d$e`f", "a\"b'c\\d$e`f"),
        ("PDNS_Token=\"abc", "\"abc"),
        ("PDNS_Token=\"", "\""),
        ("PDNS_Token='abc\"", "'abc\""),
        ("PDNS_Token=a=b==", "a=b=="),
        ("PDNS_Token=$(reboot)", "$(reboot)"),
        ("PDNS_Token=ü→", "ü→"),
    ] {
        let quoted = entry.replace('\\', "\\\\").replace('"', "\\\"");
        let secrets = format!("config secret 'web'\n\tlist credentials \"{quoted}\"\n");
        let config = powerdns(URL, &secrets);
        assert_eq!(value(&config, "PDNS_Token"), wanted, "{entry}");
        assert!(config.mistakes.is_empty(), "{:?}", config.mistakes);
    }
}

#[test]
fn the_second_file_adds_to_each_kind_of_section_and_wins() {
    let main = format!(
        "{}\
config provider 'shared'\n\toption dns 'powerdns'\n\t{URL}\n\tlist credentials 'PDNS_Ttl=1'\n\
config cert 'one'\n\tlist domains 'a.example.org b.example.org'\n\toption provider 'shared'\n\
config domain 'own'\n\toption cert 'one'\n\toption name 'b.example.org'\n\toption dns 'pdns'\n",
        "config cert 'web'\n\tlist domains 'www.example.org'\n\toption dns 'pdns'\n"
    );
    let secrets = "
config secret 'web'\n\tlist credentials 'PDNS_Url=http://192.0.2.1'\n\tlist credentials 'PDNS_Token=of-web'
config secret 'shared'\n\tlist credentials 'PDNS_Token=of-shared'\n\tlist credentials 'PDNS_Ttl=2'
config secret 'own'\n\toption credentials 'PDNS_Token=of-own'
config secret 'own'\n\tlist credentials 'PDNS_Url=http://192.0.2.3'
config secret 'stranger'\n\tlist credentials 'PDNS_Token=of-stranger'
";
    let config = config_of(main, secrets);
    assert!(config.mistakes.is_empty(), "{:?}", config.mistakes);
    let one = config.cert("one").expect("runs");
    let of = |name: &Name, key: &str| match &name.validation {
        Validation::Dns(m) => m.credentials.get(key).map_or("", Secret::expose).to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(value(&config, "PDNS_Token"), "of-web");
    assert_eq!(value(&config, "PDNS_Url"), "http://192.0.2.1");
    assert_eq!(of(&one.names[0], "PDNS_Token"), "of-shared");
    assert_eq!(of(&one.names[0], "PDNS_Ttl"), "2");
    assert_eq!(of(&one.names[1], "PDNS_Token"), "of-own");
    assert_eq!(of(&one.names[1], "PDNS_Url"), "http://192.0.2.3");
    assert_eq!(
        of(&one.names[1], "PDNS_Ttl"),
        "",
        "a way of its own is whole"
    );
}

#[test]
fn a_secret_in_the_main_file_warns_with_the_command_that_moves_it() {
    let config = powerdns(&format!("{URL}; list credentials 'PDNS_Token=x'"), "");
    let line = "line 4, cert 'web', option credentials 'PDNS_Token'";
    let command = "`certkeeper secret web PDNS_Token`";
    says(&config, true, &[line, "a read-only login sees it", command]);
    assert_eq!(value(&config, "PDNS_Token"), "x", "it works all the same");
    // What is no secret may stand there.
    let config = powerdns(
        URL,
        "config secret 'web'\n\tlist credentials 'PDNS_Token=x'\n",
    );
    assert!(config.mistakes.is_empty(), "{:?}", config.mistakes);
}

#[test]
fn a_shared_provider_is_complained_of_once() {
    let provider = format!(
        "config provider 'p'\n\toption dns 'pdns'\n\t{URL}\n\tlist credentials 'PDNS_Token=x'\n"
    );
    let certs = ["a", "b"].map(|n| {
        format!("config cert '{n}'\n\tlist domains '{n}.example.org'\n\toption provider 'p'\n")
    });
    let config = config(&format!("{provider}{}", certs.concat()));
    assert_eq!(names(&config), ["a", "b"]);
    says(
        &config,
        true,
        &["provider 'p'", "`certkeeper secret p PDNS_Token`"],
    );
}

#[test]
fn what_is_missing_names_the_command_that_sets_it() {
    for (main, place, command) in [
        (
            "config cert 'web'; list domains a.example.org; option dns pdns; list credentials PDNS_Url=x",
            "line 1, cert 'web'",
            "`certkeeper secret web PDNS_Token` asks for it",
        ),
        (
            "config cert 'web'; list domains a.example.org; option dns exec",
            "line 1, cert 'web'",
            "`uci add_list certkeeper.web.credentials='EXEC_PATH=…'`",
        ),
        (
            "config provider 'p'; option dns pdns; list credentials PDNS_Url=x; list credentials PDNS_Token=; \
             config cert 'web'; list domains a.example.org; option provider p",
            "line 1, provider 'p'",
            "`certkeeper secret p PDNS_Token`",
        ),
        (
            "config cert 'web'; list domains a.example.org; config domain 'd'; option cert web; \
             option name a.example.org; option dns pdns; list credentials PDNS_Url=x",
            "line 3, domain 'd'",
            "`certkeeper secret d PDNS_Token`",
        ),
        (
            "config provider 'p'; config cert 'web'; list domains a.example.org; option provider p",
            "line 1, provider 'p'",
            "option dns is wanted: the provider's module (`certkeeper providers`)",
        ),
    ] {
        let config = config(&main.replace("; ", "\n"));
        says(&config, false, &[place, command]);
        assert_eq!(broken(&config), ["web"]);
    }
    // Both at once: each is named, and all before anything is asked for.
    let all = errors(&powerdns("", ""));
    assert_eq!(all.len(), 2, "{all:#?}");
    assert!(
        all[0].contains("PDNS_Url (URL of the server") && all[1].contains("PDNS_Token (API key)")
    );
}

#[test]
fn a_section_without_a_name_cannot_be_told_to_run_a_command_with_its_name() {
    let main = "config cert 'web'; list domains a.example.org; config domain; option cert web; \
                option name a.example.org; option dns pdns; list credentials PDNS_Url=x";
    let config = config(&main.replace("; ", "\n"));
    let all = errors(&config);
    assert!(
        !all[0].contains("secret SECTION"),
        "there is no such section: {}",
        all[0]
    );
    assert!(all[0].contains("name"), "it needs a name first: {}", all[0]);
}

#[test]
fn names_that_a_module_does_not_use_warn() {
    let token = "config secret 'web'\n\tlist credentials 'PDNS_Token=x'\n";
    let config = powerdns(&format!("{URL}; list credentials 'PDNS_Tttl=5'"), token);
    let text = "option credentials 'PDNS_Tttl': powerdns does not use it; did you mean PDNS_Ttl?";
    says(&config, true, &["line 4", text]);
    // A program of one's own may want any.
    let lines = "list domains a.example.org; option dns exec; list credentials EXEC_PATH=/x; list credentials ANY=1";
    assert!(web(lines).mistakes.is_empty());
}

#[test]
fn entries_that_are_none_are_refused() {
    for (entry, wanted) in [
        ("abc", "NAME=value is wanted in each entry"),
        ("=abc", "a credential's name has letters, digits and _"),
        ("A B=abc", "a credential's name has letters, digits and _"),
        ("A-B=abc", "a credential's name has letters, digits and _"),
        ("Ä=abc", "a credential's name has letters, digits and _"),
    ] {
        let lines = format!("{URL}; list credentials PDNS_Token=x; list credentials '{entry}'");
        let all = errors(&powerdns(&lines, ""));
        assert_eq!(all.len(), 1, "{all:#?}");
        let place = "certkeeper line 4, cert 'web', option credentials '***': ";
        assert!(all[0].contains(&format!("{place}{wanted}")), "{}", all[0]);
    }
}

#[test]
fn a_mistake_in_the_file_of_secrets_names_that_file() {
    let secrets = "\n\nconfig secret 'web'\n\tlist credentials 'PDNS_Token'\n";
    let all = errors(&powerdns(
        &format!("{URL}; list credentials PDNS_Token=x"),
        secrets,
    ));
    let place = "/etc/config/certkeeper_secrets line 4, secret 'web', option credentials";
    assert!(all[0].starts_with(place), "{}", all[0]);
}

#[test]
fn one_of_several_sets_of_credentials_is_enough() {
    let section = |entries: &[&str]| {
        let lines = entries.iter();
        let lines: String = lines
            .map(|e| format!("\tlist credentials '{e}'\n"))
            .collect();
        let head = "config cert 'web'\n\tlist domains '*.example.org'\n\toption dns 'cloudflare'\n";
        config_of(&(head.to_owned() + &lines), "")
    };
    for enough in [
        &["CF_Token=a"][..],
        &["CF_Key=a", "CF_Email=b"],
        &["CF_Token=a", "CF_Email=b", "CF_Zone_ID=c"],
    ] {
        assert_eq!(errors(&section(enough)), [""; 0], "{enough:?}");
    }
    for short in [&[][..], &["CF_Key=a"], &["CF_Email=b", "CF_Token= "]] {
        let errors = errors(&section(short)).join(" ");
        let words = "CF_Token, or CF_Key with CF_Email is wanted; `certkeeper secret web NAME`";
        assert!(errors.contains(words), "{short:?}: {errors}");
    }
}

/// Who reads the path of a key file does not have the key.
#[test]
fn a_file_s_path_may_be_seen() {
    let told = |key: &str, secrets: &str| {
        let main = format!(
            "config cert 'web'\n\tlist domains 'www.example.org'\n\toption dns 'rfc2136'\n\
             \tlist credentials 'NSUPDATE_SERVER=192.0.2.53'\n\tlist credentials 'NSUPDATE_KEY={key}'\n"
        );
        let config = config_of(main, secrets);
        let of_secret = |m: &&Mistake| m.to_string().contains("a read-only login sees it");
        config.mistakes.iter().filter(of_secret).count()
    };
    for path in ["/etc/bind/acme.key", "\"/etc/bind/acme.key\""] {
        assert_eq!(told(path, ""), 0, "{path}");
    }
    let path = "config secret 'web'\n\tlist credentials 'NSUPDATE_KEY=/etc/bind/acme.key'\n";
    for secrets in ["", path] {
        assert_eq!(told("hmac-sha256:acme:c2VjcmV0", secrets), 1, "{secrets}");
    }
}
