//! Scripts that hang, fork, tell what they know, or could be changed by others.

use super::{FOLDER, chmod, fixture, have, install};
use crate::support::temp_root::TempRoot;
use crate::support::{tools, wait_until};
use certkeeper::dns::script::{Host, Script};
use certkeeper::dns::{Credentials, DnsError, Provider, TxtRecord, choose};
use certkeeper::types::{Paths, Secret};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

struct Hostile {
    temp: TempRoot,
    file: PathBuf,
}

impl Hostile {
    fn new() -> Option<Self> {
        have().then(|| {
            let temp = TempRoot::new();
            let file = install(&temp, FOLDER, "dns_hostile", &fixture("dns_hostile.sh"));
            Self { temp, file }
        })
    }

    fn notes(&self) -> PathBuf {
        self.temp.path("notes")
    }

    fn open(&self, mode: &str, more: &[(&str, &str)]) -> Result<Script, DnsError> {
        let paths = Paths::new(self.temp.root());
        let notes = self.notes();
        let given = [
            ("HOSTILE_Mode", mode),
            ("HOSTILE_Token", "hunter2's \"$(id)\" `id` \\"),
            ("HOSTILE_Notes", notes.to_str().unwrap()),
        ];
        let given = given.iter().chain(more);
        let given: Credentials = given
            .map(|(n, v)| ((*n).to_owned(), Secret::new(*v)))
            .collect();
        let host = Host {
            shell: tools::path_of("busybox"),
            helper: env!("CARGO_BIN_EXE_certkeeper").into(),
            limit: Duration::from_secs(2),
            ..Host::here(&paths, Path::new("/nowhere"))?
        };
        let descriptor = choose(&paths, "dns_hostile").expect("a script");
        Script::open(&paths, descriptor, given, paths.saved("cert web"), host)
    }

    fn run(&self, mode: &str) -> Result<(), DnsError> {
        self.open(mode, &[])?.change(&record(), true)
    }

    /// The child that it left behind has ended.
    fn is_alone(&self) {
        let pid = fs::read_to_string(self.notes()).expect("a process");
        let process = PathBuf::from(format!("/proc/{}/stat", pid.trim()));
        let gone = || fs::read_to_string(&process).map_or(true, |s| s.contains(" Z "));
        assert!(wait_until(Duration::from_secs(5), gone), "{pid} runs on");
    }
}

fn record() -> TxtRecord {
    TxtRecord {
        name: "_acme-challenge.demo.example".into(),
        value: "it's".into(),
    }
}

#[test]
fn a_script_that_tells_its_token() {
    let Some(hostile) = Hostile::new() else {
        return;
    };
    let text = hostile.run("tells").unwrap_err().to_string();
    assert_eq!(
        text,
        "dns_hostile add _acme-challenge.demo.example failed: login with *** refused"
    );
    // Nor in the forms in which requests carry it.
    let text = hostile.run("encodes").unwrap_err().to_string();
    assert_eq!(
        text,
        "dns_hostile add _acme-challenge.demo.example failed: Authorization: Basic ***; \
         https://dns.example/?user=me&pass=***&x=1; {\"pass\":\"***\"} key ***"
    );
}

#[test]
fn a_script_that_hangs_is_killed_with_its_children() {
    let Some(hostile) = Hostile::new() else {
        return;
    };
    let begin = Instant::now();
    let error = hostile.run("hangs").unwrap_err();
    assert!(
        matches!(&error, DnsError::Unreachable(t) if t.contains("did not end within 2 s")),
        "{error}"
    );
    assert!(begin.elapsed() < Duration::from_secs(10));
    hostile.is_alone();
    assert_eq!(hostile.run("forks"), Ok(()));
    hostile.is_alone();
}

