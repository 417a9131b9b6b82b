//! `cases/NAME`: what a script is given, and what its provider replies.
//!
//! ```text
//! kind what the script is chosen for
//! name _acme-challenge.demo.duckdns.org     where the usual one does not do
//! set NAME=value                            a setting; @rsa: the path of a key, @base64: the key
//! mask WORD                                 what follows WORD up to & or " is random
//! > POST https://host/path*? *in the body*  a request (and its body), * for anything
//! >2 GET …                                  the same for the first two such requests alone
//! < 202                                     its status
//! < Set-Cookie: a=b                         a header
//! all other lines                           its body
//! ```

use std::path::Path;

pub const NAME: &str = "_acme-challenge.www.demo.example";
pub const VALUE: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";

#[derive(Clone, Debug, Default)]
pub struct Case {
    pub script: String,
    pub kind: String,
    pub name: String,
    pub settings: Vec<(String, String)>,
    pub masks: Vec<String>,
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
pub struct Rule {
    /// How often it answers; `None`: always.
    pub left: Option<usize>,
    pub method: String,
    pub url: String,
    pub body: String,
    pub status: u16,
    pub headers: Vec<String>,
    pub reply: Vec<String>,
}

/// All cases, by script.
pub fn all() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dnsapi/cases");
    let files = std::fs::read_dir(folder).expect("cases").flatten();
    let mut files: Vec<_> = files.map(|e| e.path()).collect();
    files.sort();
    let only = std::env::var("DNSAPI_ONLY").ok();
    files
        .iter()
        .map(|f| read(f))
        .filter(|c| only.as_ref().is_none_or(|o| c.script == *o))
        .collect()
}

fn read(file: &Path) -> Case {
    let text = std::fs::read_to_string(file).expect("a case");
    let mut case = Case {
        script: file.file_name().unwrap().to_str().unwrap().to_owned(),
        name: NAME.into(),
        ..Case::default()
    };
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rule = case.rules.last_mut();
        match (word, rule) {
            ("kind", None) => case.kind = rest.into(),
            ("name", None) => case.name = rest.into(),
            ("mask", None) => case.masks.push(rest.into()),
            ("set", None) => {
                let (name, value) = rest.split_once('=').expect("NAME=value");
                case.settings.push((name.into(), value.into()));
            }
            ("<", Some(rule)) => match rest.parse() {
                Ok(status) => rule.status = status,
                Err(_) => rule.headers.push(rest.into()),
            },
            (word, rule) => match word.strip_prefix('>') {
                Some(left) => {
                    let (method, rest) = rest.split_once(' ').expect("a URL");
                    let (url, body) = rest.split_once(' ').unwrap_or((rest, "*"));
                    case.rules.push(Rule {
                        left: left.parse().ok(),
                        method: method.into(),
                        url: url.into(),
                        body: body.into(),
                        status: 200,
                        headers: Vec::new(),
                        reply: Vec::new(),
                    });
                }
                None => rule.expect("a rule first").reply.push(line.into()),
            },
        }
    }
    case
}

impl Case {
    /// The hosts that the script talks to.
    pub fn hosts(&self) -> Vec<String> {
        let urls = self.rules.iter().filter_map(|r| r.url.split("://").nth(1));
        let hosts = urls.filter_map(|u| u.split(['/', '?', '*']).next());
        let mut hosts: Vec<String> = hosts.map(str::to_owned).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

/// `*` is anything.
pub fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn patterns() {
    for (pattern, text, is) in [
        ("a*c", "abc", true),
        ("a*c", "ab", false),
        ("a", "ab", false),
        ("*b*", "abc", true),
        ("*", "", true),
        ("a*b*b", "ab", false),
    ] {
        assert_eq!(fits(pattern, text), is, "{pattern} {text}");
    }
}
