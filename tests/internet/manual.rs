//! Records that the owner writes himself.

use crate::world::World;
use serde_json::json;

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
    world.publish("demo.example", NAME, &value(0));
    // One of two: it waits on, for the same values.
    let run = world.ends(&["renew", "web"], 4, &["does not show"]);
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
