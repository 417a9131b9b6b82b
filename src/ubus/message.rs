//! Messages of ubus: a header of eight bytes (version, type, sequence number, peer), and a blob whose
//! attributes are the message's fields.

use super::blob::{Attr, BLOB_MAX, Kind, Malformed, Table, Value, Writer, attrs, table};

/// The length of a message's header with that of its blob.
pub const HEADER: usize = 12;

/// What a message is (`UBUS_MSG_…`).
pub mod kind {
    /// ubusd greets; the peer is the client's own number.
    pub const HELLO: u8 = 0;
    /// How a request ended.
    pub const STATUS: u8 = 1;
    /// A part of an answer.
    pub const DATA: u8 = 2;
    /// Asks for objects by name.
    pub const LOOKUP: u8 = 4;
    /// Calls a method.
    pub const INVOKE: u8 = 5;
    /// Registers an object.
    pub const ADD_OBJECT: u8 = 6;
    /// Asks for the notifications of an object.
    pub const SUBSCRIBE: u8 = 8;
    /// Sends a notification; to an object: whether somebody is subscribed.
    pub const NOTIFY: u8 = 10;
}

/// The number of a field (`UBUS_ATTR_…`).
mod field {
    pub const STATUS: u8 = 1;
    pub const OBJPATH: u8 = 2;
    pub const OBJID: u8 = 3;
    pub const METHOD: u8 = 4;
    pub const SIGNATURE: u8 = 6;
    pub const DATA: u8 = 7;
    pub const TARGET: u8 = 8;
    pub const ACTIVE: u8 = 9;
    pub const NO_REPLY: u8 = 10;
}

