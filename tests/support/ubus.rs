//! ubus for tests: the live one that `UBUS_SOCKET` names, or a stand-in that hands messages on as
//! ubusd does (no Debian has ubusd). The tests of tests/ubus hold both to the same.

use super::tools;
use certkeeper::ubus::blob::{Value, Writer, attrs, get, table};
use certkeeper::ubus::message::{Message, kind};
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A client that has not read for so long is dropped.
const PATIENCE: Duration = Duration::from_secs(2);

/// ubusd for one test. An object's name can be had once, so tests on a live one wait for each other.
pub struct Bus {
    socket: PathBuf,
    own: Option<StandIn>,
    _alone: Option<MutexGuard<'static, ()>>,
}

impl Bus {
    /// The live one where there is one, else the stand-in on `socket`.
    pub fn start(socket: &Path) -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        match env::var_os("UBUS_SOCKET") {
            Some(live) => Self {
                socket: live.into(),
                own: None,
                _alone: Some(ALONE.lock().unwrap_or_else(PoisonError::into_inner)),
            },
            None => Self::stand_in(socket),
        }
    }

    /// The stand-in in any case, for what no live one may be put through.
    pub fn stand_in(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
            own: Some(StandIn::start(socket)),
            _alone: None,
        }
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Ends and comes back after a while: all connections and objects are gone.
    ///
    /// # Panics
    /// On a live one.
    pub fn restart(&mut self, pause: Duration) {
        assert!(self.own.is_some(), "a live ubusd is not ours to end");
        drop(self.own.take());
        thread::sleep(pause);
        self.own = Some(StandIn::start(&self.socket));
    }
}

/// Says that tests run on the stand-in alone.
pub fn say_without_live() {
    if env::var_os("UBUS_SOCKET").is_none() {
        tools::skip(
            "a live ubusd",
            "UBUS_SOCKET names none; a stand-in takes its place",
        );
    }
}

struct StandIn {
    state: Arc<Mutex<State>>,
    socket: PathBuf,
}

