//! What goes over the bus, whoever plays ubusd: a live one, or the stand-in that is held to it.

use crate::support::temp_root::TempRoot;
use crate::support::ubus::{Bus, say_without_live};
use certkeeper::ubus::blob::{Kind, Table, Value};
use certkeeper::ubus::message::Call;
use certkeeper::ubus::{Client, UbusError};
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(10);
const NAME: &str = "certkeeper-test";

/// An object and a caller.
fn two() -> (TempRoot, Bus, Client, Client, u32) {
    say_without_live();
    let temp = TempRoot::new();
    let bus = Bus::start(&temp.path("ubus.sock"));
    let mut object = Client::connect(bus.socket()).expect("a bus");
    let caller = Client::connect(bus.socket()).expect("a bus");
    let echo: &[(&str, Kind)] = &[("text", Kind::String)];
    let id = object.register(NAME, &[("echo", echo)]).expect("an object");
    (temp, bus, object, caller, id)
}

/// The next call: its method and arguments.
fn next(object: &mut Client) -> (Call, String, Table) {
    loop {
        let message = object.wait(LIMIT).expect("a call");
        let fields = message.fields().expect("fields");
        if let Some(call) = Call::of(&message, &fields) {
            let args = fields.data.expect("arguments").expect("a table");
            return (call, fields.method.expect("a method"), args);
        }
    }
}

fn texts(text: &str) -> Table {
    vec![("text".to_owned(), text.into())]
}

#[test]
fn long_answers_and_late_ones() {
    let (_temp, _bus, mut object, mut caller, id) = two();
    let caller = thread::spawn(move || {
        let long = caller.call(NAME, "echo", &texts(&"x".repeat(400_000)), LIMIT);
        assert_eq!(long.expect("an answer"), texts(&"x".repeat(900_000)));
        let late = caller.invoke(id, "echo", &[], Duration::from_millis(200));
        assert!(matches!(late, Err(UbusError::TimedOut)), "{late:?}");
        // The late answer to the one before is not taken for this one's.
        let next = caller.invoke(id, "echo", &texts("second"), LIMIT);
        assert_eq!(next.expect("an answer"), texts("second"));
        let refused = caller.invoke(id, "echo", &[], LIMIT);
        assert!(matches!(refused, Err(UbusError::Status(6))), "{refused:?}");
        let none = caller.lookup("certkeeper-nobody");
        assert!(matches!(none, Err(UbusError::Status(4))), "{none:?}");
        caller.lookup(NAME).expect("an object")
    });
    let (call, method, args) = next(&mut object);
    assert_eq!(
        (method.as_str(), args),
        ("echo", texts(&"x".repeat(400_000)))
    );
    object
        .answer(&call, &texts(&"x".repeat(900_000)))
        .expect("an answer");
    let (late, ..) = next(&mut object);
    let (call, _, args) = next(&mut object);
    object.answer(&late, &texts("late")).expect("an answer");
    object.answer(&call, &args).expect("an answer");
    let (call, ..) = next(&mut object);
    object.end(&call, 6).expect("an end");
    // Answers that wait to be sent are, when the other side reads.
    while object.wants_to_write() {
        let _ = object.receive();
    }
    let found = caller.join().expect("all of it");
    assert_eq!((found.id, found.path.as_str()), (id, NAME));
    let echo = vec![("text".to_owned(), Value::Int32(Kind::String as i32))];
    assert_eq!(found.signature, [("echo".to_owned(), Value::Table(echo))]);
}

#[test]
fn news() {
    let (_temp, bus, mut object, mut caller, id) = two();
    let own = caller.subscribe(NAME).expect("a subscription");
    let mut listener = Client::connect(bus.socket()).expect("a bus");
    let heard = listener.listen(NAME).expect("a listener");
    object
        .notify(id, "news", &texts("notified"))
        .expect("it is sent");
    object
        .send_event(NAME, &texts("event"))
        .expect("it is sent");
    let (call, what, data) = next(&mut caller);
    assert!(call.no_reply());
    assert_eq!((what.as_str(), data), ("news", texts("notified")));
    let (_, what, data) = next(&mut listener);
    assert_eq!((what.as_str(), data), (NAME, texts("event")));
    assert_ne!(own, heard);
    // The object is told that somebody is subscribed, and ends of its own requests are not told.
    let told = object
        .wait(LIMIT)
        .expect("a notice")
        .fields()
        .expect("fields");
    assert_eq!((told.object, told.active), (Some(id), Some(true)));
    assert!(object.receive().expect("nothing").is_none());
}

#[test]
fn a_name_can_be_had_once() {
    let (_temp, bus, object, _caller, _) = two();
    let mut other = Client::connect(bus.socket()).expect("a bus");
    let refused = other.register(NAME, &[]);
    assert!(matches!(refused, Err(UbusError::Status(2))), "{refused:?}");
    drop(object);
    let free = crate::support::wait_until(LIMIT, || other.register(NAME, &[]).is_ok());
    assert!(free, "the name is still taken");
}
