//! The module for endpoints that speak lego's httpreq.

use crate::endpoint::Endpoint;
use crate::site::{Site, ZONE};
use crate::uci::cert;
use serde_json::Value;

/// A section by the endpoint, below a path of its own.
fn by(endpoint: &Endpoint, more: &[&str]) -> Vec<(&'static str, String)> {
    let mut options = vec![("dns", "httpreq".to_owned()), ("dns_wait", "0".to_owned())];
    options.push((
        "list credentials",
        format!("HTTPREQ_ENDPOINT={}/api/", endpoint.url()),
    ));
    options.extend(more.iter().map(|s| ("list credentials", (*s).to_owned())));
    options
}

#[test]
fn exactly_what_lego_sends() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    site.secrets(&[("web", &["HTTPREQ_PASSWORD=pass word"])]);
    site.configure(&[cert(
        "web",
        &["www.demo.example"],
        &by(&endpoint, &["HTTPREQ_USERNAME=me"]),
    )]);
    site.renew();
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
    let calls = endpoint.calls();
    let lines: Vec<&str> = calls.iter().map(|c| &*c.line).collect();
    assert_eq!(lines, ["POST /api/present", "POST /api/cleanup"]);
    for call in &calls {
        let value = calls[0].field("value");
        assert_eq!(value.len(), 43);
        let body =
            format!("{{\"fqdn\":\"_acme-challenge.www.demo.example.\",\"value\":\"{value}\"}}");
        assert_eq!(call.body, body);
        assert_eq!(call.headers["content-type"], "application/json");
        // me:pass word
        assert_eq!(call.headers["authorization"], "Basic bWU6cGFzcyB3b3Jk");
    }
    assert_eq!(endpoint.records(), []);
    // Without a user name nobody logs in.
    site.configure(&[cert("web", &["mail.demo.example"], &by(&endpoint, &[]))]);
    site.renew();
    let calls = endpoint.calls();
    assert!(!calls[calls.len() - 1].headers.contains_key("authorization"));
}

#[test]
fn apex_and_wildcard_are_two_records() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    let wild = format!("*.{ZONE}");
    site.configure(&[cert("wild", &[ZONE, &wild], &by(&endpoint, &[]))]);
    site.renew();
    site.is_good("wild", &[ZONE, &wild]);
    let calls = endpoint.calls();
    let lines: Vec<&str> = calls.iter().map(|c| &*c.line).collect();
    assert_eq!(
        lines,
        [
            "POST /api/present",
            "POST /api/present",
            "POST /api/cleanup",
            "POST /api/cleanup"
        ]
    );
    assert_eq!(endpoint.records(), []);
}

#[test]
fn refusals_are_told() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    site.secrets(&[("web", &["HTTPREQ_PASSWORD=hunter2"])]);
    let section = cert(
        "web",
        &["www.demo.example"],
        &by(&endpoint, &["HTTPREQ_USERNAME=me"]),
    );
    site.configure(&[section]);
    for (status, words) in [
        (401, "does not take the credentials (HTTPREQ_PASSWORD)"),
        (
            403,
            "does not allow this with the credentials (HTTPREQ_PASSWORD)",
        ),
        (500, "the provider answered 500: so"),
        (302, "the provider answered 302: so"),
    ] {
        endpoint.answer(status);
        for args in [&["check", "web"][..], &["renew", "web"]] {
            let run = site.run(args);
            assert_eq!(run.code(), 1, "{}", run.report());
            assert!(run.stdout.contains(words), "{}", run.report());
            assert!(!(run.stdout + &run.stderr).contains("hunter2"));
        }
        assert_eq!(site.status("web")["state"], "dns_error");
    }
    assert_eq!(site.asked("POST /chalZ/"), 0);
    // It works again, and what may have been left is taken back.
    endpoint.answer(200);
    site.renew_named("web");
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
    // Nobody there at all.
    let url = endpoint.url();
    drop(endpoint);
    let options = [
        ("dns", "httpreq".to_owned()),
        ("list credentials", format!("HTTPREQ_ENDPOINT={url}")),
    ];
    site.configure(&[cert("web", &["new.demo.example"], &options)]);
    assert_eq!(site.run(&["renew"]).code(), 1);
    assert_eq!(
        site.status("web")["last_attempt"]["state"],
        "connection_error"
    );
    site.configure(&[cert(
        "web",
        &["new.demo.example"],
        &[
            options[0].clone(),
            ("list credentials", "HTTPREQ_ENDPOINT=dns.example".into()),
        ],
    )]);
    let run = site.run(&["renew"]);
    assert!(
        run.stdout.contains("HTTPREQ_ENDPOINT: a URL is wanted"),
        "{}",
        run.report()
    );
}

#[test]
fn who_limits_the_rate_is_left_alone_as_long_as_it_says() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    site.configure(&[cert("web", &["www.demo.example"], &by(&endpoint, &[]))]);
    endpoint.answer(429);
    let run = site.run(&["renew"]);
    assert_eq!(run.code(), 4, "{}", run.report());
    let words = "the provider limits the rate: so";
    assert!(
        (run.stdout.clone() + &run.stderr).contains(words),
        "{}",
        run.report()
    );
    let attempt = &site.status("web")["last_attempt"];
    assert_eq!(attempt["state"], "deferred");
    let pause =
        site.attempt("web")["next"].as_i64().unwrap() - site.attempt("web")["at"].as_i64().unwrap();
    assert!((3590..=3700).contains(&pause), "{pause}");
    // What it may have taken is not even taken back before.
    assert_eq!(endpoint.calls().len(), 1);
    let run = site.run(&["renew"]);
    assert_eq!(endpoint.calls().len(), 1, "it was asked again");
    let words = "_acme-challenge.www.demo.example: httpreq wants to be left alone; a run after 20";
    assert!(site.log("web").contains(words), "{}", run.report());
    assert_eq!(site.asked("POST /chalZ/"), 0);
    let note = "etc/certkeeper/certs/web/cleanup.json";
    let mut left: Value = serde_json::from_str(&site.temp.read(note)).expect("JSON");
    let until = left[0]["until"].as_i64().expect("a time");
    assert_eq!(until, site.attempt("web")["next"].as_i64().unwrap());
    // A time beyond all reason does not count: a clock may have been set back.
    left[0]["until"] = i64::MAX.into();
    site.temp.write(note, left.to_string());
    site.run(&["renew"]);
    assert_eq!(endpoint.calls().len(), 2);
    // When its time is over it is asked.
    left[0]["until"] = 1.into();
    site.temp.write(note, left.to_string());
    endpoint.answer(200);
    site.run(&["renew"]);
    let calls = endpoint.calls();
    assert_eq!(calls.len(), 3);
    assert_eq!(calls[2].line, "POST /api/cleanup");
    assert!(!site.temp.path(note).exists());
    // By hand it is asked whenever somebody wants it, and what is left is still known.
    endpoint.answer(429);
    site.run(&["renew", "web"]);
    assert!(site.temp.path(note).exists());
    endpoint.answer(200);
    site.renew_named("web");
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
}
