//! The command line: one file a command. Nothing here exits or knows the real stdout: `main` does.

mod account;
mod add;
mod agent;
mod cas;
mod check;
mod csr;
mod import;
mod live;
mod local_ca;
mod log;
mod order;
mod parse;
mod providers;
mod renew;
mod revoke;
mod rollback;
mod secret;
mod show;
mod status;
mod term;
mod test;
mod uci;
mod upload;

use crate::config::{self, Cert, Config, Mistake};
use crate::issue::{self, Engine, Failure, Firewall, Trace, resolve};
use crate::status::record::Listener;
use crate::store::{Lock, StoreError};
use crate::types::{Clock, DnsServer, Paths, SectionName, Timestamp, nearest};
use crate::uci::Section;
use parse::{Command, Parsed};
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use term::Style;

/// What a command may use of the world.
pub struct World<'a> {
    /// Where results go.
    pub out: &'a mut dyn Write,
    /// Where messages go.
    pub err: &'a mut dyn Write,
    /// A person types.
    pub in_is_terminal: bool,
    /// Results are read by a person.
    pub out_is_terminal: bool,
    /// Messages are read by a person.
    pub err_is_terminal: bool,
    /// Reads a secret: the first line of stdin, without echo on a terminal.
    pub read_secret: &'a dyn Fn() -> std::io::Result<String>,
    /// Reads an answer: the first line of stdin.
    pub read_line: &'a dyn Fn() -> std::io::Result<String>,
    /// The value of an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Makes the clock; a time is given in tests alone.
    pub clock: &'a dyn Fn(Option<Timestamp>) -> Box<dyn Clock>,
    /// What becomes readable when a signal comes.
    pub signals: &'a dyn Fn() -> std::io::Result<UnixStream>,
}

/// Exit codes, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing was due.
    Done = 0,
    /// A section is wrong or failed, or `check` found a fault.
    Failed = 1,
    /// The command line or the configuration cannot be used.
    Usage = 2,
    /// Another run is at work and `--no-wait` was given.
    Busy = 3,
    /// Nothing failed, but something waits.
    Deferred = 4,
}

/// Stands in messages between what happened and what to do.
const REMEDY: &str = " — ";

/// A message that ends a command, with its exit code.
struct Ended(Exit, String);

type Result<T> = std::result::Result<T, Ended>;

/// A command at work.
struct Run<'a> {
    paths: Paths,
    parsed: Parsed,
    clock: Box<dyn Clock>,
    clock_is_set: bool,
    nft: Option<PathBuf>,
    operators: Vec<Vec<DnsServer>>,
    world: &'a Surroundings<'a>,
    out_style: Style,
    err_style: Style,
}

const COMMANDS: &[Command] = &[
    renew::COMMAND,
    status::COMMAND,
    check::COMMAND,
    show::COMMAND,
    log::COMMAND,
    add::COMMAND,
    account::COMMAND,
    secret::COMMAND,
    providers::COMMAND,
    cas::COMMAND,
    order::COMMAND,
    revoke::COMMAND,
    csr::COMMAND,
    upload::COMMAND,
    rollback::COMMAND,
    import::COMMAND,
    local_ca::COMMAND,
    agent::COMMAND,
];

/// Where the program `nft` is.
const NFT: [&str; 2] = ["/usr/sbin/nft", "/sbin/nft"];

/// Runs a command line (without the program's name) and returns its exit code.
pub fn run(args: &[String], world: World<'_>) -> u8 {
    let World { out, err, .. } = world;
    let (out, err) = (RefCell::new(out), RefCell::new(err));
    let lost = Cell::new(false);
    let print = |text: &str| {
        let mut out = out.borrow_mut();
        let written = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
        // A reader that has gone has read enough; a full disk has not.
        lost.set(lost.get() || written.is_err_and(|e| e.kind() != std::io::ErrorKind::BrokenPipe));
    };
    let tell = |text: &str| drop(writeln!(err.borrow_mut(), "{}", text.trim_end()));
    let live = |text: &str| {
        let mut err = err.borrow_mut();
        let _ = write!(err, "{text}").and_then(|()| err.flush());
    };
    let surroundings = Surroundings {
        in_is_terminal: world.in_is_terminal,
        out_is_terminal: world.out_is_terminal,
        err_is_terminal: world.err_is_terminal,
        read_secret: world.read_secret,
        read_line: world.read_line,
        env: world.env,
        clock: world.clock,
        signals: world.signals,
        print: &print,
        tell: &tell,
        live: &live,
    };
    let code = dispatch(args, &surroundings).unwrap_or_else(|Ended(code, text)| {
        tell(&format!("certkeeper: {text}"));
        if args.iter().any(|a| a == "--json") {
            let (message, remedy) = text.split_once(REMEDY).unwrap_or((&text, ""));
            let error = json!({"code": code as u8, "message": message, "remedy": remedy});
            print(&json!({ "error": error }).to_string());
        }
        code
    });
    if lost.get() && code == Exit::Done {
        tell("certkeeper: the result could not be written");
        return Exit::Failed as u8;
    }
    code as u8
}

