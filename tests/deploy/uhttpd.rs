//! uhttpd: its options, and the pair that it makes of its own.

use crate::servers::s_server;
use crate::site::{Site, has};
use crate::support::openssl;
use crate::uci_program::{NO_UCI, Uci};
use std::fs;

const BEFORE: &str = "\
config uhttpd main
	list listen_http '0.0.0.0:80'
	list listen_https '0.0.0.0:PORT'
	option cert '/etc/uhttpd.crt'
	option key '/etc/uhttpd.key'
config cert 'defaults'
	option days '397'
";

/// A site with uhttpd's configuration and a `uci`.
fn site() -> Option<(Site, Uci)> {
    let site = Site::new(&[], "")?;
    let uci = Uci::new(&site.temp)?;
    site.temp.write(
        "etc/config/uhttpd",
        BEFORE.replace("PORT", &site.port.to_string()),
    );
    site.store();
    site.renew(0);
    Some((site, uci))
}

fn renew(site: &Site, uci: &Uci, code: i32) -> String {
    let run = uci.certkeeper(&site.temp, &["renew"]).run();
    assert_eq!(run.code(), code, "{}\n{}", run.report(), site.log());
    run.stdout
}

fn note(site: &Site) -> serde_json::Value {
    serde_json::from_str(&site.temp.read("etc/certkeeper/uhttpd.json")).unwrap()
}

#[test]
fn its_options_are_set_once_and_the_earlier_ones_kept() {
    let Some((site, uci)) = site() else { return };
    let _service = s_server(&site);
    fs::rename(
        site.temp.path("etc/init.d/odd"),
        site.temp.path("etc/init.d/uhttpd"),
    )
    .unwrap();
    site.configure("list service 'uhttpd'");
    renew(&site, &uci, 0);
    let shown = uci.show("uhttpd.main");
    has(
        &shown,
        &[
            "cert='/etc/ssl/domains/web.crt'",
            "key='/etc/ssl/domains/web.key'",
            "listen_http='0.0.0.0:80'",
        ],
    );
    assert_eq!(
        (&note(&site)["cert"], &note(&site)["key"]),
        (&"/etc/uhttpd.crt".into(), &"/etc/uhttpd.key".into())
    );
    has(
        &site.log(),
        &[&format!("127.0.0.1:{} serves serial ", site.port)],
    );
    // The next certificate finds them right.
    let (file, kept) = (site.temp.path("etc/config/uhttpd"), note(&site));
    let written = fs::metadata(&file).unwrap().modified().unwrap();
    let serial = site.store();
    renew(&site, &uci, 0);
    assert_eq!(site.served(), Ok(serial));
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written);
    assert_eq!(note(&site), kept);
}

/// Its init script makes a pair where it finds none, in the place of the links.
#[test]
fn its_own_pair_gives_way_to_the_links() {
    let Some((site, uci)) = site() else { return };
    site.script("uhttpd", "");
    site.configure("list service 'uhttpd'");
    renew(&site, &uci, 0);
    let [crt, key] =
        ["crt", "key"].map(|end| site.temp.path(&format!("etc/ssl/domains/web.{end}")));
    let own_pair = || {
        for file in [&crt, &key] {
            fs::remove_file(file).unwrap();
        }
        openssl::run(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=OpenWrt",
            "-keyout",
            key.to_str().unwrap(),
            "-out",
            crt.to_str().unwrap(),
        ]);
    };
    own_pair();
    renew(&site, &uci, 0);
    has(&site.log(), &["uhttpd has made a certificate of its own"]);
    assert!(crt.is_symlink() && key.is_symlink());
    // The same files, but nobody says that they are uhttpd's: they stay.
    fs::remove_file(site.temp.path("etc/certkeeper/uhttpd.json")).unwrap();
    own_pair();
    renew(&site, &uci, 0);
    assert!(!crt.is_symlink() && !key.is_symlink());
}

