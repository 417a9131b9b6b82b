//! `list notify`: who is told that a section fails, works again, or is about to expire.

use super::site::Site;
use super::uci::cert;
use crate::support::listener::Listener;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

const NAME: &str = "www.example.org";
const DAY: i64 = 86_400;

/// A site with one section, and these who are told.
fn configure(site: &Site, notify: &[&str]) {
    let list: String = notify
        .iter()
        .map(|n| format!("\tlist notify '{n}'\n"))
        .collect();
    let head = site
        .head()
        .replacen("\toption local_ca", &format!("{list}\toption local_ca"), 1);
    site.temp
        .uci(&(head + &cert("web", &[NAME], &site.by_standalone())));
}

/// Where the CA looks: at us, or at nobody.
fn lead(site: &Site, here: bool) {
    let address = if here { "127.0.0.1" } else { "127.0.0.2" };
    site.challsrv().set_addresses(NAME, &[address], &[]);
}

fn program(site: &Site, text: &str) {
    let hook = site.temp.write("etc/certkeeper/hooks/tell", text);
    fs::set_permissions(hook, fs::Permissions::from_mode(0o700)).expect("a mode");
}

/// The kinds of messages that came since the last look.
fn events(listener: &Listener) -> Vec<String> {
    let heard = listener.heard();
    let event = |(_, body): &(String, String)| {
        let message: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e} in {body}"));
        message["event"].as_str().expect("an event").to_owned()
    };
    heard.iter().map(event).collect()
}

#[test]
fn each_event_is_told_once() {
    let Some(site) = Site::bare() else { return };
    let listener = Listener::start();
    configure(&site, &[&listener.url("/hook?key=x")]);
    lead(&site, false);
    site.ends(&["renew", "web"], 1);
    let heard = listener.heard();
    let (request, body) = heard.first().expect("a message");
    assert_eq!(
        (heard.len(), request.as_str()),
        (1, "POST /hook?key=x HTTP/1.1")
    );
    let message: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(
        (&message["event"], &message["section"], &message["names"][0]),
        (&"failed".into(), &"web".into(), &NAME.into())
    );
    let problem = site.attempt("web")["problem"]
        .as_str()
        .expect("a problem")
        .to_owned();
    assert_eq!(message["problem"], problem);
    assert!(message["text"].as_str().expect("a text").contains(&problem));
    // Not again, tried or not, a reboot between; and nothing is written meanwhile.
    fs::remove_dir_all(site.temp.path("var/run/certkeeper")).expect("tmpfs");
    let note = site.temp.path("etc/certkeeper/certs/web/told.json");
    let written = fs::metadata(&note)
        .expect("a note")
        .modified()
        .expect("a time");
    site.ends(&["renew", "web"], 1);
    site.ends(&["renew"], 4);
    assert_eq!(events(&listener), Vec::<String>::new());
    assert_eq!(
        fs::metadata(&note)
            .expect("a note")
            .modified()
            .expect("a time"),
        written
    );
    lead(&site, true);
    site.renew_named("web");
    assert_eq!(events(&listener), ["recovered"]);
    assert!(!note.exists());
    site.renew();
    assert_eq!(events(&listener), Vec::<String>::new());
    // Two days before the end of ninety.
    lead(&site, false);
    let end = site.status("web")["certificate"]["not_after"]
        .as_i64()
        .expect("a time");
    let late = |code: i32| {
        let late = (end - 2 * DAY).to_string();
        let run = site
            .certkeeper(&["renew", "web"])
            .env("CERTKEEPER_NOW", &late)
            .run();
        assert_eq!(run.code(), code, "{}", run.report());
    };
    late(1);
    assert_eq!(events(&listener), ["failed", "urgent"]);
    late(1);
    assert_eq!(events(&listener), Vec::<String>::new());
}