/// The world with its two ends as functions, so that many may hold them.
struct Surroundings<'a> {
    in_is_terminal: bool,
    out_is_terminal: bool,
    err_is_terminal: bool,
    read_secret: &'a dyn Fn() -> std::io::Result<String>,
    read_line: &'a dyn Fn() -> std::io::Result<String>,
    env: &'a dyn Fn(&str) -> Option<String>,
    clock: &'a dyn Fn(Option<Timestamp>) -> Box<dyn Clock>,
    signals: &'a dyn Fn() -> std::io::Result<UnixStream>,
    print: &'a dyn Fn(&str),
    tell: &'a dyn Fn(&str),
    live: &'a dyn Fn(&str),
}

fn dispatch(args: &[String], world: &Surroundings<'_>) -> Result<Exit> {
    let parsed = match parse::parse(args, COMMANDS).map_err(|text| Ended(Exit::Usage, text))? {
        parse::Request::Run(parsed) => parsed,
        parse::Request::Say(text) => {
            (world.print)(&text);
            return Ok(Exit::Done);
        }
        parse::Request::NoCommand(text) => {
            (world.tell)(&text);
            return Ok(Exit::Usage);
        }
    };
    let from_env = || (world.env)("CERTKEEPER_ROOT").filter(|root| !root.is_empty());
    let root = parsed.root.clone().or_else(from_env);
    let now = (world.env)("CERTKEEPER_NOW").filter(|_| root.is_some());
    let now = now.map(|text| text.parse().map(Timestamp)).transpose();
    let now = now.map_err(|_| {
        let text = "CERTKEEPER_NOW is to be seconds since 1970";
        Ended(Exit::Usage, text.into())
    })?;
    // A root of its own has a firewall only if it is told so: the machine's is not its business.
    let nft = match root.as_deref() {
        None | Some("/") => NFT.iter().map(PathBuf::from).find(|p| p.is_file()),
        Some(_) => (world.env)("CERTKEEPER_NFT").map(PathBuf::from),
    };
    // No more does it ask the Internet: tests have one of their own.
    let operators = match root.as_deref() {
        None | Some("/") => issue::operators(issue::OPERATORS),
        Some(_) => issue::operators(&(world.env)("CERTKEEPER_DOH").unwrap_or_default()),
    };
    let plain = (world.env)("NO_COLOR").is_some_and(|v| !v.is_empty());
    let command = parsed.command;
    let paths = Paths::new(root.as_deref().unwrap_or("/"));
    (command.run)(&Run {
        clock_is_set: now.is_some() || paths.clock_mark().exists(),
        paths,
        parsed,
        clock: (world.clock)(now),
        nft,
        operators,
        world,
        out_style: Style::new(world.out_is_terminal, plain),
        err_style: Style::new(world.err_is_terminal, plain),
    })
}

/// A disk that does not do what it should, with the remedy.
fn trouble(e: StoreError) -> Ended {
    Ended(Exit::Failed, format!("{e}{REMEDY}{}", e.remedy()))
}

/// What keeps an engine from doing what a command asks for.
fn failed(failure: Failure) -> Ended {
    let text = format!("{}{REMEDY}{}", failure.problem, failure.remedy);
    Ended(Exit::Failed, text)
}

