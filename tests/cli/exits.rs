//! Exit codes: 0 done · 1 a section failed or is wrong · 2 usage · 3 busy · 4 something waits.

use super::holdings::{END, attempt, hold, link};
use super::support::temp_root::TempRoot;
use super::{DAY, NOW, cert, has, run, site};
use serde_json::json;
use std::fs;

#[test]
fn zero_when_nothing_is_due() {
    let temp = site(&[]);
    for command in ["renew", "status", "check"] {
        let text = run(&temp, command, 0).stdout;
        has(
            &text,
            &[
                "there is no 'config cert' section",
                "`certkeeper add www.example.org` shows how to make one",
            ],
        );
    }
    let temp = site(&[
        cert("web", "option renew_before '10'"),
        cert("off", "option enabled '0'"),
    ]);
    hold(&temp, "web", END);
    link(&temp, "web");
    // The first run makes it the primary one.
    run(&temp, "renew", 0);
    assert_eq!(
        run(&temp, "renew", 0).stdout,
        "nothing is due; the next is web in 50 days\n"
    );
    assert_eq!(
        run(&temp, "renew web", 0).stdout,
        "nothing is due; the next is web in 50 days\n"
    );
}

#[test]
fn zero_when_all_is_switched_off() {
    let temp = TempRoot::new();
    temp.uci(&format!(
        "config certkeeper 'global'\n\toption enabled '0'\n{}",
        cert("web", "option account 'letsencrypt'")
    ));
    let finished = run(&temp, "renew", 0);
    has(
        &finished.stdout,
        &["switched off", "option enabled 0 in section 'global'"],
    );
    assert!(!temp.path("/etc/certkeeper").exists(), "nothing was tried");
}

#[test]
fn one_when_a_section_fails() {
    let temp = site(&[cert("web", "")]);
    let finished = run(&temp, "renew", 1);
    has(
        &finished.stdout,
        &[
            "✗ web: cannot connect to 127.0.0.1:1",
            "what to do: ",
            "next attempt in 10 minutes, or at once with `certkeeper renew web`",
        ],
    );
    has(&finished.stderr, &["web account ", "asking 127.0.0.1:1"]);
    // It waits then, unless it is named.
    has(
        &run(&temp, "renew", 4).stdout,
        &["… web: waits; next attempt in 10 minutes (cannot connect"],
    );
    has(&run(&temp, "renew web", 1).stdout, &["✗ web: "]);
    has(
        &run(&temp, "check", 1).stdout,
        &["web\n", "✗ directory", "cannot connect to 127.0.0.1:1"],
    );
}

#[test]
fn one_when_a_section_is_wrong_and_the_others_run() {
    let temp = site(&[
        cert("before", ""),
        cert("web", "option renew_before 'soon'"),
        cert("after", "option enabled '0'"),
    ]);
    hold(&temp, "before", END);
    link(&temp, "before");
    let place = "error: /etc/config/certkeeper line 14, cert 'web', option renew_before 'soon': a number from 1 to 366";
    for line in ["renew", "renew before", "renew after", "check after"] {
        let finished = run(&temp, line, 1);
        has(&finished.stderr, &[place]);
        assert!(
            !finished.stdout.contains("soon"),
            "messages go to stderr: {}",
            finished.report()
        );
    }
    assert!(
        temp.path("/etc/certkeeper/primary").exists(),
        "the others went on"
    );
    let checked = run(&temp, "check web", 1);
    has(
        &checked.stdout,
        &[
            "✗ configuration option renew_before: a number from 1 to 366",
            "1 fault\n",
        ],
    );
    // A section that has no name counts, too.
    let temp = site(&["config cert\n\tlist domains 'a.example.org'\n".to_owned()]);
    has(
        &run(&temp, "check", 1).stderr,
        &["line 7, cert: the section needs a name"],
    );
    // Nothing else to do, and nothing that can be done.
    let temp = site(&[cert("web", "option renew_before 'soon'")]);
    has(
        &run(&temp, "renew", 1).stdout,
        &["no section can run: correct the errors above"],
    );
}

/// "Nothing is due" would be an answer to another question.
#[test]
fn naming_a_section_that_cannot_run_says_so() {
    let temp = site(&[
        cert("off", "option enabled '0'"),
        cert("bad", "option enabled 'x'"),
    ]);
    for (section, said) in [("off", "enabled"), ("bad", "1 or 0 is wanted")] {
        let finished = run(&temp, &format!("renew {section}"), 1);
        let all = format!("{}{}", finished.stdout, finished.stderr);
        assert!(!all.contains("nothing is due"), "{all}");
        assert!(
            all.lines().any(|l| l.contains(section) && l.contains(said)),
            "{all}"
        );
    }
}