#[test]
fn noise_and_exit_codes() {
    let Some(hostile) = Hostile::new() else {
        return;
    };
    assert_eq!(hostile.run("floods"), Ok(()));
    for mode in ["fails", "exits"] {
        let text = hostile.run(mode).unwrap_err().to_string();
        assert_eq!(
            text, "dns_hostile add _acme-challenge.demo.example failed",
            "{mode}"
        );
    }
    // Some give no reason but in what they tell of their way.
    let text = hostile.run("informs").unwrap_err().to_string();
    assert_eq!(
        text,
        "dns_hostile add _acme-challenge.demo.example failed: the answer to *** was empty"
    );
    let error = hostile.run("unreached").unwrap_err();
    assert!(matches!(error, DnsError::Unreachable(_)), "{error:?}");
    assert!(error.to_string().contains("127.0.0.1:9"), "{error}");
}

#[test]
fn a_script_sees_its_settings_and_nobody_else_does() {
    let Some(hostile) = Hostile::new() else {
        return;
    };
    assert_eq!(hostile.run("looks"), Ok(()));
    let seen = fs::read_to_string(hostile.notes()).expect("notes");
    let token = "hunter2's \"$(id)\" `id` \\";
    assert_eq!(seen.matches("hunter2").count(), 1, "{seen}");
    for line in [
        &format!("token: {token}"),
        "stdin: \n",
        &format!(
            "in {}",
            hostile.temp.path("var/run/certkeeper/dnsapi-").display()
        ),
        "arguments: 2 _acme-challenge.demo.example it's",
    ] {
        assert!(seen.contains(line), "no {line:?} in {seen}");
    }
    let names = seen.lines().filter_map(|l| l.split_once('=')).map(|p| p.0);
    let mut names: Vec<&str> = names
        .filter(|n| n.bytes().all(|c| c.is_ascii_uppercase()))
        .collect();
    names.sort_unstable();
    names.dedup();
    // SHLVL and PWD are the shell's own.
    names.retain(|n| !matches!(*n, "SHLVL" | "PWD" | "OLDPWD"));
    assert_eq!(names, ["PATH", "TMPDIR"], "{seen}");
}

#[test]
fn saved_values_stay_with_their_settings() {
    let Some(hostile) = Hostile::new() else {
        return;
    };
    let script = hostile.open("saves", &[]).unwrap();
    let saved = hostile.temp.path("etc/certkeeper/saved/cert-web.json");
    assert_eq!(script.change(&record(), true), Ok(()));
    let text = fs::read_to_string(&saved).expect("saved");
    assert!(
        text.contains("HOSTILE_Session") && !text.contains("hunter2"),
        "{text}"
    );
    assert_eq!(
        fs::metadata(&saved).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // With other settings they are not there.
    let other = hostile.open("saves", &[("HOSTILE_Zone", "other")]).unwrap();
    assert!(other.change(&record(), false).is_err());
    assert_eq!(script.change(&record(), false), Ok(()));
    assert!(!saved.exists(), "what is cleared is gone");
    // A damaged file counts as none.
    fs::write(&saved, "{").unwrap();
    assert_eq!(script.change(&record(), true), Ok(()));
}

#[test]
fn what_others_could_change_is_not_run() {
    let Some(hostile) = Hostile::new() else {
        return;
    };
    let refused = |why: &str| {
        let error = hostile.run("fails").unwrap_err();
        let told =
            matches!(&error, DnsError::Setting { field: "dns", message } if message.contains(why));
        assert!(told, "{error:?}");
    };
    chmod(&hostile.file, 0o664);
    refused("dns_hostile.sh could be changed by others");
    chmod(&hostile.file, 0o644);
    chmod(hostile.file.parent().unwrap(), 0o777);
    refused("dnsapi could be changed by others");
    chmod(hostile.file.parent().unwrap(), 0o755);
    assert!(matches!(hostile.run("fails"), Err(DnsError::Refused(_))));
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&hostile.file, Some(65534), None).unwrap();
        refused("could be changed by others");
    }
}

#[test]
fn settings_do_not_make_another_shell() {
    let Some(hostile) = Hostile::new() else {
        return;
    };
    for name in [
        "PATH",
        "IFS",
        "LD_PRELOAD",
        "1st",
        "_ck_bin",
        "ACME_OPENSSL_BIN",
    ] {
        let opened = hostile.open("fails", &[(name, "/tmp/evil")]);
        let error = opened.err().expect("refused").to_string();
        assert!(
            error.contains(&format!("cannot be given {name}")),
            "{error}"
        );
    }
}
