//! A disk that forgets at a power cut what was not synced, as POSIX allows it to:
//!
//! - a file's data is safe once the file was synced; until then it is there, in part, or not at all
//!   (a file of length zero, as ext4 and UBIFS leave it);
//! - a name made, moved or removed is safe once its folder was synced; until then the changes of one
//!   folder are kept up to one of them ([`Order::Kept`], a journal) or in any selection
//!   ([`Order::None`]), and no folder knows of the others;
//! - a rename within a folder happens whole or not at all.

use crate::ops::Op;
use crate::site::walk;
use crate::tree::{Node, Tree};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What certkeeper sets at its start; strace shows modes before it.
const UMASK: u32 = 0o077;

/// In which order changes of a folder that was not synced reach the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In their own.
    Kept,
    /// In none.
    None,
}

/// A change of one folder's names.
#[derive(Clone, Debug)]
struct Edit {
    remove: Option<OsString>,
    add: Option<(OsString, usize)>,
}

#[derive(Clone, Debug)]
enum Inode {
    File {
        data: Vec<u8>,
        safe: Vec<u8>,
        mode: u32,
    },
    Link(PathBuf),
    Folder {
        safe: BTreeMap<OsString, usize>,
        pending: Vec<Edit>,
        mode: u32,
    },
}

/// For each file or folder that is not safe, which of its states the power cut leaves.
pub type Choice = Vec<usize>;

/// The disk as running programs see it, and what of it is safe.
#[derive(Clone, Debug)]
pub struct Disk {
    inodes: Vec<Inode>,
    /// The path of inode 0.
    top: PathBuf,
}

impl Disk {
    /// The content of `parts`, folders in `top`, all of it safe.
    pub fn read(top: &Path, from: &Path, parts: &[PathBuf]) -> Self {
        let folder = |mode| Inode::Folder {
            safe: BTreeMap::new(),
            pending: Vec::new(),
            mode,
        };
        let mut disk = Self {
            inodes: vec![folder(0o755)],
            top: top.to_owned(),
        };
        for part in parts {
            let name = part.strip_prefix(top).expect("below the top");
            let begin = from.join(name);
            for path in std::iter::once(begin.clone()).chain(walk(&begin)) {
                let meta = fs::symlink_metadata(&path).expect("is there");
                let mode = meta.permissions().mode() & 0o7777;
                let inode = if meta.is_dir() {
                    folder(mode)
                } else if meta.is_symlink() {
                    Inode::Link(fs::read_link(&path).expect("a link"))
                } else {
                    let data = fs::read(&path).expect("a file");
                    Inode::File {
                        safe: data.clone(),
                        data,
                        mode,
                    }
                };
                let path = top.join(path.strip_prefix(from).expect("below"));
                disk.make(&path, inode);
            }
        }
        for inode in &mut disk.inodes {
            sync(inode);
        }
        disk
    }

    // ---- changes

    /// Does one operation.
    ///
    /// # Panics
    /// At one that certkeeper is not known to use, and that is not modelled.
    pub fn apply(&mut self, op: &Op) {
        match op {
            Op::Create {
                path,
                mode,
                new: true,
                ..
            } => {
                let (data, safe) = Default::default();
                self.make(
                    path,
                    Inode::File {
                        data,
                        safe,
                        mode: mode & !UMASK,
                    },
                );
            }
            Op::Write { path, data } => match self.inode(path) {
                Inode::File { data: all, .. } => all.extend(data),
                other => panic!("written to: {other:?}"),
            },
            Op::Sync { path } => sync(self.inode(path)),
            Op::Symlink { target, path } => self.make(path, Inode::Link(target.clone())),
            Op::Mkdir { path, mode } => {
                let (safe, pending) = Default::default();
                self.make(
                    path,
                    Inode::Folder {
                        safe,
                        pending,
                        mode: mode & !UMASK,
                    },
                );
            }
            Op::Unlink { path } | Op::Rmdir { path } => {
                let remove = path.file_name().map(OsStr::to_owned);
                self.edit(path, Edit { remove, add: None });
            }
            Op::Rename { from, to } => {
                assert_eq!(
                    from.parent(),
                    to.parent(),
                    "a rename between folders is not modelled"
                );
                let moved = self.find(from).expect("is there");
                let remove = from.file_name().map(OsStr::to_owned);
                let add = to.file_name().map(|name| (name.to_owned(), moved));
                self.edit(from, Edit { remove, add });
            }
            Op::Chmod { path, mode: new } => match self.inode(path) {
                Inode::File { mode, .. } | Inode::Folder { mode, .. } => *mode = *new,
                Inode::Link(_) => {}
            },
            // To whom it belongs already.
            Op::Chown { .. } => {}
            Op::Create { .. } | Op::Open { .. } | Op::Unknown { .. } => {
                panic!("not modelled: {op:?}")
            }
        }
    }

