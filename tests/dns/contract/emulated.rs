//! Providers without a server of their own here, in the form of their recorded replies
//! (tests/fixtures/dns). Each checks who logs in, and repeats a wrong token, as bad ones do.

use super::world::{Reply, Sent, TOKEN, World, ZONES, absolute, node};
use serde_json::{Value, json};

macro_rules! fixture {
    ($file:literal $(, $name:literal = $value:expr)*) => {{
        let text = include_str!(concat!("../../fixtures/dns/", $file)).trim_end().to_owned();
        $(let text = text.replace(concat!("{{", $name, "}}"), &$value.to_string());)*
        text
    }};
}

/// Whatever else it may be, it is not what the module should ask.
fn unexpected(sent: &Sent) -> Reply {
    panic!("no such call: {sent:?}")
}

fn is_zone(zone: &str) -> bool {
    ZONES.contains(&zone)
}

fn text(value: &str) -> Value {
    Value::from(value)
}

/// A page of a list, and how many there are.
fn page(all: Vec<String>, sent: &Sent) -> (String, usize) {
    let number = |name: &str, default| sent.query(name).parse().unwrap_or(default);
    let (size, page): (usize, usize) = (number("per_page", 20), number("page", 1));
    let entries: Vec<String> = all
        .iter()
        .skip(size * (page - 1))
        .take(size)
        .cloned()
        .collect();
    (entries.join(","), all.len())
}

pub fn cloudflare(world: &mut World, sent: &Sent) -> Reply {
    let bearer = sent.header("authorization");
    let by_key =
        sent.header("x-auth-key") == TOKEN && sent.header("x-auth-email") == "me@demo.example";
    if bearer != format!("Bearer {TOKEN}") && !by_key {
        return (403, fixture!("cloudflare/denied.json", "token" = bearer));
    }
    let zone_id = "023e105f4ecef8ad9ca31a8372d0c353";
    match (sent.method, &sent.parts()[2..]) {
        ("GET", ["zones"]) => {
            // One zone at a time has the id: the last that was asked for.
            let zone = sent.query("name");
            match is_zone(zone) {
                true => (200, fixture!("cloudflare/zones.json", "zone" = zone)),
                false => (200, fixture!("cloudflare/zones_none.json")),
            }
        }
        ("GET", ["zones", id, "dns_records"]) if *id == zone_id => {
            let name = sent.query("name");
            let rows = world.of(name).into_iter();
            let all = rows.map(|r| {
                let value = text(&format!("\"{}\"", r.value));
                fixture!(
                    "cloudflare/record.json",
                    "id" = r.id,
                    "name" = r.name,
                    "value" = value
                )
            });
            let (entries, count) = page(all.collect(), sent);
            (
                200,
                format!(
                    "{{\"result\":[{entries}],\"success\":true,\"errors\":[],\"result_info\":{{\"total_count\":{count}}}}}"
                ),
            )
        }
        ("POST", ["zones", id, "dns_records"]) if *id == zone_id => {
            let body = sent.json();
            let (name, value) = (
                body["name"].as_str().expect("a name"),
                body["content"].as_str().expect("a value"),
            );
            if world
                .values(name)
                .contains(&value.trim_matches('"').to_owned())
            {
                return (400, fixture!("cloudflare/identical.json"));
            }
            let zone = ZONES
                .iter()
                .rev()
                .find(|z| name.ends_with(*z))
                .expect("a zone");
            let row = world.add(zone, name, value);
            (
                200,
                format!("{{\"result\":{{\"id\":\"{}\"}},\"success\":true}}", row.id),
            )
        }
        ("DELETE", ["zones", _, "dns_records", id]) => {
            world.rows.retain(|r| r.id.to_string() != *id);
            (
                200,
                format!("{{\"result\":{{\"id\":\"{id}\"}},\"success\":true}}"),
            )
        }
        _ => unexpected(sent),
    }
}