/// With nothing to go back to, uhttpd gets back what it had: the owner must reach the router.
#[test]
fn the_first_certificate_that_it_does_not_serve() {
    let Some((site, uci)) = site() else { return };
    let _service = s_server(&site);
    site.script("uhttpd", "exit 0");
    fs::remove_dir_all(site.temp.path("etc/certkeeper")).unwrap();
    site.store();
    site.configure("list service 'uhttpd'");
    let before = site.temp.read("etc/config/uhttpd");
    let said = renew(&site, &uci, 1);
    has(
        &said,
        &[
            "uhttpd: 127.0.0.1:",
            "it still serves serial",
            "there is no former version",
        ],
    );
    has(&site.log(), &["uhttpd has its earlier certificate again"]);
    has(
        &uci.show("uhttpd.main"),
        &["cert='/etc/uhttpd.crt'", "key='/etc/uhttpd.key'"],
    );
    has(&before, &["/etc/uhttpd.crt"]);
    assert!(!site.temp.path("etc/certkeeper/uhttpd.json").exists());
    assert_eq!(site.calls(), ["reload", "reload", "restart", "restart"]);
}

/// Who cannot be told is no reason to take the certificate from the others.
#[test]
fn without_uci_it_is_told_and_nothing_rolled_back() {
    let Some((site, _uci)) = site() else { return };
    site.script("uhttpd", "");
    site.configure("list service 'uhttpd'");
    site.store();
    let run = crate::certkeeper(&site.temp, &["renew"]);
    let run = run.env("PATH", NO_UCI).run();
    assert_eq!(run.code(), 1, "{}", run.report());
    has(
        &run.stdout,
        &["not everywhere: uhttpd: the program `uci` does not start"],
    );
    assert_eq!(site.version(), Some(2));
    assert_eq!(site.calls(), [""; 0]);
}

/// At the first boot its init script runs after certkeeper's: it is to find a pair, and nobody is
/// told who has not been started yet.
#[test]
fn before_it_starts_the_local_ca_has_its_pair_ready() {
    let Some(site) = Site::new(&[], "list service 'uhttpd'; list hook 'told'") else {
        return;
    };
    let Some(uci) = Uci::new(&site.temp) else {
        return;
    };
    let file = site.temp.path("etc/config/certkeeper");
    let off = "\toption local_ca '0'\n";
    let configured = fs::read_to_string(&file).unwrap();
    assert!(configured.contains(off));
    site.temp.uci(&configured.replace(off, ""));
    site.temp.write(
        "etc/config/uhttpd",
        BEFORE.replace("PORT", &site.port.to_string()),
    );
    site.script("uhttpd", "");
    site.program("etc/certkeeper/hooks/told", "#!/bin/sh\nexit 0\n");
    let issue = || {
        let run = uci.certkeeper(&site.temp, &["local-ca", "issue"]).run();
        assert_eq!(run.code(), 0, "{}\n{}", run.report(), site.log());
        run.stdout
    };
    has(&issue(), &["a certificate of the local CA is in use"]);
    let [crt, key] =
        ["domain.crt", "domain.key"].map(|n| site.temp.path("etc/ssl/domains").join(n));
    assert!(openssl::key_matches(&crt, &key));
    has(
        &uci.show("uhttpd.main"),
        &["cert='/etc/ssl/domains/web.crt'"],
    );
    assert_eq!(site.calls(), [""; 0]);
    assert!(!site.log().contains("hooks/told"), "{}", site.log());
    let before = fs::read(&crt).unwrap();
    issue();
    assert!(fs::read(&crt).unwrap() == before, "another certificate");
    // The run that asks the CA, in vain here, tells everybody.
    renew(&site, &uci, 1);
    assert_eq!(site.calls(), ["reload"]);
    has(&site.log(), &["hooks/told"]);
    assert!(fs::read(&crt).unwrap() == before, "another certificate");
}
