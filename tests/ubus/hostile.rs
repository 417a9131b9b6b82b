//! Callers and subscribers that mean harm, or fail at what they mean.

use crate::rig::{CALL_LIMIT, Rig, error, list};
use certkeeper::ubus::blob::{Table, Value, Writer};
use certkeeper::ubus::message::{Message, kind};
use certkeeper::ubus::{Client, Connection};
use std::time::{Duration, Instant};

/// Sends these bytes as arguments of a method and does not wait for an answer.
fn send(rig: &Rig, object: u32, method: &str, data: &[u8]) {
    let mut connection = Connection::open(rig.bus.socket()).expect("a bus");
    let mut writer = Writer::default();
    writer.number(3, object);
    writer.text(4, method);
    writer.bytes(7, data);
    let body = writer.into_bytes();
    let message = Message {
        kind: kind::INVOKE,
        seq: 1,
        peer: object,
        body,
    };
    connection.send(&message).expect("it is sent");
    // ubusd has it before the connection goes.
    let _ = connection.wait(Instant::now() + Duration::from_secs(2));
}

#[test]
fn hostile_arguments() {
    let mut rig = Rig::new(&["web"]);
    let object = rig.client.lookup("certkeeper").expect("the agent").id;
    let deep = (0..5000).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut writer = Writer::default();
        writer.bytes(2, &[&[0, 0, 0, 0], &inner[..]].concat());
        let mut bytes = writer.into_bytes();
        bytes[0] |= 0x80;
        bytes
    });
    for method in [
        "status",
        "check",
        "renew",
        "job",
        "upload",
        "nosuch",
        "",
        "\u{1b}[2J",
    ] {
        for data in [
            &b"\xff\xff\xff\xff"[..],
            b"\x83\x00\x00\x03",
            b"\0\0\0",
            &[0x83; 64],
            &deep,
            &[0; 65536],
        ] {
            send(&rig, object, method, data);
        }
    }
    let long = "x".repeat(500_000);
    let nested = (0..28).fold(Value::Null, |v, _| Value::Array(vec![v]));
    let many: Table = (0..20_000)
        .map(|n| (format!("a{n}"), Value::Bool(true)))
        .collect();
    let args = |name: &str, value: Value| vec![(name.to_owned(), value)];
    for (method, args) in [
        ("status", args("section", long.as_str().into())),
        ("status", args("section", "../../etc/shadow".into())),
        ("log", args("section", "web/../x\nb".into())),
        ("certificate", args("section", "-".into())),
        ("job", args("job", Value::Int64(i64::MAX))),
        ("job", args("job", Value::Double(f64::NAN))),
        ("upload", args("certificate", long.as_str().into())),
        (
            "account",
            [args("name", "--root=/".into()), args("action", nested)].concat(),
        ),
    ] {
        let answer = rig
            .client
            .call("certkeeper", method, &args, CALL_LIMIT)
            .expect("an answer");
        error(&answer);
    }
    let answer = rig
        .client
        .call("certkeeper", "status", &many, CALL_LIMIT)
        .expect("an answer");
    assert_eq!(list(&answer, "sections").len(), 1);
}

#[test]
fn a_subscriber_that_does_not_read_harms_nobody() {
    let mut rig = Rig::new(&["web"]);
    let mut deaf = Client::connect(rig.bus.socket()).expect("a bus");
    deaf.subscribe("certkeeper").expect("a subscription");
    deaf.listen("certkeeper").expect("a listener");
    // A caller that never takes its answers.
    let mut connection = Connection::open(rig.bus.socket()).expect("a bus");
    let object = rig.client.lookup("certkeeper").expect("the agent").id;
    for seq in 0..300 {
        let call = Message::invoke(seq, object, "cas", &[]);
        connection.send(&call).expect("it is sent");
    }
    for _ in 0..3 {
        let job = rig.job("renew", r#"{"section": "web"}"#);
        rig.ended(job);
    }
    assert_eq!(list(&rig.call("status", "{}"), "sections").len(), 1);
    drop((deaf, connection));
    assert_eq!(list(&rig.call("status", "{}"), "sections").len(), 1);
}
