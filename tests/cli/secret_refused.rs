//! `secret` where it cannot do what it is asked for.

use super::secret::{CANARY, FILE, mode, powerdns, secret};
use super::support::temp_root::TempRoot;
use super::uci_program::{NO_UCI, Uci};
use super::{certkeeper, ended, has, in_shell};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// libuci refuses them; the message is to say it in words, and before.
#[test]
fn control_characters_are_refused_in_words() {
    let temp = powerdns();
    let Some(uci) = Uci::new(&temp) else { return };
    let finished = ended(secret(&uci, &temp, "web PDNS_Token", b"a\x01b\n"), 2);
    has(&finished.stderr, &["control character"]);
    assert!(!temp.path(FILE).exists());
}

/// Nobody is told otherwise until the next command, and until then others can read it.
#[test]
fn a_file_that_others_can_read_is_closed_or_told() {
    let temp = powerdns();
    let Some(uci) = Uci::new(&temp) else { return };
    temp.write(FILE, "");
    fs::set_permissions(temp.path(FILE), fs::Permissions::from_mode(0o644)).expect("a mode");
    let finished = ended(secret(&uci, &temp, "web PDNS_Token", b"x\n"), 0);
    let told = finished.stderr.contains("chmod 600");
    assert!(
        mode(&temp) == 0o600 || told,
        "{:o} {}",
        mode(&temp),
        finished.report()
    );
}

#[test]
fn what_is_wrong_is_told_before_anything_is_written() {
    let temp = powerdns();
    let Some(uci) = Uci::new(&temp) else { return };
    for (words, stdin, said) in [
        (
            "web PDNS_Token",
            "",
            "stdin held no secret; nothing was changed",
        ),
        (
            "web PDNS_Token",
            "\n",
            "stdin held no secret; nothing was changed",
        ),
        ("web PDNS_Token", "  \t \nx\n", "a secret has one line"),
        (
            "web PDNS_Token",
            "-----BEGIN KEY-----\nx\n",
            "a secret has one line",
        ),
        ("web PDNS_Token", "x\0y\n", "a secret has one line"),
        (
            "web PDNS_Token=kanarienvogel",
            "x\n",
            "the secret's value is read from stdin; give its name alone",
        ),
        (
            "web PDNS-Token",
            "x\n",
            "'PDNS-Token': a credential's name has letters, digits and _",
        ),
        (
            "wbe PDNS_Token",
            "x\n",
            "there is no 'config cert', 'provider' or 'account' section 'wbe'; did you mean 'web'?",
        ),
        (
            "sharde PDNS_Token",
            "x\n",
            "section 'sharde'; did you mean 'shared'?",
        ),
        (
            "frobnicate PDNS_Token",
            "x\n",
            "there is no 'config cert', 'provider' or 'account' section 'frobnicate'\n",
        ),
        (
            "global PDNS_Token",
            "x\n",
            "there is no 'config cert', 'provider' or 'account' section 'global'",
        ),
    ] {
        let finished = ended(secret(&uci, &temp, words, stdin.as_bytes()), 2);
        assert_eq!(finished.stdout, "");
        has(&finished.stderr, &["certkeeper: ", said]);
        assert!(!finished.stderr.contains(CANARY), "{}", finished.stderr);
        assert!(!temp.path(FILE).exists(), "{words}");
    }
    let finished = ended(secret(&uci, &temp, "web PDNS_Token", b"\xff\xfe\n"), 1);
    has(&finished.stderr, &["certkeeper: stdin: "]);
    assert_eq!(uci.seen(), "", "uci was not started");
    let none = TempRoot::new();
    let uci = Uci::new(&none).expect("it was there");
    let finished = ended(secret(&uci, &none, "web PDNS_Token", b"x\n"), 2);
    has(
        &finished.stderr,
        &[
            "/etc/config/certkeeper: ",
            "`certkeeper add` makes a section first",
        ],
    );
}

#[test]
fn a_name_that_the_module_does_not_use_warns() {
    let temp = powerdns();
    let Some(uci) = Uci::new(&temp) else { return };
    let finished = ended(secret(&uci, &temp, "web PDNS_Tokn", b"x\n"), 0);
    has(
        &finished.stderr,
        &["warning: powerdns does not use 'PDNS_Tokn'; it uses PDNS_Url PDNS_Token"],
    );
}

#[test]
fn without_uci_it_says_so_and_changes_nothing() {
    let temp = powerdns();
    temp.write("typed", CANARY);
    let run = |temp: &TempRoot| {
        let run = certkeeper(temp, &["secret", "web", "PDNS_Token"]).env("PATH", NO_UCI);
        ended(in_shell(run, "exec \"$@\" <typed"), 1)
    };
    let finished = run(&temp);
    assert_eq!(finished.stdout, "");
    has(
        &finished.stderr,
        &[
            "certkeeper: the program `uci` does not start",
            "nothing was changed",
        ],
    );
    assert!(!finished.stderr.contains(CANARY));
    temp.write(
        FILE,
        "config secret 'web'\n\tlist credentials 'PDNS_Token=old'\n",
    );
    run(&temp);
    assert_eq!(
        temp.read(FILE),
        "config secret 'web'\n\tlist credentials 'PDNS_Token=old'\n"
    );
}

#[test]
fn without_uci_no_file_is_made_either() {
    let temp = powerdns();
    temp.write("typed", CANARY);
    let run = certkeeper(&temp, &["secret", "web", "PDNS_Token"]).env("PATH", NO_UCI);
    ended(in_shell(run, "exec \"$@\" <typed"), 1);
    assert!(!temp.path(FILE).exists());
    assert!(!temp.path("/var/run/certkeeper/uci").exists());
}