/// The methods of an object, each with the names and kinds of its arguments.
pub type Signature<'a> = &'a [(&'a str, &'a [(&'a str, Kind)])];

fn sign(writer: &mut Writer, methods: Signature<'_>) {
    for (method, args) in methods {
        writer.named(method, |w| {
            for (arg, kind) in *args {
                w.value(arg, &Value::Int32(*kind as i32));
            }
        });
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: u8,
    /// An answer has its request's number.
    pub seq: u16,
    /// Whom it concerns.
    pub peer: u32,
    /// Its fields, as they lie in the message.
    pub body: Vec<u8>,
}

/// The fields of a message that are of use here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    /// How a request ended: 0 is well.
    pub status: Option<u32>,
    /// An object's name.
    pub path: Option<String>,
    /// An object's number.
    pub object: Option<u32>,
    /// The method, or what a notification is about.
    pub method: Option<String>,
    /// The methods of an object, each with its arguments' kinds.
    pub signature: Option<Table>,
    /// Arguments or answer. What cannot be read is told apart from what is not there.
    pub data: Option<Result<Table, Malformed>>,
    /// Somebody is subscribed.
    pub active: Option<bool>,
    /// No answer is wanted.
    pub no_reply: bool,
}

impl Message {
    /// A message that begins a request.
    fn new(kind: u8, seq: u16, peer: u32, fields: impl FnOnce(&mut Writer)) -> Self {
        let mut writer = Writer::default();
        fields(&mut writer);
        Self {
            kind,
            seq,
            peer,
            body: writer.into_bytes(),
        }
    }

    /// Asks for the object of that name.
    pub fn lookup(seq: u16, path: &str) -> Self {
        Self::new(kind::LOOKUP, seq, 0, |w| w.text(field::OBJPATH, path))
    }

    /// Calls a method.
    pub fn invoke(seq: u16, object: u32, method: &str, args: &[(String, Value)]) -> Self {
        Self::new(kind::INVOKE, seq, object, |w| {
            w.number(field::OBJID, object);
            w.text(field::METHOD, method);
            w.table(field::DATA, args);
        })
    }

    /// Registers an object. One without a name hears events and notifications.
    pub fn add_object(seq: u16, named: Option<(&str, Signature<'_>)>) -> Self {
        Self::new(kind::ADD_OBJECT, seq, 0, |w| {
            if let Some((path, methods)) = named {
                w.text(field::OBJPATH, path);
                w.nest(field::SIGNATURE, |w| sign(w, methods));
            }
        })
    }

    /// Has notifications of `target` sent to the own object.
    pub fn subscribe(seq: u16, own: u32, target: u32) -> Self {
        Self::new(kind::SUBSCRIBE, seq, 0, |w| {
            w.number(field::OBJID, own);
            w.number(field::TARGET, target);
        })
    }

    /// A notification to all subscribers, of whom none answers.
    pub fn notify(seq: u16, object: u32, what: &str, data: &[(String, Value)]) -> Self {
        Self::new(kind::NOTIFY, seq, object, |w| {
            w.number(field::OBJID, object);
            w.text(field::METHOD, what);
            w.table(field::DATA, data);
            w.bytes(field::NO_REPLY, &[1]);
        })
    }

    /// An answer to a call of the own object.
    pub fn data(call: &Call, data: &[(String, Value)]) -> Self {
        Self::new(kind::DATA, call.seq, call.peer, |w| {
            w.number(field::OBJID, call.object);
            w.table(field::DATA, data);
        })
    }

    /// The end of a call of the own object.
    pub fn status(call: &Call, status: u32) -> Self {
        Self::new(kind::STATUS, call.seq, call.peer, |w| {
            w.number(field::STATUS, status);
            w.number(field::OBJID, call.object);
        })
    }

    /// The bytes that go over the socket; `None`: it is longer than ubusd takes.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let length = self.body.len() + 4;
        let length = u32::try_from(length).ok().filter(|_| length <= BLOB_MAX)?;
        let mut bytes = Vec::with_capacity(HEADER + self.body.len());
        bytes.extend_from_slice(&[0, self.kind]);
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        bytes.extend_from_slice(&self.peer.to_be_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&self.body);
        Some(bytes)
    }

    /// The message that `bytes` begin with, and its length; `None`: more bytes are needed.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        let Some(head) = bytes.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let [_, kind, s0, s1, p0, p1, p2, p3, l0, l1, l2, l3] = *head;
        let length = u32::from_be_bytes([l0, l1, l2, l3]) & 0x00ff_ffff;
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        if !(4..=BLOB_MAX).contains(&length) {
            return Err(Malformed);
        }
        let end = HEADER - 4 + length;
        let Some(body) = bytes.get(HEADER..end) else {
            return Ok(None);
        };
        let message = Self {
            kind,
            seq: u16::from_be_bytes([s0, s1]),
            peer: u32::from_be_bytes([p0, p1, p2, p3]),
            body: body.to_vec(),
        };
        Ok(Some((message, end)))
    }

    /// Its fields; of several of a kind the last.
    pub fn fields(&self) -> Result<Fields, Malformed> {
        let mut fields = Fields::default();
        for attr in attrs(&self.body) {
            let attr: Attr<'_> = attr?;
            match attr.id {
                field::STATUS => fields.status = Some(attr.number()?),
                field::OBJPATH => fields.path = Some(attr.text()),
                field::OBJID => fields.object = Some(attr.number()?),
                field::METHOD => fields.method = Some(attr.text()),
                field::SIGNATURE => fields.signature = Some(table(attr.data)?),
                field::DATA => fields.data = Some(table(attr.data)),
                field::ACTIVE => fields.active = Some(attr.flag()?),
                field::NO_REPLY => fields.no_reply = attr.flag()?,
                _ => {}
            }
        }
        Ok(fields)
    }
}

/// A call of an object of ours: where its answer goes. It may come later, after other answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    seq: u16,
    peer: u32,
    object: u32,
    no_reply: bool,
}

impl Call {
    /// The call that a message is, to the object of that number.
    pub fn of(message: &Message, fields: &Fields) -> Option<Self> {
        let object = fields.object.filter(|_| message.kind == kind::INVOKE)?;
        Some(Self {
            seq: message.seq,
            peer: message.peer,
            object,
            no_reply: fields.no_reply,
        })
    }

    /// Nobody waits for an answer.
    pub fn no_reply(&self) -> bool {
        self.no_reply
    }
}
