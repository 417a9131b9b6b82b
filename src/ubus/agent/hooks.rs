//! The programs that may be hooks: LuCI offers them, and nothing else can be typed there.

use crate::ubus::blob::{Table, Value};
use std::fs;
use std::path::Path;

/// The names of files in the folder of hooks, those in its folders as well.
pub(super) fn hooks(folder: &Path) -> Table {
    let mut names = Vec::new();
    find(folder, "", &mut names);
    names.sort();
    let names = names.iter().map(|name| name.as_str().into());
    vec![("hooks".to_owned(), Value::Array(names.collect()))]
}

/// Folders within the folder of hooks are looked into, this deep in names.
const HOOK_MAX: usize = 200;

fn find(folder: &Path, above: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{above}{}", entry.file_name().to_string_lossy());
        // Links to folders may lead in circles.
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            if name.len() < HOOK_MAX {
                find(&entry.path(), &format!("{name}/"), names);
            }
        } else if fs::metadata(entry.path()).is_ok_and(|meta| meta.is_file()) {
            names.push(name);
        }
    }
}