pub fn digitalocean(world: &mut World, sent: &Sent) -> Reply {
    let bearer = sent.header("authorization");
    if bearer != format!("Bearer {TOKEN}") {
        return (401, fixture!("digitalocean/denied.json", "token" = bearer));
    }
    match (sent.method, &sent.parts()[1..]) {
        ("GET", ["domains", zone]) if is_zone(zone) => {
            (200, fixture!("digitalocean/domain.json", "zone" = zone))
        }
        ("GET", ["domains", _]) => (404, fixture!("digitalocean/absent.json")),
        ("GET", ["domains", zone, "records"]) => {
            let rows = world.of(sent.query("name")).into_iter();
            let all = rows.map(|r| {
                fixture!(
                    "digitalocean/record.json",
                    "id" = r.id,
                    "name" = match node(&r.name, zone) {
                        "" => "@",
                        node => node,
                    },
                    "value" = text(&r.value)
                )
            });
            let (entries, count) = page(all.collect(), sent);
            (
                200,
                format!(
                    "{{\"domain_records\":[{entries}],\"links\":{{}},\"meta\":{{\"total\":{count}}}}}"
                ),
            )
        }
        ("POST", ["domains", zone, "records"]) => {
            let body = sent.json();
            let name = absolute(body["name"].as_str().expect("a name"), zone);
            world.add(zone, &name, body["data"].as_str().expect("a value"));
            (201, "{\"domain_record\":{}}".into())
        }
        ("DELETE", ["domains", _, "records", id]) => {
            world.rows.retain(|r| r.id.to_string() != *id);
            (204, String::new())
        }
        _ => unexpected(sent),
    }
}

pub fn dynu(world: &mut World, sent: &Sent) -> Reply {
    let bearer = sent.header("authorization");
    if sent.path == ["v2", "oauth2", "token"] {
        // client:TOKEN
        return match bearer == "Basic Y2xpZW50OmMyVmpjbVYwTFc5bUxYUm9aUzEwWlhOMGN3PT0=" {
            true => (200, fixture!("dynu/token.json", "token" = "short-lived")),
            false => (200, fixture!("dynu/denied.json", "token" = "wrong-token")),
        };
    }
    assert_eq!(bearer, "Bearer short-lived");
    let zone_of = |id: &str| ZONES[id.parse::<usize>().expect("an id")];
    match (sent.method, &sent.parts()[1..]) {
        ("GET", ["dns", "getroot", name]) => {
            let found = ZONES.iter().rposition(|z| name.ends_with(z));
            match found {
                Some(id) => (
                    200,
                    fixture!(
                        "dynu/root.json",
                        "id" = id,
                        "zone" = ZONES[id],
                        "name" = name,
                        "node" = node(name, ZONES[id])
                    ),
                ),
                None => (200, fixture!("dynu/absent.json")),
            }
        }
        ("GET", ["dns", id, "record"]) => {
            let zone = zone_of(id);
            let rows = world.rows.iter().filter(|r| r.zone == zone);
            let all: Vec<String> = rows
                .map(|r| {
                    fixture!(
                        "dynu/record.json",
                        "id" = r.id,
                        "zone" = id,
                        "domain" = zone,
                        "node" = node(&r.name, zone),
                        "name" = r.name,
                        "value" = text(&r.value)
                    )
                })
                .collect();
            (
                200,
                format!("{{\"statusCode\":200,\"dnsRecords\":[{}]}}", all.join(",")),
            )
        }
        ("POST", ["dns", id, "record"]) => {
            let (zone, body) = (zone_of(id), sent.json());
            let name = absolute(body["nodeName"].as_str().expect("a name"), zone);
            world.add(zone, &name, body["textData"].as_str().expect("a value"));
            (200, "{\"statusCode\":200}".into())
        }
        ("DELETE", ["dns", _, "record", id]) => {
            world.rows.retain(|r| r.id.to_string() != *id);
            (200, "{\"statusCode\":200}".into())
        }
        _ => unexpected(sent),
    }
}

