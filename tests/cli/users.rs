//! Who names a certificate's files: found in the configuration of services, told by `show` and
//! `status`.

use super::holdings::{END, hold, link, promote};
use super::support::temp_root::TempRoot;
use super::{cert, run, site};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;

fn named_in(temp: &TempRoot, section: &str) -> Value {
    let text = run(temp, &format!("status {section} --json"), 0).stdout;
    let document: Value = serde_json::from_str(&text).expect("JSON");
    document["named_in"].clone()
}

fn router() -> TempRoot {
    let temp = site(&[cert("web", ""), cert("mail", "")]);
    for section in ["web", "mail"] {
        hold(&temp, section, END);
        link(&temp, section);
    }
    promote(&temp, "web");
    temp
}

#[test]
fn files_are_named_in_many_ways() {
    let temp = router();
    let ways = [
        (
            "/etc/config/uhttpd",
            "option cert '/etc/ssl/domains/domain.crt'",
        ),
        (
            "/etc/nginx/conf.d/x/a.conf",
            "ssl_certificate /etc/ssl/domains/web.crt;\nssl_certificate_key /etc/ssl/domains/web.key;",
        ),
        (
            "/etc/haproxy.cfg",
            "bind :443 ssl crt /etc/ssl/domains/web.pem alpn h2",
        ),
        (
            "/etc/dovecot/dovecot.conf",
            "ssl_cert = </etc/certkeeper/certs/web/current/fullchain.pem",
        ),
        (
            "/etc/mosquitto/mosquitto.conf",
            "certfile \"/etc/ssl/acme/www.example.org.fullchain.crt\"",
        ),
        (
            "/etc/stubby/stubby.yml",
            "tls: {cert: /etc/acme/www.example.org_ecc/www.example.org.cer}",
        ),
    ];
    for (file, text) in ways {
        temp.write(file, text);
    }
    for (at, name, up) in [
        ("etc/ssl/acme", "www.example.org.fullchain.crt", "../.."),
        (
            "etc/acme/www.example.org_ecc",
            "www.example.org.cer",
            "../..",
        ),
    ] {
        fs::create_dir_all(temp.path(at)).expect("a folder");
        let target = format!("{up}/certkeeper/certs/web/current/fullchain.pem");
        symlink(target, temp.path(at).join(name)).expect("a link");
    }
    // None of these is one.
    temp.write("/etc/config/firewall", "# /etc/ssl/domains/web.crt\n");
    temp.write(
        "/etc/config/system",
        "option x '/etc/ssl/domains/../../passwd'\n",
    );
    temp.write(
        "/etc/lighttpd/a.conf",
        "/etc/ssl/domains/other.crt /etc/ssl/domains/\n",
    );
    temp.write(
        "/etc/swanctl/big.conf",
        format!("{}/etc/ssl/domains/web.crt", " ".repeat(300 * 1024)),
    );
    symlink("/etc/haproxy.cfg", temp.path("/etc/nginx/link.conf")).expect("a link");
    assert_eq!(
        named_in(&temp, "web"),
        json!([
            "dovecot (/etc/dovecot/dovecot.conf)",
            "haproxy (/etc/haproxy.cfg)",
            "mosquitto (/etc/mosquitto/mosquitto.conf)",
            "nginx (/etc/nginx/conf.d/x/a.conf)",
            "stubby (/etc/stubby/stubby.yml)",
            "uhttpd (/etc/config/uhttpd)",
        ])
    );
    assert_eq!(named_in(&temp, "mail"), Value::Null);
    let text = run(&temp, "status web", 0).stdout;
    assert!(
        text.contains("used by       haproxy (/etc/haproxy.cfg)"),
        "{text}"
    );
    // Nobody is told of what was only found.
    assert!(!text.contains("deployed"), "{text}");
}

#[test]
fn links_in_circles_and_out_of_the_root_name_nobody() {
    let temp = router();
    for (name, target) in [
        ("a.crt", "b.crt"),
        ("b.crt", "a.crt"),
        ("c.crt", "../../../../../etc/passwd"),
    ] {
        symlink(target, temp.path("/etc/ssl/domains").join(name)).expect("a link");
    }
    temp.write(
        "/etc/config/uhttpd",
        "/etc/ssl/domains/a.crt /etc/ssl/domains/c.crt /etc/ssl/domains/web.crt\n",
    );
    assert_eq!(
        named_in(&temp, "web"),
        json!(["uhttpd (/etc/config/uhttpd)"])
    );
}
