//! `cleanup.json`: what is presented to a CA for a section, until it is taken back.

use super::disk::{StoreError, read, remove, sync_folder};
use super::section::Area;
use crate::types::{FromJson, Members, Object, Timestamp, ToJson};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The file's name.
pub(super) const FILE: &str = "cleanup.json";

/// One thing that was presented to a CA, written down before it is.
#[derive(Clone, Debug)]
pub enum Presented {
    /// A file below a document root.
    File {
        /// Its path.
        path: PathBuf,
    },
    /// A TXT record.
    Txt {
        /// The section whose credentials wrote it.
        source: String,
        /// The provider's module.
        module: String,
        /// The record's name.
        name: String,
        /// Its value.
        value: String,
        /// The identifier that it is for.
        of: String,
        /// The provider is not to be asked before then (seconds since 1970).
        until: Option<i64>,
    },
}

impl Presented {
    /// The same, not to be taken back before then.
    pub fn not_before(mut self, time: Option<Timestamp>) -> Self {
        if let Self::Txt { until, .. } = &mut self {
            *until = time.map(|at| at.0);
        }
        self
    }
}

/// The same is presented, whenever it may be taken back.
impl PartialEq for Presented {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File { path: a }, Self::File { path: b }) => a == b,
            (
                Self::Txt {
                    source: a,
                    module: b,
                    name: c,
                    value: d,
                    of: e,
                    until: _,
                },
                Self::Txt {
                    source,
                    module,
                    name,
                    value,
                    of,
                    until: _,
                },
            ) => [a, b, c, d, e] == [source, module, name, value, of],
            _ => false,
        }
    }
}

impl FromJson for Presented {
    fn read(value: Value) -> Option<Self> {
        let mut members = Members::of(value);
        let kind: String = members.must("kind");
        let read = match kind.as_str() {
            "file" => Self::File {
                path: members.must::<String>("path").into(),
            },
            "txt" => Self::Txt {
                source: members.must("source"),
                module: members.must("module"),
                name: members.must("name"),
                value: members.must("value"),
                of: members.may("of"),
                until: members.may("until"),
            },
            _ => return None,
        };
        members.made(read)
    }
}

impl ToJson for Presented {
    fn write(&self, out: &mut Vec<u8>) {
        let mut object = Object::begin(out);
        match self {
            Self::File { path } => {
                object.put("kind", &"file");
                object.put("path", &path.to_string_lossy().as_ref());
            }
            Self::Txt {
                source,
                module,
                name,
                value,
                of,
                until,
            } => {
                object.put("kind", &"txt");
                object.put("source", source);
                object.put("module", module);
                object.put("name", name);
                object.put("value", value);
                object.put("of", of);
                object.put_some("until", until);
            }
        }
        object.end();
    }
}

impl Area {
    /// True if an ended run may have left something presented.
    pub fn has_presented(&self) -> bool {
        self.dir().join(FILE).exists()
    }

    /// What an ended run may have left presented; damaged counts as nothing, or the section could
    /// never go on.
    pub fn presented(&self) -> Result<Vec<Presented>, StoreError> {
        let text = read(&self.dir().join(FILE))?.unwrap_or_default();
        Ok(Vec::parse(&text).unwrap_or_default())
    }

    /// Notes what is about to be presented, or what is left of it; nothing removes the note.
    pub fn put_presented(&self, presented: &[Presented]) -> Result<(), StoreError> {
        self.settle(presented)?;
        if !presented.is_empty() {
            return self.put_json(FILE, &presented.text());
        }
        remove(&self.dir().join(FILE))
    }

    /// A file is forgotten only once its removal has reached the disk, or it would be back after a
    /// power cut and nobody knew of it.
    fn settle(&self, kept: &[Presented]) -> Result<(), StoreError> {
        let mut folders = BTreeSet::new();
        for entry in self.presented()? {
            if let Presented::File { path } = &entry
                && !kept.contains(&entry)
            {
                folders.extend(path.parent().map(Path::to_owned));
            }
        }
        // tmpfs may have gone since.
        folders
            .iter()
            .filter(|f| f.is_dir())
            .try_for_each(|f| sync_folder(f))
    }
}
