//! A program of the owner's, called as lego calls it: `EXEC_PATH present|cleanup fqdn. value`.
//! Exit code 0 means done. Source: lego's page on the provider (checked 2026-11).

use super::{Context, Descriptor, DnsError, Field, Module, Provider, TxtRecord, WriteClass};
use crate::types::shown;
use rustix::process::{Pid, Signal, geteuid, kill_process_group};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

pub(super) const MODULE: Module = Module {
    descriptor: &DESCRIPTOR,
    open,
};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "exec",
    aliases: &[],
    title: "Own program",
    docs: "https://go-acme.github.io/lego/dns/exec/",
    fields: &[Field {
        name: "EXEC_PATH",
        label: "Program, called with present|cleanup, the name and the value",
        secret: false,
        default: None,
    }],
    writes: WriteClass::PerValue,
    settle: Duration::from_secs(10),
    open: true,
};

/// A program that has not ended by then is killed.
const LIMIT: Duration = Duration::from_secs(120);
/// How long its last words are waited for after it has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How much of what it prints is kept for the message.
const OUTPUT_MAX: u64 = 4096;

struct Exec<'a> {
    path: PathBuf,
    context: Context<'a>,
}

fn open<'a>(context: Context<'a>) -> Result<Box<dyn Provider + 'a>, DnsError> {
    let path = PathBuf::from(context.text(&DESCRIPTOR, "EXEC_PATH"));
    trusted(&path).map_err(|message| DnsError::Setting {
        field: "EXEC_PATH",
        message,
    })?;
    Ok(Box::new(Exec { path, context }))
}

/// The program runs as we do, so nobody else may be able to change it.
fn trusted(path: &Path) -> Result<(), String> {
    let shown = path.display();
    if !path.is_absolute() {
        return Err("the program's whole path is wanted, beginning with /".into());
    }
    let meta = std::fs::metadata(path).map_err(|e| format!("{shown}: {e}"))?;
    if !meta.is_file() || meta.mode() & 0o111 == 0 {
        return Err(format!(
            "{shown} is not an executable file (chmod +x {shown})"
        ));
    }
    if (meta.uid() != 0 && meta.uid() != geteuid().as_raw()) || meta.mode() & 0o022 != 0 {
        return Err(format!(
            "{shown} could be changed by others: it must belong to root and be writable by root alone"
        ));
    }
    Ok(())
}

impl Provider for Exec<'_> {
    fn add(&self, record: &TxtRecord) -> Result<(), DnsError> {
        self.run("present", record)
    }

    fn remove(&self, record: &TxtRecord) -> Result<(), DnsError> {
        self.run("cleanup", record)
    }
}

impl Exec<'_> {
    fn run(&self, action: &str, record: &TxtRecord) -> Result<(), DnsError> {
        let shown = self.path.display();
        let mut command = Command::new(&self.path);
        command
            .args([action, &format!("{}.", record.name), &record.value])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
        // The protocol hands settings over in the environment.
        for (name, value) in &self.context.credentials {
            command.env(name, value.expose());
        }
        let mut child = command
            .spawn()
            .map_err(|e| DnsError::Refused(format!("{shown} did not start: {e}")))?;
        let group = Pid::from_child(&child);
        let pipe = child.stderr.take();
        let (send, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut text = Vec::new();
            if let Some(mut pipe) = pipe {
                let _ = pipe.by_ref().take(OUTPUT_MAX).read_to_end(&mut text);
                let _ = send.send(text);
                // What is too long is read and dropped, or the program would wait for us.
                let _ = std::io::copy(&mut pipe, &mut std::io::sink());
            }
        });
        let end = Instant::now() + LIMIT;
        let mut pause = Duration::from_millis(1);
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if Instant::now() < end => std::thread::sleep(pause),
                _ => {
                    let _ = kill_process_group(group, Signal::KILL);
                    let _ = child.wait();
                    return Err(DnsError::Unreachable(format!(
                        "{shown} {action} did not end within {} s and was killed",
                        LIMIT.as_secs()
                    )));
                }
            }
            pause = (pause * 2).min(Duration::from_millis(50));
        };
        // A child of the program's may hold the pipe open: what belongs to it ends with it, and who
        // left its group is not waited for.
        let _ = kill_process_group(group, Signal::KILL);
        let output = output.recv_timeout(LAST_WORDS).unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        Err(DnsError::Refused(format!(
            "{shown} {action} {} failed ({status}){}",
            record.name,
            self.last_line(&output)
        )))
    }

    /// The last line the program wrote to stderr, without any of its secrets.
    fn last_line(&self, output: &[u8]) -> String {
        let text = String::from_utf8_lossy(output);
        let line = text.lines().rev().find(|l| !l.trim().is_empty());
        let Some(line) = line else {
            return String::new();
        };
        let mut line = line.to_owned();
        let mut secrets: Vec<&str> = self
            .context
            .credentials
            .iter()
            .filter(|(name, secret)| *name != "EXEC_PATH" && !secret.expose().is_empty())
            .map(|(_, secret)| secret.expose())
            .collect();
        // The longest first: one may be a part of another.
        secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
        for secret in secrets {
            line = line.replace(secret, "***");
        }
        let line = shown(&line, 200);
        format!(": {line}")
    }
}
