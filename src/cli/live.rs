//! A run as it goes.

use super::Run;
use super::term::short;
use crate::types::{SectionName, Stage};
use std::cell::RefCell;

/// A line that wraps could not be written over, and no terminal is narrower.
const COLUMNS: usize = 79;

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
        let rest = format!(" {:<11} {text}", stage.to_string());
        if !style.terminal {
            self.run.tell(format!("{section}{rest}").trim_end());
            return;
        }
        let mut last = self.last.borrow_mut();
        // The line of a section is written over; another section begins a new one.
        let begin = match last.as_ref() {
            Some(name) if name == section => "\r\x1b[K",
            Some(_) => "\n",
            None => "",
        };
        let name = short(section.as_str(), COLUMNS / 2);
        let rest = short(&rest, COLUMNS - name.chars().count());
        (self.run.world.live)(&format!("{begin}{}{rest}", style.bold(&name)));
        *last = Some(section.clone());
    }

    pub fn end(&self) {
        if self.last.borrow_mut().take().is_some() {
            self.run.tell("");
        }
    }
}
