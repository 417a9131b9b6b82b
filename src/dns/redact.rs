//! What a provider or a program says is shown without our secrets, however it writes them.

use crate::types::is_shown;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::ops::Range;

/// Shorter ones would be found in base64 and hexadecimal everywhere.
const ENCODED_MIN: usize = 4;

/// A text without these secrets: as they are; with the escapes of URLs and JSON; in hexadecimal; in
/// base64, alone or among other data, as `user:password` is in HTTP's Basic (RFC 7617).
pub(super) fn redacted<'s>(secrets: impl Iterator<Item = &'s str>, text: &str) -> String {
    // What is not shown in the end is left out now: it could stand within a secret.
    let meant = |text: &str| -> String { text.chars().filter(is_meant).collect() };
    let text = meant(text);
    let text = text.as_str();
    let mut hidden = vec![false; text.len()];
    let (plain, starts) = unescaped(text);
    let lower = text.to_ascii_lowercase();
    let base64: Vec<u8> = text.bytes().map(standard).collect();
    for secret in secrets.filter(|s| !s.is_empty()) {
        let bare = meant(secret);
        if !bare.is_empty() {
            for at in places(text.as_bytes(), bare.as_bytes()) {
                hidden[at].fill(true);
            }
        }
        // In forms (application/x-www-form-urlencoded) a blank is a plus.
        for form in [secret.to_owned(), secret.replace(' ', "+")] {
            for at in places(&plain, form.as_bytes()) {
                hidden[starts[at.start]..starts[at.end]].fill(true);
            }
        }
        if secret.len() < ENCODED_MIN {
            continue;
        }
        let hex = secret.bytes().map(|b| format!("{b:02x}"));
        for at in places(lower.as_bytes(), hex.collect::<String>().as_bytes()) {
            hidden[at].fill(true);
        }
        for needle in (0..3).map(|before| in_base64(secret, before)) {
            for at in places(&base64, &needle) {
                // All of the word, its first and last letters may hold a part of the secret, too.
                let end = base64[at.end..].iter().position(|b| !of_base64(*b));
                let begin = base64[..at.start].iter().rposition(|b| !of_base64(*b));
                let end = end.map_or(base64.len(), |more| at.end + more);
                hidden[begin.map_or(0, |b| b + 1)..end].fill(true);
            }
        }
    }
    let mut shown = Vec::with_capacity(text.len());
    for (n, byte) in text.bytes().enumerate() {
        match hidden[n] {
            false => shown.push(byte),
            true if n > 0 && hidden[n - 1] => {}
            true => shown.extend(b"***"),
        }
    }
    String::from_utf8_lossy(&shown).into_owned()
}

fn is_meant(c: &char) -> bool {
    *c == '\n' || is_shown(*c)
}

/// Where a text has these bytes.
fn places<'t>(text: &'t [u8], bytes: &'t [u8]) -> impl Iterator<Item = Range<usize>> + 't {
    let windows = text.windows(bytes.len()).enumerate();
    let found = windows.filter(move |(_, window)| *window == bytes);
    found.map(|(at, _)| at..at + bytes.len())
}

/// What `%41`, `\u0041` and `\A` stand for, and where each byte of it begins in the text; at last the
/// text's end.
fn unescaped(text: &str) -> (Vec<u8>, Vec<usize>) {
    let (mut plain, mut starts) = (Vec::new(), Vec::new());
    let mut rest = text.as_bytes();
    let mut utf8 = [0; 4];
    while !rest.is_empty() {
        let (bytes, length): (&[u8], usize) = match (unicode(rest), first(rest)) {
            (Some((letter, length)), _) => (letter.encode_utf8(&mut utf8).as_bytes(), length),
            (None, (byte, length)) => {
                utf8[0] = byte;
                (&utf8[..1], length)
            }
        };
        plain.extend(bytes);
        starts.extend(bytes.iter().map(|_| text.len() - rest.len()));
        rest = &rest[length..];
    }
    starts.push(text.len());
    (plain, starts)
}