    fn make(&mut self, path: &Path, inode: Inode) {
        self.inodes.push(inode);
        let number = self.inodes.len() - 1;
        let add = path.file_name().map(|name| (name.to_owned(), number));
        self.edit(path, Edit { remove: None, add });
    }

    fn edit(&mut self, path: &Path, edit: Edit) {
        let folder = path.parent().expect("a folder");
        match self.inode(folder) {
            Inode::Folder { pending, .. } => pending.push(edit),
            other => panic!("{}: no folder but {other:?}", folder.display()),
        }
    }

    fn inode(&mut self, path: &Path) -> &mut Inode {
        let number = self
            .find(path)
            .unwrap_or_else(|| panic!("{} is not there", path.display()));
        &mut self.inodes[number]
    }

    /// Where a path leads for a running program.
    fn find(&self, path: &Path) -> Option<usize> {
        let mut number = 0;
        for name in path.strip_prefix(&self.top).ok()? {
            let Inode::Folder { safe, pending, .. } = &self.inodes[number] else {
                return None;
            };
            number = *names(safe, pending).get(name)?;
        }
        Some(number)
    }

    // ---- power cuts

    /// How many states each file or folder may be found in; most have one.
    fn widths(&self, order: Order) -> Vec<usize> {
        let width = |inode: &Inode| match inode {
            Inode::File { data, safe, .. } if data != safe => 3,
            Inode::Folder { pending, .. } if order == Order::Kept => pending.len() + 1,
            Inode::Folder { pending, .. } => 1 << pending.len(),
            _ => 1,
        };
        self.inodes.iter().map(width).collect()
    }

    /// All choices that a power cut has now, or the outermost ones where there are more than `most`:
    /// each state of one file or folder with all others lost, and with all others kept.
    pub fn choices(&self, order: Order, most: usize) -> Vec<Choice> {
        let widths = self.widths(order);
        let all = widths
            .iter()
            .try_fold(1_usize, |all, w| all.checked_mul(*w));
        if all.is_some_and(|all| all <= most) {
            let mut choices = vec![Vec::new()];
            for width in widths {
                let grown = choices.iter().flat_map(|c: &Choice| {
                    (0..width).map(|state| c.iter().copied().chain([state]).collect())
                });
                choices = grown.collect();
            }
            return choices;
        }
        let lost: Choice = vec![0; widths.len()];
        let kept: Choice = widths.iter().map(|w| w - 1).collect();
        let mut choices = vec![lost.clone(), kept.clone()];
        for (at, width) in widths.iter().enumerate() {
            for state in 0..*width {
                for mut choice in [lost.clone(), kept.clone()] {
                    choice[at] = state;
                    choices.push(choice);
                }
            }
        }
        choices
    }

    /// The disk that is found after the power cut.
    pub fn tree(&self, order: Order, choice: &[usize]) -> Tree {
        let mut tree = BTreeMap::new();
        self.grow(0, &PathBuf::new(), order, choice, &mut tree);
        Tree(tree)
    }

    fn grow(
        &self,
        number: usize,
        path: &Path,
        order: Order,
        choice: &[usize],
        tree: &mut BTreeMap<PathBuf, Node>,
    ) {
        let state = choice[number];
        let node = match &self.inodes[number] {
            Inode::Link(target) => Node::Link(target.clone()),
            Inode::File { data, safe, mode } => {
                let found = match state {
                    0 => safe.clone(),
                    1 => data[..data.len() / 2].to_vec(),
                    _ => data.clone(),
                };
                Node::File(found, *mode)
            }
            Inode::Folder {
                safe,
                pending,
                mode,
            } => {
                let kept: Vec<_> = match order {
                    Order::Kept => pending[..state].to_vec(),
                    Order::None => {
                        let all = pending.iter().enumerate();
                        all.filter(|(at, _)| state >> at & 1 == 1)
                            .map(|(_, e)| e.clone())
                            .collect()
                    }
                };
                for (name, below) in names(safe, &kept) {
                    self.grow(below, &path.join(name), order, choice, tree);
                }
                Node::Folder(*mode)
            }
        };
        tree.insert(path.to_owned(), node);
    }
}

/// A folder's names after some changes.
fn names(safe: &BTreeMap<OsString, usize>, edits: &[Edit]) -> BTreeMap<OsString, usize> {
    let mut names = safe.clone();
    for edit in edits {
        if let Some(name) = &edit.remove {
            names.remove(name);
        }
        if let Some((name, number)) = &edit.add {
            names.insert(name.clone(), *number);
        }
    }
    names
}

fn sync(inode: &mut Inode) {
    match inode {
        Inode::File { data, safe, .. } => safe.clone_from(data),
        Inode::Folder { safe, pending, .. } => {
            *safe = names(safe, pending);
            pending.clear();
        }
        Inode::Link(_) => {}
    }
}
