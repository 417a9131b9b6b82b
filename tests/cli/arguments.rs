//! Words of the command line: where options may stand, what is mistyped, where the root comes from.

use super::support::certkeeper::Certkeeper;
use super::support::temp_root::TempRoot;
use super::{cert, certkeeper, ended, ending, has, run, site};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

#[test]
fn a_mistyped_command_names_the_nearest() {
    let temp = TempRoot::new();
    for (word, meant) in [
        ("renwe", "'renew'"),
        ("sttaus", "'status'"),
        ("chekc", "'check'"),
        ("shwo", "'show'"),
        ("logs", "'log'"),
        ("ad", "'add'"),
        ("secrets", "'secret'"),
        ("provider", "'providers'"),
        ("ca", "'cas'"),
        ("RENEW", "'renew'"),
        ("frobnicate", ""),
    ] {
        let finished = run(&temp, word, 2);
        assert_eq!(finished.stdout, "");
        let text = format!("certkeeper: there is no command '{word}'");
        has(
            &finished.stderr,
            &[&text, "`certkeeper --help` lists the commands"],
        );
        let hint = format!("; did you mean {meant}?");
        assert_eq!(
            finished.stderr.contains(&hint),
            !meant.is_empty(),
            "{}",
            finished.stderr
        );
        assert_eq!(finished.stderr.contains("did you mean"), !meant.is_empty());
    }
}

#[test]
fn a_mistyped_option_names_the_nearest() {
    let temp = site(&[cert("web", "")]);
    for (line, said, help) in [
        (
            "renew --forse",
            "there is no option '--forse'; did you mean '--force'?",
            "renew ",
        ),
        (
            "renew --nowait",
            "there is no option '--nowait'; did you mean '--no-wait'?",
            "renew ",
        ),
        (
            "--jsno status",
            "there is no option '--jsno'; did you mean '--json'?",
            "status ",
        ),
        (
            "status --hepl",
            "there is no option '--hepl'; did you mean '--help'?",
            "status ",
        ),
        (
            "show web --pme",
            "there is no option '--pme'; did you mean '--pem'?",
            "show ",
        ),
        (
            "add x.org --dsn exec",
            "there is no option '--dsn'; did you mean '--dns'?",
            "add ",
        ),
        (
            "add x.org --aply",
            "there is no option '--aply'; did you mean '--apply'?",
            "add ",
        ),
        ("status --pem", "there is no option '--pem'", "status "),
        (
            "status --frobnicate",
            "there is no option '--frobnicate'\n",
            "status ",
        ),
        ("--frobnicate", "there is no option '--frobnicate'\n", ""),
        (
            "--verison",
            "there is no option '--verison'; did you mean '--version'?",
            "",
        ),
        ("add x.org --dns", "option '--dns' wants a value", "add "),
        (
            "status --json=1",
            "option '--json' takes no value",
            "status ",
        ),
    ] {
        let finished = run(&temp, line, 2);
        assert_eq!(finished.stdout, "");
        has(
            &finished.stderr,
            &[
                "certkeeper: ",
                said,
                &format!("`certkeeper {help}--help` lists the options"),
            ],
        );
    }
    has(
        &run(&temp, "status --root /nonexistent", 2).stderr,
        &["more than once"],
    );
    let finished = ended(Certkeeper::bare(&temp, &["status", "--root"]).run(), 2);
    has(&finished.stderr, &["option '--root' wants a value"]);
}

#[test]
fn an_option_of_one_letter_is_named_as_it_was_typed() {
    let finished = run(&TempRoot::new(), "renew -f", 2);
    has(&finished.stderr, &["there is no option '-f'"]);
}

/// Its value is no command.
#[test]
fn a_mistyped_option_before_the_command_is_what_is_told() {
    let temp = TempRoot::new();
    let finished = ended(
        Certkeeper::bare(&temp, &["--rooot", "/nonexistent", "status"]).run(),
        2,
    );
    has(
        &finished.stderr,
        &["there is no option '--rooot'; did you mean '--root'?"],
    );
}

