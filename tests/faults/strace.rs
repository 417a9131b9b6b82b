//! Runs a program under strace: to see what it does, or to have one call of it go wrong.

use crate::ops::{CHANGING, Op, SPEAKING};
use crate::site::Site;
use crate::support::process::{self, Finished};
use crate::support::tools;
use crate::trace::{Call, Ended, parse};
use std::collections::HashMap;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Far more than a run takes, even when a fault makes it wait.
const LIMIT: Duration = Duration::from_secs(60);

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// kill -9 as the call begins: it is not done any more, all before it are.
    Kill,
    /// The call fails with this error.
    Error(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "kill -9",
            Self::Error(error) => error,
        })
    }
}

/// A call at which a fault may happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The system call.
    pub name: String,
    /// The how many-th of its name in the thread, from 1.
    pub ordinal: usize,
    /// The path below the root, with a word for what differs by run; or whom it reaches.
    pub place: String,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.place)
    }
}

/// A run that was traced.
pub struct Traced {
    pub finished: Finished,
    pub calls: Vec<Call>,
}

/// What is run.
pub struct Program {
    words: Vec<OsString>,
    envs: Vec<(String, String)>,
    /// The work is done by another thread than the first.
    threads: bool,
}

impl Program {
    /// certkeeper with these arguments, in the site's root and at its time.
    pub fn certkeeper(site: &Site, args: &[&str]) -> Self {
        let binary = env::var_os("CERTKEEPER_BIN")
            .unwrap_or_else(|| OsString::from(env!("CARGO_BIN_EXE_certkeeper")));
        let mut words = vec![binary, "--root".into(), site.temp.root().into()];
        words.extend(args.iter().map(OsString::from));
        Self {
            words,
            envs: vec![("CERTKEEPER_NOW".into(), Site::time(0))],
            threads: false,
        }
    }

    /// One test of this very program, which does its work by this variable.
    pub fn of_ours(test: &str, name: &str, value: String) -> Self {
        let this = env::current_exe().expect("a program");
        let args = ["--exact", test, "--nocapture"].map(OsString::from);
        Self {
            words: std::iter::once(this.into()).chain(args).collect(),
            envs: vec![(name.into(), value)],
            threads: true,
        }
    }

    /// Runs it with every call that changes files written down.
    pub fn trace(&self, site: &Site) -> Traced {
        self.run(site, true, None)
    }

    /// Runs it with a fault at that point.
    pub fn inject(&self, site: &Site, point: &Point, fault: Fault) -> Traced {
        // Children have counters of their own: they are not to be followed.
        self.run(site, self.threads, Some((point, fault)))
    }

    /// Adds it to a command that runs another, with PATH and its own variables as environment.
    pub fn add_to(&self, command: &mut Command) {
        command.args(&self.words).env_clear().current_dir("/");
        command.env("PATH", env::var_os("PATH").unwrap_or_default());
        command.envs(self.envs.iter().map(|(n, v)| (n, v)));
    }

    fn run(&self, site: &Site, follow: bool, fault: Option<(&Point, Fault)>) -> Traced {
        let log = site.temp.path("../servers/trace");
        let mut command = Command::new("/bin/sh");
        // Under this mask a file is as open as its maker says.
        command.args(["-c", "umask 000; exec \"$@\"", "sh"]);
        command.arg(tools::path_of("strace"));
        command
            .args(["-y", "-q", "-s", "1000000", "-e", "signal=none", "-o"])
            .arg(&log);
        if follow {
            command.arg("-f");
        }
        let calls = [CHANGING, SPEAKING].concat().join(",");
        command.arg("-e").arg(format!("trace={calls}"));
        if let Some((point, fault)) = fault {
            let what = match fault {
                Fault::Kill => "signal=KILL".to_owned(),
                Fault::Error(error) => format!("error={error}"),
            };
            let (name, ordinal) = (&point.name, point.ordinal);
            command
                .arg("-e")
                .arg(format!("inject={name}:{what}:when={ordinal}"));
        }
        self.add_to(&mut command);
        let finished = process::run(command, LIMIT);
        let text =
            fs::read(&log).unwrap_or_else(|e| panic!("no trace: {e}\n{}", finished.report()));
        let calls = parse(&String::from_utf8_lossy(&text));
        Traced { finished, calls }
    }
}