pub fn hetzner(world: &mut World, sent: &Sent) -> Reply {
    let bearer = sent.header("authorization");
    if bearer != format!("Bearer {TOKEN}") {
        return (
            401,
            fixture!(
                "hetzner/error.json",
                "code" = "unauthorized",
                "message" = format!("unable to authenticate {bearer}")
            ),
        );
    }
    let absent = || {
        (
            404,
            fixture!(
                "hetzner/error.json",
                "code" = "not_found",
                "message" = "zone not found"
            ),
        )
    };
    match (sent.method, &sent.parts()[1..]) {
        ("GET", ["zones", "actions", id]) => {
            world.running = world.running.saturating_sub(1);
            let status = if world.running > 0 {
                "running"
            } else {
                "success"
            };
            (
                200,
                fixture!("hetzner/action.json", "id" = id, "status" = status),
            )
        }
        ("GET", ["zones", zone]) if is_zone(zone) => {
            (200, fixture!("hetzner/zone.json", "zone" = zone))
        }
        ("GET", ["zones", _]) => absent(),
        ("GET", ["zones", zone, "rrsets", at, "TXT"]) => {
            let rows = world.of(&absolute(at, zone));
            let all: Vec<Value> = rows
                .iter()
                .map(|r| json!({"value": format!("\"{}\"", r.value), "comment": ""}))
                .collect();
            match all.is_empty() {
                true => absent(),
                false => (
                    200,
                    fixture!(
                        "hetzner/rrset.json",
                        "node" = at,
                        "values" = Value::from(all)
                    ),
                ),
            }
        }
        ("POST", ["zones", zone, "rrsets", at, "TXT", "actions", action]) => {
            if world.running > 0 {
                // It is waited for, or asked again.
                world.running -= 1;
                return (
                    423,
                    fixture!(
                        "hetzner/error.json",
                        "code" = "locked",
                        "message" = "zone is locked"
                    ),
                );
            }
            let (name, body) = (absolute(at, zone), sent.json());
            let value = body["records"][0]["value"].as_str().expect("a value");
            assert!(value.starts_with('"'), "{value} wants quotes");
            match *action {
                "add_records" => drop(world.add(zone, &name, value)),
                _ => world
                    .rows
                    .retain(|r| r.name != name || format!("\"{}\"", r.value) != value),
            }
            world.running = 3;
            (
                201,
                fixture!(
                    "hetzner/action.json",
                    "id" = 604_989_101,
                    "status" = "running"
                ),
            )
        }
        _ => unexpected(sent),
    }
}

pub fn ovh(world: &mut World, sent: &Sent) -> Reply {
    if sent.path == ["1.0", "auth", "time"] {
        // An hour ahead of us.
        return (200, "1795325400".into());
    }
    if sent.header("x-ovh-consumer") != TOKEN {
        return (
            403,
            fixture!("ovh/denied.json", "token" = sent.header("x-ovh-consumer")),
        );
    }
    match (sent.method, &sent.parts()[3..]) {
        ("GET", [zone]) if is_zone(zone) => (200, fixture!("ovh/zone.json", "zone" = zone)),
        ("GET", [_]) => (404, fixture!("ovh/absent.json")),
        ("GET", [zone, "record"]) => {
            let rows = world.of(&absolute(sent.query("subDomain"), zone));
            (
                200,
                json!(rows.iter().map(|r| r.id).collect::<Vec<_>>()).to_string(),
            )
        }
        ("GET", [zone, "record", id]) => {
            match world.rows.iter().find(|r| r.id.to_string() == *id) {
                Some(r) => (
                    200,
                    fixture!(
                        "ovh/record.json",
                        "id" = id,
                        "zone" = zone,
                        "node" = node(&r.name, zone),
                        "value" = text(&format!("\"{}\"", r.value))
                    ),
                ),
                None => (404, fixture!("ovh/absent.json")),
            }
        }
        ("POST", [zone, "record"]) => {
            let body = sent.json();
            let name = absolute(body["subDomain"].as_str().expect("a name"), zone);
            world.add(zone, &name, body["target"].as_str().expect("a value"));
            (200, "{}".into())
        }
        ("DELETE", [_, "record", id]) => {
            world.rows.retain(|r| r.id.to_string() != *id);
            (200, "null".into())
        }
        ("POST", [_, "refresh"]) => (200, "null".into()),
        _ => unexpected(sent),
    }
}

pub fn desec(world: &mut World, sent: &Sent) -> Reply {
    let token = sent.header("authorization");
    if token != format!("Token {TOKEN}") {
        return (401, fixture!("desec/denied.json", "token" = token));
    }
    match (sent.method, &sent.parts()[2..]) {
        ("GET", ["domains", ""]) => {
            let name = sent.query("owns_qname");
            let found = ZONES
                .iter()
                .rfind(|z| name == **z || name.ends_with(&format!(".{z}")));
            (
                200,
                found.map_or("[]".into(), |zone| {
                    fixture!("desec/domains.json", "zone" = zone)
                }),
            )
        }
        ("GET", ["domains", zone, "rrsets", at, "TXT", ""]) => {
            let name = absolute(at, zone);
            match world.of(&name).is_empty() {
                true => (404, fixture!("desec/absent.json")),
                false => (
                    200,
                    fixture!(
                        "desec/rrset.json",
                        "zone" = zone,
                        "node" = at,
                        "name" = name,
                        "ttl" = 900,
                        "values" = world.quoted(&name)
                    ),
                ),
            }
        }
        ("PUT", ["domains", zone, "rrsets", ""]) => {
            let set = &sent.json()[0];
            assert!(set["ttl"].as_u64() >= Some(900), "{set}");
            world.set(
                zone,
                &absolute(set["subname"].as_str().expect("a name"), zone),
                &set["records"],
            );
            (200, "[]".into())
        }
        _ => unexpected(sent),
    }
}

