//! netifd on a bus: answers `network.interface dump` with what it is told to.

use super::ubus::Bus;
use certkeeper::ubus::blob::{Kind, Table, Value};
use certkeeper::ubus::message::{Call, kind};
use certkeeper::ubus::{Client, UbusError};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::mpsc::{self, Sender, TryRecvError};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A recorded reply of netifd: DHCP with a delegated prefix, a modem that is not there.
pub const DUMP: &str = include_str!("../fixtures/netifd/dump.json");

/// How soon its end is noticed.
const LOOK: Duration = Duration::from_millis(50);

/// netifd and, beside it, procd's `service`, which notes events.
pub struct Netifd {
    reply: Arc<Mutex<String>>,
    events: Arc<Mutex<Vec<String>>>,
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _bus: Bus,
}

impl Netifd {
    /// On the live ubusd where there is one, whose socket is linked to here; else on a stand-in.
    pub fn start(socket: &Path) -> Self {
        let bus = Bus::start(socket);
        if bus.socket() != socket {
            fs::create_dir_all(socket.parent().expect("a folder")).expect("a folder");
            symlink(bus.socket(), socket).expect("a link");
        }
        let reply = Arc::new(Mutex::new(DUMP.to_owned()));
        let events = Arc::new(Mutex::new(Vec::new()));
        let mut client = Client::connect(bus.socket()).expect("a bus");
        let network = client.register("network.interface", &[("dump", &[])]);
        let network = network.expect("an object");
        let args: &[(&str, Kind)] = &[("type", Kind::String), ("data", Kind::Table)];
        client
            .register("service", &[("event", args)])
            .expect("an object");
        let (shared, noted) = (reply.clone(), events.clone());
        let (end, ended) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            while ended.try_recv() != Err(TryRecvError::Disconnected) {
                let message = match client.wait(LOOK) {
                    Ok(message) => message,
                    Err(UbusError::TimedOut) => continue,
                    Err(_) => break,
                };
                if message.kind != kind::INVOKE {
                    continue;
                }
                let fields = message.fields().expect("fields");
                let call = Call::of(&message, &fields).expect("a call");
                let mut answer = Table::new();
                if fields.object == Some(network) {
                    let text = shared.lock().expect("a reply").clone();
                    if let Ok(Value::Table(table)) = serde_json::from_str(&text) {
                        answer = table;
                    }
                } else {
                    let args = format!("{:?}", fields.data);
                    noted.lock().expect("events").push(args);
                }
                let _ = client.answer(&call, &answer);
            }
        });
        Self {
            reply,
            events,
            end: Some(end),
            thread: Some(thread),
            _bus: bus,
        }
    }

    /// Answers so from now on.
    pub fn say(&self, reply: &str) {
        reply.clone_into(&mut self.reply.lock().expect("a reply"));
    }

    /// The events that procd was told of.
    pub fn events(&self) -> Vec<String> {
        self.events.lock().expect("events").clone()
    }
}

impl Drop for Netifd {
    fn drop(&mut self) {
        // A live bus gives its objects' names to one at a time.
        drop(self.end.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