/// The letter that `\u00e4`, or two such (RFC 8259 section 7), stands for, and how many bytes say so.
fn unicode(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let digits = std::str::from_utf8(digits).ok()?;
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
    };
    let first = unit(0)?;
    match char::from_u32(first.into()) {
        Some(letter) => Some((letter, 6)),
        None => {
            let letter = char::decode_utf16([first, unit(6)?]).next()?.ok()?;
            Some((letter, 12))
        }
    }
}

/// The first byte that is meant, and how many say so. The text is not empty.
fn first(text: &[u8]) -> (u8, usize) {
    let digit = |d: u8| char::from(d).to_digit(16);
    let byte = |a: u8, b: u8| u8::try_from(digit(a)? << 4 | digit(b)?).ok();
    match text {
        [b'%', a, b, ..] => byte(*a, *b).map_or((b'%', 1), |byte| (byte, 3)),
        [b'\\', c, ..] => (*c, 2),
        [c, ..] => (*c, 1),
        [] => (0, 0),
    }
}

/// What is the same in base64 wherever a secret stands behind so many bytes (of each three).
fn in_base64(secret: &str, before: usize) -> Vec<u8> {
    let bytes = [&b"\0\0"[..before], secret.as_bytes()].concat();
    let text = STANDARD_NO_PAD.encode(&bytes);
    // Six bits a letter: the first and the last one may be shared with others.
    let own = (before * 8).div_ceil(6)..bytes.len() * 8 / 6;
    text[own].as_bytes().to_vec()
}

/// A letter of base64url as one of base64 (RFC 4648 section 5).
fn standard(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

fn of_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    fn shown(secret: &str, text: &str) -> String {
        redacted([secret].into_iter(), text)
    }

    #[test]
    fn a_secret_is_found_in_all_its_forms() {
        let secret = "p@ss/w\u{f6}rd \"<1>\\";
        for form in [
            secret,
            "p%40ss%2Fw%C3%B6rd%20%22%3C1%3E%5C",
            "p%40ss%2fw%c3%b6rd%20%22%3c1%3e%5c",
            "p@ss\\/w\u{f6}rd \\\"\\u003C1\\u003e\\\\",
            "p@ss\\/w\\u00f6rd \\\"\\u003C1\\u003e\\\\",
            "p%40ss%2Fw%C3%B6rd+%22%3C1%3E%5C",
            "704073732f77c3b6726420223c313e5c",
            "704073732F77C3B6726420223C313E5C",
            "p@ss\u{0}/w\u{f6}rd\u{202e} \"<1>\\",
        ] {
            assert_eq!(
                shown(secret, &format!("a {form}\n{form} b")),
                "a ***\n*** b"
            );
        }
    }

    #[test]
    fn a_secret_is_found_in_base64_wherever_it_stands() {
        let secret = "hunter2-\u{fc}\u{ff}>";
        for user in ["", "m", "me", "me:", "admin:", "somebody@demo.example:"] {
            for more in ["", ":", "::", " and more"] {
                let all = format!("{user}{secret}{more}");
                for form in [STANDARD.encode(&all), URL_SAFE_NO_PAD.encode(&all)] {
                    let text = format!("Authorization: Basic {form} was refused");
                    assert_eq!(
                        shown(secret, &text),
                        "Authorization: Basic *** was refused",
                        "{all}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        let text = "100% of \\ and %zz, 68756e746572 and aHVudGVy; \\u00 é %";
        assert_eq!(shown("hunter2", text), text);
        // Too short to be told apart in other forms; one that is part of another; none at all.
        assert_eq!(shown("abc", "YWJj abc"), "YWJj ***");
        let two = ["hunter", "hunter2"].into_iter();
        assert_eq!(redacted(two, "hunter2 hunter"), "*** ***");
        assert_eq!(redacted([""].into_iter(), "a"), "a");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(secret in "[^*]{1,9}", before in ".{0,40}", after in "[%\\\\u0-9A-Fa-z]{0,40}") {
            let text = shown(&secret, &format!("{before}{secret}{after}"));
            let hidden = text.contains("***") || !secret.chars().any(|c| is_meant(&c));
            proptest::prop_assert!(hidden && !text.contains(&secret), "{text}");
        }
    }
}
