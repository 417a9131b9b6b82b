//! Certificates by scripts, from Pebble and a real PowerDNS.

use super::{FOLDER, fixture, have, install};
use crate::site::{Site, ZONE};
use crate::support::powerdns::API_KEY;
use crate::support::process::Finished;
use crate::support::tools;
use crate::uci::cert;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn by_own(site: &Site, token: &str) -> Vec<(&'static str, String)> {
    vec![
        ("dns", "dns_own".into()),
        ("dns_wait", "0".into()),
        (
            "list credentials",
            format!("OWN_Url={}", site.powerdns().url()),
        ),
        ("list credentials", format!("OWN_Token={token}")),
    ]
}

#[test]
fn a_script_proves_names_to_pebble() {
    let Some(site) = Site::zone() else { return };
    if !have() {
        return;
    }
    install(&site.temp, FOLDER, "dns_own", &fixture("dns_own.sh"));
    let wild = format!("*.{ZONE}");
    site.configure(&[cert("wild", &[ZONE, &wild], &by_own(&site, API_KEY))]);
    site.ends(&["renew"], 0);
    site.is_good("wild", &[ZONE, &wild]);
    site.is_tidy("wild");
    site.ends(&["check"], 0);
    // What it saves for itself is kept, what it was given is not, and nobody else reads it.
    let saved = site.temp.path("etc/certkeeper/saved/cert-wild.json");
    let text = fs::read_to_string(&saved).expect("saved values");
    assert!(
        text.contains("own_zone") && !text.contains("OWN_"),
        "{text}"
    );
    assert_eq!(
        fs::metadata(&saved).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let run = fs::read_dir(site.temp.path("var/run/certkeeper")).expect("a folder");
    let left: Vec<_> = run.flatten().map(|e| e.file_name()).collect();
    assert!(
        !left
            .iter()
            .any(|n| n.to_string_lossy().starts_with("dnsapi")),
        "{left:?}"
    );
}

#[test]
fn acme_sh_s_own_script_proves_names_to_pebble() {
    let Some(site) = Site::zone() else { return };
    let Some(acme_sh) = std::env::var_os("ACMESH_DIR") else {
        tools::skip("ACMESH_DIR", "not set: a checkout of acme.sh is wanted");
        return;
    };
    if !have() {
        return;
    }
    let script = Path::new(&acme_sh).join("dnsapi/dns_pdns.sh");
    let script = fs::read_to_string(script).expect("dns_pdns.sh");
    install(
        &site.temp,
        "usr/lib/acme/client/dnsapi",
        "dns_pdns",
        &script,
    );
    // The module has that name, too; the owner's own script wins over it.
    install(&site.temp, FOLDER, "dns_pdns", &script);
    let wild = format!("*.{ZONE}");
    let mut options = site.by_powerdns();
    options[0].1 = "dns_pdns".into();
    options.push(("list credentials", "PDNS_ServerId=localhost".into()));
    options.push(("list credentials", "PDNS_Ttl=60".into()));
    site.configure(&[cert("wild", &[ZONE, &wild], &options)]);
    site.ends(&["renew"], 0);
    site.is_good("wild", &[ZONE, &wild]);
    site.is_tidy("wild");
    assert!(
        site.run(&["providers", "dns_pdns"])
            .ok()
            .contains("PDNS_Token")
    );
}

#[test]
fn its_failure_is_told_without_its_secrets() {
    let Some(site) = Site::zone() else { return };
    if !have() {
        return;
    }
    install(&site.temp, FOLDER, "dns_own", &fixture("dns_own.sh"));
    site.configure(&[cert("wild", &[ZONE], &by_own(&site, "not-the-key"))]);
    let told = |run: &Finished| {
        assert_eq!(run.code(), 1, "{}", run.report());
        let words =
            "dns_own add _acme-challenge.demo.example failed: The API answered 401 to the key ***";
        assert!(run.stdout.contains(words), "{}", run.report());
        assert!(!(run.stdout.clone() + &run.stderr).contains("not-the-key"));
    };
    told(&site.run(&["check"]));
    told(&site.run(&["renew"]));
    assert!(!site.log("wild").contains("not-the-key"));
    assert_eq!(site.status("wild")["state"], "dns_error");
    // Nothing given at all is a mistake of the configuration.
    let none = [("dns", "dns_own".to_owned())];
    site.configure(&[cert("wild", &[ZONE], &none)]);
    let run = site.run(&["renew"]);
    let words = "OWN_Token (API key) is missing";
    assert!(run.stderr.contains(words), "{}", run.report());
}

/// Sessions and accounts of a script go with the section, and with it to its new name.
#[test]
fn what_a_script_saved_goes_where_its_section_goes() {
    let Some(site) = Site::zone() else { return };
    if !have() {
        return;
    }
    install(&site.temp, FOLDER, "dns_own", &fixture("dns_own.sh"));
    let saved = |section: &str| {
        let file = format!("etc/certkeeper/saved/cert-{section}.json");
        fs::read_to_string(site.temp.path(&file)).ok()
    };
    let section = |name: &str| cert(name, &[ZONE], &by_own(&site, API_KEY));
    site.configure(&[section("before")]);
    site.ends(&["renew"], 0);
    let values = saved("before").expect("saved values");
    // Off, with a mistake, of another kind, alone in the file: it is still there.
    for text in [
        section("before") + "\toption enabled '0'\n",
        section("before") + "\toption dns 'dns_owm'\n",
        section("before").replace("config cert", "config crt"),
    ] {
        site.configure(&[
            text,
            cert("web", &["www.demo.example"], &site.by_powerdns()),
        ]);
        site.run(&["renew", "web"]);
        assert_eq!(saved("before").as_ref(), Some(&values));
    }
    // A configuration that is lost takes nothing with it.
    site.configure(&[]);
    site.run(&["renew"]);
    assert_eq!(saved("before").as_ref(), Some(&values));
    site.configure(&[section("after")]);
    site.ends(&["renew"], 0);
    assert_eq!((saved("before"), saved("after")), (None, Some(values)));
    // With other settings it would be of no use.
    let other = [
        by_own(&site, API_KEY),
        vec![("list credentials", "OWN_Ttl=9".into())],
    ]
    .concat();
    // A name that is not validated yet.
    site.configure(&[cert("last", &["last.demo.example"], &other)]);
    site.ends(&["renew"], 0);
    assert_eq!(saved("after"), None);
    let file = site.temp.path("etc/certkeeper/saved/cert-last.json");
    assert!(file.exists());
    site.configure(&[cert("web", &["www.demo.example"], &site.by_powerdns())]);
    site.ends(&["renew"], 0);
    assert!(!file.exists());
}
