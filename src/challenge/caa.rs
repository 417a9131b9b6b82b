//! Which CAs a domain's owner lets issue (RFC 8659), and by which accounts and methods (RFC 8657).

use crate::net::{Data, Record};
use crate::types::{few, shown};

/// A property that a CA must understand or not issue (RFC 8659 section 4.1).
const CRITICAL: u8 = 128;
/// Properties that forbid nothing to who issues for the web.
const HARMLESS: [&str; 4] = ["iodef", "issuemail", "issuevmc", "contactemail"];
/// What records say is shown up to this length.
const SHOWN: usize = 100;

/// Who asks for a certificate.
#[derive(Clone, Copy, Debug)]
pub struct Applicant<'a> {
    /// The CA's names for itself.
    pub issuers: &'a [String],
    /// The account's URL, if there is an account.
    pub account: Option<&'a str>,
    /// The challenge's type.
    pub method: &'a str,
    /// A wildcard is wanted.
    pub wildcard: bool,
}

impl Applicant<'_> {
    /// Why these records forbid it; the first that allows it is enough.
    pub fn refused(&self, records: &[Record]) -> Option<String> {
        let all = records.iter().filter_map(|r| match &r.data {
            Data::Caa { flags, tag, value } => {
                Some((*flags, tag.as_str(), String::from_utf8_lossy(value)))
            }
            _ => None,
        });
        let all: Vec<_> = all.collect();
        let known = |tag: &str| matches!(tag, "issue" | "issuewild") || HARMLESS.contains(&tag);
        if let Some((_, tag, _)) = all.iter().find(|(f, t, _)| f & CRITICAL != 0 && !known(t)) {
            let tag = shown(tag, SHOWN);
            return Some(format!(
                "the property {tag} is critical, and CAs do not know it"
            ));
        }
        let tagged = |wanted: &str| all.iter().filter(|(_, t, _)| *t == wanted).count() > 0;
        let tag = match self.wildcard && tagged("issuewild") {
            true => "issuewild",
            false => "issue",
        };
        let mut why = None;
        let mut others = Vec::new();
        for (_, _, value) in all.iter().filter(|(_, t, _)| *t == tag) {
            let (issuer, parameters) = value.split_once(';').unwrap_or((value, ""));
            let issuer = issuer.trim_matches([' ', '\t']);
            if !self.issuers.iter().any(|i| i.eq_ignore_ascii_case(issuer)) {
                others.push(match issuer {
                    "" => "nobody".to_owned(),
                    other => shown(other, SHOWN),
                });
                continue;
            }
            match self.judge(parameters) {
                Ok(()) => return None,
                Err(text) => why = Some(text),
            }
        }
        match (why, others.is_empty()) {
            (Some(why), _) => Some(format!("{tag} {why}")),
            (None, false) => Some(format!(
                "{tag} names {} alone",
                few(others.iter().map(String::as_str))
            )),
            // No such property: all may.
            (None, true) => None,
        }
    }

    fn judge(&self, parameters: &str) -> Result<(), String> {
        for parameter in parameters.split(';') {
            let (tag, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = value.trim_matches([' ', '\t']);
            match tag.trim_matches([' ', '\t']).to_ascii_lowercase().as_str() {
                "accounturi" if self.account.is_some_and(|own| own != value) => {
                    let theirs = shown(value, SHOWN);
                    return Err(format!("is for the account {theirs}, not for this one"));
                }
                "validationmethods" if !value.split(',').any(|m| m.trim() == self.method) => {
                    let theirs = shown(value, SHOWN);
                    return Err(format!("allows {theirs}, not {}", self.method));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::RecordType;

    fn refused(wildcard: bool, records: &[(u8, &str, &str)]) -> String {
        let record = |(flags, tag, value): &(u8, &str, &str)| Record {
            name: "example.org".into(),
            kind: RecordType::Caa,
            ttl: 60,
            data: Data::Caa {
                flags: *flags,
                tag: (*tag).to_owned(),
                value: value.as_bytes().to_vec(),
            },
        };
        let records: Vec<_> = records.iter().map(record).collect();
        let applicant = Applicant {
            issuers: &["ca.example".to_owned()],
            account: Some("https://ca.example/1"),
            method: "dns-01",
            wildcard,
        };
        applicant.refused(&records).unwrap_or_default()
    }

    #[test]
    fn owners_have_their_way() {
        for (wildcard, records, why) in [
            (false, &[][..], ""),
            (false, &[(0, "issue", "ca.example")], ""),
            (false, &[(0, "issue", " CA.example ; a=b")], ""),
            (false, &[(0, "issue", ";")], "issue names nobody alone"),
            (
                false,
                &[(0, "issue", "a.example"), (0, "issue", "b.example")],
                "issue names a.example b.example alone",
            ),
            (
                false,
                &[(0, "issue", "a.example"), (0, "issue", "ca.example")],
                "",
            ),
            (false, &[(0, "issuewild", ";")], ""),
            (
                true,
                &[(0, "issuewild", ";")],
                "issuewild names nobody alone",
            ),
            (
                true,
                &[(0, "issuewild", "ca.example"), (0, "issue", ";")],
                "",
            ),
            (true, &[(0, "issue", ";")], "issue names nobody alone"),
            (false, &[(0, "iodef", "mailto:a@b.example")], ""),
            (
                false,
                &[(128, "future", "x")],
                "the property future is critical, and CAs do not know it",
            ),
            (false, &[(0, "future", "x")], ""),
            (
                false,
                &[(0, "issue", "ca.example; accounturi=https://ca.example/2")],
                "issue is for the account https://ca.example/2, not for this one",
            ),
            (
                false,
                &[(
                    0,
                    "issue",
                    "ca.example; accounturi=https://ca.example/1; validationmethods=http-01,dns-01",
                )],
                "",
            ),
            (
                false,
                &[(0, "issue", "ca.example;validationmethods=http-01")],
                "issue allows http-01, not dns-01",
            ),
        ] {
            assert_eq!(refused(wildcard, records), why, "{wildcard} {records:?}");
        }
    }
}
