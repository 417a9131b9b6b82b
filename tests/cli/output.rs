//! Where the output goes: pipes that break, streams that are closed, disks that are full; no
//! escape codes but on a terminal.

use super::holdings::{END, hold};
use super::support::temp_root::TempRoot;
use super::{cert, certkeeper, ended, ending, in_shell, run, site};

/// Enough sections that a pipe's buffer does not hold the table.
fn long_site() -> TempRoot {
    let sections: Vec<String> = (0..800)
        .map(|i| cert(&format!("section_number_{i}"), ""))
        .collect();
    site(&sections)
}

#[test]
fn a_reader_that_leaves_does_no_harm() {
    let temp = long_site();
    for args in [
        vec!["status"],
        vec!["status", "--json"],
        vec!["cas"],
        vec!["--help"],
    ] {
        let script = "{ { \"$@\"; echo code $? >&2; } | head -n 1 >first; } 2>&1; cat first";
        let finished = ended(in_shell(certkeeper(&temp, &args), script), 0);
        // 141: ended by SIGPIPE, as most programs do.
        let code = finished
            .stdout
            .lines()
            .find_map(|l| l.strip_prefix("code "));
        assert!(matches!(code, Some("0" | "141")), "{}", finished.report());
        assert!(
            !finished.stdout.contains("panicked"),
            "{}",
            finished.report()
        );
    }
}

#[test]
fn closed_streams_do_no_harm() {
    let temp = site(&[cert("web", ""), cert("bad", "option enabled 'x'")]);
    hold(&temp, "web", END);
    for closed in ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"] {
        for command in [
            "status",
            "status --json",
            "cas",
            "renew",
            "--help",
            "show nobody",
        ] {
            let words: Vec<&str> = command.split(' ').collect();
            let wanted = certkeeper(&temp, &words).run().code();
            let finished = in_shell(
                certkeeper(&temp, &words),
                &format!("\"$@\" {closed}; echo $? >code"),
            );
            let code = temp.read("code");
            assert_eq!(
                code.trim(),
                wanted.to_string(),
                "{command} {closed}: {}",
                finished.report()
            );
            assert!(
                !finished.stderr.contains("panicked"),
                "{}",
                finished.report()
            );
        }
    }
    // What is written must not land in a file that took the number of a closed stream.
    for file in [
        "/etc/config/certkeeper",
        "/etc/certkeeper/certs/web/versions/1/meta.json",
    ] {
        assert!(!temp.read(file).contains("SECTION"), "{file}");
    }
}

/// `show --pem >file` on a full disk must not look like success.
#[test]
fn results_that_cannot_be_written_are_a_failure() {
    let temp = site(&[cert("web", "")]);
    for command in ["status", "cas", "status --json"] {
        let words: Vec<&str> = command.split(' ').collect();
        let finished = in_shell(certkeeper(&temp, &words), "exec \"$@\" >/dev/full");
        ended(finished, 1);
    }
}

#[test]
fn there_are_no_escape_codes_but_on_a_terminal() {
    let temp = site(&[cert("web", ""), cert("bad", "option enabled 'x'")]);
    hold(&temp, "web", END);
    for command in ending() {
        for words in [
            vec![command],
            vec![command, "web"],
            vec![command, "--help"],
            vec![command, "--json"],
        ] {
            let finished = certkeeper(&temp, &words)
                .env("TERM", "xterm-256color")
                .run();
            let all = format!("{}{}", finished.stdout, finished.stderr);
            assert!(!all.contains('\u{1b}'), "{}", finished.report());
            assert!(!all.contains('\r'), "{}", finished.report());
        }
    }
}

#[test]
fn live_lines_of_a_run_are_plain_lines_in_a_log() {
    let temp = site(&[cert("web", "")]);
    let finished = run(&temp, "renew", 1);
    let lines: Vec<&str> = finished.stderr.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(
        lines.iter().all(|l| l.starts_with("web account     ")),
        "{lines:#?}"
    );
}
