//! Texts from outside, made fit to be shown.

/// A foreign text without control characters and marks of writing direction, cut to that many
/// characters: it may reach a terminal, a log or a page.
pub fn shown(text: &str, max: usize) -> String {
    text.chars().filter(|c| is_shown(*c)).take(max).collect()
}

/// False for control characters and marks of writing direction.
pub fn is_shown(c: char) -> bool {
    !c.is_control() && !directs(c)
}

/// A foreign text whose control characters are shown as what they are (`\u{1b}`), cut to that many
/// characters of it.
pub fn visible(text: &str, max: usize) -> String {
    let mut out = String::new();
    for c in text.chars().take(max) {
        match c {
            '\t' => out.push(' '),
            c if c.is_control() || directs(c) => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

/// Marks that turn the writing direction of what follows (Unicode annex 9).
fn directs(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How many foreign words a message shows, and how long each may be.
const WORDS: usize = 10;
const WORD_MAX: usize = 60;

/// The first of many foreign words.
pub fn few<'a>(words: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = words.len().saturating_sub(WORDS);
    let mut all: Vec<String> = words.take(WORDS).map(|w| shown(w, WORD_MAX)).collect();
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all.join(" ")
}
