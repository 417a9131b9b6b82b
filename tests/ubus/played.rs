//! The client against a peer that plays a recorded ubusd: it expects the recorded bytes of `ubus` and
//! answers with the recorded answers.

use crate::recorded::{exchange, status_answer, status_args};
use crate::support::temp_root::TempRoot;
use certkeeper::ubus::blob::{Table, Value, get};
use certkeeper::ubus::message::Call;
use certkeeper::ubus::{Client, UbusError};
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(5);

/// Plays one exchange while `client` does its part.
fn play<T>(name: &str, client: impl FnOnce(Client) -> T) -> T {
    let temp = TempRoot::new();
    let socket = temp.path("ubus.sock");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let messages = exchange(name).messages;
    let peer = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        stream.set_read_timeout(Some(LIMIT)).expect("a stream");
        for message in messages {
            let bytes = message.bytes();
            if message.to == "client" {
                // Who only sends does not wait for an end.
                let _ = stream.write_all(&bytes);
                continue;
            }
            let mut ours = vec![0; bytes.len()];
            stream.read_exact(&mut ours).expect("a message");
            assert_eq!(ours, bytes, "{}", message.kind);
        }
    });
    let result = client(Client::connect(&socket).expect("a greeting"));
    peer.join().expect("the recorded bytes");
    result
}

fn status_of<T>(result: Result<T, UbusError>) -> u32 {
    match result {
        Err(UbusError::Status(status)) => status,
        Err(e) => panic!("{e}"),
        Ok(_) => panic!("no refusal"),
    }
}

#[test]
fn calls() {
    let none = Table::new();
    let seven = [("section".to_owned(), Value::Int32(7))];
    let answer = play("call_status", |mut c| {
        c.call("certkeeper", "status", &status_args(), LIMIT)
    });
    assert_eq!(answer.expect("an answer"), status_answer());
    let answer = play("call_wrong_type", |mut c| {
        c.call("certkeeper", "status", &seven, LIMIT)
    });
    assert_eq!(answer.expect("an answer"), status_answer());
    let refused = play("call_refuse", |mut c| {
        c.call("certkeeper", "refuse", &none, LIMIT)
    });
    assert_eq!(status_of(refused), 2);
    let unknown = play("call_unknown_method", |mut c| {
        c.call("certkeeper", "nosuch", &none, LIMIT)
    });
    assert_eq!(status_of(unknown), 3);
    let unknown = play("call_unknown_object", |mut c| {
        c.call("nosuch", "x", &none, LIMIT)
    });
    assert_eq!(status_of(unknown), 4);
    let poked = play("poke", |mut c| c.call("certkeeper", "poke", &none, LIMIT));
    assert_eq!(poked.expect("an answer"), none);
}

#[test]
fn lookups() {
    let object = play("list", |mut c| c.lookup("certkeeper")).expect("an object");
    assert_eq!(
        (object.id, object.path.as_str()),
        (0x755c_4370, "certkeeper")
    );
    assert!(get(&object.signature, "refuse").is_some());
}

#[test]
fn events_and_notifications() {
    let news = vec![
        ("section".to_owned(), Value::from("my_domain_com")),
        ("state".to_owned(), Value::from("valid")),
    ];
    play("send", |mut c| c.send_event("certkeeper", &news)).expect("it is sent");
    let heard = play("listen", |mut c| {
        let own = c.listen("certkeeper").expect("a listener");
        let message = c.wait(LIMIT).expect("an event");
        let fields = message.fields().expect("fields");
        assert_eq!(
            (fields.object, fields.method.as_deref()),
            (Some(own), Some("certkeeper"))
        );
        let call = Call::of(&message, &fields).expect("a call");
        c.end(&call, 0).expect("an end");
        fields.data
    });
    assert_eq!(heard, Some(Ok(news)));
    let heard = play("subscribe", |mut c| {
        let own = c.subscribe("certkeeper").expect("a subscription");
        let message = c.wait(LIMIT).expect("a notification");
        let fields = message.fields().expect("fields");
        assert_eq!((fields.object, fields.no_reply), (Some(own), true));
        let call = Call::of(&message, &fields).expect("a call");
        // Nobody waits for it, so nothing is sent.
        c.answer(&call, &[]).expect("nothing to do");
        (fields.method, fields.data)
    });
    let stage = vec![
        ("section".to_owned(), Value::from("my_domain_com")),
        ("stage".to_owned(), Value::from("order")),
    ];
    assert_eq!(heard, (Some("progress".to_owned()), Some(Ok(stage))));
}

#[test]
fn a_peer_that_says_nothing_is_not_waited_for_long() {
    let temp = TempRoot::new();
    let socket = temp.path("ubus.sock");
    assert!(matches!(Client::connect(&socket), Err(UbusError::Io(_))));
    let listener = UnixListener::bind(&socket).expect("a socket");
    let begun = std::time::Instant::now();
    assert!(matches!(Client::connect(&socket), Err(UbusError::TimedOut)));
    assert!(begun.elapsed() < Duration::from_secs(8));
    drop(listener);
}

#[test]
fn an_answer_that_does_not_come_times_out() {
    let messages = exchange("call_status").messages;
    let temp = TempRoot::new();
    let socket = temp.path("ubus.sock");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let greeting = messages[0].bytes();
    let peer = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        stream.write_all(&greeting).expect("it reads");
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
    });
    let mut client = Client::connect(&socket).expect("a greeting");
    let answer = client.invoke(7, "x", &[], Duration::from_millis(200));
    assert!(matches!(answer, Err(UbusError::TimedOut)), "{answer:?}");
    drop(client);
    peer.join().expect("an end");
}

#[test]
fn what_is_no_message_ends_the_connection() {
    for bytes in [&[0; 12][..], &[0xff; 64], b"\0\0\0\0\0\0\0\x01\0\x10\0\x01"] {
        let temp = TempRoot::new();
        let socket = temp.path("ubus.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let bytes = bytes.to_vec();
        let peer = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let _ = stream.write_all(&bytes);
        });
        let refused = Client::connect(&socket);
        assert!(matches!(refused, Err(UbusError::Malformed)), "{refused:?}");
        peer.join().expect("an end");
    }
}