/// A mistake in its options keeps a section from being renewed as well as any CA does.
#[test]
fn a_section_that_cannot_run_is_told_and_when_it_can_again() {
    let Some(site) = Site::bare() else { return };
    let listener = Listener::start();
    configure(&site, &[&listener.url("/hook")]);
    lead(&site, true);
    site.renew();
    assert_eq!(events(&listener), Vec::<String>::new());
    let file = "etc/config/certkeeper";
    let right = site.temp.read(file);
    site.temp.uci(&right.replace(NAME, "www.example..org"));
    site.ends(&["renew"], 1);
    let heard = listener.heard();
    let message: Value = serde_json::from_str(&heard[0].1).expect("JSON");
    assert_eq!(
        (&message["event"], &message["state"], &message["names"][0]),
        (&"failed".into(), &"internal_error".into(), &NAME.into())
    );
    let text = message["text"].as_str().expect("a text");
    assert!(text.contains("its configuration is wrong"), "{text}");
    site.ends(&["renew"], 1);
    assert_eq!(events(&listener), Vec::<String>::new());
    let meta = site.temp.read("etc/certkeeper/certs/web/current/meta.json");
    let meta: Value = serde_json::from_str(&meta).expect("JSON");
    let end = meta["not_after"].as_i64().expect("a time");
    let run = site
        .certkeeper(&["renew"])
        .env("CERTKEEPER_NOW", &(end - 2 * DAY).to_string())
        .run();
    assert_eq!((run.code(), events(&listener)), (1, vec!["urgent".into()]));
    site.temp.uci(&right);
    site.renew();
    assert_eq!(events(&listener), ["recovered"]);
    // Who switched it off, or only tests it, knows.
    for why in ["enabled '0'", "staging '1'"] {
        let off = right.replace(NAME, "www.example..org");
        let off = off.replace("list domains", &format!("option {why}\n\tlist domains"));
        site.temp.uci(&off);
        site.ends(&["renew"], 1);
        assert_eq!(events(&listener), Vec::<String>::new(), "{why}");
    }
}

#[test]
fn who_cannot_be_told_holds_nothing_up_and_is_told_later() {
    let Some(site) = Site::bare() else { return };
    let listener = Listener::start();
    program(
        &site,
        "#!/bin/sh\nprintf '%s|' \"$@\" >>\"${0%/*}/../../../told\"\necho >>\"${0%/*}/../../../told\"\n",
    );
    configure(
        &site,
        &[
            "http://127.0.0.1:1/s3cret-path",
            &listener.url("/s3cret-path"),
            "tell",
        ],
    );
    listener.answer(503);
    lead(&site, false);
    let run = site.ends(&["renew", "web"], 1);
    for text in ["notify: 127.0.0.1", "answers with status 503"] {
        assert!(run.stderr.contains(text), "{text}\n{}", run.report());
    }
    assert!(!run.report().contains("s3cret-path"), "{}", run.report());
    let lines = || {
        site.temp
            .read("told")
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert!(lines()[0].starts_with("failed|web|"), "{:?}", lines());
    assert_eq!(events(&listener), ["failed"]);
    listener.answer(204);
    site.ends(&["renew"], 4);
    assert_eq!(events(&listener), ["failed"]);
    // Who was told is not told again, for another's sake.
    site.ends(&["renew"], 4);
    assert_eq!((events(&listener).len(), lines().len()), (0, 1));
    // A program that hangs is ended, and the lock is free meanwhile.
    program(&site, "#!/bin/sh\nexec sleep 60\n");
    lead(&site, true);
    let begin = Instant::now();
    let running = site.certkeeper(&["renew", "web"]).start();
    site.wait_for("web", "in use until");
    let other = site.ends(&["renew", "--no-wait"], 0);
    assert!(
        begin.elapsed() < Duration::from_secs(9),
        "{}",
        other.report()
    );
    let run = running.finish();
    assert_eq!(run.code(), 0, "{}", run.report());
    assert!(begin.elapsed() < Duration::from_secs(40));
    assert!(
        run.stderr.contains("was ended after 10s"),
        "{}",
        run.report()
    );
}
