//! The subject of a certificate request.

use der::Any;
use der::asn1::{Ia5StringRef, ObjectIdentifier, PrintableStringRef, SetOfVec, Utf8StringRef};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};

/// What a field's value may be.
enum Form {
    /// Any text.
    Text,
    /// A country's two letters (ISO 3166).
    Country,
    /// ASCII.
    Ascii,
}

/// A field: its name (RFC 4519), its type, the longest value (RFC 5280 appendix A), its form.
struct Field(&'static str, ObjectIdentifier, usize, Form);

const FIELDS: [Field; 7] = [
    Field("C", oid("2.5.4.6"), 2, Form::Country),
    Field("ST", oid("2.5.4.8"), 128, Form::Text),
    Field("L", oid("2.5.4.7"), 128, Form::Text),
    Field("O", oid("2.5.4.10"), 64, Form::Text),
    Field("OU", oid("2.5.4.11"), 64, Form::Text),
    Field("CN", oid("2.5.4.3"), COMMON_NAME_MAX, Form::Text),
    Field(
        "emailAddress",
        oid("1.2.840.113549.1.9.1"),
        255,
        Form::Ascii,
    ),
];

/// No common name is longer.
const COMMON_NAME_MAX: usize = 64;

const fn oid(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}

/// A distinguished name of the fields that CAs ask for.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    pub(super) name: Name,
    common_name: Option<String>,
}

impl Subject {
    /// Reads the form of OpenSSL's `-subj`: `/C=DE/O=Example/CN=www.example.org`, in the order that
    /// it stands in; a `\` stands before a `/` that belongs to a value. The error says what is
    /// allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fields = split(text)?;
        let mut subject = Self::default();
        let mut parts = Vec::new();
        let mut seen = Vec::new();
        for (name, value) in &fields {
            let field = FIELDS.iter().find(|f| f.0.eq_ignore_ascii_case(name));
            let Some(field) = field else {
                let all: Vec<&str> = FIELDS.iter().map(|f| f.0).collect();
                return Err(format!(
                    "'{name}' is no field of it; there are: {}",
                    all.join(" ")
                ));
            };
            if seen.contains(&field.0) {
                return Err(format!("{} stands there twice", field.0));
            }
            seen.push(field.0);
            parts.push(field.part(value)?);
            if field.0 == "CN" {
                subject.common_name = Some(value.clone());
            }
        }
        subject.name = RdnSequence(parts);
        Ok(subject)
    }

    /// A common name alone; empty where that would be too long.
    pub fn common(name: &str) -> Self {
        let text = format!("/CN={}", name.replace('/', "\\/"));
        Self::parse(&text).unwrap_or_default()
    }

    /// Its common name.
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }
}

impl Field {
    fn part(&self, value: &str) -> Result<RelativeDistinguishedName, String> {
        let Self(name, oid, longest, form) = self;
        let fits = match form {
            Form::Country => value.len() == 2 && value.bytes().all(|c| c.is_ascii_alphabetic()),
            Form::Ascii => value.is_ascii(),
            Form::Text => true,
        };
        let size = value.chars().count();
        if !fits || size == 0 || size > *longest || value.contains(char::is_control) {
            return Err(match form {
                Form::Country => format!("{name} is a country's two letters, such as DE"),
                Form::Ascii => format!("{name} has 1 to {longest} ASCII characters"),
                Form::Text => format!("{name} has 1 to {longest} characters"),
            });
        }
        let upper = value.to_ascii_uppercase();
        let value = match form {
            Form::Country => PrintableStringRef::new(&upper).map(Any::from),
            Form::Ascii => Ia5StringRef::new(value).map(Any::from),
            Form::Text => Utf8StringRef::new(value).map(Any::from),
        };
        let value = value.map_err(|e| format!("{name}: {e}"))?;
        let mut set = SetOfVec::new();
        set.insert(AttributeTypeAndValue { oid: *oid, value })
            .map_err(|e| format!("{name}: {e}"))?;
        Ok(RelativeDistinguishedName(set))
    }
}

/// The fields with their values.
fn split(text: &str) -> Result<Vec<(String, String)>, String> {
    let wanted = || "it is written as /C=DE/O=Example/CN=www.example.org".to_owned();
    let rest = text.trim().strip_prefix('/').ok_or_else(wanted)?;
    let mut parts = vec![String::new()];
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '/' => parts.push(String::new()),
            _ => {
                let c = if c == '\\' {
                    chars.next().unwrap_or(c)
                } else {
                    c
                };
                if let Some(last) = parts.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    let field = |part: &String| {
        let (name, value) = part.split_once('=').ok_or_else(wanted)?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    parts.iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_form_of_openssl() {
        let text = "/C=de/ST=Hessen/L=Bad Homburg/O=Müller \\/ Söhne/OU=IT/CN=www.example.org/emailAddress=a@example.org";
        let subject = Subject::parse(text).expect("a subject");
        assert_eq!(subject.common_name(), Some("www.example.org"));
        assert_eq!(subject.name.0.len(), 7);
        assert_eq!(Subject::common(&"a".repeat(65)).name.0.len(), 0);
        assert_eq!(Subject::common("a/b").common_name(), Some("a/b"));
    }

    #[test]
    fn says_what_is_allowed() {
        let long = format!("/O={}", "a".repeat(65));
        for (text, words) in [
            ("", "it is written as /C=DE"),
            ("CN=x", "it is written as /C=DE"),
            ("/CN", "it is written as /C=DE"),
            ("/CN=a//O=b", "it is written as /C=DE"),
            ("/X=y", "'X' is no field of it; there are: C ST L O OU CN"),
            ("/CN=", "CN has 1 to 64 characters"),
            (&long, "O has 1 to 64 characters"),
            ("/C=DEU", "C is a country's two letters"),
            ("/C=1é", "C is a country's two letters"),
            ("/emailAddress=ü@example.org", "ASCII"),
            ("/CN=a/cn=b", "CN stands there twice"),
            ("/CN=a\u{1b}[31m", "CN has 1 to 64"),
        ] {
            let error = Subject::parse(text).expect_err(text);
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
