//! Words for people: colours on a terminal, spans of time, tables.

use crate::status::CertificateStatus;
use crate::types::{State, Timestamp};

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub terminal: bool,
    colour: bool,
}

impl Style {
    pub fn new(terminal: bool, plain: bool) -> Self {
        Self {
            terminal,
            colour: terminal && !plain,
        }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    pub fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    pub fn warn(self, text: &str) -> String {
        self.paint("33", text)
    }

    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// A state's words in its colour; the words alone say it all.
    pub fn state(self, state: State, text: &str) -> String {
        match state {
            State::Valid => self.good(text),
            State::Disabled | State::NotChecked => text.to_owned(),
            State::Initializing | State::Initialized | State::Deferred => self.warn(text),
            _ => self.bad(text),
        }
    }
}

/// A span in the largest unit that says enough: `89 days`, `31 hours`, `5 minutes`.
pub(super) fn span(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (n, unit) = match seconds {
        172_800.. => (seconds / 86_400, "day"),
        7_200.. => (seconds / 3_600, "hour"),
        120.. => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

/// `in 5 minutes`, `now`.
pub(super) fn until(time: Timestamp, now: Timestamp) -> String {
    match time.since(now) {
        ..=0 => "now".into(),
        seconds => format!("in {}", span(seconds)),
    }
}

/// When a validity ends: `in 89 days`, `2 hours ago`.
pub(super) fn end(time: Timestamp, now: Timestamp) -> String {
    match now.since(time) {
        passed @ 1.. => format!("{} ago", span(passed)),
        _ => until(time, now),
    }
}

/// When services, copies and hooks were told of a certificate.
pub(super) fn told(deployed: Option<i64>) -> String {
    deployed.map_or("not yet".into(), |at| Timestamp(at).to_string())
}

/// When a certificate is to be renewed, and what its CA says about that.
pub(super) fn renewal(c: &CertificateStatus, now: Timestamp) -> Vec<(&'static str, String)> {
    let Some(due) = c.due else {
        let what = "not before the configuration is mended";
        return vec![("renewal", what.to_owned())];
    };
    let window = c.ari.as_ref().and_then(|a| a.window);
    let suggested = window.is_some_and(|w| (w.start..w.end).contains(&due));
    let due = Timestamp(due);
    let by = if suggested {
        ", as the CA suggests"
    } else {
        ""
    };
    let mut rows = vec![("renewal", format!("{due} ({}){by}", until(due, now)))];
    if let Some(w) = window {
        let text = format!("{} to {}", Timestamp(w.start), Timestamp(w.end));
        rows.push(("CA's window", text));
    }
    let Some(ari) = &c.ari else { return rows };
    if let Some(url) = &ari.explanation_url {
        rows.push(("CA explains", url.clone()));
    }
    if let Some(problem) = &ari.problem {
        let again = until(Timestamp(ari.ask_at), now);
        rows.push(("CA was asked", format!("in vain: {problem}; again {again}")));
    }
    rows
}

/// Rows in columns; widths are counted before colours are put on.
pub(super) fn columns(
    rows: &[Vec<String>],
    paint: impl Fn(usize, usize, &str) -> String,
) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| {
        let cells = rows.iter().filter_map(|r| r.get(c));
        cells.map(|t| t.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for (r, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (c, cell) in row.iter().enumerate() {
            line += &paint(r, c, cell);
            if c + 1 < row.len() {
                line += &" ".repeat(widths[c] - cell.chars().count() + 2);
            }
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// A text of at most that many characters.
pub(super) fn short(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let cut: String = text.chars().take(max.saturating_sub(1)).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_use_the_unit_that_says_enough() {
        for (seconds, want) in [
            (-5, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7_199, "119 minutes"),
            (172_799, "47 hours"),
            (7_776_000, "90 days"),
        ] {
            assert_eq!(span(seconds), want);
        }
    }

    #[test]
    fn columns_line_up() {
        let rows = [
            vec!["a".into(), "b".into()],
            vec!["long".into(), "c".into()],
        ];
        assert_eq!(columns(&rows, |_, _, t| t.to_owned()), "a     b\nlong  c\n");
    }
}
