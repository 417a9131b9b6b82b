//! Text forms of bytes: base64url and PEM.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use der::zeroize::Zeroizing;
use std::fmt;

/// Bytes in a line of PEM: 64 characters (RFC 7468 section 2).
const LINE: usize = 48;
/// The longest label that is read; "ENCRYPTED PRIVATE KEY" is the longest in use.
const LABEL_MAX: usize = 40;

/// The base64url form without padding (RFC 7515 section 2).
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url, also with padding: some CAs hand out their EAB keys so.
pub fn base64url_decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

/// Why a text is no PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PemError {
    /// A BEGIN or END line is misspelt.
    Boundary,
    /// The block of this label does not end.
    Open(String),
    /// The block of this label does not hold base64.
    Base64(String),
    /// The block of this label has headers, as encrypted keys of old have (RFC 1421).
    Headers(String),
}

impl fmt::Display for PemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boundary => f.write_str("a BEGIN or END line is misspelt"),
            Self::Open(label) => write!(f, "the block '{label}' has no END line; is it cut off?"),
            Self::Base64(label) => write!(f, "the block '{label}' does not hold base64"),
            Self::Headers(label) => write!(f, "the block '{label}' is encrypted or has headers"),
        }
    }
}

impl std::error::Error for PemError {}

/// One block of a PEM text. Its bytes are wiped when it is dropped: they may be a key.
pub(crate) struct Block<'a> {
    /// What stands behind BEGIN.
    pub label: &'a str,
    /// The bytes within.
    pub der: Zeroizing<Vec<u8>>,
}

/// Splits a text into its blocks. The flag tells whether anything but blank lines stands around them.
pub(crate) fn blocks(text: &str) -> Result<(Vec<Block<'_>>, bool), PemError> {
    let mut found = Vec::new();
    let mut stray = false;
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if !line.starts_with("-----") {
            stray |= !line.is_empty();
            continue;
        }
        let label = boundary(line, "-----BEGIN ").ok_or(PemError::Boundary)?;
        // As large as the text at once: growing would leave copies of a key behind.
        let mut body = Zeroizing::new(String::with_capacity(text.len()));
        loop {
            let line = lines.next().ok_or_else(|| PemError::Open(label.into()))?;
            if line.starts_with("-----") {
                if boundary(line, "-----END ") != Some(label) {
                    return Err(PemError::Boundary);
                }
                break;
            }
            if line.contains(':') {
                return Err(PemError::Headers(label.into()));
            }
            body.push_str(line);
        }
        let mut der = Zeroizing::new(Vec::with_capacity(body.len()));
        STANDARD
            .decode_vec(body.as_bytes(), &mut der)
            .map_err(|_| PemError::Base64(label.into()))?;
        found.push(Block { label, der });
    }
    Ok((found, stray))
}

/// The label of a BEGIN or END line.
fn boundary<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start)?
        .strip_suffix("-----")
        .filter(|label| {
            (1..=LABEL_MAX).contains(&label.len())
                && label
                    .bytes()
                    .all(|c| c.is_ascii_alphanumeric() || c == b' ')
        })
}

/// Writes one block, 64 columns wide, with a newline at its end.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    // Room for all of it at once: growing would leave copies of a key behind.
    let body = der.len().div_ceil(LINE) * (LINE / 3 * 4 + 1);
    let mut text = String::with_capacity(2 * (label.len() + 17) + body);
    for part in ["-----BEGIN ", label, "-----\n"] {
        text.push_str(part);
    }
    for line in der.chunks(LINE) {
        STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    for part in ["-----END ", label, "-----\n"] {
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_has_no_padding_but_reads_it() {
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
        for text in ["-_8", "-_8="] {
            assert_eq!(base64url_decode(text), Some(vec![0xfb, 0xff]));
        }
        for text in ["+/8", "-_9", "-", "a b"] {
            assert_eq!(base64url_decode(text), None, "{text}");
        }
    }

    #[test]
    fn writes_what_it_reads_without_growing() {
        for size in [0, 1, 47, 48, 49, 96, 1000] {
            let bytes: Vec<u8> = (0..size).map(|n| n as u8).collect();
            let text = encode("PRIVATE KEY", &bytes);
            assert!(text.capacity() - text.len() < 96, "{size}");
            let (found, stray) = blocks(&text).expect("own PEM");
            assert_eq!((found.len(), stray), (1, false));
            assert_eq!((found[0].label, &*found[0].der), ("PRIVATE KEY", &bytes));
            assert!(text.lines().all(|l| l.len() <= 64) && text.ends_with("-----\n"));
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_text() {
        let open = |l: &str| PemError::Open(l.into());
        let base64 = |l: &str| PemError::Base64(l.into());
        for (text, want) in [
            ("-----BEGIN A-----\nAAAA\n", open("A")),
            ("-----BEGIN A-----", open("A")),
            ("-----BEGIN A----\n", PemError::Boundary),
            ("-----BEGIN -----\n", PemError::Boundary),
            ("-----END A-----\n", PemError::Boundary),
            (
                "-----BEGIN A-----\nAAAA\n-----END B-----\n",
                PemError::Boundary,
            ),
            ("-----BEGIN A-----\n-----BEGIN A-----\n", PemError::Boundary),
            ("-----BEGIN A-----\nAA*A\n-----END A-----", base64("A")),
            ("-----BEGIN A-----\nAAA\n-----END A-----", base64("A")),
            (
                "-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END A-----",
                PemError::Headers("A".into()),
            ),
        ] {
            assert_eq!(blocks(text).err(), Some(want), "{text}");
        }
    }

    #[test]
    fn notices_text_around_blocks() {
        let block = "-----BEGIN A-----\r\nAAAA\r\n-----END A-----\r\n";
        for (text, count, stray) in [
            (String::new(), 0, false),
            (format!("\r\n\n{block}\n \n{block}"), 2, false),
            (format!("Bag Attributes\n{block}"), 1, true),
            (format!("{block}x"), 1, true),
        ] {
            let (found, around) = blocks(&text).expect(&text);
            assert_eq!((found.len(), around), (count, stray), "{text}");
        }
    }
}
