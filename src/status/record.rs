//! Notes what a run does with one section: its document, its log, and whoever listens.

use super::{Document, write};
use crate::types::{Paths, SectionName, Stage, State, Timestamp};
use std::fs::{self, OpenOptions};
use std::io::Write;

/// A section's log is started anew with each run that works on it, and bounded.
const LOG_MAX: usize = 64 * 1024;

/// Whoever shows a run as it goes: section, stage, line.
pub type Listener<'a> = &'a dyn Fn(&SectionName, Stage, &str);

/// The recorder of one section in one run.
pub struct Recorder<'a> {
    paths: &'a Paths,
    section: SectionName,
    listener: Listener<'a>,
    document: Document,
    stage: Stage,
    written: usize,
}

impl<'a> Recorder<'a> {
    /// Goes on with the section's log, or begins a new one with the first step of a run.
    pub fn start(
        paths: &'a Paths,
        section: &SectionName,
        document: Document,
        listener: Listener<'a>,
        first: bool,
    ) -> Self {
        let path = paths.log(section);
        if let Some(folder) = path.parent() {
            let _ = fs::create_dir_all(folder);
        }
        if first {
            let _ = fs::remove_file(&path);
        }
        let written =
            fs::metadata(&path).map_or(0, |m| usize::try_from(m.len()).unwrap_or(LOG_MAX));
        Self {
            paths,
            section: section.clone(),
            listener,
            document,
            stage: Stage::Account,
            written,
        }
    }

    /// The stage that the run is in.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// A stage begins.
    pub fn enter(&mut self, now: Timestamp, stage: Stage, text: &str) {
        self.stage = stage;
        self.document.state = match stage {
            Stage::Validation => State::Initialized,
            _ => State::Initializing,
        };
        self.document.label = self.document.state.label().to_owned();
        self.document.stage = Some(stage);
        write(self.paths, &self.section, &self.document);
        self.say(now, text);
    }

    /// A line about the stage.
    pub fn say(&mut self, now: Timestamp, text: &str) {
        (self.listener)(&self.section, self.stage, text);
        let line = format!("{now} {:<11} {text}\n", self.stage.to_string());
        if self.written + line.len() > LOG_MAX {
            return;
        }
        self.written += line.len();
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.paths.log(&self.section));
        if let Ok(mut log) = log {
            let _ = log.write_all(line.as_bytes());
        }
    }
}

/// The log of the last run that worked on a section.
pub fn read_log(paths: &Paths, section: &SectionName) -> Option<String> {
    let bytes = fs::read(paths.log(section)).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
