//! tls-alpn-01: names and addresses, and what is in the way.

use crate::site::Site;
use crate::uci::cert;
use std::net::{Ipv6Addr, TcpListener, TcpStream};

#[test]
fn one_and_ten_names_by_tls() {
    let Some(site) = Site::bare() else { return };
    let names: Vec<String> = (0..10).map(|n| format!("n{n}.demo.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    site.configure(&[
        cert("one", &["www.demo.example"], &site.by_alpn()),
        cert("ten", &names, &site.by_alpn()),
    ]);
    site.renew();
    site.is_good("one", &["www.demo.example"]);
    site.is_good("ten", &names);
    site.is_tidy("ten");
    assert!(
        site.log("one")
            .contains("presenting tls-alpn-01 for www.demo.example")
    );
    let open = TcpStream::connect(("127.0.0.1", site.tls_port));
    assert!(open.is_err(), "the listener outlived the run");
}

#[test]
fn addresses_by_tls() {
    let Some(site) = Site::bare() else { return };
    let mut six = site.by_alpn();
    six[1].1 = "::1".into();
    site.configure(&[
        cert("both", &["127.0.0.1", "www.demo.example"], &site.by_alpn()),
        cert("six", &["[0:0::1]"], &six),
    ]);
    site.renew();
    site.is_good("both", &["127.0.0.1", "www.demo.example"]);
    site.is_good("six", &["::1"]);
}

#[test]
fn ways_mix_in_one_certificate() {
    let Some(site) = Site::web() else { return };
    let own = "config domain\n\toption cert 'web'\n\toption name 'b.demo.example'\n\
               \toption validation_method 'webroot'\n"
        .to_owned();
    let names = ["a.demo.example", "b.demo.example"];
    site.configure(&[cert("web", &names, &site.by_alpn()), own]);
    site.renew();
    site.is_good("web", &names);
    let log = site.log("web");
    for words in [
        "presenting tls-alpn-01 for a.demo.example",
        "presenting http-01 for b.demo.example",
    ] {
        assert!(log.contains(words), "{log}");
    }
}

#[test]
fn who_has_the_port_is_named() {
    let Some(site) = Site::bare() else { return };
    let _taken = TcpListener::bind(("127.0.0.1", site.tls_port)).expect("a port");
    site.configure(&[cert("web", &["www.demo.example"], &site.by_alpn())]);
    let run = site.ends(&["renew"], 1);
    let us = format!("port {} is held by pebble-", site.tls_port);
    assert!(run.stdout.contains(&us), "{}", run.report());
    let run = site.ends(&["check"], 1);
    assert!(run.stdout.contains(&us), "{}", run.report());
}

#[test]
fn somebody_else_on_the_port_is_told() {
    let Some(site) = Site::bare() else { return };
    // The CA looks at an address where somebody hangs up.
    let elsewhere = TcpListener::bind((Ipv6Addr::LOCALHOST, site.tls_port)).expect("a port");
    site.challsrv().add_aaaa("www.demo.example", &["::1"]);
    site.configure(&[cert("web", &["www.demo.example"], &site.by_alpn())]);
    let hanging_up = std::thread::spawn(move || drop(elsewhere.accept()));
    let run = site.ends(&["renew"], 1);
    for words in ["Failed to connect to [::1]", "the CA came over IPv6"] {
        assert!(run.stdout.contains(words), "{}", run.report());
    }
    hanging_up.join().expect("asked");
    assert!(!site.domain("web.crt").exists());
}

#[test]
fn a_wildcard_is_refused_before_the_ca_hears_of_it() {
    let Some(site) = Site::bare() else { return };
    let names = ["demo.example", "*.demo.example"];
    site.configure(&[cert("web", &names, &site.by_alpn())]);
    let run = site.ends(&["renew"], 1);
    assert!(
        run.stderr
            .contains("a wildcard needs validation_method dns"),
        "{}",
        run.report()
    );
    assert_eq!(site.asked("GET /dir"), 0);
}
