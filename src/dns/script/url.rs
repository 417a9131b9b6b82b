//! URLs as scripts write them and as servers point on with them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

/// A URL without the `user:password@` before its host, and what that is as a header (RFC 7617), which is
/// how curl sends it.
pub(super) fn without_login(url: &str) -> (String, Option<String>) {
    let host = origin(url);
    let begin = host.find("://").map_or(0, |at| at + 3);
    let Some(at) = host[begin..].rfind('@').map(|at| begin + at) else {
        return (url.to_owned(), None);
    };
    let mut login = decoded(&url[begin..at]);
    if !login.contains(&b':') {
        login.push(b':');
    }
    let header = format!("Basic {}", STANDARD.encode(login));
    (url[..begin].to_owned() + &url[at + 1..], Some(header))
}

/// What `%41` stands for (RFC 3986 section 2.1).
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        let byte = match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => u8::try_from(high << 4 | low).ok(),
            _ => None,
        };
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    bytes
}

/// Escapes what curl sends as it stands although no URL may hold it (RFC 3986 appendix A).
pub(super) fn sendable(url: &str) -> String {
    let mut text = String::with_capacity(url.len());
    for byte in url.bytes() {
        match byte {
            b'"' | b'<' | b'>' | ..=b' ' | 0x7f.. => {
                let _ = write!(text, "%{byte:02X}");
            }
            _ => text.push(byte.into()),
        }
    }
    text
}

/// `https://host:port` of a URL.
pub(super) fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']);
    end.map_or(url, |end| &url[..host + end])
}

/// Where a Location leads (RFC 3986 section 5.2); `None` from https to http, where tokens would
/// be readable.
pub(super) fn join(base: &str, to: &str) -> Option<String> {
    let path = base.split(['?', '#']).next().unwrap_or(base);
    let whole = match to {
        _ if to.starts_with("https://") || to.starts_with("http://") => to.to_owned(),
        _ if to.starts_with("//") => format!("{}:{to}", base.split("://").next()?),
        _ if to.starts_with('/') => origin(base).to_owned() + to,
        _ if to.starts_with('?') => path.to_owned() + to,
        _ => match path[origin(base).len()..].rfind('/') {
            Some(at) => path[..=origin(base).len() + at].to_owned() + to,
            None => format!("{path}/{to}"),
        },
    };
    let safe = !base.starts_with("https:") || whole.starts_with("https:");
    safe.then(|| sendable(&whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_becomes_a_header() {
        for (url, rest, login) in [
            ("https://a.example/x@y?@", "https://a.example/x@y?@", None),
            ("https://a.example", "https://a.example", None),
            (
                "https://me:pass@a.example/x",
                "https://a.example/x",
                Some("me:pass"),
            ),
            (
                "https://me:p%40s%3@s%@a.example:1?x",
                "https://a.example:1?x",
                Some("me:p@s%3@s%"),
            ),
            (
                "http://key:@a.example#x",
                "http://a.example#x",
                Some("key:"),
            ),
            ("http://key@a.example", "http://a.example", Some("key:")),
            (
                "http://\u{fc}:%C3%BC@a.example",
                "http://a.example",
                Some("\u{fc}:\u{fc}"),
            ),
        ] {
            let header = login.map(|l| format!("Basic {}", STANDARD.encode(l)));
            assert_eq!(without_login(url), (rest.to_owned(), header), "{url}");
        }
    }

    #[test]
    fn places_are_joined() {
        for (base, to, whole) in [
            ("https://a.example", "x", Some("https://a.example/x")),
            (
                "https://a.example/b/c?d=/e",
                "x",
                Some("https://a.example/b/x"),
            ),
            (
                "https://a.example/b/c?d",
                "?x",
                Some("https://a.example/b/c?x"),
            ),
            (
                "http://a.example/b",
                "//c.example/",
                Some("http://c.example/"),
            ),
            ("https://a.example/b", "http://a.example/", None),
        ] {
            assert_eq!(join(base, to).as_deref(), whole, "{base} {to}");
        }
    }
}