#[test]
fn too_few_or_too_many_words_show_the_usage() {
    let temp = site(&[cert("web", "")]);
    for line in [
        "cas x",
        "status web web",
        "show",
        "show web web",
        "log",
        "log web web",
        "add",
        "secret",
        "secret web",
        "secret web A B",
    ] {
        let finished = run(&temp, line, 2);
        assert_eq!(finished.stdout, "");
        let command = line.split(' ').next().expect("a word");
        let help = format!("`certkeeper {command} --help` tells more");
        has(
            &finished.stderr,
            &[&format!("usage: certkeeper {command}"), &help],
        );
    }
}

#[test]
fn global_options_stand_anywhere() {
    let temp = site(&[cert("web", "")]);
    let root = temp.root();
    let root = root.to_str().expect("text");
    let joined = format!("--root={root}");
    let wanted = run(&temp, "status --json", 0).stdout;
    has(&wanted, &["\"section\": \"web\""]);
    for args in [
        vec!["--root", root, "--json", "status"],
        vec!["--json", "--root", root, "status"],
        vec!["status", "--root", root, "--json"],
        vec!["status", "--json", "--root", root],
        vec![&joined, "status", "--json"],
        vec!["--json", "status", &joined],
    ] {
        let finished = Certkeeper::bare(&temp, &args).run();
        assert_eq!(ended(finished, 0).stdout, wanted, "{args:?}");
    }
    let one = run(&temp, "--json status web", 0).stdout;
    for line in ["status --json web", "status web --json"] {
        assert_eq!(run(&temp, line, 0).stdout, one, "{line}");
    }
    // A root that looks like a command is none.
    let finished = ended(
        Certkeeper::bare(&temp, &["--root", "status", "show", "web"]).run(),
        2,
    );
    has(
        &finished.stderr,
        &["status/etc/config/certkeeper does not exist"],
    );
}

#[test]
fn bytes_that_are_no_text_do_not_end_it_badly() {
    let temp = site(&[cert("web", "")]);
    let text = |bytes: &'static [u8]| OsStr::from_bytes(bytes).to_owned();
    let root = |command: &str| -> Vec<OsString> {
        vec!["--root".into(), temp.root().into(), command.into()]
    };
    let bad = || text(b"\xff\xfe");
    for args in [
        vec![bad()],
        vec![text(b"--\xff")],
        vec![text(b"--root=\xff"), "status".into()],
        [root("status"), vec![bad()]].concat(),
        [root("show"), vec![bad()]].concat(),
        [root("renew"), vec![bad()]].concat(),
        [root("add"), vec![text(b"\xff.example.org")]].concat(),
        [
            root("add"),
            vec!["a.example.org".into(), "--dns".into(), bad()],
        ]
        .concat(),
        [root("secret"), vec!["web".into(), bad()]].concat(),
        [root("providers"), vec![bad()]].concat(),
        [root("status"), vec![text(b"--json=\xff")]].concat(),
    ] {
        let finished = Certkeeper::bare(&temp, &args).run();
        let finished = ended(finished, 2);
        assert!(
            !finished.stderr.is_empty() && finished.stdout.is_empty(),
            "{}",
            finished.report()
        );
    }
}

#[test]
fn every_command_tolerates_odd_words() {
    let temp = site(&[cert("web", "")]);
    let odd = [
        "",
        "-",
        "--",
        "---",
        "--=",
        "-=",
        "%s",
        "\u{1b}[31m",
        "'",
        "\n",
        "../../etc/passwd",
    ];
    for command in ending() {
        for word in odd {
            // What is tried may fail, but says so, and in time.
            let finished = certkeeper(&temp, &[command, word]).run();
            assert!(
                !finished.stderr.contains("panicked"),
                "{}",
                finished.report()
            );
            assert!((0..=4).contains(&finished.code()), "{}", finished.report());
        }
    }
}
