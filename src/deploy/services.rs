//! Services: what is known of some, and how all are told, by their init scripts.

use super::uhttpd;
use crate::program::{self, Children};
use crate::types::{Paths, Target, visible};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// An init script or checker that has not ended by then is killed.
const LIMIT: Duration = Duration::from_secs(60);
/// How much of what a program says is told.
const LINES_MAX: usize = 20;
const LINE_MAX: usize = 300;
/// How much of it stands in the message: checkers name the mistake before they sum up.
const LAST_LINES: usize = 3;

/// What is known of a service besides the name of its init script. Paths are those of OpenWrt's
/// packages, and of Debian's where they differ.
struct Known {
    name: &'static str,
    /// Its init scripts; the first that exists counts.
    scripts: &'static [&'static str],
    /// Its own checker with the arguments that the configuration's path follows.
    checker: Option<(&'static str, &'static [&'static str])>,
    /// Its configuration; the first that exists counts.
    configs: &'static [&'static str],
    /// It serves TLS here unless `verify` says otherwise.
    port: Option<u16>,
}

const KNOWN: [Known; 5] = [
    Known {
        name: "uhttpd",
        scripts: &["uhttpd"],
        checker: None,
        configs: &[],
        // It is in its configuration.
        port: None,
    },
    Known {
        name: "nginx",
        scripts: &["nginx"],
        checker: Some(("/usr/sbin/nginx", &["-t", "-c"])),
        configs: &["/etc/nginx/uci.conf", "/etc/nginx/nginx.conf"],
        port: Some(443),
    },
    Known {
        name: "haproxy",
        scripts: &["haproxy"],
        checker: Some(("/usr/sbin/haproxy", &["-c", "-f"])),
        configs: &["/etc/haproxy.cfg", "/etc/haproxy/haproxy.cfg"],
        port: Some(443),
    },
    Known {
        name: "lighttpd",
        scripts: &["lighttpd"],
        checker: Some(("/usr/sbin/lighttpd", &["-tt", "-f"])),
        configs: &["/etc/lighttpd/lighttpd.conf"],
        port: Some(443),
    },
    Known {
        name: "strongswan",
        // Its packages for swanctl.conf and for ipsec.conf; both load credentials again on reload.
        scripts: &["strongswan", "swanctl", "ipsec"],
        checker: None,
        configs: &[],
        port: None,
    },
];

/// A service of this router.
#[derive(Debug)]
pub(super) struct Service<'a> {
    paths: &'a Paths,
    pub name: &'a str,
    script: PathBuf,
}

impl<'a> Service<'a> {
    /// Finds its init script.
    pub fn find(paths: &'a Paths, name: &'a str) -> Result<Self, String> {
        let own = [name];
        let scripts = known(name).map_or(&own[..], |k| k.scripts);
        let mut found = scripts
            .iter()
            .map(|s| paths.at("/etc/init.d").join(s))
            .filter(|p| p.is_file());
        let script = found.next().ok_or_else(|| {
            format!("there is no service {name}: /etc/init.d/{} does not exist; correct list service, or install it", scripts[0])
        })?;
        Ok(Self {
            paths,
            name,
            script,
        })
    }

    /// Its init script.
    pub fn script(&self) -> &Path {
        &self.script
    }

    /// True if its owner has switched it off: it is not started with the router, and does not run.
    /// A reload would start it.
    pub fn is_off(&self) -> bool {
        let Ok(links) = fs::read_dir(self.paths.at("/etc/rc.d")) else {
            return false;
        };
        // S and its place in the order, then the script's name.
        let is_start = |name: &str| {
            let script = name.strip_prefix('S').and_then(|n| n.get(2..));
            self.script.file_name() == script.map(OsStr::new)
        };
        let mut links = links.flatten();
        let enabled = links.any(|l| l.file_name().to_str().is_some_and(is_start));
        // Init scripts that cannot tell succeed.
        !enabled && self.order("running", &mut |_| {}).is_err()
    }

    /// That it is so, in words.
    pub fn off(&self) -> String {
        format!("{} is switched off and is not told", self.name)
    }

    /// Has the service's own checker look at its configuration and all that it names. Returns the
    /// verdict in words, if there is one.
    pub fn check(&self, say: &mut dyn FnMut(&str)) -> Result<Option<String>, String> {
        let checker = known(self.name).and_then(|k| Some((k.checker?, k.configs)));
        let Some(((path, args), configs)) = checker else {
            return Ok(None);
        };
        let program = self.paths.at(path);
        let mut configs = configs.iter().map(|c| self.paths.at(c));
        let (true, Some(config)) = (program.exists(), configs.find(|c| c.exists())) else {
            let text = format!(
                "{} is not checked: {path} or its configuration is not there",
                self.name
            );
            say(&text);
            return Ok(Some(text));
        };
        let args = args.iter().map(Path::new).chain([config.as_path()]);
        run(&program, args, Children::End, say)?;
        let config = config.display();
        Ok(Some(format!("{path} finds nothing wrong with {config}")))
    }

    /// `reload`, `restart` or `running`. What the script starts stays.
    pub fn order(&self, what: &str, say: &mut dyn FnMut(&str)) -> Result<(), String> {
        let args = [Path::new(what)];
        run(&self.script, args.into_iter(), Children::Stay, say)
    }

    /// Where it usually serves TLS.
    pub fn target(&self) -> Option<Target> {
        if self.name == "uhttpd" {
            return uhttpd::target(self.paths);
        }
        let port = known(self.name)?.port?;
        Some(Target {
            host: "127.0.0.1".into(),
            port,
            name: None,
        })
    }
}

fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|k| k.name == name)
}

/// Runs a program to its end and tells what it says.
pub(super) fn run<'a>(
    path: &Path,
    args: impl Iterator<Item = &'a Path>,
    children: Children,
    say: &mut dyn FnMut(&str),
) -> Result<(), String> {
    let mut command = program::command(path);
    let mut line = path.display().to_string();
    for arg in args {
        command.arg(arg);
        line.push_str(&format!(" {}", arg.display()));
    }
    run_command(&line, command, children, say)
}

/// The same with a command that is made already; `line` names it.
pub(super) fn run_command(
    line: &str,
    command: Command,
    children: Children,
    say: &mut dyn FnMut(&str),
) -> Result<(), String> {
    let ended = program::run(command, LIMIT, children, true)
        .map_err(|e| format!("`{line}` does not start: {e}"))?;
    say(&format!("`{line}`"));
    let text = String::from_utf8_lossy(&ended.output);
    let lines: Vec<String> = text
        .lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| visible(l, LINE_MAX))
        .collect();
    for line in lines.iter().take(LINES_MAX) {
        say(&format!("  | {line}"));
    }
    if ended.success() {
        return Ok(());
    }
    let Some(status) = ended.status else {
        return Err(format!(
            "`{line}` did not end within {} s and was killed",
            LIMIT.as_secs()
        ));
    };
    let said = lines[lines.len().saturating_sub(LAST_LINES)..].join(" / ");
    let said = Some(said).filter(|s| !s.is_empty());
    let said = said.map(|s| format!(": {s}"));
    Err(format!(
        "`{line}` failed ({status}){}",
        said.unwrap_or_default()
    ))
}
