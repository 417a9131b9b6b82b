//! Two certificates of one section: servers show each to its clients, and each is looked at.

use crate::elsewhere::{Elsewhere, RSA, text};
use crate::servers::{HAPROXY, NGINX, checker, start};
use crate::site::{Site, has};
use crate::support::openssl;
use crate::support::server::Server;
use crate::upload::{NAMES, upload};
use certkeeper::net::Signed;
use std::fs;

/// Options of the section; `configure` of the site writes one kind of key before it.
const BOTH: &str = "list key_type 'ec256'; list key_type 'rsa2048'";

/// An nginx that has both certificates, or the first alone.
fn nginx(site: &Site, both: bool) -> Server {
    let second = "ssl_certificate DOMAINS/web-rsa.crt; ssl_certificate_key DOMAINS/web-rsa.key;\n        location";
    let settings = match both {
        true => NGINX.replace("location", second),
        false => NGINX.to_owned(),
    };
    let args = ["-e", "stderr", "-c", "CONFIG"];
    let server = start(
        site,
        "nginx",
        "etc/nginx/nginx.conf",
        &settings,
        &args,
        "HUP",
    );
    checker(site, "nginx", "-e stderr");
    server
}

/// Both kinds of key; more options of the section.
fn configure(site: &Site, more: &str) {
    site.configure(&format!("{BOTH}; {more}"));
    // Both kinds stand in the list.
    let text = site.temp.read("etc/config/certkeeper");
    site.temp
        .uci(&text.replace("\toption key_type 'ec256'\n", ""));
}

/// What each kind of client sees.
fn seen(site: &Site) -> [Result<String, String>; 2] {
    [Signed::Ecdsa, Signed::Rsa].map(|signed| site.served_with(signed))
}

/// A site with both certificates in use.
fn site(needs: &[&str]) -> Option<(Site, [String; 2])> {
    let site = Site::new(needs, "")?;
    configure(&site, "");
    let serials = [site.store(), site.store_second()];
    site.renew(0);
    Some((site, serials))
}

#[test]
fn nginx_shows_each_to_its_clients() {
    let Some((site, first)) = site(&["nginx"]) else {
        return;
    };
    let _nginx = nginx(&site, true);
    assert_eq!(seen(&site), first.map(Ok));
    configure(&site, "list service 'nginx'; list verify '127.0.0.1:PORT'");
    site.renew(0);
    let serials = [site.store(), site.store_second()];
    site.renew(0);
    assert_eq!(seen(&site), serials.clone().map(Ok));
    // One alone changes: the other stays as it is.
    let rsa = site.store_second();
    site.calls();
    site.renew(0);
    assert_eq!(seen(&site), [Ok(serials[0].clone()), Ok(rsa)]);
    assert_eq!(site.calls(), ["reload"]);
    // What the primary links lead to is the one that most clients take.
    let link = fs::read_link(site.temp.path("etc/certkeeper/primary")).expect("a link");
    assert_eq!(link.to_str(), Some("certs/web/current"));
}

/// Each of the two is a certificate of its own to whoever names it.
#[test]
fn by_hand_each_is_one_of_its_own() {
    let Some((site, first)) = site(&["nginx"]) else {
        return;
    };
    let _nginx = nginx(&site, true);
    configure(&site, "list service 'nginx'; list verify '127.0.0.1:PORT'");
    site.renew(0);
    let elsewhere = Elsewhere::new(&site.temp);
    let pair = elsewhere.sell("rsa", NAMES, RSA, &[]);
    has(
        &upload(&site, &[&pair.cert, &pair.key], 1).stderr,
        &[
            "the key of the certificate is rsa2048; that of 'web' is ec256 — upload it for 'web-rsa'",
        ],
    );
    let files = [&pair.cert, &pair.key].map(|f| text(f));
    site.ends(&["upload", "web-rsa", files[0], files[1]], 0);
    let [ec, rsa] = seen(&site);
    assert_eq!(ec.as_ref(), Ok(&first[0]));
    let rsa = rsa.expect("a certificate").to_lowercase();
    assert_eq!(rsa.trim_start_matches('0'), openssl::serial(&pair.cert));
    let run = site.ends(&["rollback", "web-rsa"], 0);
    has(
        &run.stdout,
        &["'web', the section's other certificate, is left as it is"],
    );
    assert_eq!(seen(&site), first.map(Ok));
}

#[test]
fn haproxy_shows_each_to_its_clients() {
    let Some((site, first)) = site(&["haproxy"]) else {
        return;
    };
    let both = HAPROXY.replace("web.pem", "web.pem crt DOMAINS/web-rsa.pem");
    let args = ["-W", "-db", "-f", "CONFIG"];
    let _haproxy = start(&site, "haproxy", "etc/haproxy.cfg", &both, &args, "USR2");
    checker(&site, "haproxy", "");
    assert_eq!(seen(&site), first.map(Ok));
    configure(
        &site,
        "list service 'haproxy'; list verify '127.0.0.1:PORT'",
    );
    let serials = [site.store(), site.store_second()];
    site.renew(0);
    assert_eq!(seen(&site), serials.map(Ok));
}

#[test]
fn one_that_is_not_taken_is_rolled_back_alone() {
    let Some((site, first)) = site(&["nginx"]) else {
        return;
    };
    let _nginx = nginx(&site, true);
    configure(&site, "list service 'nginx'; list verify '127.0.0.1:PORT'");
    site.renew(0);
    let ec = site.store();
    site.store_second();
    // Its checker objects to the second's new certificate.
    let marker = site.temp.path("etc/certkeeper/certs/web-rsa/current");
    let text = format!(
        "#!/bin/sh\ncase $(readlink {}) in versions/2) echo 'too large a key'; exit 1;; esac\n",
        marker.display()
    );
    site.program("usr/sbin/nginx", &text);
    let run = site.renew(1);
    has(
        &run.stdout,
        &["web-rsa: ", "too large a key", "rolled back to version 1"],
    );
    assert_eq!(seen(&site), [Ok(ec), Ok(first[1].clone())]);
    assert_eq!(site.status()["last_attempt"]["problem"], "");
}

#[test]
fn a_server_that_has_one_kind_alone() {
    let Some((site, _)) = site(&["nginx"]) else {
        return;
    };
    let _nginx = nginx(&site, false);
    // Asked for by name: it must be there.
    configure(&site, "list service 'nginx'; list verify '127.0.0.1:PORT'");
    let run = site.renew(1);
    has(
        &run.stdout,
        &[
            "web-rsa: ",
            "it serves no certificate with an RSA key",
            "list verify",
        ],
    );
    let serial = site.store();
    site.ends(&["renew", "web"], 1);
    assert_eq!(site.served(), Ok(serial), "the first is none the worse");
}
