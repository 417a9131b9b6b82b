//! Reads what strace wrote: every system call with its arguments.

use crate::ops::{Arg, Op, op};
use std::collections::HashMap;
use std::path::PathBuf;

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    Well,
    /// With this error: `ENOENT`.
    Failed(String),
    /// The process was killed before it returned.
    Never,
}

/// One line of the trace.
#[derive(Clone, Debug)]
pub struct Call {
    /// The thread.
    pub thread: u32,
    pub name: String,
    pub ended: Ended,
    /// strace played the result.
    pub injected: bool,
    /// None: it changes no file.
    pub op: Option<Op>,
    /// It reaches somebody else.
    pub speaks: bool,
}

/// The calls of a trace in the order in which they began. Lines without a thread's number are of
/// the one thread that was traced.
///
/// # Panics
/// At a line that it does not understand.
pub fn parse(text: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut begun: HashMap<u32, String> = HashMap::new();
    for line in text.lines() {
        let (thread, line) = match line.split_once(' ') {
            Some((id, rest)) if id.bytes().all(|c| c.is_ascii_digit()) => {
                (id.parse().expect("a number"), rest.trim_start())
            }
            _ => (0, line),
        };
        if line.starts_with("+++") || line.starts_with("---") {
            continue;
        }
        if let Some(begin) = line.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, begin.to_owned());
            continue;
        }
        let whole = match line.strip_prefix("<... ") {
            Some(rest) => {
                let end = rest.split_once(" resumed>").expect("the rest of a call").1;
                begun.remove(&thread).expect("the begin of a call") + end
            }
            None => line.to_owned(),
        };
        calls.push(call(thread, &whole).unwrap_or_else(|| panic!("strange line: {whole}")));
    }
    // Killed inside, by a signal of another thread.
    for (thread, begin) in begun {
        calls.extend(call(thread, &format!("{begin}) = ?")));
    }
    calls
}

fn call(thread: u32, line: &str) -> Option<Call> {
    let (name, rest) = line.split_once('(')?;
    let (args, rest) = arguments(rest)?;
    let result = rest.trim_start().strip_prefix('=')?.trim_start();
    let injected = result.ends_with("(INJECTED)");
    let ended = match result.split_whitespace().next()? {
        "?" => Ended::Never,
        "-1" => Ended::Failed(result.split_whitespace().nth(1)?.to_owned()),
        _ => Ended::Well,
    };
    let socket = args.first().and_then(|arg| arg.fd_path.as_ref());
    let to_socket = socket.is_some_and(|path| path.to_string_lossy().starts_with("socket:"));
    let writes = ["write", "writev", "sendto", "sendmsg"].contains(&name);
    let speaks = writes && to_socket || ["vfork", "fork", "clone", "clone3"].contains(&name);
    let op = if speaks { None } else { op(name, &args) };
    Some(Call {
        thread,
        name: name.to_owned(),
        ended,
        injected,
        op,
        speaks,
    })
}

/// Splits `a, "b", 5</c>) = 0` into the arguments and what follows them.
fn arguments(line: &str) -> Option<(Vec<Arg>, &str)> {
    let mut args = vec![Arg::default()];
    let mut depth = 0;
    let mut at = 0;
    loop {
        let rest = &line[at..];
        let next = rest.chars().next()?;
        let arg = args.last_mut()?;
        match next {
            '"' => {
                let (text, used) = quoted(rest)?;
                arg.text = Some(text);
                at += used;
                continue;
            }
            // A descriptor's path; the shifts and comparisons of flags are not decoded so.
            '<' => {
                let end = rest.find('>')?;
                arg.fd_path = Some(PathBuf::from(&rest[1..end]));
                at += end + 1;
                continue;
            }
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => return Some((args, &rest[1..])),
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                args.push(Arg::default());
                at += 1;
                continue;
            }
            _ => {}
        }
        args.last_mut()?.words.push(next);
        at += next.len_utf8();
    }
}

/// A C string at the begin of `text`: its bytes, and how long it is written.
fn quoted(text: &str) -> Option<(Vec<u8>, usize)> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 1;
    loop {
        let c = *bytes.get(at)?;
        at += 1;
        match c {
            b'"' => {
                // `"…"...` was cut, and a cut string would be a lie.
                assert!(!text[at..].starts_with("..."), "strace cut a string short");
                return Some((out, at));
            }
            b'\\' => {
                let escape = *bytes.get(at)?;
                at += 1;
                out.push(match escape {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'v' => 11,
                    b'f' => 12,
                    b'0'..=b'7' => {
                        let mut value = u32::from(escape - b'0');
                        let digits = bytes[at..].iter().take(2);
                        let digits = digits.take_while(|d| (b'0'..=b'7').contains(d)).count();
                        for d in &bytes[at..at + digits] {
                            value = value * 8 + u32::from(d - b'0');
                        }
                        at += digits;
                        u8::try_from(value).ok()?
                    }
                    other => other,
                });
            }
            c => out.push(c),
        }
    }
}

#[test]
fn reads_what_strace_writes() {
    let text = "\
7 openat(AT_FDCWD</t>, \"/t/r/.k.new\", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600) = 3</t/r/.k.new>
7 write(3</t/r/.k.new>, \"a\\\"b, (c)\\n\\303\\2511\", 12) = 12
8 openat(AT_FDCWD</t>, \"/etc/hosts\", O_RDONLY|O_CLOEXEC <unfinished ...>
7 unlinkat(4</t/r/d>, \"x\", 0) = -1 ENOSPC (No space left on device) (INJECTED)
8 <... openat resumed>) = 5</etc/hosts>
7 rename(\"/t/r/.k.new\", \"/t/r/k\" <unfinished ...>
";
    let calls = parse(text);
    let [create, write, unlink, read, rename] = calls.as_slice() else {
        panic!("{calls:?}")
    };
    let path = PathBuf::from("/t/r/.k.new");
    let made = Op::Create {
        path: path.clone(),
        mode: 0o600,
        new: true,
        emptied: false,
    };
    assert_eq!(create.op, Some(made));
    let data = "a\"b, (c)\né1".as_bytes().to_vec();
    assert_eq!(
        write.op,
        Some(Op::Write {
            path: path.clone(),
            data
        })
    );
    assert_eq!(
        unlink.op,
        Some(Op::Unlink {
            path: "/t/r/d/x".into()
        })
    );
    assert_eq!(
        (unlink.injected, &unlink.ended),
        (true, &Ended::Failed("ENOSPC".into()))
    );
    assert_eq!((read.thread, &read.op), (8, &None));
    assert_eq!(
        rename.op,
        Some(Op::Rename {
            from: path,
            to: "/t/r/k".into()
        })
    );
    assert_eq!(rename.ended, Ended::Never);
}
