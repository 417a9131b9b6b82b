//! Problem documents (RFC 7807, RFC 8555 section 6.7) and what they mean.

use crate::types::{FromJson, Members, shown};
use serde_json::Value;
use std::fmt;

/// The namespace of ACME's error types.
const NAMESPACE: &str = "urn:ietf:params:acme:error:";
/// Texts of a CA are shown up to this length.
const TEXT_MAX: usize = 400;
/// No error type's name is longer.
const KIND_MAX: usize = 40;

/// What the CA has against a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    kind: String,
    detail: String,
    identifier: Option<String>,
    /// Where a person reads more (RFC 8555 section 7.3.3).
    instance: Option<String>,
    subproblems: Vec<Problem>,
}

/// No certificate has more names, so no order more subproblems.
const SUBPROBLEMS_MAX: usize = 100;

impl FromJson for Problem {
    fn read(value: Value) -> Option<Self> {
        let mut members = Members::of(value);
        let mut problem = Self::alone(&mut members);
        if let Value::Array(list) = members.take("subproblems") {
            // The first ones: a quarter of a megabyte of `{}` would become ten.
            for sub in list.into_iter().take(SUBPROBLEMS_MAX) {
                let mut members = Members::of(sub);
                let sub = Self::alone(&mut members);
                problem.subproblems.push(members.made(sub)?);
            }
        }
        members.made(problem)
    }
}

impl Problem {
    /// The problem without its subproblems; those have none.
    fn alone(members: &mut Members) -> Self {
        Self {
            kind: members.may("type"),
            detail: members.may("detail"),
            identifier: members.take("identifier")["value"]
                .as_str()
                .map(str::to_owned),
            instance: members.may("instance"),
            subproblems: Vec::new(),
        }
    }

    /// Reads a problem document; `None` if it is none.
    pub fn parse(json: &[u8]) -> Option<Self> {
        let problem = <Self as FromJson>::parse(json)?;
        (!problem.kind.is_empty() || !problem.detail.is_empty()).then_some(problem)
    }

    /// The error type without namespace, such as `rateLimited`; empty for foreign types.
    pub fn kind(&self) -> &str {
        let kind = self.kind.strip_prefix(NAMESPACE).unwrap_or_default();
        let plain = kind.len() <= KIND_MAX && kind.bytes().all(|c| c.is_ascii_alphanumeric());
        if plain { kind } else { "" }
    }

    /// The CA's words, without control characters and not too long.
    pub fn detail(&self) -> String {
        let text = if self.detail.is_empty() {
            &self.kind
        } else {
            &self.detail
        };
        shown(text, TEXT_MAX)
    }

    /// The identifier it is about, if it names one.
    pub fn identifier(&self) -> Option<&str> {
        self.identifier.as_deref()
    }

    /// What the CA has against single identifiers (RFC 8555 section 6.7.1).
    pub fn subproblems(&self) -> &[Problem] {
        &self.subproblems
    }

    /// Notes where a person reads more, unless the document says it.
    pub(super) fn see_also(&mut self, url: Option<String>) {
        self.instance = self.instance.take().or(url);
    }

    /// Where a person reads more, as the terms that changed: a URL fit to be shown.
    pub fn link(&self) -> Option<String> {
        let url = self.instance.as_ref()?;
        url.starts_with("https://").then(|| shown(url, TEXT_MAX))
    }

    /// A problem as we would report it ourselves.
    pub fn new(kind: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("{NAMESPACE}{kind}"),
            detail: detail.into(),
            ..Self::default()
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            "" => f.write_str(&self.detail()),
            kind => write!(f, "{} ({kind})", self.detail()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_subproblems_and_foreign_types() {
        let text = br#"{"type":"urn:ietf:params:acme:error:compound","detail":"two\nnames",
            "subproblems":[{"type":"urn:ietf:params:acme:error:caa","detail":"no",
            "identifier":{"type":"dns","value":"a.example"}}],"unknown":[1]}"#;
        let problem = Problem::parse(text).expect("a problem");
        assert_eq!(problem.to_string(), "twonames (compound)");
        assert_eq!(problem.subproblems()[0].identifier(), Some("a.example"));
        let foreign = Problem::parse(br#"{"type":"about:blank","detail":"teapot"}"#);
        assert_eq!(foreign.expect("a problem").to_string(), "teapot");
        for junk in [&b"{}"[..], b"[]", b"", b"\"x\"", b"{\"type\":1}"] {
            assert_eq!(Problem::parse(junk), None);
        }
    }
}
