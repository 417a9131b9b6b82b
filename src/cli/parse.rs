//! Words of the command line → a command with its options. Global options stand before or after
//! the command.

use super::{Exit, Result, Run};
use crate::types::nearest;
use getopts::{Fail, Matches, Options};

/// One command.
pub(super) struct Command {
    pub name: &'static str,
    /// Its arguments, for the usage line.
    pub args: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// More, for its own help.
    pub help: &'static str,
    pub options: &'static [Opt],
    pub run: fn(&Run<'_>) -> Result<Exit>,
}

/// One option.
pub(super) struct Opt {
    pub name: &'static str,
    /// The name of its value, if it takes one.
    pub value: Option<&'static str>,
    pub help: &'static str,
}

/// Options of every command.
const GLOBAL: &[Opt] = &[
    Opt {
        name: "root",
        value: Some("DIR"),
        help: "every path below DIR (also CERTKEEPER_ROOT)",
    },
    Opt {
        name: "json",
        value: None,
        help: "one JSON document on stdout",
    },
    Opt {
        name: "debug",
        value: None,
        help: "say more",
    },
    Opt {
        name: "help",
        value: None,
        help: "this help, as -h",
    },
    Opt {
        name: "version",
        value: None,
        help: "the version, as -V",
    },
];

/// A command with what was given to it.
pub(super) struct Parsed {
    pub command: &'static Command,
    pub matches: Matches,
    pub free: Vec<String>,
    pub root: Option<String>,
    pub json: bool,
    pub debug: bool,
}

impl Parsed {
    /// True if a switch was given.
    pub fn has(&self, name: &str) -> bool {
        self.matches.opt_present(name)
    }

    /// The value of an option.
    pub fn value(&self, name: &str) -> Option<String> {
        self.matches.opt_str(name)
    }
}

/// What the words ask for.
pub(super) enum Request {
    Run(Parsed),
    Say(String),
    /// Nothing that can be run; the overview tells what can.
    NoCommand(String),
}

pub(super) fn parse(
    args: &[String],
    commands: &'static [Command],
) -> std::result::Result<Request, String> {
    let Some((at, word)) = command_word(args) else {
        let matches = read(GLOBAL, args).map_err(|e| explain(e, GLOBAL, "certkeeper --help"))?;
        return if matches.opt_present("version") {
            Ok(Request::Say(version()))
        } else if matches.opt_present("help") {
            Ok(Request::Say(overview(commands)))
        } else {
            Ok(Request::NoCommand(overview(commands)))
        };
    };
    let Some(command) = commands.iter().find(|c| c.name == word) else {
        // What looks like a command may be the value of an option that was mistyped.
        let all = || GLOBAL.iter().chain(commands.iter().flat_map(|c| c.options));
        for option in args[..at].iter().filter_map(|a| a.strip_prefix("--")) {
            let name = option.split('=').next().unwrap_or_default();
            if !all().any(|o| o.name == name) {
                let fail = Fail::UnrecognizedOption(name.to_owned());
                return Err(explain(fail, GLOBAL, "certkeeper --help"));
            }
        }
        let meant = nearest(word, commands.iter().map(|c| c.name));
        let meant = meant.map(|m| format!("; did you mean '{m}'?"));
        return Err(format!(
            "there is no command '{word}'{}\n`certkeeper --help` lists the commands",
            meant.unwrap_or_default()
        ));
    };
    let mut rest = args.to_vec();
    rest.remove(at);
    let all: Vec<&Opt> = GLOBAL.iter().chain(command.options).collect();
    let help = format!("certkeeper {} --help", command.name);
    let matches =
        read(all.iter().copied(), &rest).map_err(|e| explain(e, all.iter().copied(), &help))?;
    if matches.opt_present("help") {
        return Ok(Request::Say(help_of(command)));
    }
    if matches.opt_present("version") {
        return Ok(Request::Say(version()));
    }
    Ok(Request::Run(Parsed {
        command,
        free: matches.free.clone(),
        root: matches.opt_str("root"),
        json: matches.opt_present("json"),
        debug: matches.opt_present("debug"),
        matches,
    }))
}

/// The first word that is neither an option nor the value of a global one.
fn command_word(args: &[String]) -> Option<(usize, &str)> {
    let mut skip = false;
    for (i, word) in args.iter().enumerate() {
        let value = std::mem::take(&mut skip);
        if word == "--" {
            return None;
        }
        if word == "--root" {
            skip = true;
        } else if !value && !word.starts_with('-') {
            return Some((i, word));
        }
    }
    None
}

fn read<'a>(
    options: impl IntoIterator<Item = &'a Opt>,
    args: &[String],
) -> std::result::Result<Matches, Fail> {
    let mut known = Options::new();
    for option in options {
        let short = short(option);
        match option.value {
            Some(hint) => known.optopt(short, option.name, option.help, hint),
            None => known.optflag(short, option.name, option.help),
        };
    }
    known.parse(args)
}

/// The one-letter form of an option, if it has one.
fn short(option: &Opt) -> &'static str {
    match option.name {
        "help" => "h",
        "version" => "V",
        _ => "",
    }
}

fn explain<'a>(fail: Fail, known: impl IntoIterator<Item = &'a Opt>, help: &str) -> String {
    let text = match fail {
        Fail::UnrecognizedOption(name) if name.chars().count() == 1 => {
            format!("there is no option '-{name}'")
        }
        Fail::UnrecognizedOption(name) => {
            let meant = nearest(&name, known.into_iter().map(|o| o.name));
            let meant = meant.map(|m| format!("; did you mean '--{m}'?"));
            format!("there is no option '--{name}'{}", meant.unwrap_or_default())
        }
        Fail::ArgumentMissing(name) => format!("option '--{name}' wants a value"),
        Fail::UnexpectedArgument(name) => format!("option '--{name}' takes no value"),
        other => other.to_string(),
    };
    format!("{text}\n`{help}` lists the options")
}

fn version() -> String {
    format!("certkeeper {}", env!("CARGO_PKG_VERSION"))
}

fn overview(commands: &[Command]) -> String {
    let mut text = "Keeps the TLS certificates of this router valid.\n\n\
         usage: certkeeper [--root DIR] [--json] [--debug] COMMAND [SECTION…] [OPTIONS]\n\ncommands:\n"
        .to_owned();
    for command in commands {
        text += &format!("  {:<10} {}\n", command.name, command.summary);
    }
    text += "\noptions of every command:\n";
    text += &table(GLOBAL);
    text += "\n`certkeeper COMMAND --help` tells more. Configuration: /etc/config/certkeeper.\n\
             Exit codes: 0 done or nothing due, 1 something failed, 2 usage or unreadable\n\
             configuration, 3 busy (--no-wait), 4 nothing failed but something waits.";
    text
}

fn help_of(command: &Command) -> String {
    let usage = format!("usage: certkeeper {} {}", command.name, command.args);
    let mut text = format!("{}\n\n{}\n", usage.trim_end(), command.help);
    if !command.options.is_empty() {
        text += "\noptions:\n";
        text += &table(command.options);
    }
    text += "\noptions of every command:\n";
    text += &table(GLOBAL);
    text
}

fn table(options: &[Opt]) -> String {
    let line = |o: &Opt| {
        let name = match o.value {
            Some(value) => format!("--{} {value}", o.name),
            None => format!("--{}", o.name),
        };
        format!("  {name:<18} {}\n", o.help)
    };
    options.iter().map(line).collect()
}
