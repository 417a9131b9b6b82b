//! A problem document of a CA in words: state, class, remedy.

use super::kinds::{Class, KINDS, Kind, OTHER};
use super::sayings::{SAYINGS, Saying, Sign};
use super::{Failure, Retry};
use crate::acme::Problem;
use crate::config::{Account, Cert};
use crate::issue::account::{external_wanted, terms_changed};
use crate::types::{State, Timestamp, local_address, shown};
use std::net::{IpAddr, SocketAddr};

/// A name in a CA's reply is shown up to this length.
const NAME_MAX: usize = 255;

impl Failure {
    /// What a problem document means, whatever was asked for; the remedy is left open.
    pub(in crate::issue) fn said(
        account: &Account,
        problem: &Problem,
        retry_after: Option<Timestamp>,
    ) -> Self {
        let kind = kind(telling(problem));
        let until = retry_after.or_else(|| time_in(&problem.detail()));
        Self {
            retry: match kind.class {
                Class::OnChange => Retry::OnChange,
                Class::Later | Class::Elsewhere => Retry::Later(until),
            },
            elsewhere: kind.class == Class::Elsewhere,
            ..Self::new(kind.state, format!("{}: {problem}", account.ca), "")
        }
    }

    /// A problem document in words, about one section.
    pub fn of_problem(cert: &Cert, problem: &Problem, retry_after: Option<Timestamp>) -> Self {
        let mut failure = Self::said(&cert.account, problem, retry_after);
        let mut ways = cert.names.iter().map(|n| n.validation.challenge());
        let first = ways.next().filter(|first| ways.all(|way| way == *first));
        failure.remedy = Subject {
            account: &cert.account,
            section: cert.name.as_str(),
            key: cert.key_type.name(),
            way: first.unwrap_or_default(),
            until: match failure.retry {
                Retry::Later(until) => until,
                Retry::OnChange | Retry::Stopped => None,
            },
        }
        .remedy(telling(problem));
        for sub in problem.subproblems() {
            let about = sub.identifier().unwrap_or_default();
            let mut names = cert.names.iter().map(|n| n.id.to_string());
            let name = names.find(|n| n.eq_ignore_ascii_case(about));
            failure.blame(&name.unwrap_or_default(), sub);
        }
        failure
    }

    /// What the status of a reply says beyond its problem document.
    pub(in crate::issue) fn with_status(self, status: u16) -> Self {
        let state = match status {
            500.. => State::ConnectionError,
            429 => State::Deferred,
            _ => return self,
        };
        Self {
            state,
            elsewhere: true,
            ..self
        }
    }

    /// Notes what the CA has against one name.
    pub fn blame(&mut self, name: &str, problem: &Problem) {
        if !name.is_empty() {
            self.names
                .insert(shown(name, NAME_MAX), problem.to_string());
        }
    }
}

/// What a document that only sums up others means: the first of them that lasts until the
/// configuration changes, else the first (RFC 8555 section 6.7.1).
fn telling(problem: &Problem) -> &Problem {
    if !["", "compound", "malformed"].contains(&problem.kind()) {
        return problem;
    }
    let all = problem.subproblems();
    let lasting = all.iter().find(|p| kind(p).class == Class::OnChange);
    lasting.or(all.first()).unwrap_or(problem)
}

fn kind(problem: &Problem) -> &'static Kind {
    let name = problem.kind();
    KINDS.iter().find(|k| k.name == name).unwrap_or(&OTHER)
}

/// What the remedies of a section speak of.
struct Subject<'a> {
    account: &'a Account,
    section: &'a str,
    key: &'a str,
    /// The challenge that is answered for all names; empty where there are several.
    way: &'a str,
    until: Option<Timestamp>,
}

impl Subject<'_> {
    /// What the owner can do about a problem.
    fn remedy(&self, problem: &Problem) -> String {
        let saying = SAYINGS.iter().find(|s| self.fits(s, problem));
        let text = saying.map_or_else(|| kind(problem).remedy, |s| s.remedy);
        let until = self.until.map(|t| format!(" until {t}"));
        match text {
            "{external}" => external_wanted(self.account),
            "{terms}" => terms_changed(problem),
            text => text
                .replace("{ca}", &self.account.ca)
                .replace("{account}", &self.account.name)
                .replace("{section}", self.section)
                .replace("{key}", self.key)
                .replace("{port}", self.port())
                .replace("{until}", &until.unwrap_or_default()),
        }
    }

    fn fits(&self, saying: &Saying, problem: &Problem) -> bool {
        let kinds = saying.kinds;
        let text = problem.detail().to_lowercase();
        let of_kind = kinds.is_empty() || kinds.contains(&problem.kind());
        of_kind
            && match saying.sign {
                Sign::Says(words) => words.iter().any(|w| text.contains(w)),
                Sign::Ipv6 => {
                    !self.way.starts_with("dns-") && addresses(&text).any(|a| a.is_ipv6())
                }
                Sign::Private => {
                    let local = |a| local_address(a).is_some();
                    self.account.public && addresses(&text).any(local)
                }
                Sign::By(way) => self.way == way,
            }
    }

    /// The port that the CA asks.
    fn port(&self) -> &'static str {
        match self.way {
            "tls-alpn-01" => "443",
            _ => "80",
        }
    }
}

/// The addresses in a text, with or without port.
fn addresses(text: &str) -> impl Iterator<Item = IpAddr> {
    let of_address = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
    let words = text.split(move |c| !of_address(c));
    words.filter_map(|word| {
        let word = word.trim_end_matches([':', '.']);
        let with_port = || word.parse::<SocketAddr>().map(|a| a.ip());
        let address = word.parse().or_else(|_| with_port()).ok()?;
        // `::` is a mere sign in many texts.
        (!IpAddr::is_unspecified(&address)).then_some(address)
    })
}

/// The time that some CAs put into a rate limit's text: `retry after 2026-11-21 12:00:00 UTC`.
fn time_in(text: &str) -> Option<Timestamp> {
    let rest = text.split("retry after ").nth(1)?;
    let stamp = rest.get(..19)?;
    Timestamp::parse_rfc3339(&format!("{stamp}Z"))
}

#[cfg(test)]
mod tests;