impl Run<'_> {
    /// Prints a part of the result.
    fn say(&self, text: &str) {
        (self.world.print)(text);
    }

    /// Prints a message.
    fn tell(&self, text: &str) {
        (self.world.tell)(text);
    }

    /// Prints the whole result as JSON.
    fn say_json(&self, value: &serde_json::Value) {
        self.say(&serde_json::to_string_pretty(value).unwrap_or_default());
    }

    /// The configuration; what is wrong with it is told.
    fn config(&self) -> Result<Config> {
        self.config_with(Vec::new())
    }

    /// The configuration with sections that are not saved yet.
    fn config_with(&self, unsaved: Vec<Section>) -> Result<Config> {
        let config = self.load(unsaved)?;
        for mistake in &config.mistakes {
            self.tell(&self.mistake(mistake));
        }
        Ok(config)
    }

    /// The configuration as it is now, the addresses of interfaces included; nothing is told.
    fn load(&self, unsaved: Vec<Section>) -> Result<Config> {
        let config = config::load_with(&self.paths, unsaved);
        let mut config = config.map_err(|e| Ended(Exit::Usage, e.to_string()))?;
        resolve(&self.paths, &mut config);
        Ok(config)
    }

    fn mistake(&self, mistake: &Mistake) -> String {
        if mistake.warning {
            format!("{} {mistake}", self.err_style.warn("warning:"))
        } else {
            format!("{} {mistake}", self.err_style.bad("error:"))
        }
    }

    /// What is written on stdin, for a command that was told to read it.
    fn stdin(&self) -> Result<String> {
        if self.world.in_is_terminal {
            return Err(Ended(Exit::Usage, "nothing is handed over on stdin".into()));
        }
        (self.world.read_line)().map_err(|e| Ended(Exit::Failed, format!("stdin: {e}")))
    }

    /// The lock, for a command that does not wait for another run.
    fn lock(&self) -> Result<Lock> {
        Lock::take(&self.paths).map_err(trouble)?.ok_or_else(|| {
            let text = "another run is at work; try again when it has ended";
            Ended(Exit::Busy, text.into())
        })
    }

    /// An engine for this command.
    fn engine<'e>(
        &'e self,
        config: &'e Config,
        listener: Listener<'e>,
        trace: Option<Trace<'e>>,
    ) -> Engine<'e> {
        Engine {
            paths: &self.paths,
            config,
            clock: self.clock.as_ref(),
            clock_is_set: self.clock_is_set,
            firewall: self.firewall(),
            operators: self.operators.clone(),
            listener,
            trace,
        }
    }

    fn firewall(&self) -> Option<Firewall> {
        let nft = self.nft.clone()?;
        Some(Firewall::new(nft, self.paths.redirect()))
    }

    /// Whoever hears of single requests: somebody who asked for it.
    fn trace<'t>(&self, config: &Config, to: Trace<'t>) -> Option<Trace<'t>> {
        (self.parsed.debug || config.global.debug).then_some(to)
    }

    /// The sections named on the command line, each with both of its certificates if there are two.
    fn sections(&self, config: &Config) -> Result<Vec<SectionName>> {
        let mut sections = Vec::new();
        for name in &self.parsed.free {
            let section = self.section(config, name)?;
            let second = Some(section.second()).filter(|s| config.knows(s.as_str()));
            sections.push(section);
            sections.extend(second);
        }
        Ok(sections)
    }

    /// A section of the configuration by name.
    fn section(&self, config: &Config, name: &str) -> Result<SectionName> {
        if let Some(section) = config.names().find(|n| n.as_str() == name) {
            return Ok(section.clone());
        }
        let known = || config.names().map(SectionName::as_str);
        let hint = match nearest(name, known()) {
            Some(meant) => format!("did you mean '{meant}'?"),
            None if known().next().is_none() => {
                "there is none yet; `certkeeper add NAME` makes one".to_owned()
            }
            None => format!("there are: {}", known().collect::<Vec<_>>().join(" ")),
        };
        Err(Ended(
            Exit::Usage,
            format!("there is no 'config cert' section '{name}'; {hint}"),
        ))
    }

    /// The one section that a command takes.
    fn one_section(&self, config: &Config) -> Result<SectionName> {
        match self.parsed.free.as_slice() {
            [name] => self.section(config, name),
            _ => Err(self.usage()),
        }
    }

    /// The section's configuration, without which nothing is done.
    fn able<'c>(&self, config: &'c Config, section: &SectionName) -> Result<&'c Cert> {
        config.cert(section.as_str()).ok_or_else(|| {
            let text = format!(
                "the configuration of '{section}' is wrong; correct the errors above first"
            );
            Ended(Exit::Failed, text)
        })
    }

    /// The command was called with too few or too many words.
    fn usage(&self) -> Ended {
        let command = self.parsed.command;
        Ended(
            Exit::Usage,
            format!(
                "usage: certkeeper {} {}\n`certkeeper {} --help` tells more",
                command.name, command.args, command.name
            ),
        )
    }
}
