//! Text → keywords and words, with libuci's idea of lines, blanks, quotes and comments.

/// C's `isspace`; `u8::is_ascii_whitespace` lacks the vertical tab.
fn is_space(c: &u8) -> bool {
    matches!(c, b' ' | b'\t'..=b'\r')
}

/// What ends a keyword: fewer bytes than what ends a word.
fn is_blank(c: &u8) -> bool {
    matches!(c, b' ' | b'\t')
}

pub(super) struct Lexer<'a> {
    text: &'a [u8],
    pos: usize,
    /// End of the lines taken so far: nothing beyond it counts until an open quote
    /// or a continuation asks for the next line.
    end: usize,
    line: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            pos: 0,
            end: 0,
            line: 0,
        }
    }

    /// The number of the last line taken, from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// Drops the rest of this line and goes to the first word of the next; false at the end.
    pub(super) fn next_line(&mut self) -> bool {
        let found = self.take_line();
        self.skip_space();
        found
    }

    /// The keyword of the next statement on this line, if there is one. A byte that is
    /// neither blank nor tab belongs to it, be it a carriage return or the line's end.
    pub(super) fn keyword(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest();
        let word = rest.get(rest.iter().position(|c| !is_blank(c))?..)?;
        if word.starts_with(b"#") {
            return None;
        }
        let len = word.iter().position(is_blank).unwrap_or(word.len());
        self.pos = self.end - word.len() + len;
        word.get(..len)
    }

    /// The next word of this statement, unquoted; empty if there is none.
    pub(super) fn word(&mut self) -> Result<Vec<u8>, &'static str> {
        self.skip_space();
        let mut word = Vec::new();
        if self.peek() == Some(b';') {
            self.pos += 1;
            return Ok(word);
        }
        let mut bare = true;
        while let Some(c) = self.peek() {
            match c {
                b'\'' | b'"' => {
                    bare = false;
                    self.quoted(c, &mut word)?;
                }
                b'\\' => {
                    bare = false;
                    self.escaped(&mut word);
                }
                b'#' => self.pos = self.end,
                b';' => {
                    // libuci overwrites the `;` with the end of the word, and then
                    // sees no more of the line; quotes and escapes leave it room.
                    if bare {
                        self.pos = self.end;
                    }
                    break;
                }
                c => {
                    self.pos += 1;
                    if is_space(&c) {
                        break;
                    }
                    word.push(c);
                }
            }
        }
        Ok(word)
    }

    /// A quoted piece, over as many lines as it takes. Only `"` knows escapes.
    fn quoted(&mut self, quote: u8, word: &mut Vec<u8>) -> Result<(), &'static str> {
        self.pos += 1;
        loop {
            match self.peek() {
                Some(b'\\') if quote == b'"' => self.escaped(word),
                Some(c) => {
                    self.pos += 1;
                    if c == quote {
                        return Ok(());
                    }
                    word.push(c);
                }
                None if self.take_line() => {}
                None if quote == b'"' => {
                    return Err("expected a closing \" before the end of the file");
                }
                None => return Err("expected a closing ' before the end of the file"),
            }
        }
    }

    /// A backslash: the byte after it stands for itself, the end of a line for nothing.
    fn escaped(&mut self, word: &mut Vec<u8>) {
        self.pos += 1;
        match self.rest() {
            [] | [b'\n'] | [b'\r', b'\n'] => {
                self.take_line();
            }
            [c, ..] => {
                word.push(*c);
                self.pos += 1;
            }
        }
    }

    fn take_line(&mut self) -> bool {
        let rest = self.text.get(self.end..).unwrap_or_default();
        self.pos = self.end;
        if rest.is_empty() {
            return false;
        }
        let newline = rest.iter().position(|&c| c == b'\n');
        self.end += newline.map_or(rest.len(), |at| at + 1);
        self.line += 1;
        true
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.pos += rest.iter().position(|c| !is_space(c)).unwrap_or(rest.len());
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.pos..self.end).unwrap_or_default()
    }
}
