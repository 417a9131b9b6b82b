//! Calls of a provider's HTTP API: who logs in, what replies mean, when to ask again.

use super::xml::tag;
use crate::dns::{Context, DnsError};
use crate::types::{Method, Request, Timestamp, shown};
use serde_json::Value;
use std::cell::RefCell;
use std::time::Duration;

/// A zone's records are read only as far as one name's, or page by page.
const REPLY_MAX: usize = 512 * 1024;
/// How much of a provider's words is shown.
const WORDS_MAX: usize = 200;
/// How much of them is looked at for that.
const READ_MAX: usize = 20 * WORDS_MAX;
/// A provider that wants a longer pause is asked again by a later run.
const PATIENCE: i64 = 60;
/// The first pause where it does not say how long; the next ones double.
const PAUSE: i64 = 2;
/// Entries of a page; every provider takes that many.
const PAGE: usize = 100;
/// No name has more records: a provider that always has another page is not followed.
const PAGES_MAX: usize = 50;

/// Header names and values.
pub(in crate::dns) type Headers = Vec<(&'static str, String)>;

/// A call to be signed.
pub(in crate::dns) struct Call<'a> {
    pub method: Method,
    pub url: &'a str,
    pub body: &'a str,
    pub now: Timestamp,
}

/// What came back.
pub(in crate::dns) struct Reply {
    /// The status that means what the reply says.
    pub status: u16,
    pub text: String,
    /// Null if the text is no JSON.
    pub json: Value,
}

/// A provider's API.
pub(in crate::dns) struct Api<'a> {
    pub context: Context<'a>,
    base: String,
    /// The headers of a call.
    login: Box<dyn Fn(&Call<'_>) -> Headers + 'a>,
    /// Some say with another status what 401 (not these credentials), 404 (not there) or 429 (not
    /// so fast) would say.
    meaning: fn(&Reply) -> u16,
    /// It is to be left alone for longer than a run waits.
    later: RefCell<Option<(String, Timestamp)>>,
}

/// A login by the same headers for each call.
pub(in crate::dns) fn plain(headers: Headers) -> impl Fn(&Call<'_>) -> Headers {
    move |_| headers.clone()
}

