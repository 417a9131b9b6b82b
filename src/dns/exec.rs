//! A program of the owner's, called as lego calls it: `EXEC_PATH present|cleanup fqdn. value`.
//! Exit code 0 means done. Source: lego's page on the provider (checked 2026-11).

use super::{
    Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass, last_lines,
};
use crate::program::{self, Children};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "exec",
    aliases: &[],
    title: "Own program",
    docs: "https://go-acme.github.io/lego/dns/exec/",
    fields: &[Field::new(
        "EXEC_PATH",
        "Program, called with present|cleanup, the name and the value",
    )],
    alternatives: &[],
    writes: WriteClass::PerValue,
    settle: Duration::from_secs(10),
    open: true,
};

/// A program that has not ended by then is killed.
const LIMIT: Duration = Duration::from_secs(120);
struct Exec<'a> {
    path: PathBuf,
    context: Context<'a>,
}

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let path = PathBuf::from(context.text("EXEC_PATH"));
    trusted(&path).map_err(|message| DnsError::setting("EXEC_PATH", message))?;
    Ok(Box::new(Exec { path, context }))
}

/// The program runs as we do, so nobody else may be able to change it.
fn trusted(path: &Path) -> Result<(), String> {
    if !path.is_absolute() {
        return Err("the program's whole path is wanted, beginning with /".into());
    }
    program::trusted(path)
}

impl Provider for Exec<'_> {
    fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let action = if there { "present" } else { "cleanup" };
        let shown = self.path.display();
        let mut command = program::command(&self.path);
        command.args([action, &format!("{}.", record.name), &record.value]);
        // The protocol hands settings over in the environment.
        for (name, value) in &self.context.credentials {
            command.env(name, value.expose());
        }
        let ended = program::run(command, LIMIT, Children::End, false)
            .map_err(|e| DnsError::Refused(format!("{shown} did not start: {e}")))?;
        let Some(status) = ended.status else {
            return Err(DnsError::Unreachable(format!(
                "{shown} {action} did not end within {} s and was killed",
                LIMIT.as_secs()
            )));
        };
        if status.success() {
            return Ok(());
        }
        Err(DnsError::Refused(format!(
            "{shown} {action} {} failed ({status}){}",
            record.name,
            self.last_line(&ended.output)
        )))
    }
}

impl Exec<'_> {
    /// The last line the program wrote to stderr, without any of its secrets.
    fn last_line(&self, output: &[u8]) -> String {
        let text = String::from_utf8_lossy(output);
        last_lines(&self.context.redacted(&text), 1)
    }
}
