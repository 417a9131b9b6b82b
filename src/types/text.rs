//! Texts from outside, made fit to be shown.

/// A foreign text without control characters, cut to that many characters: it may reach a
/// terminal, a log or a page.
pub fn shown(text: &str, max: usize) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(max).collect()
}

/// A foreign text whose control characters are shown as what they are (`\u{1b}`), cut to that many
/// characters of it.
pub fn visible(text: &str, max: usize) -> String {
    let mut out = String::new();
    for c in text.chars().take(max) {
        match c {
            '\t' => out.push(' '),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}