impl<'a> Api<'a> {
    pub fn new(
        context: Context<'a>,
        base: impl Into<String>,
        login: impl Fn(&Call<'_>) -> Headers + 'a,
    ) -> Self {
        Self {
            context,
            base: base.into(),
            login: Box::new(login),
            meaning: |reply| reply.status,
            later: RefCell::default(),
        }
    }

    /// The same, where statuses alone do not tell.
    pub fn meaning(self, meaning: fn(&Reply) -> u16) -> Self {
        Self { meaning, ..self }
    }

    /// Sends one request, again as long as the provider asks for patience. Credentials that are not
    /// taken are an error, other statuses are the caller's.
    pub fn call(&self, method: Method, path: &str, body: &str) -> Result<Reply, DnsError> {
        let clock = self.context.clock;
        let (began, mut pause) = (clock.now(), PAUSE);
        if let Some((text, until)) = self
            .later
            .borrow()
            .clone()
            .filter(|(_, until)| began < *until)
        {
            return Err(DnsError::Later(text, until));
        }
        loop {
            let (reply, asked) = self.send(method, path, body)?;
            let busy = match reply.status {
                401 => return Err(DnsError::Credentials(self.denied("does not take", &reply))),
                403 => {
                    return Err(DnsError::Forbidden(
                        self.denied("does not allow this with", &reply),
                    ));
                }
                429 => true,
                503 => asked.is_some(),
                _ => false,
            };
            if !busy {
                return Ok(reply);
            }
            let now = clock.now();
            let wait = asked.map_or(pause, |at| at.since(now)).max(1);
            if now.plus(wait).since(began) > PATIENCE {
                let text = format!("the provider limits the rate{}", self.words(&reply));
                self.later.replace(Some((text.clone(), now.plus(wait))));
                return Err(DnsError::Later(text, now.plus(wait)));
            }
            clock.sleep(Duration::from_secs(wait.unsigned_abs()))?;
            pause *= 2;
        }
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        body: &str,
    ) -> Result<(Reply, Option<Timestamp>), DnsError> {
        let url = format!("{}{path}", self.base);
        let now = self.context.clock.now();
        let call = Call {
            method,
            url: &url,
            body,
            now,
        };
        let headers = (self.login)(&call);
        let mut all: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let kind = if body.starts_with('<') {
            "text/xml"
        } else {
            "application/json"
        };
        if !body.is_empty() {
            all.push(("content-type", kind));
        }
        let request = Request {
            method,
            url: &url,
            headers: &all,
            body: body.as_bytes(),
            max_reply: REPLY_MAX,
        };
        let response = self.context.http.call(&request);
        let response = response.map_err(|e| DnsError::Unreachable(e.to_string()))?;
        let mut reply = Reply {
            status: response.status,
            json: serde_json::from_slice(&response.body).unwrap_or_default(),
            text: String::from_utf8_lossy(&response.body).into_owned(),
        };
        reply.status = (self.meaning)(&reply);
        Ok((reply, response.retry_after(now)))
    }

    /// The reply of a request that must succeed.
    pub fn done(&self, method: Method, path: &str, body: &str) -> Result<Reply, DnsError> {
        let reply = self.call(method, path, body)?;
        match reply.status {
            200..300 => Ok(reply),
            _ => Err(self.refused(&reply)),
        }
    }

    /// What is there, if it is.
    pub fn get(&self, path: &str) -> Result<Option<Value>, DnsError> {
        let reply = self.call(Method::Get, path, "")?;
        match reply.status {
            200..300 => Ok(Some(reply.json)),
            404 => Ok(None),
            _ => Err(self.refused(&reply)),
        }
    }

    /// Removes what may be gone already.
    pub fn delete(&self, path: &str) -> Result<(), DnsError> {
        let reply = self.call(Method::Delete, path, "")?;
        match reply.status {
            200..300 | 404 => Ok(()),
            _ => Err(self.refused(&reply)),
        }
    }

    /// All entries of a list that comes in pages, below `key`. The path has a query already.
    pub fn pages(&self, path: &str, key: &str) -> Result<Vec<Value>, DnsError> {
        let mut all = Vec::new();
        for page in 1..=PAGES_MAX {
            let path = format!("{path}&per_page={PAGE}&page={page}");
            let reply = self.done(Method::Get, &path, "")?;
            let Some(entries) = reply.json[key].as_array() else {
                return Err(self.refused(&reply));
            };
            let last = entries.len() < PAGE;
            all.extend_from_slice(entries);
            if last {
                break;
            }
        }
        Ok(all)
    }

    /// An error that shows the provider's words.
    pub fn refused(&self, reply: &Reply) -> DnsError {
        DnsError::Refused(format!(
            "the provider answered {}{}",
            reply.status,
            self.words(reply)
        ))
    }

    fn denied(&self, verb: &str, reply: &Reply) -> String {
        let context = &self.context;
        let secrets = context.descriptor.fields.iter();
        let given = secrets.filter(|f| f.secret && !context.text(f.name).is_empty());
        let names: Vec<&str> = given.map(|f| f.name).collect();
        format!(
            "the provider {verb} the credentials ({}){}",
            names.join(", "),
            self.words(reply)
        )
    }

    /// What the provider says, without any of our secrets.
    fn words(&self, reply: &Reply) -> String {
        let text = match &reply.json {
            // A page for browsers says nothing.
            Value::Null if reply.text.trim_start().starts_with('<') => {
                tag(&reply.text, "Message").unwrap_or_default()
            }
            Value::Null => reply.text.clone(),
            json => words(json).unwrap_or_default().to_owned(),
        };
        let beginning = shown(text.trim(), READ_MAX);
        match shown(&self.context.redacted(&beginning), WORDS_MAX) {
            none if none.is_empty() => none,
            text => format!(": {text}"),
        }
    }
}

/// The one text that matters in an error's document, whatever its form.
fn words(json: &Value) -> Option<&str> {
    const KEYS: [&str; 8] = [
        // Cloudflare's details.
        "error_chain",
        "message",
        "detail",
        "errors",
        "error",
        "title",
        "cause",
        "code",
    ];
    match json {
        Value::String(text) => Some(text.as_str()).filter(|t| !t.is_empty()),
        Value::Array(all) => all.iter().find_map(words),
        Value::Object(all) => KEYS
            .iter()
            .find_map(|key| all.get(*key).and_then(words))
            .or_else(|| all.values().find_map(words)),
        _ => None,
    }
}

/// A number or string as text: ids are either.
pub(in crate::dns) fn id(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
