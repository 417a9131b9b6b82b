//! Where the WAN reaches somebody on port 80 anyway, it still does while a CA looks.

use crate::fw4::Firewall;
use crate::lab::{HTTP, Lab};
use crate::owner::{Owner, PAGE};

#[test]
fn an_open_port_keeps_its_owner() {
    let Some(lab) = Lab::new(Firewall {
        open: true,
        ..Firewall::default()
    }) else {
        return;
    };
    let owner = Owner::start(&lab.router);
    for at in HTTP {
        assert!(lab.internet.get(at).ends_with(PAGE), "{at}");
    }
    let run = lab.hold();
    let before = owner.served();
    let body: Vec<u8> = (0..200_000u32).map(|n| n.to_le_bytes()[0]).collect();
    for at in HTTP {
        let seen = lab.internet.get(at);
        assert!(seen.ends_with(PAGE), "{at}: {seen}");
        let reply = lab
            .internet
            .send(at, "POST /form HTTP/1.1", &body)
            .expect("a reply");
        assert!(reply.ends_with(&body), "{at}: {} bytes", reply.len());
        let path = "GET /.well-known/acme-challenge/unknown HTTP/1.1";
        let reply = lab.internet.send(at, path, b"").expect("a reply");
        assert!(reply.starts_with(b"HTTP/1.1 404"), "{at}");
    }
    assert_eq!(owner.served() - before, 2 * HTTP.len());
    assert!(lab.lan.get("192.168.1.1:80").ends_with(PAGE));
    lab.release();
    lab.ends(&run.finish(), 0);
    lab.is_issued();
    assert_eq!(lab.table(), "");
    for at in HTTP {
        assert!(lab.internet.get(at).ends_with(PAGE), "{at}");
    }
}

#[test]
fn a_forwarded_port_leads_where_it_led() {
    let Some(lab) = Lab::new(Firewall {
        forward: true,
        ..Firewall::default()
    }) else {
        return;
    };
    let (router, host) = (Owner::start(&lab.router), Owner::start(&lab.lan));
    assert!(lab.internet.get(HTTP[0]).ends_with(PAGE));
    let run = lab.hold();
    for at in [HTTP[0], HTTP[2]] {
        let seen = lab.internet.get(at);
        assert!(seen.ends_with(PAGE), "{at}: {seen}");
    }
    // What is not for the router passes it as before.
    let seen = lab.internet.get("[2001:db8:2::10]:80");
    assert!(seen.ends_with(PAGE), "{seen}");
    // The forward is for IPv4 alone.
    let seen = lab.internet.get(HTTP[1]);
    assert!(seen.starts_with("HTTP/1.1 404"), "{seen}");
    lab.release();
    lab.ends(&run.finish(), 0);
    lab.is_issued();
    assert_eq!((router.served(), host.served()), (0, 4));
    assert_eq!(lab.table(), "");
}
