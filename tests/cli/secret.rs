//! `secret`: from stdin into a file that root alone reads, and nowhere else.

use super::support::process::Finished;
use super::support::temp_root::TempRoot;
use super::uci_program::Uci;
use super::{cert, certkeeper, ended, has, in_shell, site};
use certkeeper::config::{self, Notify, Validation};
use certkeeper::types::{Paths, Secret};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

pub const FILE: &str = "/etc/config/certkeeper_secrets";
pub const CANARY: &str = "kanarienvogel";

/// `cert 'web'` and `provider 'shared'` over PowerDNS.
pub fn powerdns() -> TempRoot {
    let dns = "option dns 'pdns'; list credentials 'PDNS_Url=http://192.0.2.1'";
    let provider = "config provider 'shared'\n\toption dns 'powerdns'\n".to_owned();
    site(&[cert("web", dns), provider])
}

/// `certkeeper secret WORDS` with this on stdin.
pub fn secret(uci: &Uci, temp: &TempRoot, words: &str, stdin: &[u8]) -> Finished {
    secret_by(uci, temp, words, stdin, "exec \"$@\" <typed")
}

fn secret_by(uci: &Uci, temp: &TempRoot, words: &str, stdin: &[u8], script: &str) -> Finished {
    temp.write("typed", stdin);
    let args: Vec<&str> = ["secret"].into_iter().chain(words.split(' ')).collect();
    in_shell(uci.certkeeper(temp, &args), script)
}

pub fn mode(temp: &TempRoot) -> u32 {
    fs::metadata(temp.path(FILE))
        .expect("the file")
        .permissions()
        .mode()
        & 0o7777
}

