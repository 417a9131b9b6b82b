//! The requests of a script under our functions are those under acme.sh's.

use crate::cases::{Case, VALUE, all};
use crate::double::{Asked, Double};
use crate::space::{self, Space};
use crate::support::process;
use crate::support::temp_root::TempRoot;
use crate::support::{openssl, tools};
use crate::{acme_sh, applets};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use certkeeper::dns::script::{Host, Script};
use certkeeper::dns::{Credentials, Provider, TxtRecord, choose};
use certkeeper::types::{Paths, Secret};
use std::fs;
use std::iter;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(300);
/// How many cases are run at once.
const WORKERS: usize = 3;
/// What `date` says: signatures hold the time.
const NOW: &str = "1767225600";

/// What came of a script on one side: the exit of add and of rm, and all that was asked.
#[derive(Debug, PartialEq, Eq)]
pub struct Came {
    pub ended: [bool; 2],
    pub asked: Vec<Asked>,
    told: String,
}

/// Both sides of a case.
pub struct Compared {
    pub case: Case,
    pub acme_sh: Came,
    pub ours: Came,
}

impl Compared {
    pub fn same(&self) -> bool {
        self.acme_sh.ended == self.ours.ended && self.acme_sh.asked == self.ours.asked
    }
}

/// Runs every case on both sides, once; `None` where that cannot be, which has been told.
pub fn compare() -> Option<&'static [Compared]> {
    static COMPARED: OnceLock<Vec<Compared>> = OnceLock::new();
    let acme_sh = acme_sh()?;
    if !tools::have(&[space::NEEDS, openssl::NEEDS, &["busybox", "curl", "mount"]]) {
        return None;
    }
    if let Some(why) = Space::trouble() {
        tools::skip("network namespaces", &why);
        return None;
    }
    Some(COMPARED.get_or_init(|| compare_all(&acme_sh)))
}

fn compare_all(acme_sh: &Path) -> Vec<Compared> {
    let temp = TempRoot::new();
    // The same on both sides: signatures are compared.
    let key = temp.server_folder("key").join("rsa.pem");
    openssl::run(&["genrsa", "-out", key.to_str().unwrap(), "2048"]);
    let both = |case: Case| Compared {
        acme_sh: Lab::new(acme_sh, &key, &case).theirs(&case),
        ours: Lab::new(acme_sh, &key, &case).ours(&case),
        case,
    };
    let left = Mutex::new(all());
    let next = || left.lock().unwrap().pop();
    // Most of the time is the start of programs.
    thread::scope(|scope| {
        let work = || iter::from_fn(next).map(both).collect::<Vec<_>>();
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        let done = workers
            .into_iter()
            .flat_map(|w| w.join().expect("compared"));
        done.collect()
    })
}

#[test]
fn scripts_ask_what_they_ask_under_acme_sh() {
    let Some(compared) = compare() else { return };
    let mut odd = Vec::new();
    for c in compared {
        if !c.same() || c.ours.ended != [true, true] {
            odd.push(format!(
                "==== {}\n{:#?}\n---- ours\n{:#?}",
                c.case.script, c.acme_sh, c.ours
            ));
        }
    }
    assert!(odd.is_empty(), "{}", odd.join("\n").replace("\\n", "\n"));
}

/// One side of a case: a network in which every host of the case is the double.
struct Lab {
    double: Double,
    space: Space,
    folder: PathBuf,
    acme_sh: PathBuf,
    temp: TempRoot,
}

impl Lab {
    fn new(acme_sh: &Path, key: &Path, case: &Case) -> Self {
        let temp = TempRoot::new();
        let space = Space::new(&temp);
        let double = Double::start(&space, case);
        let folder = temp.server_folder("lab");
        fs::write(folder.join("root.pem"), &double.root).expect("a root");
        let hosts: String = case
            .hosts()
            .iter()
            .map(|h| format!("127.0.0.1 {h}\n"))
            .collect();
        fs::write(folder.join("hosts"), hosts).expect("hosts");
        fs::copy(key, folder.join("rsa.pem")).expect("a key");
        Self {
            double,
            space,
            folder,
            acme_sh: acme_sh.to_owned(),
            temp,
        }
    }

