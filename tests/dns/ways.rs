//! Several ways in one section, one way for several, and aliases.

use crate::endpoint::Endpoint;
use crate::site::{Site, ZONE};
use crate::support::powerdns::API_KEY;
use crate::support::wait_until;
use crate::uci::{cert, section, with};
use std::time::Duration;

/// A section by an endpoint; without dns_wait unless `more` says it.
pub fn by(endpoint: &Endpoint, more: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let url = format!("HTTPREQ_ENDPOINT={}", endpoint.url());
    with(
        vec![("dns", "httpreq".into()), ("list credentials", url)],
        more,
    )
}

#[test]
fn two_providers_and_a_web_server_in_one_section() {
    let Some(site) = Site::plan(|plan| plan.nginx = true) else {
        return;
    };
    let [one, two] = [(); 2].map(|()| Endpoint::start(site.challsrv()));
    let names = ["www.demo.example", "*.demo.example", "file.demo.example"];
    let own = |name: &str, mut options: Vec<(&'static str, String)>| {
        options.extend([("cert", "mixed".to_owned()), ("name", name.to_owned())]);
        section("domain", &name.replace(['.', '*'], "_"), &options)
    };
    site.configure(&[
        cert("mixed", &names, &by(&one, &[("dns_wait", "0")])),
        own("*.demo.example", by(&two, &[("dns_wait", "0")])),
        own("file.demo.example", site.by_webroot()),
    ]);
    site.renew();
    site.is_good("mixed", &names);
    site.is_tidy("mixed");
    let fqdns = |e: &Endpoint| {
        e.calls()
            .iter()
            .map(|c| c.field("fqdn"))
            .collect::<Vec<_>>()
    };
    assert_eq!(fqdns(&one), ["_acme-challenge.www.demo.example."; 2]);
    assert_eq!(fqdns(&two), ["_acme-challenge.demo.example."; 2]);
    // All was presented before the CA was told of anything.
    let log = site.log("mixed");
    assert_eq!(log.matches("presenting ").count(), 3);
    assert!(log.rfind("presenting ") < log.find("is looking"), "{log}");
    let methods: Vec<String> = site.status("mixed")["names"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| {
            format!(
                "{} {}",
                n["name"].as_str().unwrap(),
                n["method"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        methods,
        [
            "www.demo.example dns",
            "*.demo.example dns",
            "file.demo.example webroot"
        ]
    );
}

#[test]
fn an_alias_zone_takes_the_record() {
    for (option, value, target) in [
        ("calias", "alias.example", "_acme-challenge.alias.example"),
        (
            "calias",
            "_acme-challenge.alias.example",
            "_acme-challenge.alias.example",
        ),
        ("dalias", "txt.alias.example", "txt.alias.example"),
        (
            "dalias",
            "_acme-challenge.alias.example",
            "_acme-challenge.alias.example",
        ),
    ] {
        let Some(site) = Site::zone() else { return };
        let powerdns = site.powerdns();
        powerdns.create_zone("alias.example");
        let (name, dotted) = ("_acme-challenge.www.demo.example", format!("{target}."));
        powerdns.set(ZONE, name, "CNAME", &[&dotted]);
        let way = with(site.by_powerdns(), &[(option, value), ("dns_wait", "2")]);
        site.configure(&[cert("web", &["www.demo.example"], &way)]);
        let run = site.certkeeper(&["renew"]).start();
        let shown = || powerdns.txt(target).len() == 1;
        assert!(
            wait_until(Duration::from_secs(10), shown),
            "{option} {value}: {}",
            site.log("web")
        );
        let run = run.finish();
        assert_eq!(run.code(), 0, "{option} {value}: {}", run.report());
        site.is_good("web", &["www.demo.example"]);
        assert!(powerdns.txt(target).is_empty(), "{option} {value}");
    }
}

#[test]
fn a_provider_serves_two_sections() {
    let Some(site) = Site::zone() else { return };
    let provider = section(
        "provider",
        "home",
        &[
            ("dns", "dns_pdns".into()),
            (
                "list credentials",
                format!("PDNS_Url={}", site.powerdns().url()),
            ),
        ],
    );
    site.secrets(&[("home", &[&format!("PDNS_Token={API_KEY}")])]);
    let by_home = [
        ("provider", "home".to_owned()),
        ("dns_wait", "0".to_owned()),
    ];
    site.configure(&[
        provider,
        cert("one", &["one.demo.example"], &by_home),
        cert("two", &["*.two.demo.example"], &by_home),
    ]);
    let run = site.ends(&["renew"], 0);
    assert!(!run.stderr.contains("warning"), "{}", run.report());
    site.is_good("one", &["one.demo.example"]);
    site.is_good("two", &["*.two.demo.example"]);
    site.is_tidy("one");
}
