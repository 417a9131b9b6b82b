//! What is said about the configuration beside mistakes: warnings that stop nothing.

use super::support::temp_root::TempRoot;
use super::{cert, has, run, site};
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn changes_that_are_not_committed_are_pointed_out() {
    let temp = site(&[cert("web", "")]);
    assert_eq!(run(&temp, "status", 0).stderr, "");
    temp.write("/tmp/.uci/certkeeper", "");
    temp.write("/tmp/.uci/network", "network.lan.ipaddr='192.0.2.1'\n");
    assert_eq!(
        run(&temp, "status", 0).stderr,
        "",
        "an empty file and others' are none"
    );
    for name in ["certkeeper", "certkeeper_secrets"] {
        let delta = format!("/tmp/.uci/{name}");
        temp.write(&delta, "certkeeper.web.enabled='0'\n");
        for line in ["status", "show web", "log web"] {
            let finished = super::certkeeper(&temp, &line.split(' ').collect::<Vec<_>>()).run();
            let text = format!(
                "warning: /etc/config/certkeeper: uci holds changes of '{name}' that are not committed"
            );
            has(
                &finished.stderr,
                &[
                    &text,
                    &format!("`uci changes {name}`"),
                    &format!("`uci commit {name}`"),
                ],
            );
        }
        fs::remove_file(temp.path(&delta)).expect("gone");
    }
    has(&run(&temp, "status", 0).stdout, &["Not yet verified"]);
}

#[test]
fn secrets_that_others_can_read_are_pointed_out() {
    let temp = site(&[cert("web", "")]);
    let file = temp.write("/etc/config/certkeeper_secrets", "config secret 'web'\n");
    for (mode, told) in [
        (0o600, false),
        (0o400, false),
        (0o640, true),
        (0o604, true),
        (0o644, true),
    ] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("a mode");
        let said = run(&temp, "status", 0).stderr;
        let text = "warning: /etc/config/certkeeper_secrets: others on this device can read it; \
                    `chmod 600 /etc/config/certkeeper_secrets` closes it\n";
        assert_eq!(said, if told { text } else { "" }, "{mode:o}");
    }
}

#[test]
fn warnings_stop_nothing_and_errors_are_told_apart() {
    let temp = site(&[
        cert("web", "option serice 'nginx'"),
        "config certkeeper 'more'\n\toption acme_hotplg '1'\n".into(),
        cert("bad", "option enabled 'x'"),
    ]);
    let finished = run(&temp, "status", 0);
    let said: Vec<&str> = finished.stderr.lines().collect();
    assert_eq!(said.len(), 3, "{said:#?}");
    has(
        said[0],
        &[
            "warning: /etc/config/certkeeper line 10, cert 'web', option serice: unknown option; did you mean 'service'?",
        ],
    );
    has(
        said[1],
        &[
            "warning: /etc/config/certkeeper line 12, certkeeper 'more', option acme_hotplg: unknown option; did you mean 'acme_hotplug'?",
        ],
    );
    has(
        said[2],
        &[
            "error: /etc/config/certkeeper line 16, cert 'bad', option enabled 'x': 1 or 0 is wanted",
        ],
    );
    // Warnings alone leave the exit code as it is.
    let temp = site(&[cert("web", "option serice 'nginx'; option enabled '0'")]);
    has(&run(&temp, "renew", 0).stderr, &["did you mean 'service'?"]);
}

#[test]
fn commands_that_need_no_configuration_run_without() {
    let temp = TempRoot::new();
    for line in [
        "cas",
        "providers",
        "cas --json",
        "providers --json",
        "add www.example.org",
    ] {
        let finished = run(&temp, line, 0);
        assert!(
            finished.stderr.is_empty() && !finished.stdout.is_empty(),
            "{line}"
        );
    }
    assert_eq!(
        fs::read_dir(temp.root()).expect("the root").count(),
        0,
        "nothing is made"
    );
}
