//! `add --apply` and the lines that `add` prints, with libuci and without.

use super::add::parts;
use super::support::temp_root::TempRoot;
use super::uci_program::{NO_UCI, Uci};
use super::{cert, certkeeper, ended, has, run, site};
use certkeeper::config::{self, Config};
use certkeeper::types::Paths;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

fn loaded(temp: &TempRoot) -> Config {
    config::load(&Paths::new(temp.root())).unwrap_or_else(|e| panic!("{e}"))
}

/// The names of a section, as the configuration has them.
fn domains(temp: &TempRoot, section: &str) -> Vec<String> {
    let config = loaded(temp);
    let cert = config.cert(section);
    let cert = cert.unwrap_or_else(|| panic!("{section}: {:?}", config.mistakes));
    cert.names.iter().map(|n| n.id.to_string()).collect()
}

#[test]
fn applied_lines_are_what_libuci_reads_back() {
    let temp = site(&[cert("web", "")]);
    let Some(uci) = Uci::new(&temp) else { return };
    let args = [
        "add",
        "b.example.org",
        "*.b.example.org",
        "--dns",
        "exec",
        "--apply",
    ];
    let finished = ended(uci.certkeeper(&temp, &args).run(), 0);
    assert_eq!(finished.stderr, "");
    has(
        &finished.stdout,
        &[
            "section 'b_example_org' is made\n\n# then:\n",
            "certkeeper renew b_example_org\n",
        ],
    );
    let shown = uci.show("certkeeper.b_example_org");
    assert_eq!(
        shown,
        "certkeeper.b_example_org=cert\n\
         certkeeper.b_example_org.domains='b.example.org' '*.b.example.org'\n\
         certkeeper.b_example_org.dns='exec'\n"
    );
    // Printed lines, run by a shell, do the same; and the next one is ours to read, too.
    ended(uci.shell("uci add_list certkeeper.b_example_org.credentials='EXEC_PATH=/bin/true'; uci commit certkeeper"), 0);
    assert_eq!(
        domains(&temp, "b_example_org"),
        ["b.example.org", "*.b.example.org"]
    );
    assert_eq!(domains(&temp, "web"), ["web.example.org"], "the rest stays");
    let printed = run(&temp, "add c.example.org 192.0.2.1", 0).stdout;
    ended(uci.shell(&parts(&printed).0.join("\n")), 0);
    assert_eq!(
        domains(&temp, "c_example_org"),
        ["c.example.org", "192.0.2.1"]
    );
    // Applied twice: another section.
    let again = ended(
        uci.certkeeper(&temp, &["add", "c.example.org", "--apply", "--json"])
            .run(),
        0,
    );
    let json: Value = serde_json::from_str(&again.stdout).expect("JSON");
    assert_eq!(
        (&json["section"], &json["applied"]),
        (&json!("c_example_org_2"), &json!(true))
    );
    assert_eq!(domains(&temp, "c_example_org_2"), ["c.example.org"]);
    assert!(
        !temp.path("/var/run/certkeeper/uci").exists(),
        "its scratch folder is gone"
    );
}

#[test]
fn a_missing_file_is_made() {
    for printed in [false, true] {
        let temp = TempRoot::new();
        let Some(uci) = Uci::new(&temp) else { return };
        if printed {
            let text = run(&temp, "add www.example.org", 0).stdout;
            ended(uci.shell(&parts(&text).0.join("\n")), 0);
        } else {
            ended(
                uci.certkeeper(&temp, &["add", "www.example.org", "--apply"])
                    .run(),
                0,
            );
        }
        assert_eq!(domains(&temp, "www_example_org"), ["www.example.org"]);
        let shown = uci.show("certkeeper.global");
        assert_eq!(shown, "certkeeper.global=certkeeper\n");
        // The line for the terms works as it is printed.
        let text = run(&temp, "add x.example.org", 0).stdout;
        let terms = parts(&text)
            .1
            .into_iter()
            .find(|l| l.contains("accept_tos"))
            .expect("a line");
        ended(uci.shell(terms), 0);
        assert!(loaded(&temp).global.accept_tos);
        assert!(
            !run(&temp, "add x.example.org", 0)
                .stdout
                .contains("accept_tos")
        );
    }
}

/// A file without `config certkeeper 'global'`, as LuCI or an owner may leave it.
#[test]
fn the_line_for_the_terms_works_where_there_is_no_global_section() {
    let temp = TempRoot::new();
    temp.uci("config cert 'web'\n\tlist domains 'web.example.org'\n");
    let Some(uci) = Uci::new(&temp) else { return };
    let text = ended(
        uci.certkeeper(&temp, &["add", "www.example.org", "--apply"])
            .run(),
        0,
    )
    .stdout;
    let terms = parts(&text)
        .1
        .into_iter()
        .find(|l| l.contains("accept_tos"))
        .expect("a line");
    ended(uci.shell(terms), 0);
    assert!(loaded(&temp).global.accept_tos);
}

