//! The status documents: what changes in them is told, and they say when the next run is due.

use crate::status::{self, Document};
use crate::types::{Paths, SectionName, Stage, State};
use crate::ubus::blob::{Table, Value};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// Room for what the kernel tells at once; names of documents are short.
const EVENTS: usize = 4096;

/// How long what is due rests after a run that did not do it, in seconds.
const REST: i64 = 600;

/// What was told of a section.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    state: State,
    stage: Option<Stage>,
    next: Option<i64>,
}

/// Watches the folder of status documents.
pub(super) struct Watch<'a> {
    paths: &'a Paths,
    inotify: OwnedFd,
    seen: BTreeMap<SectionName, Seen>,
}

impl<'a> Watch<'a> {
    /// Begins to watch; what stands there is known, not told.
    pub fn new(paths: &'a Paths) -> io::Result<Self> {
        let mut watch = Self {
            paths,
            inotify: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
            seen: BTreeMap::new(),
        };
        watch.folder()?;
        watch.look(&mut |_| {}, watch.all());
        Ok(watch)
    }

    /// Watches the folder, which no run may have made yet.
    fn folder(&self) -> io::Result<()> {
        let folder = self.paths.status_folder();
        fs::create_dir_all(&folder)?;
        // Documents come by rename.
        let flags = WatchFlags::MOVED_TO | WatchFlags::DELETE | WatchFlags::ONLYDIR;
        inotify::add_watch(&self.inotify, &folder, flags)?;
        Ok(())
    }

    /// The sections that have a document.
    fn all(&self) -> BTreeSet<SectionName> {
        let entries = fs::read_dir(self.paths.status_folder());
        let names = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.file_name());
        names.filter_map(|name| section(&name)).collect()
    }

    /// Tells what has changed since the last time.
    pub fn turn(&mut self, tell: &mut dyn FnMut(Table)) {
        let mut changed = BTreeSet::new();
        let mut lost = false;
        let mut room = [MaybeUninit::uninit(); EVENTS];
        let mut events = inotify::Reader::new(&self.inotify, &mut room);
        loop {
            match events.next() {
                Ok(event) => {
                    lost |= event
                        .events()
                        .intersects(ReadFlags::IGNORED | ReadFlags::QUEUE_OVERFLOW);
                    let name = event.file_name().map(|n| OsStr::from_bytes(n.to_bytes()));
                    changed.extend(name.and_then(section));
                }
                Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        if lost {
            // Somebody removed the folder, or more was written than the kernel keeps.
            let _ = self.folder();
            changed.extend(self.all());
            changed.extend(self.seen.keys().cloned());
        }
        self.look(tell, changed);
    }

    /// Reads these documents, and tells of those that are news.
    fn look(&mut self, tell: &mut dyn FnMut(Table), sections: BTreeSet<SectionName>) {
        for section in sections {
            let Some(document) = status::read(self.paths, &section) else {
                self.seen.remove(&section);
                continue;
            };
            let now = Seen {
                state: document.state,
                stage: document.stage,
                next: document.next,
            };
            let before = self.seen.get(&section);
            if before.is_none_or(|b| (b.state, b.stage) != (now.state, now.stage)) {
                tell(news(&document));
            }
            self.seen.insert(section, now);
        }
    }

    /// When the earliest next attempt is planned. What was due already when the last run `began` and
    /// is so still is left to the one after a rest: the run may have had its reasons.
    pub fn next(&self, began: i64) -> Option<i64> {
        let again = began.saturating_add(REST);
        let planned = self.seen.values().filter_map(|s| s.next);
        planned.map(|at| if at > began { at } else { again }).min()
    }
}

impl AsFd for Watch<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

/// The section of a document.
fn section(file: &OsStr) -> Option<SectionName> {
    SectionName::of_files(file.to_str()?.strip_suffix(".json")?)
}

/// What subscribers and listeners hear.
fn news(document: &Document) -> Table {
    let problem = document.last_attempt.as_ref().map(|a| a.problem.as_str());
    let news = json!({
        "section": document.section, "state": document.state, "label": document.label,
        "source": document.source, "stage": document.stage, "next": document.next,
        "problem": problem.filter(|p| !p.is_empty()),
    });
    let Ok(Value::Table(mut news)) = serde_json::from_value(news) else {
        return Table::new();
    };
    news.retain(|(_, value)| *value != Value::Null);
    news
}
