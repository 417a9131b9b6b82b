//! dns-persist-01 (draft-ietf-acme-dns-persist): a TXT record that the owner publishes once lets a CA
//! issue for an account, again and again. It is shown and looked for, never written.

use crate::net::{Answer, Data};
use crate::types::{Domain, Timestamp, few, shown};

/// The label below which the record stands.
const LABEL: &str = "_validation-persist";
/// A string of a TXT record is not longer (RFC 1035 section 3.3).
const STRING_MAX: usize = 255;
/// No CA has more names (draft section 3.1), and none is longer than a domain.
const ISSUERS_MAX: usize = 10;
const ISSUER_MAX: usize = 253;
/// An account's URL in a record is shown up to this length.
const SHOWN: usize = 200;

/// What the CA wants to find at one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    name: String,
    issuers: Vec<String>,
    account: String,
    wildcard: bool,
}

impl Permission {
    /// The record for a name. `issuers`: the CA's names for itself. `wildcard`: also for `*.NAME`.
    /// `None` where the CA names nobody, or what cannot stand in such a record.
    pub fn new(name: &Domain, issuers: &[String], account: &str, wildcard: bool) -> Option<Self> {
        let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'.';
        let is_issuer = |issuer: &&String| {
            (1..=ISSUER_MAX).contains(&issuer.len()) && issuer.bytes().all(plain)
        };
        let issuers = issuers.iter().take(ISSUERS_MAX).filter(is_issuer);
        let issuers: Vec<String> = issuers.cloned().collect();
        let fits = |c: u8| c.is_ascii_graphic() && !matches!(c, b';' | b'"' | b'\\');
        let whole = !issuers.is_empty() && !account.is_empty() && account.bytes().all(fits);
        whole.then(|| Self {
            name: format!("{LABEL}.{}", name.base()),
            issuers,
            account: account.to_owned(),
            wildcard,
        })
    }

    /// The line for a zone file; where a form asks for them, name and value are its first and last
    /// part.
    pub fn line(&self) -> String {
        let policy = if self.wildcard {
            "; policy=wildcard"
        } else {
            ""
        };
        let issuer = self.issuers.first().map_or("", String::as_str);
        let value = format!("{issuer}; accounturi={}{policy}", self.account);
        // All of it is ASCII.
        let strings = value.as_bytes().chunks(STRING_MAX);
        let strings = strings.map(|s| format!("\"{}\"", String::from_utf8_lossy(s)));
        let strings: Vec<String> = strings.collect();
        format!("{}. IN TXT {}", self.name, strings.join(" "))
    }

    /// Where the record stands.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Looks for the record in an answer; says what is wrong with what stands there.
    pub fn is_in(&self, answer: &Answer, now: Timestamp) -> Result<(), String> {
        let texts = answer.answers.iter().filter_map(|r| match &r.data {
            Data::Text(text) => Some(text.as_slice()),
            _ => None,
        });
        self.find(texts, now)
    }

    /// Looks for the record among others.
    fn find<'a>(
        &self,
        texts: impl Iterator<Item = &'a [u8]>,
        now: Timestamp,
    ) -> Result<(), String> {
        let mut wrong = None;
        for text in texts {
            let text = String::from_utf8_lossy(text);
            let (issuer, parameters) = text.split_once(';').unwrap_or((&text, ""));
            // Records of other CAs may stand beside it.
            if !self.issuers.iter().any(|i| i == trimmed(issuer)) {
                continue;
            }
            match self.judge(&text, parameters, now) {
                Ok(()) => return Ok(()),
                Err(why) => wrong = Some(why),
            }
        }
        Err(wrong.unwrap_or_else(|| {
            let issuers = few(self.issuers.iter().map(String::as_str));
            format!("there is no record for {issuers}")
        }))
    }

    /// Parameters as RFC 8659 section 4.2 has them: tags in any case, each once.
    fn judge(&self, text: &str, parameters: &str, now: Timestamp) -> Result<(), String> {
        let (mut account, mut policy, mut until) = (None, None, None);
        let some = text.contains(';').then(|| parameters.split(';'));
        for parameter in some.into_iter().flatten() {
            let Some((tag, value)) = parameter.split_once('=') else {
                return Err(match trimmed(parameter) {
                    "" => "the record has a ';' too many".to_owned(),
                    odd => format!("'{}' in the record is no TAG=VALUE", shown(odd, SHOWN)),
                });
            };
            let known = match trimmed(tag).to_ascii_lowercase().as_str() {
                "accounturi" => &mut account,
                "policy" => &mut policy,
                "persistuntil" => &mut until,
                _ => continue,
            };
            if known.replace(trimmed(value)).is_some() {
                let tag = shown(trimmed(tag), SHOWN);
                return Err(format!("the record has {tag} twice"));
            }
        }
        if account != Some(self.account.as_str()) {
            return Err(match account {
                None => "the record names no accounturi".to_owned(),
                Some(other) => format!("the record is for the account {}", shown(other, SHOWN)),
            });
        }
        if self.wildcard && !policy.is_some_and(|p| p.eq_ignore_ascii_case("wildcard")) {
            return Err("the record lacks policy=wildcard".to_owned());
        }
        match until.map(|text| text.parse::<i64>().map(Timestamp)) {
            Some(Err(_)) => Err("the record's persistUntil is no number of seconds".to_owned()),
            Some(Ok(end)) if end < now => Err(format!("the record ended on {end} (persistUntil)")),
            _ => Ok(()),
        }
    }
}