/// What is told where there is no configuration, typed as it stands.
#[test]
fn the_lines_for_a_first_configuration_work() {
    let temp = TempRoot::new();
    let Some(uci) = Uci::new(&temp) else { return };
    let told = run(&temp, "status", 2).stderr;
    let lines = told.split("Make it with:\n").nth(1).expect("lines");
    let (typed, ours): (Vec<&str>, Vec<&str>) = lines
        .lines()
        .map(str::trim)
        .partition(|l| !l.starts_with("certkeeper "));
    ended(uci.shell(&typed.join("\n")), 0);
    for line in ours {
        let words: Vec<&str> = line.split(' ').skip(1).collect();
        ended(uci.certkeeper(&temp, &words).run(), 0);
    }
    assert_eq!(domains(&temp, "www_example_org"), ["www.example.org"]);
    let said: Vec<String> = loaded(&temp)
        .mistakes
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(said, [""; 0], "nothing is left uncommitted");
    assert!(loaded(&temp).global.accept_tos);
}

#[test]
fn changes_that_others_have_not_committed_stay_so() {
    let temp = site(&[cert("web", "")]);
    let Some(uci) = Uci::new(&temp) else { return };
    ended(uci.shell("uci set certkeeper.web.enabled=0; uci add_list certkeeper.web.domains=more.example.org"), 0);
    let pending = temp.read("/tmp/.uci/certkeeper");
    has(&pending, &["certkeeper.web.enabled='0'"]);
    let finished = ended(
        uci.certkeeper(&temp, &["add", "new.example.org", "--apply"])
            .run(),
        0,
    );
    assert!(finished.stdout.contains("is made"));
    assert_eq!(
        temp.read("/tmp/.uci/certkeeper"),
        pending,
        "they still wait"
    );
    let file = temp.read("/etc/config/certkeeper");
    has(&file, &["config cert 'new_example_org'"]);
    for theirs in ["enabled", "more.example.org"] {
        assert!(!file.contains(theirs), "{theirs} was committed:\n{file}");
    }
}

#[test]
fn without_uci_it_says_so_and_changes_nothing() {
    let temp = site(&[cert("web", "")]);
    let before = temp.read("/etc/config/certkeeper");
    let finished = certkeeper(&temp, &["add", "new.example.org", "--apply"])
        .env("PATH", NO_UCI)
        .run();
    let finished = ended(finished, 1);
    assert_eq!(finished.stdout, "");
    has(
        &finished.stderr,
        &[
            "certkeeper: the program `uci` does not start",
            "nothing was changed",
        ],
    );
    assert_eq!(temp.read("/etc/config/certkeeper"), before);
}

#[test]
fn without_uci_no_file_is_made_either() {
    let temp = TempRoot::new();
    fs::create_dir_all(temp.path("/etc/config")).expect("a folder");
    ended(
        certkeeper(&temp, &["add", "new.example.org", "--apply"])
            .env("PATH", NO_UCI)
            .run(),
        1,
    );
    assert!(!temp.path("/etc/config/certkeeper").exists());
    assert!(!temp.path("/var/run/certkeeper/uci").exists());
}

#[test]
fn a_uci_that_fails_is_told_with_its_words() {
    let temp = site(&[]);
    let bin = temp.server_folder("bin");
    let write = |text: &str| {
        let file = bin.join("uci");
        fs::write(&file, text).expect("a script");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a mode");
    };
    let path = format!("{}:/usr/bin:/bin", bin.display());
    for (script, said) in [
        ("#!/bin/sh\ncat >/dev/null\nexit 3\n", "3"),
        (
            "#!/bin/sh\ncat >/dev/null\necho 'uci: I/O error' >&2\n",
            "uci: I/O error",
        ),
        ("#!/bin/sh\nkill -9 $$\n", "signal: 9"),
    ] {
        write(script);
        let finished = certkeeper(&temp, &["add", "new.example.org", "--apply"])
            .env("PATH", &path)
            .run();
        let finished = ended(finished, 1);
        assert_eq!(finished.stdout, "");
        has(&finished.stderr, &["certkeeper: `uci batch` failed", said]);
        assert!(!temp.path("/var/run/certkeeper/uci").exists());
    }
}

/// An owner who keeps credentials there has closed it; `uci commit` keeps it so.
#[test]
fn the_file_stays_as_closed_and_where_it_was() {
    let temp = site(&[]);
    let Some(uci) = Uci::new(&temp) else { return };
    let file = temp.path("/etc/config/certkeeper");
    for mode in [0o600, 0o640, 0o644] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("a mode");
        ended(
            uci.certkeeper(&temp, &["add", "a.example.org", "--apply"])
                .run(),
            0,
        );
        let now = fs::metadata(&file).expect("the file").permissions().mode() & 0o777;
        assert_eq!(now, mode, "{now:o} instead of {mode:o}");
    }
    let elsewhere = temp.path("/etc/elsewhere");
    fs::rename(&file, &elsewhere).expect("moved");
    symlink("../elsewhere", &file).expect("a link");
    ended(
        uci.certkeeper(&temp, &["add", "b.example.org", "--apply"])
            .run(),
        0,
    );
    assert!(file.is_symlink(), "it is a link no more");
    assert_eq!(domains(&temp, "b_example_org"), ["b.example.org"]);
    let names: Vec<_> = fs::read_dir(temp.path("/etc/config"))
        .expect("a folder")
        .flatten()
        .collect();
    assert_eq!(names.len(), 1, "nothing is left beside it");
}
