//! A provider's zones in memory, the wire to it, and a clock that does not wait.

use certkeeper::types::{
    Clock, Interrupted, Method, Request, Response, Timestamp, Transport, TransportError,
};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

/// The zones that every account has. The third is münchen.example.
pub const ZONES: [&str; 3] = ["demo.example", "sub.demo.example", "xn--mnchen-3ya.example"];

/// What a provider takes for its token, or for one of them.
pub const TOKEN: &str = "c2VjcmV0LW9mLXRoZS10ZXN0cw==";

/// A TXT value.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: u64,
    pub zone: String,
    pub name: String,
    pub value: String,
}

/// All that a provider knows.
#[derive(Default)]
pub struct World {
    pub rows: Vec<Row>,
    next: u64,
    /// Hetzner: how often an action will still be called running.
    pub running: u32,
}

impl World {
    pub fn add(&mut self, zone: &str, name: &str, value: &str) -> Row {
        self.next += 1;
        let row = Row {
            id: 1000 + self.next,
            zone: zone.to_owned(),
            name: name.to_owned(),
            value: value.trim_matches('"').to_owned(),
        };
        self.rows.push(row.clone());
        row
    }

    /// Replaces the values of a name.
    pub fn set(&mut self, zone: &str, name: &str, values: &Value) {
        self.rows.retain(|r| r.name != name);
        for value in values.as_array().into_iter().flatten() {
            let text = value.as_str().or(value["value"].as_str());
            self.add(zone, name, text.expect("a text"));
        }
    }

    pub fn of(&self, name: &str) -> Vec<Row> {
        self.rows
            .iter()
            .filter(|r| r.name == name)
            .cloned()
            .collect()
    }

    pub fn values(&self, name: &str) -> Vec<String> {
        let mut values: Vec<_> = self.of(name).into_iter().map(|r| r.value).collect();
        values.sort();
        values
    }

    /// The values of a name as a JSON list of quoted texts.
    pub fn quoted(&self, name: &str) -> String {
        let all = self.of(name).into_iter();
        let all: Vec<String> = all.map(|r| format!("\"{}\"", r.value)).collect();
        serde_json::to_string(&all).expect("JSON")
    }
}

/// The absolute name of a node in a zone.
pub fn absolute(node: &str, zone: &str) -> String {
    match node {
        "" | "@" => zone.to_owned(),
        node => format!("{node}.{zone}"),
    }
}

/// The name below its zone.
pub fn node<'a>(name: &'a str, zone: &str) -> &'a str {
    name.strip_suffix(zone)
        .expect("in the zone")
        .trim_end_matches('.')
}

/// A request as the provider sees it.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: &'static str,
    pub url: String,
    /// The parts of the path.
    pub path: Vec<String>,
    pub query: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Sent {
    fn of(request: &Request<'_>) -> Self {
        let after = request.url.split_once("://").expect("a URL").1;
        let path = after.split_once('/').map_or("", |(_, path)| path);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let pairs = query.split('&').filter_map(|p| p.split_once('='));
        let headers = request.headers.iter();
        Self {
            method: match request.method {
                Method::Get => "GET",
                Method::Head => "HEAD",
                Method::Post => "POST",
                Method::Put => "PUT",
                Method::Patch => "PATCH",
                Method::Delete => "DELETE",
            },
            url: request.url.to_owned(),
            path: path.split('/').map(str::to_owned).collect(),
            query: pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
            headers: headers
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            body: String::from_utf8(request.body.to_vec()).expect("text"),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    pub fn parts(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

/// Status and body.
pub type Reply = (u16, String);

/// How a provider answers.
pub type Emulator = fn(&mut World, &Sent) -> Reply;

/// The way to an emulated provider.
pub struct Wire {
    pub world: RefCell<World>,
    pub emulator: Emulator,
    pub sent: RefCell<Vec<Sent>>,
    /// Instead of the next answers, each with its Retry-After.
    pub faults: RefCell<Vec<(u16, Option<u32>)>>,
    /// Somebody else overwrites this value once, just after it was written.
    pub overwritten: RefCell<Option<String>>,
}

impl Wire {
    pub fn new(emulator: Emulator) -> Self {
        Self {
            world: RefCell::default(),
            emulator,
            sent: RefCell::default(),
            faults: RefCell::default(),
            overwritten: RefCell::default(),
        }
    }
}

impl Transport for Wire {
    fn call(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        let sent = Sent::of(request);
        self.sent.borrow_mut().push(sent.clone());
        let fault = self.faults.borrow_mut().pop();
        if let Some((status, after)) = fault {
            let header = after.map(|s| ("retry-after".to_owned(), s.to_string()));
            return Ok(Response {
                status,
                headers: header.into_iter().collect(),
                body: b"{}".to_vec(),
            });
        }
        let mut world = self.world.borrow_mut();
        let (status, body) = (self.emulator)(&mut world, &sent);
        let mut lost = self.overwritten.borrow_mut();
        if sent.method != "GET"
            && let Some(value) = lost.take_if(|v| world.rows.iter().any(|r| r.value == **v))
        {
            world.rows.retain(|r| r.value != value);
        }
        Ok(Response {
            status,
            headers: Vec::new(),
            body: body.into_bytes(),
        })
    }
}

/// A clock whose pauses pass at once.
pub struct Desk {
    now: Cell<i64>,
}

impl Desk {
    pub fn new() -> Self {
        Self {
            now: Cell::new(1_795_321_800),
        }
    }

    pub fn set(&self, now: Timestamp) {
        self.now.set(now.0);
    }
}

impl Clock for Desk {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.get())
    }

    fn go_on(&self) -> Result<(), Interrupted> {
        Ok(())
    }

    fn sleep(&self, time: Duration) -> Result<(), Interrupted> {
        let seconds = i64::try_from(time.as_secs()).expect("short");
        self.now.set(self.now.get() + seconds.max(1));
        Ok(())
    }
}