pub fn gandi(world: &mut World, sent: &Sent) -> Reply {
    let token = sent.header("authorization");
    if token != format!("Bearer {TOKEN}") && token != format!("Apikey {TOKEN}") {
        return (401, fixture!("gandi/denied.json", "token" = token));
    }
    match (sent.method, &sent.parts()[2..]) {
        ("GET", ["domains", zone]) if is_zone(zone) => {
            (200, fixture!("gandi/domain.json", "zone" = zone))
        }
        ("GET", ["domains", _]) => (404, fixture!("gandi/absent.json")),
        (method, ["domains", zone, "records", at, "TXT"]) => {
            let name = absolute(at, zone);
            match method {
                "GET" if world.of(&name).is_empty() => (404, fixture!("gandi/absent.json")),
                "GET" => (
                    200,
                    fixture!(
                        "gandi/rrset.json",
                        "zone" = zone,
                        "node" = at,
                        "ttl" = 300,
                        "values" = world.quoted(&name)
                    ),
                ),
                "PUT" => {
                    let body = sent.json();
                    assert!(body["rrset_ttl"].as_u64() >= Some(300), "{body}");
                    world.set(zone, &name, &body["rrset_values"]);
                    (201, fixture!("gandi/created.json"))
                }
                "DELETE" => {
                    world.set(zone, &name, &Value::Null);
                    (204, String::new())
                }
                _ => unexpected(sent),
            }
        }
        _ => unexpected(sent),
    }
}

pub fn akamai(world: &mut World, sent: &Sent) -> Reply {
    let login = sent.header("authorization");
    if !login.contains(&format!("client_token={TOKEN};")) {
        return (401, fixture!("akamai/denied.json", "token" = login));
    }
    match (sent.method, &sent.parts()[3..]) {
        ("GET", [zone]) if is_zone(zone) => (200, fixture!("akamai/zone.json", "zone" = zone)),
        ("GET", [_]) => (404, fixture!("akamai/absent.json")),
        (method, [zone, "names", name, "types", "TXT"]) => {
            let there = !world.of(name).is_empty();
            match (method, there) {
                ("POST", true) => (409, "{\"title\":\"Conflict\",\"status\":409}".into()),
                ("POST", false) | ("PUT", true) => {
                    let body = sent.json();
                    world.set(zone, name, &body["rdata"]);
                    (if there { 200 } else { 201 }, sent.body.clone())
                }
                (_, false) => (404, fixture!("akamai/absent.json")),
                ("GET", true) => (
                    200,
                    fixture!(
                        "akamai/rrset.json",
                        "name" = name,
                        "ttl" = 600,
                        "values" = world.quoted(name)
                    ),
                ),
                ("DELETE", true) => {
                    world.set(zone, name, &Value::Null);
                    (204, String::new())
                }
                _ => unexpected(sent),
            }
        }
        _ => unexpected(sent),
    }
}

pub fn duckdns(world: &mut World, sent: &Sent) -> Reply {
    assert_eq!(
        (sent.method, sent.path.join("/").as_str()),
        ("GET", "update")
    );
    if sent.query("token") != TOKEN || sent.query("domains") != "demo" {
        return (200, fixture!("duckdns/ko"));
    }
    let name = "_acme-challenge.demo.duckdns.org";
    let values = match sent.query("clear") {
        "true" => Value::Null,
        _ => json!([sent.query("txt")]),
    };
    world.set("duckdns.org", name, &values);
    (200, fixture!("duckdns/ok"))
}

pub fn acme_dns(world: &mut World, sent: &Sent) -> Reply {
    assert_eq!(
        (sent.method, sent.path.join("/").as_str()),
        ("POST", "update")
    );
    if sent.header("x-api-key") != TOKEN || sent.header("x-api-user") != "me" {
        return (
            401,
            fixture!("acme-dns/denied.json", "token" = sent.header("x-api-key")),
        );
    }
    let body = sent.json();
    let value = body["txt"].as_str().expect("a value");
    if value.len() != 43 || body["subdomain"] != "d420c923" {
        return (400, "{\"error\":\"bad_txt\"}".into());
    }
    // Two values: the oldest goes.
    let name = "_acme-challenge.demo.example";
    let rows = world.of(name);
    if rows.len() == 2 {
        world.rows.retain(|r| r.id != rows[0].id);
    }
    world.add("auth", name, value);
    (200, fixture!("acme-dns/update.json", "value" = text(value)))
}
