//! `import acme`: OpenWrt's acme with what acme.sh holds, in its own formats.

use super::support::netifd::Netifd;
use super::support::openssl;
use super::support::temp_root::TempRoot;
use super::uci_program::Uci;
use super::{ended, has};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

const ACME: &str = r#"
config acme
	option account_email 'me@example.org'
	option debug '1'

config cert 'web'
	option enabled '1'
	list domains 'www.example.org'
	list domains 'example.org'
	option validation_method 'webroot'
	option key_type 'ec256'
	option days '60'

config cert
	option domains 'old.example.org'
	option keylength '2048'
	option standalone '1'
	option use_staging '0'
	option update_nginx '1'
	option listen_port '8080'

config cert 'dns'
	list domains '*.example.net'
	option dns 'dns_pdns'
	list credentials 'PDNS_Url="http://192.0.2.1:8081"'
	list credentials "PDNS_Token='t0ken'"
	option calias 'ignored.example.org'
	option dalias 'alias.example.org'
	option dns_wait '30'
	option acme_server 'https://ca.example.org/dir'
	option cert_profile 'brief'
	option strange 'x'

config cert 'off'
	option enabled '0'
	option staging '1'
	list domains 'off.example.org'
	option validation_method 'alpn'
	option key_type 'rsa4096'
	option days '30'

config cert 'test'
	list domains 'test.example.org'

config cert 'unknown'
	list domains 'u.example.org'
	option dns 'dns_nosuch'
"#;

/// What it becomes.
const CERTKEEPER: &str = "\
certkeeper.global=certkeeper
certkeeper.global.account_email='me@example.org'
certkeeper.global.debug='1'
certkeeper.global.acme_hotplug='1'
certkeeper.web=cert
certkeeper.web.domains='www.example.org' 'example.org'
certkeeper.web.validation_method='webroot'
certkeeper.web.key_type='ec256'
certkeeper.web.renew_before='30'
certkeeper.old_example_org=cert
certkeeper.old_example_org.domains='old.example.org'
certkeeper.old_example_org.validation_method='standalone'
certkeeper.old_example_org.listen_port='8080'
certkeeper.old_example_org.key_type='rsa2048'
certkeeper.old_example_org.service='nginx'
certkeeper.acme_ca_example_org=account
certkeeper.acme_ca_example_org.acme_server='https://ca.example.org/dir'
certkeeper.dns=cert
certkeeper.dns.domains='*.example.net'
certkeeper.dns.validation_method='dns'
certkeeper.dns.dns='dns_pdns'
certkeeper.dns.dalias='alias.example.org'
certkeeper.dns.dns_wait='30'
certkeeper.dns.cert_profile='brief'
certkeeper.dns.account='acme_ca_example_org'
certkeeper.off=cert
certkeeper.off.enabled='0'
certkeeper.off.domains='off.example.org'
certkeeper.off.validation_method='alpn'
certkeeper.off.key_type='rsa4096'
certkeeper.off.staging='1'
certkeeper.off.renew_before='60'
certkeeper.test=cert
certkeeper.test.domains='test.example.org'
certkeeper.test.validation_method='webroot'
";

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// A key as acme.sh makes them, and a certificate of it from the CA of that directory. `issuer`: how it
/// names who issued it; where it does not, no CA can be asked when to renew it.
fn pair(folder: &Path, main: &str, key: &[&str], issuer: &str, directory: &str) {
    fs::create_dir_all(folder).expect("a folder");
    let [cer, pem] = ["cer", "key"].map(|end| folder.join(format!("{main}.{end}")));
    openssl::run(&[key, &["-out", text(&pem)]].concat());
    let names = match main {
        "www.example.org" => "DNS:www.example.org,DNS:example.org".to_owned(),
        main => format!("DNS:{main}"),
    };
    let [names, issuer] = [
        format!("subjectAltName={names}"),
        format!("authorityKeyIdentifier={issuer}"),
    ];
    openssl::run(&[
        "req",
        "-x509",
        "-new",
        "-key",
        text(&pem),
        "-days",
        "90",
        "-subj",
        "/O=CA",
        "-addext",
        &names,
        "-addext",
        &issuer,
        "-out",
        text(&cer),
    ]);
    let note = format!("Le_Domain='{main}'\nLe_API='{directory}'\n");
    fs::write(folder.join(format!("{main}.conf")), note).expect("a file");
    fs::copy(&cer, folder.join("fullchain.cer")).expect("a copy");
    fs::write(folder.join("ca.cer"), "").expect("a file");
}

const LETSENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
const STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";
const EC: [&str; 5] = ["ecparam", "-name", "prime256v1", "-noout", "-genkey"];
const RSA: [&str; 2] = ["genrsa", "-traditional"];

/// A router on which acme has worked.
fn router() -> Option<(TempRoot, Uci)> {
    let temp = TempRoot::new();
    let uci = Uci::new(&temp)?;
    temp.write("etc/config/acme", ACME);
    let state = temp.path("etc/acme");
    let web = state.join("www.example.org_ecc");
    pair(&web, "www.example.org", &EC, "none", LETSENCRYPT);
    let old = state.join("old.example.org");
    pair(&old, "old.example.org", &RSA, "keyid:always", LETSENCRYPT);
    let test = state.join("test.example.org_ecc");
    pair(&test, "test.example.org", &EC, "none", STAGING);
    for (place, key, url) in [
        (
            "acme-v02.api.letsencrypt.org/directory",
            &EC[..],
            "https://acme-v02.api.letsencrypt.org/acme/acct/7",
        ),
        (
            "ca.example.org/dir",
            &["genrsa", "2048"],
            "https://ca.example.org/acct/8",
        ),
    ] {
        let ca = state.join("ca").join(place);
        fs::create_dir_all(&ca).expect("a folder");
        let file = ca.join("account.key");
        let (command, args) = key.split_first().expect("a command");
        openssl::run(&[&[*command, "-out", text(&file)], args].concat());
        let note = format!(
            "CA_EAB_KEY_ID='kid-1'\nCA_EAB_HMAC_KEY='hmac-1'\nCA_KEY_HASH='x'\nACCOUNT_URL='{url}'\nCA_EMAIL='me@example.org'\n"
        );
        fs::write(ca.join("ca.conf"), note).expect("a file");
    }
    fs::create_dir_all(temp.path("etc/ssl/acme")).expect("a folder");
    for (ending, file) in [
        ("crt", "www.example.org.cer"),
        ("key", "www.example.org.key"),
        ("fullchain.crt", "fullchain.cer"),
        ("chain.crt", "ca.cer"),
    ] {
        let link = temp
            .path("etc/ssl/acme")
            .join(format!("www.example.org.{ending}"));
        symlink(web.join(file), link).expect("a link");
    }
    Some((temp, uci))
}