impl StandIn {
    fn start(socket: &Path) -> Self {
        fs::create_dir_all(socket.parent().expect("a folder")).expect("a folder");
        let _ = fs::remove_file(socket);
        let listener = UnixListener::bind(socket).expect("a socket");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        thread::spawn(move || {
            for (number, stream) in (1..).map(|n| 0x1000 + n * 7).zip(listener.incoming()) {
                if lock(&shared).ended {
                    return;
                }
                let (stream, shared) = (stream.expect("a client"), shared.clone());
                thread::spawn(move || serve(&shared, number, stream));
            }
        });
        Self {
            state,
            socket: socket.to_owned(),
        }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.ended = true;
        for client in state.clients.values() {
            let _ = client.shutdown(Shutdown::Both);
        }
        drop(state);
        let _ = UnixStream::connect(&self.socket);
        let _ = fs::remove_file(&self.socket);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct State {
    ended: bool,
    clients: BTreeMap<u32, UnixStream>,
    objects: BTreeMap<u32, Object>,
    patterns: Vec<(String, u32)>,
    made: u32,
}

struct Object {
    client: u32,
    path: Option<String>,
    signature: Vec<u8>,
    subscribers: Vec<u32>,
}

fn serve(state: &Mutex<State>, number: u32, mut stream: UnixStream) {
    let twin = stream.try_clone().expect("a stream");
    twin.set_write_timeout(Some(PATIENCE)).expect("a stream");
    lock(state).clients.insert(number, twin);
    lock(state).send(number, kind::HELLO, 0, number, |_| {});
    let mut unread = Vec::new();
    let mut chunk = [0; 65536];
    while let Ok(n @ 1..) = stream.read(&mut chunk) {
        unread.extend_from_slice(&chunk[..n]);
        while let Ok(Some((message, length))) = Message::parse(&unread) {
            unread.drain(..length);
            lock(state).take(number, &message);
        }
    }
    let mut state = lock(state);
    state.clients.remove(&number);
    state.objects.retain(|_, o| o.client != number);
}

const STATUS: u8 = 1;
const PATH: u8 = 2;
const ID: u8 = 3;
const METHOD: u8 = 4;
const TYPE: u8 = 5;
const SIGNATURE: u8 = 6;
const DATA: u8 = 7;
const TARGET: u8 = 8;
const ACTIVE: u8 = 9;
const NO_REPLY: u8 = 10;
const USER: u8 = 12;
const GROUP: u8 = 13;

impl State {
    fn send(&mut self, to: u32, kind: u8, seq: u16, peer: u32, fields: impl FnOnce(&mut Writer)) {
        let mut writer = Writer::default();
        fields(&mut writer);
        let body = writer.into_bytes();
        let message = Message {
            kind,
            seq,
            peer,
            body,
        };
        let bytes = message.bytes().expect("not too long");
        if let Some(client) = self.clients.get_mut(&to)
            && client.write_all(&bytes).is_err()
        {
            let _ = client.shutdown(Shutdown::Both);
        }
    }

    /// One message of a client, as ubusd takes it.
    fn take(&mut self, from: u32, message: &Message) {
        let field = |id: u8| attrs(&message.body).flatten().filter(|a| a.id == id).last();
        let number = |id: u8| field(id).and_then(|a| a.number().ok());
        let text = |id: u8| field(id).map(|a| a.text());
        let bytes = |id: u8| field(id).map(|a| a.data.to_vec()).unwrap_or_default();
        let (seq, id) = (message.seq, number(ID));
        let status = match message.kind {
            kind::LOOKUP => self.lookup(from, seq, text(PATH)),
            kind::ADD_OBJECT => self.add(from, seq, text(PATH), bytes(SIGNATURE)),
            kind::INVOKE => {
                let method = text(METHOD).unwrap_or_default();
                self.invoke(from, message, &method, &bytes(DATA))
            }
            kind::STATUS | kind::DATA => {
                let peer = id.unwrap_or_default();
                let mine = self.objects.get(&peer).is_some_and(|o| o.client == from);
                if mine {
                    let body = message.body.clone();
                    self.forward(message.peer, message.kind, seq, peer, body);
                }
                return;
            }
            kind::SUBSCRIBE => self.subscribe(id, number(TARGET)),
            kind::NOTIFY => {
                let object = id.and_then(|id| self.objects.get(&id));
                let subscribers = object.map(|o| o.subscribers.clone()).unwrap_or_default();
                for subscriber in subscribers {
                    let method = text(METHOD).unwrap_or_default();
                    self.hand_on(from, seq, subscriber, &method, &bytes(DATA), true);
                }
                return;
            }
            _ => Some(1),
        };
        if let Some(status) = status {
            let peer = if message.kind == kind::INVOKE {
                message.peer
            } else {
                0
            };
            self.send(from, kind::STATUS, seq, peer, |w| {
                w.number(STATUS, status);
                if let Some(id) = id.filter(|id| *id != 1 && message.kind == kind::INVOKE) {
                    w.number(ID, id);
                }
            });
        }
    }

    fn lookup(&mut self, from: u32, seq: u16, path: Option<String>) -> Option<u32> {
        let found = self
            .objects
            .iter()
            .find(|(_, o)| o.path.is_some() && o.path == path);
        let Some((id, object)) = found else {
            return Some(4);
        };
        let (id, signature) = (*id, object.signature.clone());
        self.send(from, kind::DATA, seq, 0, |w| {
            w.text(PATH, path.as_deref().unwrap_or_default());
            w.number(ID, id);
            w.number(TYPE, !id);
            w.bytes(SIGNATURE, &signature);
        });
        Some(0)
    }

    fn add(
        &mut self,
        from: u32,
        seq: u16,
        path: Option<String>,
        signature: Vec<u8>,
    ) -> Option<u32> {
        let taken = |o: &Object| o.path.is_some() && o.path == path;
        if self.objects.values().any(taken) {
            return Some(2);
        }
        self.made += 1;
        let id = 0x755c_4300 + self.made * 13;
        let named = path.is_some();
        let subscribers = Vec::new();
        self.objects.insert(
            id,
            Object {
                client: from,
                path,
                signature,
                subscribers,
            },
        );
        self.send(from, kind::DATA, seq, 0, |w| {
            w.number(ID, id);
            if named {
                w.number(TYPE, !id);
            }
        });
        Some(0)
    }

    fn invoke(&mut self, from: u32, message: &Message, method: &str, data: &[u8]) -> Option<u32> {
        let object = message.peer;
        if object != 1 {
            if !self.objects.contains_key(&object) {
                return Some(4);
            }
            self.hand_on(from, message.seq, object, method, data, false);
            return None;
        }
        let args = table(data).unwrap_or_default();
        match (
            method,
            get(&args, "id"),
            get(&args, "pattern"),
            get(&args, "object"),
        ) {
            ("send", Some(Value::String(id)), ..) => {
                let inner = attrs(data).flatten().find_map(|a| match table_of(a.data) {
                    Some(("data", inner)) => Some(inner.to_vec()),
                    _ => None,
                });
                let hears = |(pattern, _): &&(String, u32)| pattern == id;
                let listeners: Vec<u32> = self.patterns.iter().filter(hears).map(|p| p.1).collect();
                for listener in listeners {
                    let inner = inner.clone().unwrap_or_default();
                    self.hand_on(0, 1, listener, id, &inner, false);
                }
                Some(0)
            }
            ("register", _, Some(Value::String(pattern)), Some(Value::Int32(id))) => {
                self.patterns.push((pattern.clone(), id.cast_unsigned()));
                Some(0)
            }
            _ => Some(3),
        }
    }

    fn subscribe(&mut self, own: Option<u32>, target: Option<u32>) -> Option<u32> {
        let object = target.and_then(|t| self.objects.get_mut(&t));
        let (Some(own), Some(target), Some(object)) = (own, target, object) else {
            return Some(4);
        };
        object.subscribers.push(own);
        let owner = object.client;
        self.send(owner, kind::NOTIFY, 1, 0, |w| {
            w.number(ID, target);
            w.bytes(ACTIVE, &[1]);
        });
        Some(0)
    }

    fn hand_on(
        &mut self,
        from: u32,
        seq: u16,
        object: u32,
        method: &str,
        data: &[u8],
        notification: bool,
    ) {
        let Some(client) = self.objects.get(&object).map(|o| o.client) else {
            return;
        };
        self.send(client, kind::INVOKE, seq, from, |w| {
            if notification {
                w.bytes(NO_REPLY, &[1]);
            }
            w.number(ID, object);
            w.text(METHOD, method);
            if from != 0 {
                w.text(USER, "root");
                w.text(GROUP, "root");
            }
            w.bytes(DATA, data);
        });
    }

    fn forward(&mut self, to: u32, kind: u8, seq: u16, peer: u32, body: Vec<u8>) {
        let bytes = Message {
            kind,
            seq,
            peer,
            body,
        }
        .bytes()
        .expect("not too long");
        if let Some(client) = self.clients.get_mut(&to)
            && client.write_all(&bytes).is_err()
        {
            let _ = client.shutdown(Shutdown::Both);
        }
    }
}

/// Name and content of a named attribute.
fn table_of(data: &[u8]) -> Option<(&str, &[u8])> {
    let length = usize::from(u16::from_be_bytes(*data.first_chunk::<2>()?));
    let name = std::str::from_utf8(data.get(2..2 + length)?).ok()?;
    Some((name, data.get((2 + length + 1).div_ceil(4) * 4..)?))
}
