//! Certificate chains and their alternates (RFC 8555 section 7.4.2).

use super::client::{Client, check_url};
use super::error::AcmeError;
use super::order::Order;
use crate::types::Response;

/// A longer certificate chain is refused.
const CHAIN_MAX: usize = 64 * 1024;
/// No CA offers more ways up; more are not looked at.
const ALTERNATES_MAX: usize = 10;

/// A chain, and where others of the same certificate are.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The certificates, PEM, as the CA sent them.
    pub pem: Vec<u8>,
    /// The URLs of the others.
    pub alternates: Vec<String>,
}

impl Client<'_> {
    /// Downloads the chain that the CA thinks best.
    pub fn chain(&self, order: &Order) -> Result<Chain, AcmeError> {
        let url = order.certificate().ok_or_else(|| {
            AcmeError::Protocol("the order is valid, but the CA names no certificate".into())
        })?;
        self.chain_at(url)
    }

    /// Downloads one of the others.
    pub fn chain_at(&self, url: &str) -> Result<Chain, AcmeError> {
        let reply = self.get(url, CHAIN_MAX)?;
        Ok(Chain {
            alternates: alternates(&reply),
            pem: reply.body,
        })
    }
}

/// The targets of `Link` headers whose relation is `alternate` (RFC 8288 section 3).
fn alternates(reply: &Response) -> Vec<String> {
    let links = reply.headers_of("link").flat_map(links);
    let alternate = |rel: &str| {
        let mut words = rel.split_ascii_whitespace();
        words.any(|w| w.eq_ignore_ascii_case("alternate"))
    };
    links
        .filter(|(target, rel)| alternate(rel) && check_url(target).is_ok())
        .map(|(target, _)| target.to_owned())
        .take(ALTERNATES_MAX)
        .collect()
}

/// Each link of a header's value with its relation; what is no link ends the list.
fn links(mut text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    while let Some((target, rest)) = text
        .trim_start_matches([' ', '\t', ','])
        .strip_prefix('<')
        .and_then(|t| t.split_once('>'))
    {
        let end = end_of_link(rest);
        let parameters = rest[..end].split(';').map(str::trim);
        let rel = parameters.filter_map(|p| p.split_once('='));
        let mut rel = rel.filter(|(name, _)| name.trim_end().eq_ignore_ascii_case("rel"));
        let rel = rel.next().map_or("", |(_, value)| value.trim());
        found.push((target, rel.trim_matches('"')));
        text = &rest[end..];
    }
    found
}

/// Where the parameters of a link end: at the first comma that is not quoted.
fn end_of_link(text: &str) -> usize {
    let mut quoted = false;
    let comma = text.find(|c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    comma.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(headers: &[&str]) -> Vec<String> {
        let headers = headers.iter().map(|h| ("link".to_owned(), (*h).to_owned()));
        alternates(&Response {
            headers: headers.collect(),
            ..Response::default()
        })
    }

    #[test]
    fn finds_the_alternates() {
        let one = "https://ca.example/cert/1/alternate/1";
        let two = "https://ca.example/cert/1;alternate,2";
        for headers in [
            &[
                format!("<{one}>;rel=\"alternate\""),
                format!("<{two}>; REL=alternate"),
            ][..],
            &[format!(
                "<https://ca.example/dir>;rel=\"index\", <{one}> ; title=\"a, <b>\" ; rel=\"x Alternate\",<{two}>;rel=alternate"
            )],
        ] {
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            assert_eq!(found(&headers), [one, two]);
        }
    }

    #[test]
    fn what_is_no_link_of_the_kind_is_passed_over() {
        for header in [
            "",
            "<",
            "<https://ca.example/1>",
            "<https://ca.example/1>; rel=\"up\"",
            "<https://ca.example/1>; title=\"rel=alternate\"",
            "<http://ca.example/1>;rel=\"alternate\"",
            "</cert/1>;rel=\"alternate\"",
            "https://ca.example/1;rel=\"alternate\"",
        ] {
            assert!(found(&[header]).is_empty(), "{header}");
        }
        let many = "<https://ca.example/1>;rel=alternate,".repeat(1000);
        assert_eq!(found(&[&many]).len(), ALTERNATES_MAX);
    }
}
