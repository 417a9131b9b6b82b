//! Distinguished names in the text form of RFC 4514.

use crate::keys::asn1::Fields;
use der::Tag;
use der::asn1::ObjectIdentifier;
use std::fmt::Write as _;

const COMMON_NAME: &str = "CN";
const ORGANIZATION: &str = "O";

/// Attribute types with their short names: RFC 4514 section 3, RFC 4519, and what EV certificates add.
const SHORT_NAMES: [(ObjectIdentifier, &str); 20] = [
    (oid("2.5.4.3"), COMMON_NAME),
    (oid("2.5.4.4"), "SN"),
    (oid("2.5.4.5"), "serialNumber"),
    (oid("2.5.4.6"), "C"),
    (oid("2.5.4.7"), "L"),
    (oid("2.5.4.8"), "ST"),
    (oid("2.5.4.9"), "street"),
    (oid("2.5.4.10"), ORGANIZATION),
    (oid("2.5.4.11"), "OU"),
    (oid("2.5.4.12"), "title"),
    (oid("2.5.4.15"), "businessCategory"),
    (oid("2.5.4.17"), "postalCode"),
    (oid("2.5.4.42"), "GN"),
    (oid("2.5.4.97"), "organizationIdentifier"),
    (oid("0.9.2342.19200300.100.1.1"), "UID"),
    (oid("0.9.2342.19200300.100.1.25"), "DC"),
    (oid("1.2.840.113549.1.9.1"), "emailAddress"),
    (oid("1.3.6.1.4.1.311.60.2.1.1"), "jurisdictionL"),
    (oid("1.3.6.1.4.1.311.60.2.1.2"), "jurisdictionST"),
    (oid("1.3.6.1.4.1.311.60.2.1.3"), "jurisdictionC"),
];

const fn oid(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}

/// A name as it is shown.
#[derive(Default)]
pub(super) struct Name {
    /// The whole of it (RFC 4514).
    pub text: String,
    /// The most specific common name, fit for terminals and logs too.
    pub common_name: Option<String>,
    /// The most specific organization, likewise.
    pub organization: Option<String>,
}

impl Name {
    /// Reads the fields of an RDNSequence (RFC 5280 section 4.1.2.4).
    pub fn read(mut rdns: Fields<'_>) -> Option<Self> {
        let mut name = Self::default();
        let mut parts = Vec::new();
        while !rdns.is_finished() {
            let mut set = rdns.open(Tag::Set)?;
            let mut end = ',';
            while !set.is_finished() {
                let mut part = String::new();
                name.read_attribute(set.open(Tag::Sequence)?, &mut part)?;
                part.push(end);
                parts.push(part);
                end = '+';
            }
        }
        // RFC 4514 section 2.1: the last comes first.
        parts.reverse();
        name.text = parts.concat();
        name.text.pop();
        Some(name)
    }

    /// Reads one AttributeTypeAndValue and appends `type=value`.
    fn read_attribute(&mut self, mut attribute: Fields<'_>, out: &mut String) -> Option<()> {
        let kind = attribute.oid()?;
        let raw = attribute.raw()?;
        let short = SHORT_NAMES.iter().find(|(known, _)| *known == kind);
        match (short, decode(raw)) {
            (Some((_, short)), Some(value)) => {
                out.push_str(short);
                out.push('=');
                escape(&value, out);
                let shown = || Some(value.replace(char::is_control, "\u{fffd}"));
                match *short {
                    COMMON_NAME => self.common_name = shown(),
                    ORGANIZATION => self.organization = shown(),
                    _ => {}
                }
            }
            // RFC 4514 section 2.4: what has no short name or no text is shown as bytes.
            (short, _) => {
                match short {
                    Some((_, short)) => out.push_str(short),
                    None => write!(out, "{kind}").ok()?,
                }
                out.push_str("=#");
                for byte in raw {
                    write!(out, "{byte:02X}").ok()?;
                }
            }
        }
        attribute.is_finished().then_some(())
    }
}

/// The text of a DirectoryString or one of its relatives.
fn decode(raw: &[u8]) -> Option<String> {
    let field = Fields::new(raw)?.any()?;
    let bytes = field.value();
    Some(match der::Tagged::tag(&field) {
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::Ia5String
        | Tag::NumericString
        | Tag::VisibleString => String::from_utf8_lossy(bytes).into_owned(),
        // Taken for Latin-1, as everybody does.
        Tag::TeletexString => bytes.iter().map(|b| char::from(*b)).collect(),
        Tag::BmpString => char::decode_utf16(
            bytes
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]])),
        )
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect(),
        _ => return None,
    })
}

/// Appends a value with what RFC 4514 section 2.4 escapes, and control characters besides:
/// the text is meant for terminals and logs.
fn escape(value: &str, out: &mut String) {
    let last = value.chars().count().saturating_sub(1);
    for (i, c) in value.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', c]),
            '#' if i == 0 => out.push_str("\\#"),
            ' ' if i == 0 || i == last => out.push_str("\\ "),
            c if c.is_control() => {
                let mut utf8 = [0; 4];
                for byte in c.encode_utf8(&mut utf8).bytes() {
                    out.push_str(&format!("\\{byte:02X}"));
                }
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_as_rfc_4514_says() {
        for (value, want) in [
            ("", ""),
            (" ", "\\ "),
            (" a b ", "\\ a b\\ "),
            ("#1 #2", "\\#1 #2"),
            (
                "Let's, \"Go\" <a+b>; \\",
                "Let's\\, \\\"Go\\\" \\<a\\+b\\>\\; \\\\",
            ),
            ("Müller\n\u{1b}[31m", "Müller\\0A\\1B[31m"),
            ("a\u{9b}\0", "a\\C2\\9B\\00"),
        ] {
            let mut out = String::new();
            escape(value, &mut out);
            assert_eq!(out, want, "{value:?}");
        }
    }

    #[test]
    fn reads_strings_of_every_kind() {
        for (raw, want) in [
            (&[0x0cu8, 2, 0xc3, 0xbc] as &[u8], Some("ü")),
            (&[0x0c, 1, 0xff], Some("\u{fffd}")),
            (&[0x13, 1, b'a'], Some("a")),
            (&[0x14, 1, 0xfc], Some("ü")),
            (&[0x1e, 4, 0, 0xfc, 0x20, 0xac], Some("ü€")),
            (&[0x1e, 3, 0xd8, 0, 0], Some("\u{fffd}")),
            (&[0x02, 1, 5], None),
            (&[0x1c, 4, 0, 0, 0, 0x61], None),
        ] {
            assert_eq!(decode(raw).as_deref(), want, "{raw:?}");
        }
    }
}
