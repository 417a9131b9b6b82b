//! Who may have a certificate revoked, and what a CA says to others.

use crate::revoked::{issued, status_at_ca};
use crate::site::Site;
use crate::support::pebble::{self, Pebble};
use crate::uci::{account, cert, with};
use std::fs;

const NAME: &str = "www.demo.example";

/// A version's file.
fn file(site: &Site, version: u64, name: &str) -> String {
    let path = format!("etc/certkeeper/certs/web/versions/{version}/{name}");
    site.temp.path(&path).display().to_string()
}

#[track_caller]
fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in:\n{text}");
    }
}

#[test]
fn the_key_does_where_there_is_no_account() {
    for key_type in ["ec256", "ec384", "ec521", "rsa2048"] {
        let Some(site) = Site::web() else { return };
        let options = with(site.by_webroot(), &[("key_type", key_type)]);
        site.configure(&[cert("web", &[NAME], &options)]);
        site.renew();
        site.forget_accounts();
        let run = site.ends(&["revoke", "web", "--reason", "keyCompromise", "--yes"], 0);
        has(&run.stdout, &["signed by the certificate's own key"]);
        assert_eq!(
            status_at_ca(&site, 1).as_deref(),
            Some("Revoked"),
            "{key_type}"
        );
        assert_eq!(
            site.asked("POST /sign-me-up"),
            1,
            "no account is made for it"
        );
    }
}

#[test]
fn the_key_does_where_the_account_is_another_one() {
    let Some(site) = issued() else { return };
    site.forget_accounts();
    site.ends(&["account", "register", "pebble"], 0);
    let run = site.ends(&["revoke", "web", "--yes"], 0);
    has(
        &run.stdout,
        &["(unspecified), signed by the certificate's own key"],
    );
    assert_eq!(status_at_ca(&site, 1).as_deref(), Some("Revoked"));
}

#[test]
fn by_file() {
    let Some(site) = issued() else { return };
    site.ends(&["renew", "web", "--force"], 0);
    // The one before: what is in use is not concerned.
    let run = site.ends(
        &[
            "revoke",
            "--cert",
            &file(&site, 1, "fullchain.pem"),
            "--yes",
            "--json",
        ],
        0,
    );
    let said: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(
        (&said["by"], &said["already"], &said["banned"]),
        (&"account".into(), &false.into(), &serde_json::json!([]))
    );
    assert_eq!(status_at_ca(&site, 1).as_deref(), Some("Revoked"));
    assert_eq!(site.status("web")["state"], "valid");
    site.renew();
    assert_eq!(site.version("web"), Some(2));
    // Once more: that is what was wanted.
    let run = site.ends(
        &["revoke", "--cert", &file(&site, 1, "cert.pem"), "--yes"],
        0,
    );
    has(&run.stdout, &["was revoked before, says localhost:"]);
    // A copy of the one in use, far from the store, by its key; its section is banned.
    let copy = site.temp.write(
        "srv/copy.pem",
        fs::read(file(&site, 2, "combined.pem")).expect("a file"),
    );
    let run = site.ends(
        &["revoke", "--cert", copy.to_str().expect("text"), "--yes"],
        0,
    );
    has(
        &run.stdout,
        &[
            "signed by the certificate's own key",
            "web: the revoked one goes on",
        ],
    );
    assert_eq!(site.status("web")["state"], "banned");
    // The key of another one.
    let args = [
        "revoke",
        "--cert",
        &file(&site, 2, "cert.pem"),
        "--key",
        &file(&site, 1, "key.pem"),
        "--yes",
    ];
    has(
        &site.ends(&args, 1).stderr,
        &["the private key is of another certificate; there is: www.demo.example (EC P-256)"],
    );
}

