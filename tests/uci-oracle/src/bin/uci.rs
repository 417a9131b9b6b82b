//! The commands of the `uci` program that tests need, on real libuci.

use std::ffi::{CStr, CString, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

use certkeeper::uci::Value;
use uci_oracle::libuci::{Found, Refused, Section, Uci};

const USAGE: &str = "uci [-q] [-c CONFDIR] [-t SAVEDIR] [-P SAVEDIR] [-p PATH] \
    set|add|add_list|del_list|delete|get|show|commit|batch [ARGUMENT…]";

enum Failure {
    Refused,
    NotFound,
    Usage,
}

impl From<Refused> for Failure {
    fn from(_: Refused) -> Self {
        Self::Refused
    }
}

#[derive(Default)]
struct Program {
    quiet: bool,
    /// `-P` names changes that never reach the configuration.
    keep_changes: bool,
}

fn main() -> ExitCode {
    let args = std::env::args_os().skip(1).map(OsString::into_vec);
    let args: Vec<CString> = args
        .map(|arg| CString::new(arg).expect("no NUL in arguments"))
        .collect();
    let mut uci = Uci::default();
    let mut program = Program::default();
    let result = match program.options(&mut uci, &args) {
        Ok([command]) if command.as_bytes() == b"batch" => {
            uci.batch(|uci, words| {
                if words[0].as_bytes() == b"exit" {
                    return false;
                }
                let result = program.run(uci, words);
                program.report(uci, result);
                true
            });
            Ok(())
        }
        Ok(words) => program.run(&mut uci, words),
        Err(failure) => Err(failure),
    };
    ExitCode::from(program.report(&mut uci, result))
}

impl Program {
    /// Takes the options off the arguments.
    fn options<'a>(
        &mut self,
        uci: &mut Uci,
        mut args: &'a [CString],
    ) -> Result<&'a [CString], Failure> {
        while let [option, rest @ ..] = args {
            args = match (option.as_bytes(), rest) {
                (b"-q", _) => {
                    self.quiet = true;
                    rest
                }
                (b"-c", [path, rest @ ..]) => uci.set_confdir(path).map(|()| rest)?,
                (b"-t", [path, rest @ ..]) => uci.set_savedir(path).map(|()| rest)?,
                (b"-p", [path, rest @ ..]) => uci.add_delta_path(path).map(|()| rest)?,
                (b"-P", [path, rest @ ..]) => {
                    self.keep_changes = true;
                    uci.set_savedir(path).map(|()| rest)?
                }
                ([b'-', ..], _) => return Err(Failure::Usage),
                _ => break,
            };
        }
        Ok(args)
    }

    fn run(&self, uci: &mut Uci, words: &[CString]) -> Result<(), Failure> {
        let [command, arguments @ ..] = words else {
            return Err(Failure::Usage);
        };
        match (command.to_bytes(), arguments) {
            (b"set", [tuple]) => Ok(uci.set(tuple)?),
            (b"add_list", [tuple]) => Ok(uci.add_list(tuple)?),
            (b"del_list", [tuple]) => Ok(uci.del_list(tuple)?),
            (b"delete" | b"del", [tuple]) => Ok(uci.delete(tuple)?),
            (b"add", [package, kind]) => {
                print(format!("{}\n", uci.add(package, kind)?).as_bytes());
                Ok(())
            }
            (b"get", [tuple]) => get(uci.find(tuple)?),
            (b"show", [tuple]) => show(package_of(tuple), uci.find(tuple)?),
            (b"show", []) => uci
                .packages()?
                .iter()
                .try_for_each(|package| show(package_of(package), uci.find(package)?)),
            (b"commit", _) if self.keep_changes => Ok(()),
            (b"commit", [package]) => Ok(uci.commit(package)?),
            (b"commit", []) => Ok(uci.packages()?.iter().try_for_each(|p| uci.commit(p))?),
            _ => Err(Failure::Usage),
        }
    }

    fn report(&self, uci: &mut Uci, result: Result<(), Failure>) -> u8 {
        let Err(failure) = result else {
            return 0;
        };
        match failure {
            Failure::Refused if !self.quiet => uci.complain(),
            Failure::NotFound if !self.quiet => eprintln!("uci: Entry not found"),
            Failure::Usage => {
                eprintln!("Usage: {USAGE}");
                return 255;
            }
            _ => {}
        }
        1
    }
}

fn package_of(tuple: &CStr) -> String {
    let text = tuple.to_string_lossy();
    text.split('.').next().unwrap_or_default().to_owned()
}

fn get(found: Found) -> Result<(), Failure> {
    let mut line = match found {
        Found::Section(section) => section.kind.into_bytes(),
        Found::Option(_, _, Value::One(value)) => value,
        Found::Option(_, _, Value::List(entries)) => entries
            .iter()
            .map(|entry| match entry.iter().any(|c| b" \t\r\n".contains(c)) {
                true => quoted(entry),
                false => entry.clone(),
            })
            .collect::<Vec<_>>()
            .join(&b' '),
        Found::Package(_) => return Ok(()),
        Found::Nothing => return Err(Failure::NotFound),
    };
    line.push(b'\n');
    print(&line);
    Ok(())
}

fn show(package: String, found: Found) -> Result<(), Failure> {
    match found {
        Found::Package(sections) => {
            for (at, section) in sections.iter().enumerate() {
                let same = |other: &&Section| other.kind == section.kind;
                let index = sections[..at].iter().filter(same).count();
                let name = match section.anonymous {
                    true => format!("@{}[{index}]", section.kind),
                    false => section.name.clone(),
                };
                show_section(&format!("{package}.{name}"), section);
            }
        }
        Found::Section(section) => show_section(&format!("{package}.{}", section.name), &section),
        Found::Option(section, name, value) => {
            show_option(&format!("{package}.{}", section.name), &name, &value);
        }
        Found::Nothing => return Err(Failure::NotFound),
    }
    Ok(())
}

fn show_section(path: &str, section: &Section) {
    print(format!("{path}={}\n", section.kind).as_bytes());
    for (name, value) in &section.options {
        show_option(path, name, value);
    }
}

fn show_option(path: &str, name: &str, value: &Value) {
    let entries: Vec<_> = value.entries().iter().map(|entry| quoted(entry)).collect();
    let line = [
        format!("{path}.{name}=").as_bytes(),
        &entries.join(&b' '),
        b"\n",
    ]
    .concat();
    print(&line);
}

/// In the quotes of a shell.
fn quoted(text: &[u8]) -> Vec<u8> {
    let pieces: Vec<&[u8]> = text.split(|&c| c == b'\'').collect();
    [b"'", &pieces.join(&b"'\\''"[..])[..], b"'"].concat()
}

fn print(bytes: &[u8]) {
    std::io::stdout().write_all(bytes).expect("standard output");
}
