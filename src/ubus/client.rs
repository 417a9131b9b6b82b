//! What a program does on ubus: calls methods, registers an object, notifies, sends events.

use super::blob::{Table, Value};
use super::connection::{Connection, Result, UbusError};
use super::message::{Call, Fields, Message, Signature, kind};
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long ubusd itself may take to answer.
const DAEMON_LIMIT: Duration = Duration::from_secs(5);
/// What others may send while an answer is waited for.
const LATER_MAX: usize = 256;
/// ubusd's own object for events (`UBUS_SYSTEM_OBJECT_EVENT`).
const EVENTS: u32 = 1;

/// An object that somebody has registered.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its number.
    pub id: u32,
    /// Its name.
    pub path: String,
    /// Its methods, with their arguments' kinds as numbers.
    pub signature: Table,
}

/// A connection to ubusd at work.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
    seq: u16,
    later: VecDeque<Message>,
}

impl Client {
    /// Connects to the socket.
    pub fn connect(socket: &Path) -> Result<Self> {
        Ok(Self {
            connection: Connection::open(socket)?,
            seq: 0,
            later: VecDeque::new(),
        })
    }

    /// The object of that name; `Status(4)` if there is none.
    pub fn lookup(&mut self, path: &str) -> Result<Object> {
        let found = self.request(DAEMON_LIMIT, |seq| Message::lookup(seq, path))?;
        let mut objects = found.into_iter().filter_map(|fields| {
            Some(Object {
                id: fields.object?,
                path: fields.path?,
                signature: fields.signature.unwrap_or_default(),
            })
        });
        objects.next().ok_or(UbusError::Malformed)
    }

    /// Calls a method and returns its answer.
    pub fn invoke(
        &mut self,
        object: u32,
        method: &str,
        args: &[(String, Value)],
        limit: Duration,
    ) -> Result<Table> {
        let answer = self.request(limit, |seq| Message::invoke(seq, object, method, args))?;
        let data = answer
            .into_iter()
            .filter_map(|fields| fields.data)
            .next_back();
        Ok(data.transpose()?.unwrap_or_default())
    }

    /// Calls a method of the object of that name.
    pub fn call(
        &mut self,
        path: &str,
        method: &str,
        args: &[(String, Value)],
        limit: Duration,
    ) -> Result<Table> {
        let object = self.lookup(path)?.id;
        self.invoke(object, method, args, limit)
    }

    /// Registers an object and returns its number.
    pub fn register(&mut self, path: &str, methods: Signature<'_>) -> Result<u32> {
        self.add_object(Some((path, methods)))
    }

    fn add_object(&mut self, named: Option<(&str, Signature<'_>)>) -> Result<u32> {
        let answer = self.request(DAEMON_LIMIT, |seq| Message::add_object(seq, named))?;
        let number = answer.into_iter().find_map(|fields| fields.object);
        number.ok_or(UbusError::Malformed)
    }

    /// Has the notifications of an object sent here: they come as calls, whose method is what they
    /// are about, of the own object whose number is returned.
    pub fn subscribe(&mut self, path: &str) -> Result<u32> {
        let own = self.add_object(None)?;
        let target = self.lookup(path)?.id;
        self.request(DAEMON_LIMIT, |seq| Message::subscribe(seq, own, target))?;
        Ok(own)
    }

    /// Notifies the subscribers of an own object.
    pub fn notify(&mut self, object: u32, what: &str, data: &[(String, Value)]) -> Result<()> {
        let seq = self.next_seq();
        self.connection
            .send(&Message::notify(seq, object, what, data))
    }

    /// Sends an event. Whether somebody hears it is not waited for.
    pub fn send_event(&mut self, id: &str, data: &[(String, Value)]) -> Result<()> {
        let seq = self.next_seq();
        let args = [
            ("id".to_owned(), id.into()),
            ("data".to_owned(), Value::Table(data.to_vec())),
        ];
        self.connection
            .send(&Message::invoke(seq, EVENTS, "send", &args))
    }

    /// Has the events of that name (or `name.*`) sent here: they come as calls of the own object whose
    /// number is returned.
    pub fn listen(&mut self, pattern: &str) -> Result<u32> {
        let own = self.add_object(None)?;
        let args = [
            // ubusd's policy wants 32 bits, whatever their sign.
            ("object".to_owned(), Value::Int32(own.cast_signed())),
            ("pattern".to_owned(), pattern.into()),
        ];
        self.invoke(EVENTS, "register", &args, DAEMON_LIMIT)?;
        Ok(own)
    }

    /// Answers a call, at once or later.
    pub fn answer(&mut self, call: &Call, data: &[(String, Value)]) -> Result<()> {
        if call.no_reply() {
            return Ok(());
        }
        self.connection.send(&Message::data(call, data))?;
        self.end(call, 0)
    }

    /// Ends a call with a status and no answer.
    pub fn end(&mut self, call: &Call, status: u32) -> Result<()> {
        match call.no_reply() {
            true => Ok(()),
            false => self.connection.send(&Message::status(call, status)),
        }
    }

    /// The next message that concerns an own object and is here, without waiting for one. Ends of
    /// requests that nobody waits for are left out.
    pub fn receive(&mut self) -> Result<Option<Message>> {
        loop {
            let message = match self.later.pop_front() {
                Some(message) => Some(message),
                None => self.connection.receive()?,
            };
            match message {
                Some(Message {
                    kind: kind::STATUS | kind::DATA,
                    ..
                }) => {}
                other => return Ok(other),
            }
        }
    }

    /// Waits for the next message that concerns an own object.
    pub fn wait(&mut self, limit: Duration) -> Result<Message> {
        let end = Instant::now() + limit;
        loop {
            if let Some(message) = self.receive()? {
                return Ok(message);
            }
            let message = self.connection.wait(end)?;
            self.later.push_back(message);
        }
    }

    /// True while something waits to be sent.
    pub fn wants_to_write(&self) -> bool {
        self.connection.wants_to_write()
    }

    /// Sends a request and returns what came before its end.
    fn request(
        &mut self,
        limit: Duration,
        message: impl FnOnce(u16) -> Message,
    ) -> Result<Vec<Fields>> {
        let end = Instant::now() + limit;
        let seq = self.next_seq();
        self.connection.send(&message(seq))?;
        let mut answer = Vec::new();
        loop {
            let message = self.connection.wait(end)?;
            match message.kind {
                kind::DATA if message.seq == seq => answer.push(message.fields()?),
                kind::STATUS if message.seq == seq => {
                    return match message.fields()?.status {
                        Some(0) => Ok(answer),
                        Some(status) => Err(UbusError::Status(status)),
                        None => Err(UbusError::Malformed),
                    };
                }
                // Late ends of earlier requests.
                kind::DATA | kind::STATUS => {}
                _ if self.later.len() < LATER_MAX => self.later.push_back(message),
                _ => return Err(UbusError::TooLong),
            }
        }
    }

    fn next_seq(&mut self) -> u16 {
        self.seq = self.seq.wrapping_add(1);
        self.seq
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }
}
