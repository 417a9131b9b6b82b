//! A script's HTTP request as curl would send it for acme.sh, and the reply as scripts read it.

use super::url::{join, origin, sendable, without_login};
use crate::types::{Method, Request, Response, Transport, TransportError};
use std::fmt::Write as _;

/// A whole zone is read at once by some scripts.
const REPLY_MAX: usize = 4 * 1024 * 1024;
/// curl follows 50; nobody honest needs as many.
const REDIRECTS: usize = 10;
/// The type of a body whose script names none.
const FORM: &str = "application/x-www-form-urlencoded";
/// How often a field ends before the body: method, URL, type, agent, two switches, five headers.
const FIELDS: usize = 11;

/// What a script asks for.
#[derive(Debug)]
pub struct ScriptRequest {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    redirects: usize,
    /// `USER_AGENT`, where the script sets one.
    pub agent: Option<String>,
    /// `HTTPS_INSECURE`: the server's certificate is not looked at.
    pub insecure: bool,
}

/// What came back: of each hop the headers, of the last one the body.
#[derive(Debug, Default)]
pub struct ScriptReply {
    /// Status lines and headers, as they would stand in curl's `--dump-header`.
    pub headers: String,
    /// The body.
    pub body: Vec<u8>,
}

impl ScriptRequest {
    /// Reads the fields that the shell writes, each ended by NUL.
    pub fn parse(input: &[u8]) -> Result<Self, String> {
        let fields: Vec<&[u8]> = input.splitn(FIELDS + 1, |b| *b == 0).collect();
        let [fields @ .., body] = fields.as_slice() else {
            return Err("no request".into());
        };
        let texts: Vec<String> = fields
            .iter()
            .map(|f| String::from_utf8_lossy(f).into_owned())
            .collect();
        let [method, url, kind, agent, insecure, stay, own @ ..] = texts.as_slice() else {
            return Err("no whole request".into());
        };
        let body = body.strip_suffix(b"\0").unwrap_or(body).to_vec();
        let mut headers: Vec<(String, String)> = own.iter().filter_map(|h| header(h)).collect();
        let has = |name: &str| headers.iter().any(|(n, _)| n == name);
        let kind = match kind.as_str() {
            "" if body.is_empty() || has("content-type") => None,
            "" => Some(FORM),
            kind => Some(kind),
        };
        let (url, login) = without_login(url);
        let login = login.filter(|_| !has("authorization"));
        let accept = (!has("accept")).then(|| ("accept".to_owned(), "*/*".to_owned()));
        headers.extend(kind.map(|k| ("content-type".to_owned(), k.to_owned())));
        headers.extend(accept);
        headers.extend(login.map(|l| ("authorization".to_owned(), l)));
        Ok(Self {
            method: by_name(method)?,
            url: sendable(&url),
            headers,
            body,
            redirects: if stay.is_empty() { REDIRECTS } else { 0 },
            agent: (!agent.is_empty()).then(|| agent.clone()),
            insecure: !matches!(insecure.as_str(), "" | "0"),
        })
    }

    /// Sends it and follows redirects.
    pub fn send(mut self, http: &dyn Transport) -> Result<ScriptReply, TransportError> {
        let mut told = String::new();
        loop {
            let headers: Vec<(&str, &str)> = self
                .headers
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str()))
                .collect();
            let reply = http.call(&Request {
                method: self.method,
                url: &self.url,
                headers: &headers,
                body: &self.body,
                max_reply: REPLY_MAX,
            })?;
            tell(&mut told, &reply);
            let next = reply.header("location").filter(|_| self.redirects > 0);
            let next = next.filter(|_| matches!(reply.status, 301 | 302 | 303 | 307 | 308));
            let Some(next) = next.and_then(|to| join(&self.url, to)) else {
                return Ok(ScriptReply {
                    headers: told,
                    body: reply.body,
                });
            };
            self.redirects -= 1;
            if origin(&next) != origin(&self.url) {
                // As curl: the other host is not to log in with these.
                let secret = |n: &str| matches!(n, "authorization" | "cookie");
                self.headers.retain(|(n, _)| !secret(n));
            }
            if reply.status < 304 && !self.body.is_empty() {
                // The method stays, for acme.sh names it to curl; the body does not.
                self.body.clear();
                self.headers.retain(|(n, _)| n != "content-type");
            }
            self.url = next;
        }
    }
}

