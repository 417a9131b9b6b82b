//! Nothing shows a secret.

use super::*;
use crate::types::Secret;

const CANARY: &str = "kanarienvogel";

/// Every place where a secret can stand: `file | section | line`. `§` is the canary.
const PLACES: &str = "
main | cert 'web' | list credentials 'PDNS_Token=§'
main | cert 'web' | option credentials 'PDNS_Token=\"§\"'
main | cert 'web' | list credentials 'PDNS_Tokn=§'
main | cert 'web' | list credentials 'PDNS_Token:§'
main | cert 'web' | list credentials '§'
main | cert 'web' | list credentials '=§'
main | cert 'web' | list credentials 'PDNS Token=§'
main | cert 'web' | list credential 'PDNS_Token=§'
main | cert 'web' | option PDNS_Token '§'
main | cert 'web' | option eab_hmac_key '§'
main | account 'own' | option eab_hmac_key '§'
main | account 'own' | option eab_hmac_key 'no base64url: §'
secrets | secret 'own' | option eab_hmac_key 'no base64url: §'
main | account 'own' | list eab_hmac_key '§'
main | account 'own' | option eab_hmac '§'
main | provider 'p' | list credentials 'PDNS_Token=§'
main | provider 'p' | list credentials '§'
main | domain 'd' | list credentials 'PDNS_Token=§'
main | domain 'd' | list credentials 'PDNS-Token=§'
main | secret 'x' | list credentials 'PDNS_Token=§'
main | secret 'x' | option eab_hmac_key '§'
main | certkeeper 'global' | option token '§'
main | certkeeper 'global' | list notify 'https://hooks.example.org/§'
main | certkeeper 'global' | list notify 'http://hooks.example.org/§'
main | certkeeper 'global' | list notify 'ftp://§'
main | certkeeper 'global' | option notify 'https://me:§@hooks.example.org/'
secrets | secret 'global' | list notify 'https://hooks.example.org/§'
secrets | secret 'global' | list notify 'https:// §'
secrets | secret 'web' | list credentials 'PDNS_Token=§'
secrets | secret 'web' | list credentials '§'
secrets | secret 'web' | list credentials ' =§'
secrets | secret 'web' | list credentials 'PDNS_Token §'
secrets | secret 'web' | option PDNS_Token '§'
secrets | secret 'p' | list credentials 'PDNS_Token=§'
secrets | secret 'p' | option credentials '§'
secrets | secret 'd' | list credentials 'PDNS_Token=§'
secrets | secret 'd' | list credentials '§'
secrets | secret 'own' | option eab_hmac_key '§'
secrets | secret 'own' | list eab_hmac_key '§'
secrets | secret 'nobody' | list credentials '§'
secrets | secrets 'web' | list credentials 'PDNS_Token=§'
secrets | cert 'web' | list credentials 'PDNS_Token=§'
";

/// A configuration that uses every place, with one line more.
fn with_place(file: &str, section: &str, line: &[u8]) -> Config {
    let main = "
config certkeeper 'global'
config account 'own'\n\toption acme_server 'https://ca.test/dir'
config provider 'p'\n\toption dns 'pdns'\n\tlist credentials 'PDNS_Url=http://192.0.2.1'
config cert 'web'\n\tlist domains 'a.example.org b.example.org'\n\toption account 'own'\n\toption dns 'pdns'
\tlist credentials 'PDNS_Url=http://192.0.2.1'
config cert 'shared'\n\tlist domains 'c.example.org'\n\toption provider 'p'
config domain 'd'\n\toption cert 'web'\n\toption name 'b.example.org'\n\toption dns 'pdns'
\tlist credentials 'PDNS_Url=http://192.0.2.1'
";
    let more = [format!("config {section}\n\t").as_bytes(), line, b"\n"].concat();
    match file {
        "main" => config_of([main.as_bytes(), &more].concat(), ""),
        _ => config_of(main, more),
    }
}

#[track_caller]
fn hides(config: &Config, canary: &str, place: &str) {
    for mistake in &config.mistakes {
        assert!(!mistake.to_string().contains(canary), "{place}: {mistake}");
    }
    for (_, why) in &config.broken {
        assert!(!why.contains(canary), "{place}: {why}");
    }
    let shown = format!("{config:?}");
    assert!(!shown.contains(canary), "{place}: {shown}");
}

#[test]
fn nothing_shows_a_secret() {
    for row in cells(PLACES) {
        let line = row[2].replace('§', CANARY);
        hides(
            &with_place(row[0], row[1], line.as_bytes()),
            CANARY,
            &row.join(" | "),
        );
    }
    // The canary does arrive where it is right, so it could be shown.
    for (section, cert) in [("web", 0), ("p", 1), ("d", 0)] {
        let line = format!("list credentials PDNS_Token={CANARY}");
        let secrets = ["web", "p", "d"].map(|s| match s {
            s if s == section => format!("config secret '{s}'\n\t{line}\n"),
            s => format!("config secret '{s}'\n\tlist credentials PDNS_Token=x\n"),
        });
        let config = with_place("secrets", "secret 'none'", secrets.concat().as_bytes());
        hides(&config, CANARY, section);
        let ways = config.certs[cert].names.iter().map(|n| &n.validation);
        let arrived = ways.filter_map(|v| match v {
            Validation::Dns(m) => m.credentials.get("PDNS_Token").map(Secret::expose),
            _ => None,
        });
        assert!(arrived.into_iter().any(|v| v == CANARY), "{section}");
        assert!(
            format!("{config:?}").contains("\"PDNS_Token\": ***"),
            "{section}"
        );
    }
}

#[test]
fn a_secret_that_is_not_utf8_is_not_shown() {
    for (file, section, option) in [
        ("main", "cert 'web'", "list credentials 'PDNS_Token="),
        ("main", "account 'own'", "option eab_hmac_key '"),
        ("secrets", "secret 'web'", "list credentials 'PDNS_Token="),
        ("secrets", "secret 'p'", "list credentials 'PDNS_Token="),
    ] {
        let line = [option.as_bytes(), CANARY.as_bytes(), b"\xff'"].concat();
        let config = with_place(file, section, &line);
        assert!(config.has_errors());
        hides(&config, CANARY, section);
    }
}

/// Base64 ends in `=`: a token pasted without its name looks like a name without a value.
#[test]
fn a_secret_pasted_without_its_name_is_not_shown() {
    let config = with_place(
        "secrets",
        "secret 'web'",
        format!("list credentials '{CANARY}=='").as_bytes(),
    );
    for mistake in &config.mistakes {
        assert!(!mistake.to_string().contains(CANARY), "{mistake}");
    }
}

#[test]
fn a_password_in_a_url_is_not_shown() {
    for (section, option) in [
        ("account 'own'", "option acme_server"),
        ("certkeeper 'global'", "list dns_server"),
    ] {
        let line = format!("{option} 'https://me:{CANARY}@a.example.org/x'");
        let config = with_place("main", section, line.as_bytes());
        assert!(config.has_errors(), "{section}");
        hides(&config, CANARY, section);
    }
}
