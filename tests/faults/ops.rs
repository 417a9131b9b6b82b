//! What a system call does to files.

use std::path::{Component, Path, PathBuf};

/// The system calls by which files change; `?` before those that not every processor has.
pub const CHANGING: &[&str] = &[
    "?open",
    "openat",
    "?openat2",
    "?creat",
    "write",
    "writev",
    "pwrite64",
    "?pwritev",
    "?pwritev2",
    "?rename",
    "?renameat",
    "?renameat2",
    "?symlink",
    "symlinkat",
    "?link",
    "linkat",
    "?unlink",
    "unlinkat",
    "?mkdir",
    "mkdirat",
    "?rmdir",
    "?mknod",
    "mknodat",
    "?chmod",
    "fchmod",
    "fchmodat",
    "?chown",
    "fchown",
    "fchownat",
    "?lchown",
    "truncate",
    "ftruncate",
    "fallocate",
    "?copy_file_range",
    "?sendfile",
    "?splice",
    "fsync",
    "fdatasync",
    "?sync",
    "?syncfs",
    "?sync_file_range",
    "?utimensat",
    "?setxattr",
];

/// The system calls by which others hear of a run: over a connection, or as its child.
pub const SPEAKING: &[&str] = &["sendto", "sendmsg", "?vfork", "?fork", "clone", "clone3"];

/// What one system call does to files; paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// A file is opened for writing and made if it is missing.
    Create {
        path: PathBuf,
        mode: u32,
        new: bool,
        emptied: bool,
    },
    /// A file that must exist is opened for writing.
    Open {
        path: PathBuf,
        emptied: bool,
    },
    Write {
        path: PathBuf,
        data: Vec<u8>,
    },
    /// fsync of a file or folder.
    Sync {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Symlink {
        target: PathBuf,
        path: PathBuf,
    },
    Unlink {
        path: PathBuf,
    },
    Mkdir {
        path: PathBuf,
        mode: u32,
    },
    Rmdir {
        path: PathBuf,
    },
    Chmod {
        path: PathBuf,
        mode: u32,
    },
    Chown {
        path: PathBuf,
    },
    /// One that certkeeper is not known to use, and that nothing here understands.
    Unknown {
        path: PathBuf,
    },
}

impl Op {
    /// The path that the call is about: the new one of two.
    pub fn path(&self) -> &Path {
        match self {
            Self::Create { path, .. }
            | Self::Open { path, .. }
            | Self::Write { path, .. }
            | Self::Sync { path }
            | Self::Symlink { path, .. }
            | Self::Unlink { path }
            | Self::Mkdir { path, .. }
            | Self::Rmdir { path }
            | Self::Chmod { path, .. }
            | Self::Chown { path }
            | Self::Unknown { path } => path,
            Self::Rename { to, .. } => to,
        }
    }
}

/// An argument: what is quoted, what stands in `<…>` behind a descriptor, or the words.
#[derive(Clone, Debug, Default)]
pub struct Arg {
    pub text: Option<Vec<u8>>,
    pub fd_path: Option<PathBuf>,
    pub words: String,
}

/// What a call does to files, if it changes any.
pub fn op(name: &str, args: &[Arg]) -> Option<Op> {
    let arg = |n: usize| args.get(n).cloned().unwrap_or_default();
    let bytes_path = |n: usize| {
        let text = arg(n).text.unwrap_or_default();
        clean(Path::new(&String::from_utf8_lossy(&text).into_owned()))
    };
    // A path, or a path below a descriptor's folder, as the calls `…at` take them.
    let below = |n: usize| clean(&arg(n).fd_path.unwrap_or_default().join(bytes_path(n + 1)));
    let fd = |n: usize| arg(n).fd_path.unwrap_or_default();
    let octal = |n: usize| u32::from_str_radix(arg(n).words.trim(), 8).unwrap_or(0);
    let opened = |path: PathBuf, flags: &str, mode: u32| {
        let has = |flag: &str| flags.split('|').any(|f| f.trim() == flag);
        let emptied = has("O_TRUNC");
        if has("O_CREAT") {
            Some(Op::Create {
                path,
                mode,
                new: has("O_EXCL"),
                emptied,
            })
        } else if has("O_WRONLY") || has("O_RDWR") {
            Some(Op::Open { path, emptied })
        } else {
            None
        }
    };
    Some(match name {
        "open" => return opened(bytes_path(0), &arg(1).words, octal(2)),
        "openat" => return opened(below(0), &arg(2).words, octal(3)),
        "write" => Op::Write {
            path: fd(0),
            data: arg(1).text.unwrap_or_default(),
        },
        "fsync" | "fdatasync" => Op::Sync { path: fd(0) },
        "rename" => Op::Rename {
            from: bytes_path(0),
            to: bytes_path(1),
        },
        "renameat" | "renameat2" => Op::Rename {
            from: below(0),
            to: below(2),
        },
        "symlink" => Op::Symlink {
            target: raw(&arg(0)),
            path: bytes_path(1),
        },
        "symlinkat" => Op::Symlink {
            target: raw(&arg(0)),
            path: below(1),
        },
        "unlink" => Op::Unlink {
            path: bytes_path(0),
        },
        "unlinkat" if arg(2).words.contains("AT_REMOVEDIR") => Op::Rmdir { path: below(0) },
        "unlinkat" => Op::Unlink { path: below(0) },
        "rmdir" => Op::Rmdir {
            path: bytes_path(0),
        },
        "mkdir" => Op::Mkdir {
            path: bytes_path(0),
            mode: octal(1),
        },
        "mkdirat" => Op::Mkdir {
            path: below(0),
            mode: octal(2),
        },
        "chmod" => Op::Chmod {
            path: bytes_path(0),
            mode: octal(1),
        },
        "fchmodat" => Op::Chmod {
            path: below(0),
            mode: octal(2),
        },
        "fchmod" => Op::Chmod {
            path: fd(0),
            mode: octal(1),
        },
        "fchown" => Op::Chown { path: fd(0) },
        "sendto" | "sendmsg" => return None,
        _ => {
            let path = args.iter().find_map(|a| a.fd_path.clone());
            Op::Unknown {
                path: path.unwrap_or_else(|| bytes_path(0)),
            }
        }
    })
}

fn raw(arg: &Arg) -> PathBuf {
    let text = arg.text.clone().unwrap_or_default();
    PathBuf::from(String::from_utf8_lossy(&text).into_owned())
}

/// Without `.` and `//`.
fn clean(path: &Path) -> PathBuf {
    path.components()
        .filter(|c| *c != Component::CurDir)
        .collect()
}
