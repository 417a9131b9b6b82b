//! What several fuzz targets share.

use std::path::PathBuf;
use std::{env, fs, process};

/// Fails on a text that would reach a terminal, a log or a page with control characters in it.
#[track_caller]
pub fn assert_shown(text: &str) {
    assert!(!text.contains(char::is_control), "{text:?}");
}

/// A new folder of this process. `run` gives a TMPDIR in memory and removes it in the end.
pub fn folder(target: &str) -> PathBuf {
    let folder = env::temp_dir().join(format!("certkeeper-fuzz-{target}-{}", process::id()));
    fs::create_dir_all(&folder).expect("a writable TMPDIR");
    folder
}

/// The input before and after the first line that is `line`; without it, all and nothing.
pub fn split_at_line<'a>(input: &'a [u8], line: &[u8]) -> (&'a [u8], &'a [u8]) {
    let mut end = 0;
    for found in input.split_inclusive(|c| *c == b'\n') {
        let next = end + found.len();
        if found.trim_ascii_end() == line {
            return (&input[..end], &input[next..]);
        }
        end = next;
    }
    (input, b"")
}
