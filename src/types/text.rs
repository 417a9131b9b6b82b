//! Texts from outside, made fit to be shown.

/// A foreign text without control characters, cut to that many characters: it may reach a
/// terminal, a log or a page.
pub fn shown(text: &str, max: usize) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(max).collect()
}