#[test]
fn a_certificate_that_nobody_knows_here() {
    let Some(site) = issued() else { return };
    let copy = |name: &str, from: &str| {
        let text = fs::read(file(&site, 1, from)).expect("a file");
        site.temp
            .write(&format!("srv/{name}"), text)
            .display()
            .to_string()
    };
    let (crt, key) = (copy("copy.pem", "cert.pem"), copy("copy.key", "key.pem"));
    fs::remove_dir_all(site.temp.path("etc/certkeeper/certs")).expect("removed");
    site.forget_accounts();
    let run = site.ends(&["revoke", "--cert", &crt, "--yes"], 1);
    has(
        &run.stderr,
        &[" here nor the certificate's key", "--key FILE"],
    );
    site.ends(&["account", "register", "pebble"], 0);
    let run = site.ends(&["revoke", "--cert", &crt, "--yes"], 1);
    has(
        &run.stderr,
        &[
            ": account 'pebble' may not revoke this certificate: ",
            "(unauthorized)",
            "--account NAME",
        ],
    );
    // At a CA that never issued it.
    let options = pebble::Options::default();
    let other = Pebble::start(&site.temp, &options);
    let roots =
        [site.pebble.ca_file(), other.ca_file()].map(|f| fs::read_to_string(f).expect("a root"));
    site.temp.write("etc/ssl/ca.pem", roots.concat());
    let text = site.head()
        + &account("other", &other.directory_url())
        + &cert("web", &[NAME], &site.by_webroot())
        + &cert(
            "two",
            &["two.demo.example"],
            &with(site.by_webroot(), &[("account", "other")]),
        );
    site.temp.uci(&text);
    let run = site.ends(&["revoke", "--cert", &crt, "--key", &key, "--yes"], 2);
    has(
        &run.stderr,
        &[
            "who issued the certificate is not known here: --account NAME tells (",
            "other",
            "pebble",
        ],
    );
    let at = |name| {
        site.run(&[
            "revoke",
            "--cert",
            &crt,
            "--key",
            &key,
            "--account",
            name,
            "--yes",
        ])
    };
    let run = at("other");
    assert_eq!(run.code(), 1, "{}", run.report());
    has(
        &run.stderr,
        &["it does not know the certificate", "see whether localhost:"],
    );
    let run = at("pebble");
    assert_eq!(run.code(), 0, "{}", run.report());
    let run = at("nobody");
    assert_eq!(run.code(), 2, "{}", run.report());
    has(&run.stderr, &["there is no account 'nobody'"]);
}

#[test]
fn nothing_is_revoked_by_accident() {
    let Some(site) = issued() else { return };
    let run = site.ends(&["revoke", "web"], 2);
    has(
        &run.stderr,
        &[
            "for www.demo.example, which ends in ",
            " (unspecified). That cannot be undone.",
            "web: the revoked one goes on being served",
            "add --yes to do it",
        ],
    );
    for (args, words) in [
        (&["revoke", "--yes"][..], "usage: certkeeper revoke"),
        (
            &["revoke", "web", "--cert", "x", "--yes"],
            "x: No such file",
        ),
        (&["revoke", "wep", "--yes"], "did you mean 'web'?"),
        (
            &["revoke", "web", "--reason", "cACompromise", "--yes"],
            "is for a CA to say, not for a certificate's owner; reasons are: unspecified",
        ),
        (
            &["revoke", "web", "--reason", "supersede", "--yes"],
            "did you mean superseded?",
        ),
    ] {
        let run = site.run(args);
        assert_ne!(run.code(), 0, "{}", run.report());
        has(&run.stderr, &[words]);
    }
    assert_eq!(status_at_ca(&site, 1).as_deref(), Some("Valid"));
    // One that has ended needs no revocation.
    let run = crate::renewal::in_days(&site, 91, &["revoke", "web", "--yes"]);
    assert_eq!(run.code(), 1, "{}", run.report());
    has(&run.stderr, &["so that nobody takes it any more"]);
    // A CA that is away: nothing changes here.
    site.configure(&[cert("new", &["new.demo.example"], &site.by_webroot())]);
    let run = site.ends(&["revoke", "new", "--yes"], 1);
    has(&run.stderr, &["'new' has no certificate of a CA"]);
}