#[test]
fn everything_is_taken_over_and_nothing_asked_of_a_ca() {
    let Some((temp, uci)) = router() else { return };
    let procd = Netifd::start(&temp.path("var/run/ubus/ubus.sock"));
    let log = temp.path("hotplug.log");
    let script = format!("#!/bin/sh\necho \"$ACTION $*\" >>'{}'\n", log.display());
    let script = temp.write("sbin/hotplug-call", script);
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).expect("a mode");
    temp.write("etc/hotplug.d/acme/10-x", "");
    let nginx = temp.write("etc/init.d/nginx", "#!/bin/sh\nexit 0\n");
    fs::set_permissions(nginx, fs::Permissions::from_mode(0o755)).expect("a mode");
    let former = openssl::serial(&temp.path("etc/ssl/acme/www.example.org.crt"));
    let run = ended(uci.certkeeper(&temp, &["import", "acme"]).run(), 1);
    assert_eq!(uci.show("certkeeper"), CERTKEEPER);
    assert_eq!(
        uci.show("certkeeper_secrets"),
        "certkeeper_secrets.dns=secret\n\
         certkeeper_secrets.dns.credentials='PDNS_Url=http://192.0.2.1:8081' 'PDNS_Token=t0ken'\n"
    );
    let mode = fs::metadata(temp.path("etc/config/certkeeper_secrets")).expect("a file");
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    has(
        &run.stdout,
        &[
            "✓ web: its section is made; the account at Let's Encrypt is taken over; serial ",
            "✓ old_example_org: its section is made; serial ",
            "✓ dns: its section is made; option strange has no counterpart; the account at ca.example.org is taken over; acme.sh holds no certificate of it",
            "✓ off: ",
            "✓ test: its section is made; its certificate is a staging server's, which nobody trusts",
            "✗ unknown: it stays with acme: option dns: no script of that name is here; the packages certkeeper-dnsapi",
            "uci set certkeeper.global.accept_tos=1",
        ],
    );
    assert!(!run.report().contains("t0ken") && !uci.seen().contains("t0ken"));
    // What is here is switched off there, what is not stays.
    let there = uci.show("acme");
    for line in [
        "acme.web.enabled='0'",
        "acme.@cert[1].enabled='0'",
        "acme.dns.enabled='0'",
    ] {
        assert!(there.contains(line), "{line} in\n{there}");
    }
    assert!(!there.contains("acme.unknown.enabled"));
    // Links lead to the same certificate, here now.
    for ending in ["crt", "key", "fullchain.crt", "chain.crt"] {
        let link = temp
            .path("etc/ssl/acme")
            .join(format!("www.example.org.{ending}"));
        let target = fs::read_link(&link).expect("a link");
        assert!(
            target.starts_with("../../certkeeper/certs/web/current"),
            "{target:?}"
        );
        assert!(link.exists());
    }
    let [crt, key] = ["crt", "key"].map(|e| {
        temp.path("etc/ssl/acme")
            .join(format!("www.example.org.{e}"))
    });
    assert_eq!(openssl::serial(&crt), former);
    assert!(openssl::key_matches(&crt, &key));
    assert!(openssl::key_matches(
        &temp.path("etc/ssl/domains/old_example_org.crt"),
        &temp.path("etc/ssl/domains/old_example_org.key")
    ));
    let json = |path: &Path| -> Value {
        serde_json::from_slice(&fs::read(path).expect("a note")).expect("JSON")
    };
    for (name, url, key) in [
        (
            "letsencrypt",
            "https://acme-v02.api.letsencrypt.org/acme/acct/7",
            "ec",
        ),
        (
            "acme_ca_example_org",
            "https://ca.example.org/acct/8",
            "rsa",
        ),
    ] {
        let folder = temp.path("etc/certkeeper/accounts").join(name);
        let mut folder = fs::read_dir(folder).expect("a folder").flatten();
        let folder = folder.next().expect("an account").path();
        let note = json(&folder.join("account.json"));
        assert_eq!(
            (&note["url"], &note["eab_kid"]),
            (&url.into(), &"kid-1".into())
        );
        openssl::run(&[key, "-in", text(&folder.join("key.pem")), "-noout"]);
    }
    assert!(!run.report().contains("hmac-1"));
    // The CA can be asked when it wants this one renewed (RFC 9773 section 4.1).
    let version = temp.path("etc/certkeeper/certs/old_example_org/current");
    let named = json(&version.join("meta.json"))["cert_id"].clone();
    assert!(named.as_str().is_some_and(|n| n.contains('.')), "{named}");
    assert!(!temp.path("etc/certkeeper/certs/test/current").exists());
    // Who reloads by acme's events hears of both.
    assert_eq!(procd.events().len(), 2, "{:?}", procd.events());
    assert!(procd.events()[0].contains("acme.renew"));
    assert_eq!(
        fs::read_to_string(&log).expect("a log"),
        "renewed acme\n".repeat(2)
    );
    // Once more changes nothing, and nothing is due.
    let again = ended(uci.certkeeper(&temp, &["import", "acme"]).run(), 1);
    has(
        &again.stdout,
        &["✓ web: its section is here already; version 1 is in use already\n"],
    );
    assert_eq!(uci.show("certkeeper"), CERTKEEPER);
    assert_eq!(uci.show("acme"), there);
    assert_eq!(procd.events().len(), 2);
    let due = ended(uci.certkeeper(&temp, &["renew", "web"]).run(), 0);
    has(&due.stdout, &["nothing is due"]);
}

#[test]
fn damaged_state_and_foreign_sections_are_told() {
    let Some((temp, uci)) = router() else { return };
    let _procd = Netifd::start(&temp.path("var/run/ubus/ubus.sock"));
    let web = temp.path("etc/acme/www.example.org_ecc");
    openssl::run(&[&EC[..], &["-out", text(&web.join("www.example.org.key"))]].concat());
    temp.uci("config cert 'dns'\n\tlist domains 'other.example.org'\n");
    fs::write(
        temp.path("etc/ssl/acme/www.example.org.combined.crt"),
        "own",
    )
    .expect("a file");
    let run = ended(uci.certkeeper(&temp, &["import", "acme"]).run(), 1);
    has(
        &run.stdout,
        &[
            "web: its certificate cannot be taken: ",
            "✗ dns: there is a section of that name here, for other names; it stays with acme",
        ],
    );
    assert!(!uci.show("acme").contains("acme.dns.enabled"));
    // The links stay where they lead as long as there is nothing better.
    let link = fs::read_link(temp.path("etc/ssl/acme/www.example.org.crt")).expect("a link");
    assert_eq!(link, web.join("www.example.org.cer"));
}

#[test]
fn without_acme_there_is_nothing_to_import() {
    let temp = super::site(&[]);
    let run = super::run(&temp, "import acme", 2);
    has(&run.stderr, &["there is nothing to import"]);
    super::run(&temp, "import", 2);
    super::run(&temp, "import certbot", 2);
}