    /// An executable of the side.
    fn program(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.join(name);
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).expect("a program");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a mode");
        file
    }

    /// `date` with the clock stopped, `sleep` without waiting.
    fn clock(&self, date: &str) {
        let text = format!(
            "case \"$*\" in *-d*) exec {date} \"$@\" ;; esac\nexec {date} -d @{NOW} \"$@\""
        );
        self.program("date", &text);
        self.program("sleep", "exit 0");
    }

    /// The lines that put the hosts in place.
    fn mounts(&self) -> String {
        format!(
            "exec unshare --mount /bin/sh -ec 'mount --bind {}/hosts /etc/hosts; exec \"$@\"' sh",
            self.folder.display()
        )
    }

    fn settings(&self, case: &Case) -> Vec<(String, String)> {
        let key = self.folder.join("rsa.pem");
        let text = STANDARD.encode(fs::read(&key).expect("a key"));
        let filled = |v: &str| match v {
            "@rsa" => key.display().to_string(),
            "@base64" => text.clone(),
            plain => plain.to_owned(),
        };
        let settings = case.settings.iter();
        settings.map(|(n, v)| (n.clone(), filled(v))).collect()
    }

    fn came(self, case: &Case, ended: [bool; 2], told: String) -> Came {
        let asked = self.double.asked();
        self.double.stop(&self.space);
        let folder = self.folder.display().to_string();
        let asked = asked.into_iter().map(|text| {
            let masked = case.masks.iter().fold(text, |t, word| mask(&t, word));
            masked.replace(&folder, "FOLDER")
        });
        Came {
            ended,
            asked: asked.collect(),
            told,
        }
    }

    fn ours(self, case: &Case) -> Came {
        let script = format!("{}.sh", case.script);
        let text = fs::read(self.acme_sh.join("dnsapi").join(&script)).expect("the script");
        let file = self
            .temp
            .write(&format!("etc/certkeeper/dnsapi/{script}"), text);
        fs::set_permissions(file.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let busybox = tools::path_of("busybox");
        self.clock(&format!("{} date", busybox.display()));
        let applets = applets(&self.temp);
        // unshare and mount are not for the script.
        let shell = self.program(
            "shell",
            &format!(
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n{} env PATH={}:{} {} ash \"$@\"",
                self.mounts(),
                self.folder.display(),
                applets.display(),
                busybox.display()
            ),
        );
        let paths = Paths::new(self.temp.root());
        let host = Host {
            shell,
            helper: env!("CARGO_BIN_EXE_certkeeper").into(),
            limit: LIMIT,
            ..Host::here(&paths, &self.folder.join("root.pem")).expect("a host")
        };
        let settings: Credentials = self
            .settings(case)
            .into_iter()
            .map(|(n, v)| (n, Secret::new(v)))
            .collect();
        let descriptor = choose(&paths, &case.script).expect("a script");
        let saved = paths.saved("cert demo");
        let script = Script::open(&paths, descriptor, settings, saved, host).expect("a script");
        let record = TxtRecord {
            name: case.name.clone(),
            value: VALUE.into(),
        };
        let (add, rm) = self
            .space
            .within(|| (script.change(&record, true), script.change(&record, false)));
        let told = format!("{add:?} {rm:?}");
        self.came(case, [add.is_ok(), rm.is_ok()], told)
    }

    fn theirs(self, case: &Case) -> Came {
        self.clock("/bin/date");
        let home = self.folder.join("home");
        fs::create_dir(&home).expect("a home");
        let lines = format!(
            ". {acme}/acme.sh >/dev/null 2>&1\n\
             export CA_BUNDLE={folder}/root.pem\n\
             USER_AGENT=acme.sh\n\
             ACCOUNT_CONF_PATH={home}/account.conf\nDOMAIN_CONF={home}/domain.conf\n\
             HTTP_HEADER={home}/http.header\ntouch $ACCOUNT_CONF_PATH $DOMAIN_CONF $HTTP_HEADER\n\
             for action in add rm; do\n\
             (. {acme}/dnsapi/{script}.sh; {script}_$action {name} {VALUE}) </dev/null; echo ENDED $? \n\
             done",
            acme = self.acme_sh.display(),
            folder = self.folder.display(),
            home = home.display(),
            script = case.script,
            name = case.name
        );
        let run = self.program("acme", &lines);
        let start = self.program(
            "start",
            &format!("{} /bin/sh {}", self.mounts(), run.display()),
        );
        let mut command = Command::new(start);
        command
            .env_clear()
            .env("HOME", &home)
            .env(
                "PATH",
                format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", self.folder.display()),
            )
            .envs(self.settings(case))
            .current_dir(&home);
        let ended = self.space.within(|| process::run(command, LIMIT));
        let codes: Vec<&str> = ended
            .stdout
            .lines()
            .filter_map(|l| l.strip_prefix("ENDED "))
            .collect();
        let ok = [0, 1].map(|n| codes.get(n).is_some_and(|c| c.trim() == "0"));
        let told = format!("{}{}", ended.stdout, ended.stderr);
        self.came(case, ok, told)
    }
}

/// Hides what stands behind each `word`, up to & or ".
fn mask(text: &str, word: &str) -> String {
    let mut parts = text.split(word);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(['&', '"', '\n', ' ']).unwrap_or(part.len());
        masked += &format!("{word}…{}", &part[end..]);
    }
    masked
}