/// A credential of `cert 'web'`, as the configuration has it.
fn value(temp: &TempRoot, name: &str) -> Option<String> {
    let config = config::load(&Paths::new(temp.root())).unwrap_or_else(|e| panic!("{e}"));
    let cert = config
        .cert("web")
        .unwrap_or_else(|| panic!("{:?}", config.mistakes));
    match &cert.names[0].validation {
        Validation::Dns(method) => method
            .credentials
            .get(name)
            .map(Secret::expose)
            .map(str::to_owned),
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_kept_where_root_alone_reads_it_and_shown_nowhere() {
    for umask in ["000", "022", "777"] {
        let temp = powerdns();
        let Some(uci) = Uci::new(&temp) else { return };
        let script = format!("umask {umask}; exec \"$@\" <typed");
        let typed = format!("{CANARY}\n");
        let finished = ended(
            secret_by(&uci, &temp, "web PDNS_Token", typed.as_bytes(), &script),
            0,
        );
        assert_eq!(
            (finished.stdout.as_str(), finished.stderr.as_str()),
            ("PDNS_Token of 'web' is set\n", "")
        );
        assert_eq!(value(&temp, "PDNS_Token").as_deref(), Some(CANARY));
        assert_eq!(mode(&temp), 0o600, "under umask {umask}");
        assert!(
            !uci.seen().is_empty() && !uci.seen().contains(CANARY),
            "{}",
            uci.seen()
        );
        assert!(!temp.read("/etc/config/certkeeper").contains(CANARY));
        let places = fs::read_dir(temp.path("/etc/config"))
            .expect("a folder")
            .flatten();
        assert_eq!(places.count(), 2, "nothing else is left there");
        assert!(
            !temp.path("/var/run/certkeeper/uci").exists(),
            "its scratch folder is gone"
        );
        // Later commands tell that it is set, and no more.
        let status = ended(certkeeper(&temp, &["status", "web"]).run(), 0);
        has(&status.stdout, &["credentials  set: PDNS_Token PDNS_Url"]);
        assert!(!status.report().contains(CANARY));
    }
}

#[test]
fn values_come_back_as_they_were_typed() {
    let temp = powerdns();
    let Some(uci) = Uci::new(&temp) else { return };
    for typed in [
        "plain",
        "two words",
        "it's",
        "'",
        "a'b'c'd",
        "\"",
        "say \"hi\" twice",
        "back\\slash",
        "\\",
        "\\'",
        "\\n",
        "$HOME",
        "$(reboot)",
        "`reboot`",
        "a;b",
        "a#b",
        "# no comment",
        "a=b==",
        "%s",
        "*",
        "ü→ß",
        "~",
        "-n",
        "--force",
        "&& true",
        "x' ; commit network ; set a.b='c",
    ] {
        let finished = ended(
            secret(
                &uci,
                &temp,
                "web PDNS_Token",
                format!("{typed}\n").as_bytes(),
            ),
            0,
        );
        assert_eq!(finished.stderr, "", "{typed}");
        assert_eq!(value(&temp, "PDNS_Token").as_deref(), Some(typed));
        // libuci reads the same.
        let file = temp.read(FILE);
        let parsed = certkeeper::uci::parse(file.as_bytes()).expect("a file that libuci takes");
        assert_eq!(parsed.len(), 1, "{file}");
        assert_eq!(parsed[0].options.len(), 1, "{file}");
        let shell = format!("PDNS_Token={typed}").replace('\'', r"'\''");
        assert_eq!(
            uci.show("certkeeper_secrets.web.credentials"),
            format!("certkeeper_secrets.web.credentials='{shell}'\n")
        );
    }
    assert_eq!(
        fs::read_dir(temp.path("/etc/config"))
            .expect("a folder")
            .count(),
        2
    );
    // Blanks around it and the line's end do not count.
    for typed in ["  x  \n", "x", "x\r\n"] {
        ended(secret(&uci, &temp, "web PDNS_Token", typed.as_bytes()), 0);
        assert_eq!(
            value(&temp, "PDNS_Token").as_deref(),
            Some("x"),
            "{typed:?}"
        );
    }
    let long = "x".repeat(16_000);
    ended(secret(&uci, &temp, "web PDNS_Token", long.as_bytes()), 0);
    assert_eq!(value(&temp, "PDNS_Token"), Some(long));
}

#[test]
fn a_new_value_replaces_its_own_alone() {
    let temp = powerdns();
    let Some(uci) = Uci::new(&temp) else { return };
    let before = "\
config secret 'other'
	list credentials 'PDNS_Token=of other'

config secret 'web'
	list credentials ' PDNS_Token = first'
	list credentials 'PDNS_Ttl=5'
	list credentials 'PDNS_Token=it'\\''s second'
	list credentials 'PDNS_Token_2=kept'
	option eab_hmac_key 'kept too'
";
    temp.write(FILE, before);
    fs::set_permissions(temp.path(FILE), fs::Permissions::from_mode(0o600)).expect("a mode");
    ended(secret(&uci, &temp, "web PDNS_Token", b"third\n"), 0);
    let shown = uci.show("certkeeper_secrets");
    let mut shown: Vec<&str> = shown.lines().collect();
    shown.sort_unstable();
    assert_eq!(
        shown,
        [
            "certkeeper_secrets.other.credentials='PDNS_Token=of other'",
            "certkeeper_secrets.other=secret",
            "certkeeper_secrets.web.credentials='PDNS_Ttl=5' 'PDNS_Token_2=kept' 'PDNS_Token=third'",
            "certkeeper_secrets.web.eab_hmac_key='kept too'",
            "certkeeper_secrets.web=secret",
        ]
    );
    ended(secret(&uci, &temp, "own eab_hmac_key", b"mac\n"), 0);
    ended(secret(&uci, &temp, "own eab_hmac_key", b"mac2\n"), 0);
    ended(secret(&uci, &temp, "shared PDNS_Token", b"s\n"), 0);
    assert_eq!(
        uci.show("certkeeper_secrets.own"),
        "certkeeper_secrets.own=secret\ncertkeeper_secrets.own.eab_hmac_key='mac2'\n"
    );
    has(
        &uci.show("certkeeper_secrets.shared"),
        &["credentials='PDNS_Token=s'"],
    );
    assert_eq!(mode(&temp), 0o600);
}

/// Those of chat services hold their password.
#[test]
fn a_url_that_is_told_of_failures_is_kept_here_too() {
    let temp = powerdns();
    let Some(uci) = Uci::new(&temp) else { return };
    let told = || {
        let config = config::load(&Paths::new(temp.root())).unwrap_or_else(|e| panic!("{e}"));
        config.global.notify
    };
    for way in ["first", "second"] {
        let url = format!("https://chat.example.org/{way}?token={CANARY}");
        let line = format!("{url}\n");
        let finished = ended(secret(&uci, &temp, "global notify", line.as_bytes()), 0);
        assert_eq!(finished.stdout, "notify of 'global' is set\n");
        assert_eq!(told(), [Notify::Url(Secret::new(url))]);
        assert_eq!(mode(&temp), 0o600);
    }
    let wrong = format!("ftp://chat.example.org/{CANARY}\n");
    let refused = ended(secret(&uci, &temp, "global notify", wrong.as_bytes()), 2);
    has(&refused.stderr, &["https://", "nothing was changed"]);
    assert_eq!(told().len(), 1);
    let status = ended(certkeeper(&temp, &["status", "--json"]).run(), 0);
    let status_document: Value = serde_json::from_str(&status.stdout).expect("JSON");
    assert_eq!(status_document["secrets"]["global"][0], "notify");
    for report in [refused.report(), status.report(), uci.seen()] {
        assert!(!report.contains(CANARY), "{report}");
    }
    // Nothing else is the router's own.
    ended(secret(&uci, &temp, "global PDNS_Token", b"x\n"), 2);
}

/// The form that `uci set` leaves: the old value must not stay in the file.
#[test]
fn a_value_in_an_option_is_replaced_too() {
    let temp = powerdns();
    let Some(uci) = Uci::new(&temp) else { return };
    temp.write(
        FILE,
        "config secret 'web'\n\toption credentials 'PDNS_Token=first'\n",
    );
    ended(secret(&uci, &temp, "web PDNS_Token", b"second\n"), 0);
    assert_eq!(value(&temp, "PDNS_Token").as_deref(), Some("second"));
    let file = temp.read(FILE);
    assert!(!file.contains("first"), "{file}");
}

#[test]
fn changes_that_others_have_not_committed_stay_so() {
    let temp = powerdns();
    let Some(uci) = Uci::new(&temp) else { return };
    temp.write(FILE, "config secret 'web'\n");
    ended(
        uci.shell(
            "uci set certkeeper_secrets.web.eab_hmac_key=pending; uci set certkeeper.web.enabled=0",
        ),
        0,
    );
    ended(secret(&uci, &temp, "web PDNS_Token", b"x\n"), 0);
    assert_eq!(value(&temp, "PDNS_Token").as_deref(), Some("x"));
    assert!(!temp.read(FILE).contains("pending"), "{}", temp.read(FILE));
    has(
        &temp.read("/tmp/.uci/certkeeper_secrets"),
        &["eab_hmac_key='pending'"],
    );
    assert!(!temp.read("/etc/config/certkeeper").contains("enabled"));
}

/// A script may set several, and LuCI another meanwhile.
#[test]
fn several_at_once_lose_nothing() {
    let temp = powerdns();
    let Some(uci) = Uci::new(&temp) else { return };
    temp.write("typed", "x\n");
    let names: Vec<String> = (0..8).map(|i| format!("NAME_{i}")).collect();
    let runs = std::thread::scope(|scope| {
        let run = |name| {
            let run = uci.certkeeper(&temp, &["secret", "web", name]);
            scope.spawn(|| in_shell(run, "exec \"$@\" <typed"))
        };
        let runs: Vec<_> = names.iter().map(|n| run(n)).collect();
        runs.into_iter()
            .map(|r| r.join().expect("run"))
            .collect::<Vec<_>>()
    });
    let shown = uci.show("certkeeper_secrets.web.credentials");
    for (name, finished) in names.iter().zip(runs) {
        let kept = shown.contains(&format!("'{name}=x'"));
        // Who says that it is set has set it.
        assert_eq!(
            finished.code() == 0,
            kept,
            "{name} in {shown}{}",
            finished.report()
        );
        assert!(kept, "{}", finished.report());
    }
}