/// Without blanks and tabs around it.
fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000);
    const ACCOUNT: &str = "https://ca.example/acct/1";

    fn permission(wildcard: bool) -> Permission {
        let name = Domain::parse("*.example.org").expect("a name");
        let issuers = ["ca.example", "other.example"].map(str::to_owned);
        Permission::new(&name, &issuers, ACCOUNT, wildcard).expect("a record")
    }

    fn found(wildcard: bool, texts: &[&str]) -> Result<(), String> {
        let texts = texts.iter().map(|t| t.as_bytes());
        permission(wildcard).find(texts, NOW)
    }

    #[test]
    fn the_line_is_what_the_ca_wants() {
        let name = "_validation-persist.example.org. IN TXT ";
        let value = format!("\"ca.example; accounturi={ACCOUNT}\"");
        assert_eq!(permission(false).line(), format!("{name}{value}"));
        let value = format!("\"ca.example; accounturi={ACCOUNT}; policy=wildcard\"");
        assert_eq!(permission(true).line(), format!("{name}{value}"));
        for wildcard in [false, true] {
            let line = permission(wildcard).line();
            let value = line.split('"').nth(1).expect("a value");
            assert_eq!(found(wildcard, &[value]), Ok(()));
        }
        // A long value is several strings.
        let name = Domain::parse("example.org").expect("a name");
        let long = format!("https://ca.example/{}", "a".repeat(300));
        let issuers = ["ca.example".to_owned()];
        let line = Permission::new(&name, &issuers, &long, false)
            .expect("a record")
            .line();
        let parts: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        assert_eq!(parts.len(), 2);
        assert!(parts.iter().all(|p| p.len() <= STRING_MAX));
        assert_eq!(parts.concat(), format!("ca.example; accounturi={long}"));
    }

    #[test]
    fn nothing_else_can_get_into_the_line() {
        let name = Domain::parse("example.org").expect("a name");
        let one = |issuer: &str, account: &str| {
            Permission::new(&name, &[issuer.to_owned()], account, false)
        };
        assert!(one("ca.example", ACCOUNT).is_some());
        for issuer in ["", "ca example", "ca\"", "ca;x", "c\n", &"a".repeat(254)] {
            assert_eq!(one(issuer, ACCOUNT), None, "{issuer:?}");
        }
        for account in [
            "",
            "https://ca/a b",
            "https://ca/\"",
            "https://ca/;x=1",
            "ü",
        ] {
            assert_eq!(one("ca.example", account), None, "{account:?}");
        }
        assert_eq!(Permission::new(&name, &[], ACCOUNT, false), None);
    }

    #[test]
    fn takes_what_a_ca_takes() {
        let account = format!("accounturi={ACCOUNT}");
        for text in [
            format!("other.example;{account}"),
            format!("\tca.example ;  AccountURI = {ACCOUNT} ; more=x"),
            format!("ca.example; {account}; persistUntil={}", NOW.0 + 1),
            format!("ca.example; {account}; policy=other"),
        ] {
            assert_eq!(
                found(false, &["spf", "else.example; x", &text]),
                Ok(()),
                "{text}"
            );
        }
        let wild = format!("ca.example; {account}; POLICY=WildCard");
        assert_eq!(found(true, &["ca.example", &wild]), Ok(()));
    }

    #[test]
    fn says_what_is_wrong() {
        let account = format!("ca.example; accounturi={ACCOUNT}");
        for (text, why) in [
            ("ca.example".to_owned(), "names no accounturi"),
            ("ca.example;".to_owned(), "a ';' too many"),
            (format!("{account};"), "a ';' too many"),
            (format!("{account}; policy"), "'policy' in the record is no"),
            (format!("{account}; accounturi=x"), "accounturi twice"),
            ("ca.example; accounturi=x".to_owned(), "for the account x"),
            (account.clone(), "lacks policy=wildcard"),
            (
                format!("{account}; policy=wildcard; persistUntil=x"),
                "no number",
            ),
            (
                format!("{account}; policy=wildcard; persistUntil=9"),
                "1970-01-01",
            ),
            (
                "else.example; x=1".to_owned(),
                "no record for ca.example other.example",
            ),
        ] {
            let said = found(true, &[&text]).expect_err(&text);
            assert!(said.contains(why), "{text}: {said}");
        }
        let said = found(false, &[]).expect_err("nothing there");
        assert!(said.contains("there is no record"), "{said}");
    }
}
