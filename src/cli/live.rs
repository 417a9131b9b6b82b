//! A run as it goes.

use super::Run;
use super::term::short;
use crate::types::{SectionName, Stage};
use std::cell::RefCell;

/// The stages as they come: a line a section on a terminal, a line a stage elsewhere.
pub(super) struct Live<'a, 'w> {
    run: &'a Run<'w>,
    last: RefCell<Option<SectionName>>,
}

impl<'a, 'w> Live<'a, 'w> {
    pub fn new(run: &'a Run<'w>) -> Self {
        Self {
            run,
            last: RefCell::new(None),
        }
    }

    pub fn show(&self, section: &SectionName, stage: Stage, text: &str) {
        let style = self.run.err_style;
        let line = format!(
            "{} {:<11} {text}",
            style.bold(section.as_str()),
            stage.to_string()
        );
        if !style.terminal {
            self.run.tell(line.trim_end());
            return;
        }
        let mut last = self.last.borrow_mut();
        let mut err = self.run.err.borrow_mut();
        // The line of a section is written over; another section begins a new one.
        let begin = match last.as_ref() {
            Some(name) if name == section => "\r\x1b[K",
            Some(_) => "\n",
            None => "",
        };
        let _ = write!(err, "{begin}{}", short(&line, 100));
        let _ = err.flush();
        *last = Some(section.clone());
    }

    pub fn end(&self) {
        if self.last.borrow_mut().take().is_some() {
            self.run.tell("");
        }
    }
}