impl Traced {
    /// The thread that works: the one that changes files below the root.
    ///
    /// # Panics
    /// When several do: points could not be counted.
    pub fn worker(&self, site: &Site) -> u32 {
        let mut threads: Vec<u32> = self
            .calls
            .iter()
            .filter(|c| !c.speaks && place(site, c).is_some())
            .map(|c| c.thread)
            .collect();
        threads.sort_unstable();
        threads.dedup();
        assert_eq!(
            threads.len(),
            1,
            "files are changed by several threads or by none"
        );
        threads[0]
    }

    /// Every call that changes something below the root, with what it did there unless it failed.
    pub fn steps(&self, site: &Site) -> Vec<(Point, Option<Op>)> {
        let counted = self.counted(site).into_iter();
        let changing = counted.filter(|(_, call)| !call.speaks);
        changing
            .map(|(point, call)| (point, call.op.clone().filter(|_| call.ended == Ended::Well)))
            .collect()
    }

    /// The points of the run.
    pub fn points(&self, site: &Site) -> Vec<Point> {
        self.steps(site)
            .into_iter()
            .map(|(point, _)| point)
            .collect()
    }

    /// Every call by which others hear of the run.
    pub fn words(&self, site: &Site) -> Vec<Point> {
        let counted = self.counted(site).into_iter();
        let words = counted.filter(|(_, call)| call.speaks);
        words.map(|(point, _)| point).collect()
    }

    fn counted(&self, site: &Site) -> Vec<(Point, &Call)> {
        let worker = self.worker(site);
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let mut counted = Vec::new();
        for call in self.calls.iter().filter(|c| c.thread == worker) {
            let count = counts.entry(&call.name).or_default();
            *count += 1;
            if let Some(place) = place(site, call) {
                counted.push((
                    Point {
                        name: call.name.clone(),
                        ordinal: *count,
                        place,
                    },
                    call,
                ));
            }
        }
        counted
    }

    /// The call at which the fault happened.
    pub fn met(&self, fault: Fault) -> Option<&Call> {
        self.calls.iter().find(|call| match fault {
            Fault::Kill => call.ended == Ended::Never,
            Fault::Error(_) => call.injected,
        })
    }

    /// True if all went along the points `before`, and then the fault met `point`.
    pub fn has_hit(&self, site: &Site, before: &[Point], point: &Point, fault: Fault) -> bool {
        let met = self.met(fault).is_some_and(|call| {
            call.name == point.name && place(site, call).as_ref() == Some(&point.place)
        });
        let went = self.points(site);
        met && went.starts_with(before) && went.get(before.len()) == Some(point)
    }
}

/// The places of calls that change no file but reach somebody else.
const A_CONNECTION: &str = "to a connection";
const A_CHILD: &str = "of a child or thread";

/// The path of a call that changes something below the root, or whom it reaches; none for all other
/// calls.
fn place(site: &Site, call: &Call) -> Option<String> {
    if call.speaks {
        let sends = call.name.starts_with("send") || call.name.starts_with("write");
        return Some(if sends { A_CONNECTION } else { A_CHILD }.to_owned());
    }
    let op = call.op.as_ref()?;
    let below = op.path().strip_prefix(site.temp.root()).ok()?;
    assert!(
        !matches!(op, Op::Unknown { .. }),
        "a call that nothing here understands: {call:?}"
    );
    Some(general(below))
}

/// The same for every run and every site: a token is random, an account's folder is named after the
/// CA's port.
fn general(path: &Path) -> String {
    let parent = path.parent().unwrap_or(path);
    if parent.ends_with("acme-challenge") {
        return parent.join("TOKEN").display().to_string();
    }
    let mut parts: Vec<_> = path
        .iter()
        .map(|p| p.to_string_lossy().into_owned())
        .collect();
    if parts.get(2).is_some_and(|p| p == "accounts")
        && let Some(hash) = parts.get_mut(4)
    {
        *hash = "HASH".into();
    }
    parts.join("/")
}

/// True where processes may be traced; else the test is reported as skipped.
pub fn works() -> bool {
    let mut command = Command::new(tools::path_of("strace"));
    command.args(["-o", "/dev/null", "true"]);
    let tried = process::run(command, LIMIT);
    if tried.code() != 0 {
        tools::skip(
            "strace",
            &format!("may not trace here: {}", tried.stderr.trim()),
        );
    }
    tried.code() == 0
}
