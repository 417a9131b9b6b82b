//! Programs of the owner's that are told of a new certificate.

use super::services::run;
use crate::program::{self, Children, trusted, unchangeable};
use crate::types::Paths;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The hook's file. It runs as we do, so neither it nor a folder on the way to it may be somebody
/// else's to change, and no link may lead out of the folder of hooks.
pub(super) fn find(paths: &Paths, name: &str) -> Result<PathBuf, String> {
    let folder = paths.hooks();
    let real = |path: &Path| fs::canonicalize(path).map_err(|e| format!("{}: {e}", path.display()));
    let top = real(&folder)?;
    let file = real(&folder.join(name))?;
    if !file.starts_with(&top) {
        return Err(format!(
            "{} leads to {}, outside of {}",
            folder.join(name).display(),
            file.display(),
            folder.display()
        ));
    }
    let above = file.ancestors().skip(1).take_while(|f| f.starts_with(&top));
    for folder in above {
        let meta = fs::metadata(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        unchangeable(folder, &meta)?;
    }
    trusted(&file)?;
    Ok(file)
}

/// Runs a program that is told of something: `EVENT SECTION TEXT`.
pub fn notify_program(
    paths: &Paths,
    name: &str,
    args: &[&str],
    limit: Duration,
) -> Result<(), String> {
    let file = find(paths, name)?;
    let mut command = program::command(&file);
    command.args(args);
    let ended = program::run(command, limit, Children::End, false);
    let ended = ended.map_err(|e| format!("{}: {e}", file.display()))?;
    match (ended.success(), ended.status) {
        (true, _) => Ok(()),
        (false, Some(status)) => Err(format!("{}: {status}", file.display())),
        (false, None) => Err(format!("{} was ended after {limit:?}", file.display())),
    }
}

/// Runs a hook: `deployed SECTION CERTIFICATE KEY NAME…`; KEY is empty where it is kept elsewhere.
pub(super) fn tell(
    paths: &Paths,
    hook: &str,
    section: &str,
    names: &[String],
    say: &mut dyn FnMut(&str),
) -> Result<(), String> {
    let result = find(paths, hook).and_then(|file| {
        let link = |end: &str| paths.domains().join(format!("{section}.{end}"));
        let (crt, key) = (link("crt"), link("key"));
        // Where the key is kept elsewhere there is no path to it.
        let key = if key.exists() { key } else { PathBuf::new() };
        let args = [Path::new("deployed"), Path::new(section), &crt, &key].into_iter();
        run(
            &file,
            args.chain(names.iter().map(Path::new)),
            Children::End,
            say,
        )
    });
    result.map_err(|why| format!("hook {hook}: {why}"))
}
