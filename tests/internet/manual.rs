//! Records that the owner writes himself: for each order, or once.

use crate::support::tools;
use crate::world::World;
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

const NAME: &str = "_acme-challenge.demo.example";

#[test]
fn records_are_shown_and_looked_for_and_then_it_goes_on() {
    let Some(world) = World::new("") else { return };
    let names = ["demo.example", "*.demo.example"];
    let way = [("validation_method", "dns-manual".to_owned())];
    world.configure(&names, &way);
    let run = world.ends(&["renew"], 4, &["publish in DNS: ", "goes on in 10 min"]);
    assert!(run.wall.as_secs() < 20, "{:?}", run.wall);
    let status = world.status();
    assert_eq!(status["state"], "deferred", "{status}");
    let records = status["records"].as_array().unwrap().clone();
    assert_eq!(records.len(), 2, "{status}");
    let value = |n: usize| records[n]["value"].as_str().unwrap().to_owned();
    for (n, record) in records.iter().enumerate() {
        let whole = json!({"domain": NAME, "type": "TXT", "ttl": 300, "value": value(n), "status": "not_ready"});
        assert_eq!(*record, whole);
        let line = format!("{NAME}. 300 IN TXT \"{}\"", value(n));
        assert!(run.stdout.contains(&line), "{}", run.report());
    }
    // Something else is there, left from before or mistyped.
    world.publish("demo.example", NAME, "mistyped");
    let words = "192.0.2.53 shows another value at _acme-challenge.demo.example";
    let run = world.ends(&["renew", "web"], 4, &[words]);
    assert!(run.stdout.contains(words), "{}", run.report());
    world.publish("demo.example", NAME, &value(0));
    // One of two: it waits on, for the same values.
    let run = world.ends(&["renew", "web"], 4, &[words]);
    assert!(run.stdout.contains(&value(1)), "{}", run.report());
    world.publish("demo.example", NAME, &value(1));
    world.ends(&["renew", "web"], 0, &["all nameservers show the records"]);
    world.is_issued(&names);
    let text = format!("the TXT record {NAME} may be removed now");
    assert!(world.log().contains(&text), "{}", world.log());
    assert!(world.status()["records"].is_null());
    let orders = world.pebble.requests();
    let orders = orders.iter().filter(|r| r.starts_with("POST /order-plz"));
    assert_eq!(orders.count(), 1, "the order was gone on with");
}

/// The value that is to be published.
fn wanted(world: &World) -> String {
    let status = world.status();
    let records = status["records"].as_array().unwrap();
    let own = records.iter().find(|r| r["domain"] == NAME).unwrap();
    own["value"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_wanted_no_more_is_told() {
    let Some(world) = World::new("") else { return };
    let way = [("validation_method", "dns-manual".to_owned())];
    world.configure(&["demo.example"], &way);
    world.ends(&["renew"], 4, &["publish in DNS: "]);
    let first = wanted(&world);
    let told = |value: &str| {
        format!("the TXT record {NAME} '{value}' is no longer wanted; remove it where you made it")
    };
    // The section is edited meanwhile: another order wants another value.
    let names = ["demo.example", "www.demo.example"];
    world.configure(&names, &way);
    world.ends(&["renew"], 4, &[&told(&first), "publish in DNS: "]);
    let second = wanted(&world);
    assert_ne!(first, second);
    // Nobody does anything until the order has ended.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let run = world
        .certkeeper(&["renew"])
        .env("CERTKEEPER_NOW", &(now.as_secs() + 30 * 86_400).to_string());
    let run = world.router.within(|| run.run());
    let run = world.ended(run, 4, &["publish in DNS: "]);
    assert!(run.stdout.contains(&told(&second)), "{}", run.report());
    assert!(!run.stdout.contains("took back"), "{}", run.report());
    assert_ne!(wanted(&world), second);
    // He has another way meanwhile.
    let third = wanted(&world);
    world.configure(&names, &world.by_update());
    world.ends(&["renew", "web"], 0, &[&told(&third)]);
    world.is_issued(&names);
}

#[test]
fn a_record_for_ever_is_looked_for_where_the_ca_looks() {
    let line = "_validation-persist.www.demo.example. 60 CNAME lasting.other.example.\n";
    let Some(world) = World::new(line) else {
        return;
    };
    if !world.internet.within(|| world.pebble.is_newest()) {
        tools::skip("pebble", "this one does not know dns-persist-01");
        return;
    }
    // Somebody who knows nothing.
    world
        .temp
        .write("etc/resolv.conf", "nameserver 192.0.2.2\n");
    let way = [("validation_method", "dns-persist".to_owned())];
    world.configure(&["www.demo.example"], &way);
    let run = world.ends(&["renew"], 1, &["there is no record for"]);
    let value = run.stdout.split('"').nth(1).unwrap();
    // At once: nobody has remembered that there was none.
    world.publish("other.example", "lasting.other.example", value);
    world.ends(&["check"], 0, &["all nameservers show _validation-persist"]);
    world.ends(&["renew", "web"], 0, &["all nameservers show the records"]);
    world.is_issued(&["www.demo.example"]);
}