/// A header line of curl's option -H; `None` for one that only takes a header away, or that the
/// transport sets itself.
fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
    let ours = matches!(name.as_str(), "host" | "content-length" | "user-agent");
    (!value.is_empty() && !ours).then(|| (name, value.to_owned()))
}

fn by_name(name: &str) -> Result<Method, String> {
    Ok(match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        other => return Err(format!("the method {other} is not known here")),
    })
}

/// Adds a reply's head. The headers are spelt as HTTP/1.1 servers spell them.
fn tell(text: &mut String, reply: &Response) {
    let reason = if reply.status == 200 { "OK" } else { "" };
    let _ = write!(text, "HTTP/1.1 {} {reason}\r\n", reply.status);
    for (name, value) in &reply.headers {
        // Its two readers want it in different letters.
        if name == "x-subject-token" {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        let mut begins = true;
        for c in name.chars() {
            let c = if begins { c.to_ascii_uppercase() } else { c };
            begins = c == '-';
            text.push(c);
        }
        let _ = write!(text, ": {value}\r\n");
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    struct Double(RefCell<Vec<(u16, &'static str)>>, RefCell<Vec<String>>);

    impl Transport for Double {
        fn call(&self, r: &Request<'_>) -> Result<Response, TransportError> {
            let names: Vec<&str> = r.headers.iter().map(|(n, _)| *n).collect();
            let body = String::from_utf8_lossy(r.body);
            let line = format!("{:?} {} {} [{body}]", r.method, r.url, names.join(","));
            self.1.borrow_mut().push(line);
            let (status, to) = self.0.borrow_mut().remove(0);
            Ok(Response {
                status,
                headers: vec![("location".into(), to.into())],
                body: b"body".to_vec(),
            })
        }
    }

    fn request(fields: [&str; FIELDS + 1]) -> ScriptRequest {
        let text: String = fields.iter().map(|f| format!("{f}\0")).collect();
        ScriptRequest::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn redirects_keep_secrets_at_home() {
        let double = Double(
            RefCell::new(vec![
                (302, "/b?c"),
                (307, "https://two.example/"),
                (302, "http://two.example/"),
            ]),
            RefCell::default(),
        );
        let reply = request([
            "POST",
            "https://one.example/a b",
            "",
            "",
            "",
            "",
            "Authorization: t",
            "X-Key: k",
            "",
            "Accept:",
            "",
            "x=y",
        ])
        .send(&double)
        .unwrap();
        assert_eq!(
            *double.1.borrow(),
            [
                "Post https://one.example/a%20b authorization,x-key,content-type,accept [x=y]",
                "Post https://one.example/b?c authorization,x-key,accept []",
                "Post https://two.example/ x-key,accept []",
            ]
        );
        assert_eq!(reply.headers.matches("Location: ").count(), 3);
        assert!(reply.headers.starts_with("HTTP/1.1 302 \r\n"));
        assert_eq!(reply.body, b"body");
    }

    #[test]
    fn a_script_may_want_no_redirects() {
        let double = Double(RefCell::new(vec![(302, "/b")]), RefCell::default());
        let order = [
            "GET",
            "https://one.example",
            "",
            "me",
            "0",
            "1",
            "",
            "",
            "",
            "",
            "",
            "",
        ];
        let order = request(order);
        assert_eq!(
            (order.agent.as_deref(), order.insecure),
            (Some("me"), false)
        );
        order.send(&double).unwrap();
        assert_eq!(double.1.borrow().len(), 1);
    }
}