#[test]
fn two_without_a_configuration_and_how_to_make_one() {
    let temp = TempRoot::new();
    for line in ["renew", "status", "check", "show web", "log web"] {
        let finished = run(&temp, line, 2);
        assert_eq!(finished.stdout, "");
        let file = temp.path("/etc/config/certkeeper").display().to_string();
        has(
            &finished.stderr,
            &[
                &format!("certkeeper: {file} does not exist. Make it with:\n"),
                &format!("touch {file}\n"),
                "uci set certkeeper.global=certkeeper\n",
                "uci set certkeeper.global.accept_tos=1\n",
                "certkeeper add www.example.org --apply\n",
            ],
        );
    }
    assert_eq!(
        fs::read_dir(temp.root()).expect("the root").count(),
        0,
        "nothing is made"
    );
}

#[test]
fn two_for_a_file_that_libuci_refuses_with_its_line() {
    for (text, line) in [
        ("config cert 'web'\n\tlist domains 'a.example.org\n\n", 2),
        ("config cert 'web'\n\n\tlst domains a\n", 3),
        ("\n\n\nconfig cert 'a-b'\n", 4),
        ("option x y\n", 1),
        ("config cert web extra\n", 1),
    ] {
        let temp = TempRoot::new();
        let file = temp.uci(text).display().to_string();
        for command in [
            "renew",
            "status",
            "check",
            "show web",
            "log web",
            "add x.example.org",
            "secret web A",
        ] {
            let finished = run(&temp, command, 2);
            assert_eq!(finished.stdout, "");
            has(
                &finished.stderr,
                &[&format!("certkeeper: {file}: line {line}: expected ")],
            );
        }
        has(
            &run(&temp, "status", 2).stderr,
            &["nothing was changed; `uci show certkeeper` fails on it too"],
        );
        assert_eq!(temp.read("/etc/config/certkeeper"), text);
    }
    // The file of secrets is as much part of it.
    let temp = site(&[cert("web", "")]);
    let file = temp.write(
        "/etc/config/certkeeper_secrets",
        "config secret 'web'\nlist credentials 'kanarienvogel\n",
    );
    let finished = run(&temp, "status", 2);
    has(
        &finished.stderr,
        &[&format!("{}: line 2: ", file.display())],
    );
    assert!(!finished.stderr.contains("kanarienvogel"));
    // A file that is none.
    let temp = TempRoot::new();
    fs::create_dir_all(temp.path("/etc/config/certkeeper")).expect("a folder");
    has(
        &run(&temp, "status", 2).stderr,
        &["/etc/config/certkeeper: ", "directory"],
    );
}

#[test]
fn the_refused_file_of_secrets_is_what_uci_is_to_show() {
    let temp = site(&[cert("web", "")]);
    temp.write("/etc/config/certkeeper_secrets", "nonsense\n");
    has(
        &run(&temp, "status", 2).stderr,
        &["`uci show certkeeper_secrets` fails on it too"],
    );
}

#[test]
fn two_for_an_unknown_section_with_the_nearest() {
    let temp = site(&[cert("web", ""), cert("mail", "option renew_before 'soon'")]);
    for command in ["renew", "status", "check", "show", "log"] {
        for (name, hint) in [
            ("wbe", "did you mean 'web'?"),
            ("WEB", "did you mean 'web'?"),
            ("mial", "did you mean 'mail'?"),
            ("frobnicate", "there are: web mail"),
        ] {
            let finished = run(&temp, &format!("{command} {name}"), 2);
            assert_eq!(finished.stdout, "");
            has(
                &finished.stderr,
                &[&format!(
                    "certkeeper: there is no 'config cert' section '{name}'; {hint}\n"
                )],
            );
        }
    }
    let finished = run(&temp, "renew web wbe", 2);
    has(&finished.stderr, &["'wbe'"]);
    assert!(
        !temp.path("/etc/certkeeper").exists(),
        "all names are looked at first"
    );
    let temp = site(&[]);
    has(
        &run(&temp, "renew web", 2).stderr,
        &["there is none yet; `certkeeper add NAME` makes one"],
    );
}

#[test]
fn four_when_nothing_failed_but_something_waits() {
    let temp = site(&[cert("web", ""), cert("off", "option enabled '0'")]);
    attempt(&temp, "web", &json!({}));
    let finished = run(&temp, "renew", 4);
    assert_eq!(
        finished.stdout,
        "… web: waits; next attempt in 2 hours (too many of them)\n"
    );
    assert_eq!(finished.stderr, "");
    // Whatever else fails counts more.
    let temp = site(&[cert("web", ""), cert("more", "")]);
    attempt(&temp, "web", &json!({}));
    has(
        &run(&temp, "renew", 1).stdout,
        &["✗ more: cannot connect", "… web: waits"],
    );
    // The time has come, it was set absurdly late, or the section has changed: tried at once.
    for fields in [
        json!({"next": NOW}),
        json!({"next": NOW + 8 * DAY}),
        json!({"fingerprint": "another"}),
    ] {
        let temp = site(&[cert("web", "")]);
        attempt(&temp, "web", &fields);
        has(&run(&temp, "renew", 1).stdout, &["✗ web: cannot connect"]);
    }
}
